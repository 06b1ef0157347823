"""A store that tries again by itself, quickly and seldom: for a lost packet. An outage is for `due` rows to bridge, and
so is a store that asks to be left alone for longer."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from connector.errors import DestinationUnreachable
from connector.network.backoff import delay_seconds
from connector.ports.clock import Clock
from connector.ports.object_store import Digest, Link, ObjectFacts, ObjectStore
from connector.storage.piece_flow import closing

Answer = TypeVar("Answer")


class Retrying:
    """Repeats what raised DestinationUnreachable; every other word of the store passes at once."""

    def __init__(
        self,
        store: ObjectStore,
        clock: Clock,
        *,
        tries: int = 3,
        first_seconds: float = 0.5,
        limit_seconds: float = 5.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tries = tries
        self._first_seconds = first_seconds
        self._limit_seconds = limit_seconds
        self._draw = draw

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        await self._tried(lambda: self._store.put(name, source, digest, overwrite=overwrite))

    async def facts(self, name: str) -> ObjectFacts | None:
        return await self._tried(lambda: self._store.facts(name))

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        """Tried again only before the first piece: what the caller has cannot be taken back."""
        for attempt in range(1, self._tries + 1):
            has_begun = False
            try:
                async with closing(self._store.read(name, begin_at)) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
            except DestinationUnreachable as error:
                if has_begun or attempt == self._tries or self._asks_for_more(error):
                    raise
                await self._pause(attempt, error)
            else:
                return

    async def remove(self, name: str) -> None:
        await self._tried(lambda: self._store.remove(name))

    def url(self, name: str) -> str:
        return self._store.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        return await self._tried(lambda: self._store.link(name, seconds, filename=filename))

    async def abandon(self, name: str) -> None:
        await self._tried(lambda: self._store.abandon(name))

    async def close(self) -> None:
        await self._store.close()

    async def _tried(self, act: Callable[[], Awaitable[Answer]]) -> Answer:
        for attempt in range(1, self._tries):
            try:
                return await act()
            except DestinationUnreachable as error:
                if self._asks_for_more(error):
                    raise
                await self._pause(attempt, error)
        return await act()

    def _asks_for_more(self, error: DestinationUnreachable) -> bool:
        """Whether it wants to be left alone for longer than anybody waits here."""
        return (error.retry_after_seconds or 0.0) > self._limit_seconds

    async def _pause(self, attempt: int, error: DestinationUnreachable) -> None:
        seconds = delay_seconds(
            attempt, first=self._first_seconds, factor=4.0, limit=self._limit_seconds, jitter=self._draw()
        )
        await self._clock.sleep_until(self._clock.now() + max(seconds, error.retry_after_seconds or 0.0))
