"""The outbox of notifications: what waits for which endpoint, what became of it, and which endpoints want no more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import Moment
from connector.domain.notification import Attempt, Notification
from connector.domain.states import NotificationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabled:
    """An endpoint that said that it is gone (410)."""

    #: Another one in the configuration, and it is asked again.
    url: str
    at: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How it stands with one endpoint."""

    waiting: int = 0
    dead: int = 0
    #: The oldest that waits.
    oldest_at: Moment | None = None


class NotificationLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def add(self, notifications: Sequence[Notification]) -> int:
        """Those whose ids are not known yet; returns how many. Those known stay as they are."""
        ...

    async def claim(
        self, node: str, now: Moment, until: Moment, *, limit: int, per_endpoint: int, but: Collection[str]
    ) -> list[Notification]:
        """For this node until then, so that no other sends them: WAITING ones whose `next_at` has come and that no
        earlier WAITING one of the same recording and endpoint is before; oldest `next_at` first, at most so many of
        each endpoint, none of the endpoints in `but`."""
        ...

    async def unclaim(self, node: str, ids: Sequence[str] | None = None) -> None:
        """Give back what was not tried, or (None) all that this node held when it died."""
        ...

    async def delivered(self, id: str, *attempts: Attempt) -> None:
        """One try at one address or at several, of which the last one took it. Raises NotFound for an unknown id,
        IllegalTransition for what does not wait (any more); then nothing is changed."""
        ...

    async def failed(self, id: str, *attempts: Attempt, next_at: Moment | None) -> None:
        """The same for a try that nobody took; with None the tries are over and it is DEAD."""
        ...

    async def hurry(self, endpoint: str, now: Moment) -> int:
        """All that waits for it falls due now: it answers again. Returns how many."""
        ...

    async def give_up(self, endpoint: str, waiting_since: Moment, reason: str) -> int:
        """What waits for it since before that moment, by itself or by replay, is DEAD."""
        ...

    async def cancel(self, endpoint: str, reason: str) -> int:
        """What waits for it is CANCELLED."""
        ...

    async def endpoints_waiting(self) -> set[str]:
        """The names of all endpoints for which anything waits."""
        ...

    async def disable(self, endpoint: str, disabled: Disabled) -> None:
        """Remember it and cancel what waits for it, in one transaction."""
        ...

    async def enable(self, endpoint: str) -> None: ...

    async def disabled(self) -> Mapping[str, Disabled]: ...

    async def find(self, id: str) -> tuple[Notification, Sequence[Attempt]] | None:
        """With its tries, oldest first."""
        ...

    async def listed(
        self,
        *,
        states: Collection[NotificationState] = (),
        endpoint: str = "",
        recording_id: str = "",
        call_id: str = "",
        organisation: str | None = None,
        limit: int,
        before: str = "",
    ) -> list[Notification]:
        """The newest first; the next page begins behind the id `before`, or NotFound is raised. `organisation`
        None means anybody's."""
        ...

    async def replay(self, ids: Sequence[str], now: Moment) -> int:
        """Send them again, as if never tried; returns how many there were. Those that wait stay as they are."""
        ...

    async def backlogs(self) -> Mapping[str, Backlog]:
        """Of each endpoint that has anything waiting or dead; trials that failed are nobody's loss."""
        ...

    async def forget(self, settled_before: Moment, limit: int) -> int:
        """Drop what was delivered or cancelled before that, and trials; returns how many. What is dead stays."""
        ...
