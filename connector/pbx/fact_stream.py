"""The facts of one driver on their way to the house: in order, bounded, and over when the driver is.

Knows a queue and a task; no PBX, and nothing of what a fact means.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress

from connector.domain.events import CallEvent, Stamped
from connector.domain.ids import Moment

QUEUE_LENGTH = 20_000


class FactStream:
    """`recovered` is called when facts had been lost because the house was too slow, and there is room again."""

    def __init__(self, name: str, *, length: int = QUEUE_LENGTH, recovered: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._waiting: asyncio.Queue[Stamped | None] = asyncio.Queue(length)
        self._recovered = recovered
        self._running: asyncio.Task[None] | None = None
        self._is_closed = False
        self._is_overrun = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def __len__(self) -> int:
        """How many facts wait."""
        return self._waiting.qsize()

    async def of(self, work: Callable[[], Coroutine[object, object, None]]) -> AsyncIterator[Stamped]:
        """What is told while `work` goes on, until it is closed; raises what the work raised."""
        if self._is_closed:
            return
        self._running = asyncio.create_task(work(), name=f"pbx {self._name}")
        self._running.add_done_callback(self._ended)
        try:
            while (stamped := await self._next()) is not None:
                yield stamped
        finally:
            await self.close()

    async def put(self, at: Moment, event: CallEvent) -> None:
        """Wait for room, when there is none."""
        await self._waiting.put(Stamped(at=at, event=event))

    def tell(self, at: Moment, event: CallEvent) -> bool:
        """False for the first fact that found no room: it is lost, and those after it until there is room again."""
        try:
            self._waiting.put_nowait(Stamped(at=at, event=event))
        except asyncio.QueueFull:
            is_news, self._is_overrun = not self._is_overrun, True
            return not is_news
        return True

    async def close(self) -> None:
        """End the work; returns when it has ended."""
        self._is_closed = True
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    def _ended(self, _running: asyncio.Task[None]) -> None:
        """Wake whoever waits for the next fact, even when the queue is full."""
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(None)

    async def _next(self) -> Stamped | None:
        assert self._running is not None
        if self._running.done():
            if not self._running.cancelled():
                self._running.result()
            return None
        if self._is_overrun and self._waiting.empty():
            self._is_overrun = False
            self._recovered()
        stamped = await self._waiting.get()
        return stamped if stamped is not None else await self._next()
