"""The other side of notifications: receivers that answer as a test says, and a house that sends to them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.domain.ids import Moment
from connector.domain.notification import Notification, Told
from connector.domain.states import NotificationState
from connector.errors import EndpointUnreachable
from connector.ports.poster import Letter, Reply
from connector.services.notifying import Notifying
from connector.settings import NotificationSettings
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_notifications import MemoryNotifications

#: Hours pass in most tests: they need not look ten times a second.
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Says:
    status: int = 200
    retry_after_seconds: float | None = None
    #: How long it takes.
    seconds: float = 0.0


#: It takes the connection and says nothing.
SILENCE = "silence"
Answer: TypeAlias = int | Says | Exception | str


@dataclass(frozen=True)
class Received:
    url: str
    id: str
    at: Moment
    #: False: whoever sent it was told so.
    was_taken: bool


class Receivers:
    """The Poster. Who was told no script takes everything."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        #: By address: what comes first, one after another; then what holds for good.
        self.next: dict[str, deque[Answer]] = {}
        self.always: dict[str, Answer | Callable[[Letter], Answer]] = {}
        self.received: list[Received] = []
        self.letters: list[Letter] = []
        self.keeps_letters = True
        self.under_way = 0
        self.most_under_way = 0

    async def post(self, letter: Letter) -> Reply:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.keeps_letters:
            self.letters.append(letter)
        try:
            return await self._answered(letter, self._answer(letter))
        finally:
            self.under_way -= 1

    def _answer(self, letter: Letter) -> Answer:
        if waiting := self.next.get(letter.url):
            return waiting.popleft()
        always = self.always.get(letter.url, 200)
        return always(letter) if callable(always) else always

    async def _answered(self, letter: Letter, answer: Answer) -> Reply:
        said = Says(answer) if isinstance(answer, int) else answer
        was_taken = isinstance(said, Says) and 200 <= said.status < 300
        self.received.append(Received(letter.url, letter.headers["webhook-id"], self._clock.now(), was_taken))
        if isinstance(said, Exception):
            raise said
        if isinstance(said, str):
            await self._clock.sleep_until(self._clock.now() + letter.limit_seconds)
            raise EndpointUnreachable(f"no answer within {letter.limit_seconds:.0f} s")
        if said.seconds:
            await self._clock.sleep_until(self._clock.now() + said.seconds)
        return Reply(
            status=said.status,
            content=b"",
            is_cut=False,
            retry_after_seconds=said.retry_after_seconds,
            seconds=said.seconds,
        )

    def says_first(self, url: str, *answers: Answer) -> None:
        self.next[url] = deque(answers)

    def to(self, url: str) -> list[Received]:
        return [one for one in self.received if one.url == url]

    def taken(self) -> list[str]:
        """The ids of what was taken, in order."""
        return [one.id for one in self.received if one.was_taken]


class NumberedLinks:
    """Never the same link twice; or always the same error."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.error: Exception | None = None

    async def link(self, notification: Notification) -> str:
        if self.error is not None:
            raise self.error
        self.given.append(f"https://links.example/{notification.recording_id}/{len(self.given)}")
        return self.given[-1]


class BriskClock(SimulatedClock):
    """Nothing here takes more than a few turns: ledger and receivers answer at once."""

    async def settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)


def url(name: str) -> str:
    return f"https://{name}.example/told"


def endpoint(name: str, **over: Any) -> NotificationSettings:
    return NotificationSettings(**({"url": url(name)} | over))


def a_notification(number: int = 1, **over: Any) -> Notification:
    facts: dict[str, Any] = {
        "id": f"msg_{number}",
        "endpoint": "crm",
        "organisation": "default",
        "recording_id": f"recording-{number}",
        "call_id": f"call-{number}",
        "told": Told.FINISHED,
        "body": f'{{"event":"notify","callid":"call-{number}"}}',
        "created_at": MORNING,
        "next_at": MORNING,
    }
    return Notification(**(facts | over))


class House:
    """One node or several on one ledger, whose time a test moves."""

    def __init__(self, *names: str, draw: Callable[[], float] = lambda: 0.5) -> None:
        self.clock = BriskClock(MORNING)
        self.ledger = MemoryNotifications(self.clock.now)
        self.receivers = Receivers(self.clock)
        self.links = NumberedLinks()
        self.endpoints = {name: endpoint(name) for name in names or ("crm",)}
        self._draw = draw

    def notifying(self, node: str = "here", poll_seconds: float = _POLL_SECONDS) -> Notifying:
        return Notifying(
            self.ledger,
            self.receivers,
            lambda: self.endpoints,
            self.links,
            self.clock,
            node,
            draw=self._draw,
            poll_seconds=poll_seconds,
        )

    @asynccontextmanager
    async def sending(self, node: str = "here", poll_seconds: float = _POLL_SECONDS) -> AsyncIterator[Notifying]:
        notifying = self.notifying(node, poll_seconds)
        running = asyncio.create_task(notifying.run())
        try:
            yield notifying
            assert not running.done(), running.exception()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def until_settled(self, limit_seconds: float, step_seconds: float = 1.0) -> None:
        """Let the time pass until nothing waits any more."""
        end = self.clock.now() + limit_seconds
        while self.waiting() and self.clock.now() < end:
            await self.clock.advance(step_seconds)
        assert not self.waiting()

    def waiting(self) -> list[str]:
        return self.ids(NotificationState.WAITING)

    def ids(self, state: NotificationState) -> list[str]:
        return [id for id, kept in self.ledger.kept.items() if kept.notification.state is state]

    def state(self, id: str = "msg_1") -> NotificationState:
        return self.ledger.kept[id].notification.state

    def held(self) -> list[str]:
        return [id for id, kept in self.ledger.kept.items() if kept.claimed_by]
