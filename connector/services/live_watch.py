"""What is known of the newest calls and recordings and of those that are not over, so that the next look shows what
happened. Pure; asks nobody.

A bounded part is looked at each time: those that began lately always, those that are not over in turn.
"""

from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from connector.domain.happenings import (
    SETTLED,
    CallMark,
    Happening,
    RecordingMark,
    call_happenings,
    recording_happenings,
)
from connector.domain.ids import CallId, Moment, RecordingId
from connector.ports.changes import Look

#: Of each kind, at each look.
NEWEST: Final = 1000
#: So much later than others may one come into the catalogue that began before them.
LATE_SECONDS: Final = 60.0
#: How many of those that are not over are looked at besides.
_TURN: Final = 1000
_MOST_KNOWN: Final = 20_000

Id = TypeVar("Id", CallId, RecordingId)
Mark = TypeVar("Mark", CallMark, RecordingMark)


class Watch:
    def __init__(self) -> None:
        self._calls = _Followed[CallId, CallMark](lambda mark: mark.is_over, call_happenings)
        self._recordings = _Followed[RecordingId, RecordingMark](
            lambda mark: mark.state in SETTLED, recording_happenings
        )
        #: The moment at which the newest one began.
        self._newest_at: Moment | None = None

    @property
    def since(self) -> Moment | None:
        """What began before then and is not known is no news; None before the first look."""
        if self._newest_at is None:
            return None
        return max(self._newest_at - LATE_SECONDS, 0.0)

    @property
    def is_in_turn(self) -> bool:
        """Whether some that are not over are still to be looked at."""
        return bool(self._calls.turn or self._recordings.turn)

    def begin_turn(self) -> None:
        self._calls.begin_turn()
        self._recordings.begin_turn()

    def next_in_turn(self) -> tuple[list[CallId], list[RecordingId]]:
        return self._calls.next_in_turn(), self._recordings.next_in_turn()

    def taken(self, look: Look) -> list[Happening]:
        """What happened since; nothing at the first look."""
        is_first = self._newest_at is None
        found = [*self._calls.taken(look.calls), *self._recordings.taken(look.recordings)]
        moments = [mark.at for mark in look.calls.values()] + [mark.at for mark in look.recordings.values()]
        self._newest_at = max([self._newest_at or 0.0, *moments])
        return [] if is_first else found


class _Followed(Generic[Id, Mark]):
    """All of one kind."""

    def __init__(
        self, is_settled: Callable[[Mark], bool], happenings: Callable[[Id, Mark | None, Mark], list[Happening]]
    ) -> None:
        self._is_settled: Callable[[Mark], bool] = is_settled
        self._happenings: Callable[[Id, Mark | None, Mark], list[Happening]] = happenings
        self._open: dict[Id, Mark] = {}
        self._settled: dict[Id, None] = {}
        self.turn: list[Id] = []

    def begin_turn(self) -> None:
        self.turn = list(self._open)

    def next_in_turn(self) -> list[Id]:
        some, self.turn = self.turn[:_TURN], self.turn[_TURN:]
        return some

    def taken(self, marks: Mapping[Id, Mark]) -> list[Happening]:
        found: list[Happening] = []
        for id, mark in marks.items():
            if id not in self._settled:
                found += self._happenings(id, self._open.get(id), mark)
                self._keep(id, mark)
        self._forget()
        return found

    def _keep(self, id: Id, mark: Mark) -> None:
        if self._is_settled(mark):
            self._open.pop(id, None)
            self._settled[id] = None
        else:
            self._open[id] = mark

    def _forget(self) -> None:
        for known in (self._settled, self._open):
            while len(known) > _MOST_KNOWN:
                del known[next(iter(known))]
