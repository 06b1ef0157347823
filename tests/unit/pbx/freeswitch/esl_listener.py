"""An Esl and whoever listens to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from connector.domain.ids import Moment
from connector.network.clock import SystemClock
from connector.pbx.freeswitch.esl import Esl
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.ports.clock import Clock
from connector.settings import Endpoint


class _Said(logging.Handler):
    """Every trouble is logged as it is noted."""

    def __init__(self, news: asyncio.Event) -> None:
        super().__init__()
        self._news = news

    def emit(self, _record: logging.LogRecord) -> None:
        self._news.set()


class Listener:
    def __init__(self, endpoint: Endpoint, *, clock: Clock | None = None, ca: str = "") -> None:
        self.heard: list[EslEvent] = []
        self.downs: list[str] = []
        self.ups = 0
        #: What is done when the connection has come up.
        self.on_up: Callable[[], Awaitable[None]] | None = None
        #: What is done with each event, before it is noted.
        self.on_event: Callable[[EslEvent], None] | None = None
        self._news = asyncio.Event()
        self.esl = Esl(
            "office",
            endpoint,
            events=("CHANNEL_BRIDGE", "RECORD_STOP"),
            subclasses=("conference::maintenance", "callreel::record"),
            heard=self._heard,
            came_up=self._came_up,
            went_down=self._went_down,
            clock=clock or SystemClock(),
            ca=ca,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        logger, said = logging.getLogger("connector.pbx.freeswitch.esl"), _Said(self._news)
        logger.addHandler(said)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.esl.run())
                try:
                    yield self
                finally:
                    await self.esl.close()
        finally:
            logger.removeHandler(said)

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.ups >= times and self.esl.is_up)

    async def down(self, times: int = 1) -> str:
        await self.until(lambda: len(self.downs) >= times)
        return self.downs[times - 1]

    async def trouble(self, words: str) -> None:
        await self.until(lambda: words in self.esl.trouble)

    async def until(self, claim: Callable[[], object]) -> None:
        """Every claim here becomes true by an event, a coming up, a going down or a trouble, or just after it."""
        while not claim():
            self._news.clear()
            await self._news.wait()
            await asyncio.sleep(0)

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.heard]

    def _heard(self, event: EslEvent, _at: Moment) -> None:
        self._news.set()
        if self.on_event is not None:
            self.on_event(event)
        self.heard.append(event)

    async def _came_up(self) -> None:
        self.ups += 1
        if self.on_up is not None:
            await self.on_up()
        self._news.set()

    def _went_down(self, reason: str) -> None:
        self.downs.append(reason)
        self._news.set()
