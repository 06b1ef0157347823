"""A store that does only so many things at once, so that one slow destination does not take every worker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from connector.ports.object_store import Digest, Link, ObjectFacts, ObjectStore
from connector.storage.piece_flow import closing


class Limited:
    """At most `at_once` writes (and looks) and, apart from them, as many readings: who reads to copy cannot wait for
    his own reading to end."""

    def __init__(self, store: ObjectStore, at_once: int) -> None:
        self._store = store
        self._acts = asyncio.Semaphore(at_once)
        self._readings = asyncio.Semaphore(at_once)

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        async with self._acts:
            await self._store.put(name, source, digest, overwrite=overwrite)

    async def facts(self, name: str) -> ObjectFacts | None:
        async with self._acts:
            return await self._store.facts(name)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        async with self._readings, closing(self._store.read(name, begin_at)) as pieces:
            async for piece in pieces:
                yield piece

    async def remove(self, name: str) -> None:
        async with self._acts:
            await self._store.remove(name)

    def url(self, name: str) -> str:
        return self._store.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        async with self._acts:
            return await self._store.link(name, seconds, filename=filename)

    async def abandon(self, name: str) -> None:
        async with self._acts:
            await self._store.abandon(name)

    async def close(self) -> None:
        await self._store.close()
