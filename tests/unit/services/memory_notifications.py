"""An outbox of notifications in memory, which may be unavailable; it keeps the contract of the catalogue's."""

import heapq
import itertools
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.domain.ids import Moment
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.states import NOTIFICATION, NotificationEvent, NotificationState, moved
from connector.errors import CatalogueUnavailable, IllegalTransition, NotFound
from connector.ports.notification_ledger import Backlog, Disabled

_MOST_ATTEMPTS_KEPT = 50
_WAITING, _DEAD = NotificationState.WAITING, NotificationState.DEAD
_FORGETTABLE = {NotificationState.DELIVERED, NotificationState.CANCELLED}


@dataclass
class Kept:
    number: int
    notification: Notification
    attempts: list[Attempt] = field(default_factory=list)
    claimed_by: str = ""
    claimed_until: Moment = 0.0
    settled_at: Moment = math.inf
    waiting_since: Moment = 0.0


class MemoryNotifications:
    """The NotificationLedger; `kept` is what lies in it, in the order in which it came."""

    def __init__(self, now: Callable[[], Moment] = time.time) -> None:
        self.kept: dict[str, Kept] = {}
        self.is_available = True
        self._now = now
        self._numbers = itertools.count(1)
        #: Of each endpoint, in the order of their numbers.
        self._waiting: dict[str, dict[int, Kept]] = {}
        self._disabled: dict[str, Disabled] = {}

    async def add(self, notifications: Sequence[Notification]) -> int:
        self._check()
        before = len(self.kept)
        for notification in notifications:
            if notification.id not in self.kept:
                self.kept[notification.id] = Kept(
                    next(self._numbers), notification, waiting_since=notification.created_at
                )
                self._change(self.kept[notification.id])
        return len(self.kept) - before

    async def claim(
        self, node: str, now: Moment, until: Moment, *, limit: int, per_endpoint: int, but: Collection[str]
    ) -> list[Notification]:
        self._check()
        due: list[Kept] = []
        for endpoint in self._waiting.keys() - set(but):
            due += heapq.nsmallest(per_endpoint, self._due(endpoint, now), key=_oldest_due)
        claimed = sorted(due, key=_oldest_due)[:limit]
        for kept in claimed:
            kept.claimed_by, kept.claimed_until = node, until
        return [kept.notification for kept in claimed]

    async def unclaim(self, node: str, ids: Sequence[str] | None = None) -> None:
        self._check()
        for kept in self.kept.values() if ids is None else [self.kept[id] for id in ids if id in self.kept]:
            if kept.claimed_by == node:
                kept.claimed_by, kept.claimed_until = "", 0.0

    async def delivered(self, id: str, *attempts: Attempt) -> None:
        kept = self._to_be_sent(id)
        self._log(kept, attempts)
        self._settle(kept, NotificationEvent.DELIVERED, attempts[-1].at + attempts[-1].seconds, "")

    async def failed(self, id: str, *attempts: Attempt, next_at: Moment | None) -> None:
        kept, last = self._to_be_sent(id), attempts[-1]
        self._log(kept, attempts)
        if next_at is None:
            self._settle(kept, NotificationEvent.DIED, last.at + last.seconds, last.reason)
        else:
            self._change(kept, reason=last.reason, next_at=next_at)

    async def hurry(self, endpoint: str, now: Moment) -> int:
        self._check()
        later = [kept for kept in self._waiting_for(endpoint) if kept.notification.next_at > now]
        for kept in later:
            kept.notification = replace(kept.notification, next_at=now)
        return len(later)

    async def give_up(self, endpoint: str, waiting_since: Moment, reason: str) -> int:
        self._check()
        old = [kept for kept in self._waiting_for(endpoint) if kept.waiting_since < waiting_since]
        return self._end(old, NotificationEvent.DIED, reason)

    async def cancel(self, endpoint: str, reason: str) -> int:
        self._check()
        return self._end(self._waiting_for(endpoint), NotificationEvent.CANCELLED, reason)

    async def endpoints_waiting(self) -> set[str]:
        self._check()
        return set(self._waiting)

    async def disable(self, endpoint: str, disabled: Disabled) -> None:
        self._check()
        self._disabled[endpoint] = disabled
        self._end(self._waiting_for(endpoint), NotificationEvent.CANCELLED, disabled.reason)

    async def enable(self, endpoint: str) -> None:
        self._check()
        self._disabled.pop(endpoint, None)

    async def disabled(self) -> Mapping[str, Disabled]:
        self._check()
        return dict(self._disabled)

    async def find(self, id: str) -> tuple[Notification, Sequence[Attempt]] | None:
        self._check()
        kept = self.kept.get(id)
        return None if kept is None else (kept.notification, list(kept.attempts))

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
        self._check()
        last = self._known(before).number if before else math.inf
        newest = (kept.notification for kept in reversed(self.kept.values()) if kept.number < last)
        wanted = (
            one
            for one in newest
            if (not states or one.state in states)
            and endpoint in {"", one.endpoint}
            and recording_id in {"", one.recording_id}
            and call_id in {"", one.call_id}
            and organisation in {None, one.organisation}
        )
        return list(itertools.islice(wanted, limit))

    async def replay(self, ids: Sequence[str], now: Moment) -> int:
        self._check()
        settled = [self.kept[id] for id in dict.fromkeys(ids) if id in self.kept and not self._is_waiting(id)]
        for kept in settled:
            state = moved(NOTIFICATION, kept.notification.state, NotificationEvent.REPLAYED)
            kept.waiting_since = now
            self._change(kept, state=state, attempts=0, next_at=now, reason="")
        return len(settled)

    async def backlogs(self) -> Mapping[str, Backlog]:
        self._check()
        known: dict[str, Backlog] = {}
        for one in (kept.notification for kept in self.kept.values()):
            if one.state not in {_WAITING, _DEAD} or _is_dead_trial(one):
                continue
            backlog = known.get(one.endpoint, Backlog())
            if one.state is _DEAD:
                backlog = replace(backlog, dead=backlog.dead + 1)
            else:
                oldest_at = one.created_at if backlog.oldest_at is None else min(backlog.oldest_at, one.created_at)
                backlog = replace(backlog, waiting=backlog.waiting + 1, oldest_at=oldest_at)
            known[one.endpoint] = backlog
        return known

    async def forget(self, settled_before: Moment, limit: int) -> int:
        self._check()
        over = [
            id
            for id, kept in self.kept.items()
            if (kept.notification.state in _FORGETTABLE or _is_dead_trial(kept.notification))
            and kept.settled_at < settled_before
        ][:limit]
        for id in over:
            del self.kept[id]
        return len(over)

    def _check(self) -> None:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")

    def _known(self, id: str) -> Kept:
        if id not in self.kept:
            raise NotFound(f"no notification is called {id!r}")
        return self.kept[id]

    def _is_waiting(self, id: str) -> bool:
        return self.kept[id].notification.state is _WAITING

    def _to_be_sent(self, id: str) -> Kept:
        self._check()
        kept = self._known(id)
        if not self._is_waiting(id):
            raise IllegalTransition(f"the notification {id} is {kept.notification.state}")
        return kept

    def _waiting_for(self, endpoint: str) -> list[Kept]:
        return list(self._waiting.get(endpoint, {}).values())

    def _due(self, endpoint: str, now: Moment) -> Iterable[Kept]:
        """What is due, free, and behind no other."""
        recordings = set()
        for kept in self._waiting_for(endpoint):
            recording_id = kept.notification.recording_id
            if recording_id in recordings:
                continue
            if recording_id:
                recordings.add(recording_id)
            if kept.notification.next_at <= now and kept.claimed_until <= now:
                yield kept

    def _log(self, kept: Kept, attempts: Sequence[Attempt]) -> None:
        kept.attempts = [*kept.attempts, *attempts][-_MOST_ATTEMPTS_KEPT:]
        kept.notification = replace(kept.notification, attempts=kept.notification.attempts + 1)

    def _end(self, those: Sequence[Kept], event: NotificationEvent, reason: str) -> int:
        for kept in those:
            self._settle(kept, event, self._now(), reason)
        return len(those)

    def _settle(self, kept: Kept, event: NotificationEvent, at: Moment, reason: str) -> None:
        self._change(kept, state=moved(NOTIFICATION, kept.notification.state, event), reason=reason)
        kept.settled_at = at

    def _change(self, kept: Kept, **columns: Any) -> None:
        """Nobody holds it any more; and it stands among those that wait, or not."""
        kept.notification = replace(kept.notification, **columns)
        kept.claimed_by, kept.claimed_until, kept.settled_at = "", 0.0, math.inf
        endpoint = kept.notification.endpoint
        waiting = self._waiting.pop(endpoint, {})
        if kept.notification.state is not _WAITING:
            waiting.pop(kept.number, None)
        elif kept.number not in waiting:
            is_last = not waiting or kept.number > next(reversed(waiting))
            waiting[kept.number] = kept
            waiting = waiting if is_last else dict(sorted(waiting.items()))
        if waiting:
            self._waiting[endpoint] = waiting


def _oldest_due(kept: Kept) -> tuple[Moment, int]:
    return kept.notification.next_at, kept.number


def _is_dead_trial(one: Notification) -> bool:
    return one.state is _DEAD and one.told is Told.TEST
