"""Artefacts that lie unsealed in a folder of this machine, read from any place on. Knows files, no recording.

What is not exactly so (sealed, of another size, away) is nobody's here: the store that keeps it has to read it.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from connector.errors import DestinationUnreachable

#: Large enough that a thread for each costs nothing beside the reading.
PIECE_BYTES: Final = 1 << 20
#: Not the loop's own threads: a dead network disk may take these and no more.
_THREADS: Final = 8
_ANSWER_SECONDS: Final = 60.0
T = TypeVar("T")


class PlainFiles:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="plain files")

    async def opened(self, url: str, size_bytes: int) -> "PlainFile | None":
        """The file at a file:// address, if it has just that size: a sealed one is larger than what it holds."""
        parts = urlsplit(url)
        if parts.scheme != "file":
            return None
        path = unquote(parts.path)
        opening = self._threads.submit(_opened, path, size_bytes)
        try:
            descriptor = await _waited_for(opening, path)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_what_came)
            raise
        return None if descriptor is None else PlainFile(descriptor, path, self._threads)


class PlainFile:
    """Pieces of one open file."""

    def __init__(self, descriptor: int, path: str, threads: ThreadPoolExecutor) -> None:
        self._descriptor = descriptor
        self._path = path
        self._threads = threads
        self._at = 0
        self._reading: Future[bytes] | None = None
        self._is_open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._reading = self._threads.submit(os.pread, self._descriptor, PIECE_BYTES, self._at)
        piece = await _waited_for(self._reading, self._path)
        if not piece:
            raise StopAsyncIteration
        self._at += len(piece)
        return piece

    async def begin_at(self, offset_bytes: int) -> None:
        self._at = offset_bytes

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        if self._reading is None:
            os.close(self._descriptor)
        else:
            # Never under a thread that still reads: its number may be another file's by then.
            self._reading.add_done_callback(lambda _: os.close(self._descriptor))


async def _waited_for(answer: "Future[T]", path: str) -> T:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await asyncio.shield(asyncio.wrap_future(answer))
    except TimeoutError as error:
        raise DestinationUnreachable(f"{path} cannot be read: is its disk or network share alive?") from error
    except OSError as error:
        raise DestinationUnreachable(f"{path} cannot be read: {error.strerror}") from error


def _opened(path: str, size_bytes: int) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size == size_bytes:
        return descriptor
    os.close(descriptor)
    return None


def _close_what_came(opening: "Future[int | None]") -> None:
    descriptor = opening.result() if opening.exception() is None else None
    if descriptor is not None:
        os.close(descriptor)
