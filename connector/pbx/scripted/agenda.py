"""What is still to happen, in the order of time; what was put down first comes first at the same moment."""

import asyncio
import heapq
from collections.abc import Callable
from typing import TypeAlias

from connector.domain.ids import Moment

Action: TypeAlias = Callable[[Moment], None]


class Agenda:
    def __init__(self) -> None:
        self._entries: list[tuple[Moment, int, Action]] = []
        self._count = 0
        #: Set when something was put down; whoever waits for the next moment looks again.
        self.changed = asyncio.Event()

    @property
    def next_at(self) -> Moment | None:
        return self._entries[0][0] if self._entries else None

    def put(self, at: Moment, action: Action) -> None:
        heapq.heappush(self._entries, (at, self._count, action))
        self._count += 1
        self.changed.set()

    def do_next(self) -> Moment:
        """Everything of the earliest moment."""
        moment = self._entries[0][0]
        while self._entries and self._entries[0][0] == moment:
            heapq.heappop(self._entries)[2](moment)
        return moment

    def catch_up(self, now: Moment) -> None:
        """Everything whose time has come."""
        while self._entries and self._entries[0][0] <= now:
            self.do_next()
