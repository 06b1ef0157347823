"""One large file on its way into a container, block by block: what is missing, what is noted, what is proven.

Knows which blocks, and in which order things are safe; the requests themselves are another module's.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from connector.errors import ConnectorError, DestinationRefused, ObjectExists
from connector.ports.uploads import Upload, Uploads
from connector.storage.azure_answers import BlocksLost, Forbidden
from connector.storage.azure_blocks import block_id, block_order
from connector.storage.azure_container import AzureContainer
from connector.storage.sections import BrokenPromise, Extent, SourceFile, extents
from connector.storage.source_threads import SourceThreads

_AT_ONCE = 4
#: After these nobody goes on with the blocks that are there.
_HOPELESS = (BlocksLost, BrokenPromise, ObjectExists)


class BlockUpload:
    """For one put. What an earlier process has sent of the same file is not sent again."""

    def __init__(
        self,
        name: str,
        file: SourceFile,
        *,
        block_bytes: int,
        container: AzureContainer,
        uploads: Uploads,
        threads: SourceThreads,
    ) -> None:
        self._name = name
        self._file = file
        self._container = container
        self._uploads = uploads
        self._threads = threads
        self._noting = asyncio.Lock()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._upload = Upload(
            place=container.place.id, name=name, sha256=file.digest.sha256, upload_id="", part_bytes=block_bytes
        )

    async def run(self, *, overwrite: bool) -> None:
        """ObjectExists when another was quicker, BlocksLost when the next try begins anew. What is kept of the upload
        outlives every failure that a later try can go on from."""
        try:
            block_ids = await self._sent()
            await self._container.commit(self._name, block_ids, self._file.digest, overwrite=overwrite)
        except _HOPELESS:
            with suppress(ConnectorError):
                await self._forget()
            raise
        await self._forget()

    async def _sent(self) -> Sequence[str]:
        """The ids of all blocks, when all are there and the whole file was as promised."""
        known = await self._known()
        await self._uploads.keep(self._upload)
        block_ids = []
        try:
            async with asyncio.TaskGroup() as sending:
                for number, extent in enumerate(extents(self._file.digest.size_bytes, self._upload.part_bytes)):
                    md5 = await self._threads.md5(self._file, extent)
                    block_ids.append(block_id(number, md5))
                    if block_ids[-1] in known:
                        await self._note(block_ids[-1])
                        continue
                    await self._slots.acquire()
                    sending.create_task(self._send(block_ids[-1], extent, md5))
        except BaseExceptionGroup as group:
            raise foremost(group) from group
        self._file.check_content()
        return block_ids

    async def _send(self, name: str, extent: Extent, md5: bytes) -> None:
        try:
            await self._container.put_block(self._name, name, self._file.section(extent), md5)
        finally:
            self._slots.release()
        await self._note(name)

    async def _known(self) -> frozenset[str]:
        """Blocks of this file that are there. Their ids are made of their content, so that their names are proof."""
        kept = await self._uploads.find(self._upload.place, self._name)
        if kept is None or (kept.sha256, kept.part_bytes) != (self._upload.sha256, self._upload.part_bytes):
            return frozenset()
        try:
            known = await self._container.unfinished(self._name)
        except Forbidden:
            known = frozenset(kept.parts)
        self._upload = replace(kept, parts=tuple(part for part in kept.parts if part in known))
        return known

    async def _note(self, name: str) -> None:
        async with self._noting:
            if name not in self._upload.parts:
                parts = tuple(sorted((*self._upload.parts, name), key=block_order))
                self._upload = replace(self._upload, parts=parts)
                await self._uploads.keep(self._upload)

    async def _forget(self) -> None:
        await self._uploads.forget(self._upload.place, self._name)


def foremost(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of what went wrong at once: our own mistakes before refusals, refusals before what passes by itself."""
    errors = [foremost(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    return min(errors, key=lambda error: (isinstance(error, ConnectorError), not isinstance(error, DestinationRefused)))
