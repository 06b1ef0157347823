"""A store that speaks to its destination as the last trial found that it wants to be spoken to. Knows no destination's
words, and no trial."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.object_store import Digest, Link, ObjectFacts, ObjectStore
from connector.ports.pins import Pin, Pins
from connector.storage.piece_flow import closing

log = logging.getLogger(__name__)

#: How soon a running daemon does as a trial found.
LOOK_SECONDS = 60.0


class Pinned:
    """`follow` has the store speak so from now on; requests under way end as they began."""

    def __init__(self, store: ObjectStore, follow: Callable[[Pin], None], pins: Pins, place: str, clock: Clock) -> None:
        self._store = store
        self._follow = follow
        self._pins = pins
        self._place = place
        self._clock = clock
        self._pin = Pin()
        self._look_at = float("-inf")
        self._looking = asyncio.Lock()

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        await self._look()
        await self._store.put(name, source, digest, overwrite=overwrite)

    async def facts(self, name: str) -> ObjectFacts | None:
        await self._look()
        return await self._store.facts(name)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        await self._look()
        async with closing(self._store.read(name, begin_at)) as pieces:
            async for piece in pieces:
                yield piece

    async def remove(self, name: str) -> None:
        await self._look()
        await self._store.remove(name)

    def url(self, name: str) -> str:
        return self._store.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        await self._look()
        return await self._store.link(name, seconds, filename=filename)

    async def abandon(self, name: str) -> None:
        await self._look()
        await self._store.abandon(name)

    async def close(self) -> None:
        await self._store.close()

    async def _look(self) -> None:
        """A catalogue that does not answer now is no reason to store nothing: then it goes on as before."""
        async with self._looking:
            if self._clock.now() < self._look_at:
                return
            try:
                pin = await self._pins.find(self._place) or Pin()
            except CatalogueUnavailable as error:
                log.warning("pins unknown", extra={"place": self._place, "hint": str(error)})
                return
            self._look_at = self._clock.now() + LOOK_SECONDS
            if pin != self._pin:
                self._pin = pin
                self._follow(pin)
