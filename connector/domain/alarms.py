"""When the Director wants to look again: limits of length, pauses and waiting. Pure: moments come in and go out."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.ids import Moment


class AlarmKind(StrEnum):
    #: A recorder should have proved itself by now.
    VERIFY = "verify"
    #: A file should be closed by now.
    CLOSE = "close"
    MAX_LENGTH = "max-length"
    PAUSE_MAX = "pause-max"
    #: A recorder ended though nobody asked: it is started anew unless its channel has ended too.
    ANEW = "anew"
    #: After a reconnect, what was not told again is taken for gone: a recorder of the dialplan, a conference's seats.
    CONFIRM = "confirm"
    #: Files of a call that came and went without us may have arrived all by now.
    FOUND = "found"


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    at: Moment
    kind: AlarmKind
    #: The segment, recording or call it is about.
    subject: str


class Alarms:
    """A limit of a day outlives most calls: what is over is forgotten, in heaps of work, not one by one."""

    def __init__(self) -> None:
        self._heap: list[Alarm] = []
        self._over: set[str] = set()

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, alarm: Alarm) -> None:
        heapq.heappush(self._heap, alarm)

    def forget(self, subjects: Iterable[str]) -> None:
        """Nothing about these rings any more. Their ids never come again."""
        self._over.update(subjects)
        if len(self._over) > max(1000, len(self._heap) // 2):
            self._heap = [alarm for alarm in self._heap if alarm.subject not in self._over]
            heapq.heapify(self._heap)
            self._over.clear()

    def rung(self, now: Moment) -> list[Alarm]:
        """Those whose moment has come, each once."""
        due: list[Alarm] = []
        while self._heap and self._heap[0].at <= now:
            alarm = heapq.heappop(self._heap)
            if alarm.subject not in self._over:
                due.append(alarm)
        return due

    @property
    def next_at(self) -> Moment | None:
        return self._heap[0].at if self._heap else None
