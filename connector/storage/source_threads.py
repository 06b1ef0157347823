"""Reading a source file in threads: the loop serves others meanwhile. Knows no store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from connector.ports.object_store import Digest
from connector.storage.file_threads import FileThreads, Stop
from connector.storage.sections import Extent, SourceFile

_THREADS = 2
_ANSWER_SECONDS = 60.0
#: Slower than this no disk is of use.
_SLOWEST_BYTES_PER_SECOND = 1 << 20


class SourceThreads:
    def __init__(self) -> None:
        self._threads = FileThreads("the folder of recordings", _THREADS)

    @asynccontextmanager
    async def opened(self, path: Path, digest: Digest) -> AsyncIterator[SourceFile]:
        """BrokenPromise when it is gone or of another size."""

        def work(_: Stop) -> SourceFile:
            return SourceFile(path, digest)

        with await self._threads.run(work, seconds=_ANSWER_SECONDS) as source:
            source.check_size()
            yield source

    async def md5(self, source: SourceFile, extent: Extent) -> bytes:
        """Of all sections in order, one after the other."""

        def work(_: Stop) -> bytes:
            return source.next_md5(extent)

        seconds = _ANSWER_SECONDS + extent.size_bytes / _SLOWEST_BYTES_PER_SECOND
        return await self._threads.run(work, seconds=seconds)

    async def close(self) -> None:
        await self._threads.close()
