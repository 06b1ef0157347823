"""Sends what waits in the notification ledger: in order for each recording, for days, and past every endpoint that does
not answer. Knows ledger, poster and time; must not know what a notification says."""

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from connector.domain.ids import Moment
from connector.domain.notification import Notification
from connector.errors import CatalogueUnavailable, IllegalTransition, NotFound
from connector.ports.clock import Clock
from connector.ports.notification_ledger import Backlog, NotificationLedger
from connector.ports.poster import Poster
from connector.services.addressees import Addressees
from connector.services.endpoints import AT_ONCE, LONGEST_WAIT_SECONDS, Line, Outcome, Turn, next_moment
from connector.services.trying import Links, Trying
from connector.settings import NotificationSettings

log = logging.getLogger(__name__)

#: Held at once, and so the most connections: by endpoints that take what they get, and by all the others together.
_MOST_TRUSTED: Final = 800
_MOST_DOUBTFUL: Final = 1_200
#: Held of one endpoint beyond those under way.
_BATCH: Final = 16
#: Between two that may be dead. A thousand at once would keep everybody else waiting for a second.
_TURN_SECONDS: Final = 0.02
POLL_SECONDS: Final = 0.1
#: Where nobody is to hear anything.
_UNWANTED_POLL_SECONDS: Final = 1.0
_BUSY_POLL_SECONDS: Final = 0.02
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 10.0
_LEASE_MARGIN_SECONDS: Final = 60.0

_TOO_LONG = "it waited four days for an endpoint that took nothing: callreel notifications replay sends it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyingReport:
    #: For people.
    problems: tuple[str, ...]
    waiting: int
    dead: int
    #: Endpoints that take nothing now.
    down: int
    #: Since this process began.
    delivered: int
    #: Tries that failed, since then.
    failed: int


class Notifying:
    def __init__(
        self,
        ledger: NotificationLedger,
        poster: Poster,
        endpoints: Callable[[], Mapping[str, NotificationSettings]],
        links: Links,
        clock: Clock,
        node: str,
        draw: Callable[[], float] = random.random,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """`endpoints`: those of the configuration, as it is now, by name."""
        self._ledger = ledger
        self._trying = Trying(poster, links, clock)
        self._clock = clock
        self._node = node
        self._draw = draw
        self._poll_seconds = poll_seconds
        self._addressees = Addressees(ledger, endpoints)
        self._held: set[str] = set()
        #: Those that may be dead: who was found so least often comes first, then who was last up to date.
        self._doubtful: asyncio.PriorityQueue[tuple[int, Moment, int, Line]] = asyncio.PriorityQueue()
        self._turns = itertools.count()
        self._is_to_follow = False
        self._delivered = 0
        self._failed = 0

    def follow(self) -> None:
        """The configuration has changed: soon what waits for endpoints that left is cancelled, and who said that he is
        gone is asked again at another address."""
        self._is_to_follow = True

    async def run(self) -> None:
        """For ever; may be cancelled anywhere: what was not settled is given back, and sent (again) by the next."""
        try:
            await self._written(partial(self._ledger.unclaim, self._node))
            self.follow()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._begin_in_turn(tasks), name="notifications to doubtful endpoints")
                await self._send_for_ever(tasks)
        finally:
            with suppress(CatalogueUnavailable):
                await self._ledger.unclaim(self._node)

    async def report(self) -> NotifyingReport:
        """Without the catalogue, what is known without it."""
        backlogs: Mapping[str, Backlog] = {}
        with suppress(CatalogueUnavailable):
            backlogs = await self._ledger.backlogs()
        return NotifyingReport(
            problems=self._addressees.problems(backlogs),
            waiting=sum(backlog.waiting for backlog in backlogs.values()),
            dead=sum(backlog.dead for backlog in backlogs.values()),
            down=sum(line.whole.down_since is not None for line in self._addressees),
            delivered=self._delivered,
            failed=self._failed,
        )

    # --- rounds ---------------------------------------------------------------------------------------------------

    async def _send_for_ever(self, tasks: asyncio.TaskGroup) -> None:
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                pause, wait = self._pause(is_busy=await self._round(tasks)), _FIRST_WAIT_SECONDS
            except CatalogueUnavailable as error:
                log.warning("notifications wait", extra={"seconds": wait, "hint": str(error)})
                pause, wait = wait, min(2 * wait, _LONGEST_WAIT_SECONDS)
            await self._clock.sleep_until(self._clock.now() + pause)

    def _pause(self, *, is_busy: bool) -> float:
        if is_busy:
            return _BUSY_POLL_SECONDS
        return self._poll_seconds if list(self._addressees) else max(self._poll_seconds, _UNWANTED_POLL_SECONDS)

    async def _round(self, tasks: asyncio.TaskGroup) -> bool:
        """Whether an endpoint that takes what it gets has had a batch: there may be more."""
        if self._is_to_follow:
            await self._follow()
        now = self._clock.now()
        for line in [line for line in self._addressees if line.is_to_hurry(now)]:
            await self._ledger.hurry(line.name, now)
            line.hurried(now)
        wanting = [line for line in self._addressees if line.is_wanting(now)]
        trusted = {line.name for line in wanting if line.whole.is_trusted}
        begun: set[str] = set()
        for names, room in self._asked(trusted, {line.name for line in wanting} - trusted):
            begun |= await self._claim(tasks, names, room, 1)
        # Mostly nothing is due for anybody, and one claim is enough. Those for whom something is get a batch.
        more = await self._claim(tasks, begun & trusted, self._room(is_trusted=True), _BATCH)
        return bool(more)

    def _asked(self, trusted: set[str], doubtful: set[str]) -> list[tuple[set[str], int]]:
        """For whom claims are made, and how much: one for all, unless those that do not answer would fill it."""
        rooms = self._room(is_trusted=True), self._room(is_trusted=False)
        if len(doubtful) <= rooms[1]:
            return [(trusted | doubtful, sum(rooms))]
        return [(trusted, rooms[0]), (doubtful, rooms[1])]

    def _room(self, *, is_trusted: bool) -> int:
        held = sum(line.held for line in self._addressees if line.whole.is_trusted is is_trusted)
        return max((_MOST_TRUSTED if is_trusted else _MOST_DOUBTFUL) - held, 0)

    async def _claim(self, tasks: asyncio.TaskGroup, names: set[str], room: int, per_endpoint: int) -> set[str]:
        """Claim for these endpoints and begin; returns for which of them there was something."""
        if not names or not room:
            return set()
        now, lease_seconds = self._clock.now(), self._lease_seconds()
        claimed = await self._ledger.claim(
            self._node,
            now,
            now + lease_seconds,
            limit=room,
            per_endpoint=per_endpoint,
            but=self._addressees.others(names),
        )
        begun: dict[str, Line] = {}
        refused = []
        for notification in claimed:
            line = self._addressees.find(notification.endpoint)
            if line is None:
                refused.append(notification)
            elif notification.id not in self._held:
                self._held.add(notification.id)
                line.take_in(notification, now + lease_seconds - _LEASE_MARGIN_SECONDS)
                begun[line.name] = line
        for line in begun.values():
            line.may_have_more = len(line.waiting) >= _BATCH
            if line.whole.is_trusted:
                self._begin(tasks, line)
            else:
                turn = line.whole.pauses, -line.waiting[0].created_at, next(self._turns)
                self._doubtful.put_nowait((*turn, line))
        if refused:
            await self._give_back(refused)
            await self._addressees.refuse({notification.endpoint for notification in refused})
        return set(begun)

    async def _follow(self) -> None:
        self._is_to_follow = False
        try:
            left = await self._addressees.follow()
        except CatalogueUnavailable:
            self._is_to_follow = True
            raise
        for line in left:
            await self._give_back(line.let_go())

    def _lease_seconds(self) -> float:
        """Long enough for a batch of which every try is as slow as it may be."""
        longest = max((line.settings.timeout_seconds for line in self._addressees), default=0.0)
        return (_BATCH / AT_ONCE + 2) * 2 * longest + 2 * _LEASE_MARGIN_SECONDS

    async def _begin_in_turn(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            *_, line = await self._doubtful.get()
            self._begin(tasks, line)
            await self._clock.sleep_until(self._clock.now() + _TURN_SECONDS)

    async def _go_on(self, tasks: asyncio.TaskGroup, line: Line) -> None:
        """Without waiting for the next round, while a batch was not all."""
        self._begin(tasks, line)
        if line.may_have_more and line.is_wanting(self._clock.now()) and line.whole.is_trusted:
            line.may_have_more = False
            with suppress(CatalogueUnavailable):
                await self._claim(tasks, {line.name}, self._room(is_trusted=True), _BATCH)

    # --- one notification -------------------------------------------------------------------------------------------

    def _begin(self, tasks: asyncio.TaskGroup, line: Line) -> None:
        if line.waiting and not line.may_begin(self._clock.now()):
            tasks.create_task(self._give_back(line.let_go()), name=f"notifications of {line.name} given back")
        while line.waiting and line.under_way < line.room:
            notification = line.waiting.popleft()
            line.under_way += 1
            tasks.create_task(self._send(tasks, line, notification), name=f"notification {notification.id}")

    async def _send(self, tasks: asyncio.TaskGroup, line: Line, notification: Notification) -> None:
        begun = line.begun()
        try:
            spares_first = line.spares_first(self._clock.now())
            outcomes = await self._trying.tried(notification, line.settings, spares_first=spares_first)
        except CatalogueUnavailable:
            await self._give_back([notification])
        else:
            turn = line.ended(begun, outcomes, self._clock.now(), self._draw())
            await self._settle(line, notification, outcomes)
            await self._spread(line, turn)
        finally:
            line.under_way -= 1
            self._held.discard(notification.id)
        await self._go_on(tasks, line)

    async def _settle(self, line: Line, notification: Notification, outcomes: Sequence[Outcome]) -> None:
        last = outcomes[-1]
        attempts = [outcome.attempt for outcome in outcomes]
        facts = {"notification_id": notification.id, "recording_id": notification.recording_id, "endpoint": line.name}
        self._failed += sum(not outcome.is_taken for outcome in outcomes)
        if last.is_taken:
            self._delivered += 1
            await self._written(partial(self._ledger.delivered, notification.id, *attempts))
            log.info("notification delivered", extra=facts)
            return
        next_at = next_moment(notification, last, self._clock.now(), self._draw())
        await self._written(partial(self._ledger.failed, notification.id, *attempts, next_at=next_at))
        if next_at is None:
            log.error("notification dead", extra=facts | {"hint": f"the tries are over: {last.attempt.reason}"})
        else:
            log.info("notification not taken", extra=facts | {"hint": last.attempt.reason})
        if last.is_gone:
            await self._written(partial(self._addressees.disable, line, last.attempt))

    async def _spread(self, line: Line, turn: Turn) -> None:
        """What the try means for the endpoint's others."""
        if turn is Turn.BACK:
            log.info("endpoint takes notifications", extra={"endpoint": line.name})
        elif turn is Turn.DOWN:
            log.warning("endpoint takes nothing", extra={"endpoint": line.name, "hint": line.whole.reason})
        now = self._clock.now()
        if turn is Turn.STILL_DOWN and line.is_to_be_given_up(now):
            await self._written(partial(self._give_up, line, now))

    async def _give_up(self, line: Line, now: Moment) -> None:
        count = await self._ledger.give_up(line.name, now - LONGEST_WAIT_SECONDS, _TOO_LONG)
        if count:
            log.error("notifications dead", extra={"endpoint": line.name, "count": count, "hint": _TOO_LONG})

    async def _give_back(self, notifications: Sequence[Notification]) -> None:
        ids = [notification.id for notification in notifications]
        # First: as soon as that is written they may come again.
        self._held.difference_update(ids)
        if ids:
            await self._written(partial(self._ledger.unclaim, self._node, ids))

    async def _written(self, write: Callable[[], Awaitable[object]]) -> None:
        """As soon as the catalogue answers: what has come to pass is not forgotten meanwhile."""
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                await write()
            except CatalogueUnavailable as error:
                log.warning("catalogue unavailable", extra={"hint": str(error)})
                await self._clock.sleep_until(self._clock.now() + wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            except (IllegalTransition, NotFound) as error:
                # Cancelled meanwhile, by hand or with its endpoint.
                log.info("overtaken", extra={"hint": str(error)})
                return
            else:
                return
