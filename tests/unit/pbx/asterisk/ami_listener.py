"""An Ami and whoever listens to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from connector.domain.ids import Moment
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ami import Ami, AmiMessage
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
    def __init__(
        self, endpoint: Endpoint, *, clock: Clock | None = None, ca: str = "", variables: frozenset[str] = frozenset()
    ) -> None:
        self.heard: list[AmiMessage] = []
        self.downs: list[str] = []
        self.ups = 0
        #: What is done when the connection has come up.
        self.on_up: Callable[[], Awaitable[None]] | None = None
        #: What an event's hearing raises.
        self.fails_at: set[str] = set()
        self._news = asyncio.Event()
        self.ami = Ami(
            "office",
            endpoint,
            ca=ca,
            heard=self._heard,
            came_up=self._came_up,
            went_down=self._went_down,
            variables=variables,
            clock=clock or SystemClock(),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Listener"]:
        logger, said = logging.getLogger("connector.pbx.asterisk.ami"), _Said(self._news)
        logger.addHandler(said)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.ami.run())
                try:
                    yield self
                finally:
                    await self.ami.close()
        finally:
            logger.removeHandler(said)

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.ups >= times and self.ami.is_up)

    async def down(self, times: int = 1) -> str:
        await self.until(lambda: len(self.downs) >= times)
        return self.downs[times - 1]

    async def trouble(self, words: str) -> None:
        await self.until(lambda: words in self.ami.trouble)

    async def until(self, claim: Callable[[], object]) -> None:
        """Every claim here becomes true by an event, a coming up, a going down or a trouble, or just after it."""
        while not claim():
            self._news.clear()
            await self._news.wait()
            await asyncio.sleep(0)

    @property
    def names(self) -> list[str]:
        return [message.event for message in self.heard]

    def _heard(self, message: AmiMessage, _at: Moment) -> None:
        self._news.set()
        if message.event in self.fails_at:
            raise RuntimeError("a handler of ours is broken")
        self.heard.append(message)

    async def _came_up(self) -> None:
        self.ups += 1
        if self.on_up is not None:
            await self.on_up()
        self._news.set()

    def _went_down(self, reason: str) -> None:
        self.downs.append(reason)
        self._news.set()
