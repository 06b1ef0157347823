"""azure:// – a container of Azure's blob storage. The order of requests; each of them is azure_container's."""

import math
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from connector.domain.disposition import disposition
from connector.domain.ids import Moment
from connector.errors import DestinationRefused, ObjectExists
from connector.network.guard import Guard
from connector.ports.object_store import Digest, Link, ObjectFacts
from connector.ports.uploads import Uploads
from connector.storage.azure_answers import BlocksLost, Forbidden
from connector.storage.azure_container import AzureContainer
from connector.storage.azure_credentials import AccountKey, AzureKeys
from connector.storage.azure_line import AzureLine
from connector.storage.azure_place import AzurePlace
from connector.storage.azure_requests import check_name
from connector.storage.azure_signing import read_access
from connector.storage.azure_upload import BlockUpload
from connector.storage.piece_flow import closing
from connector.storage.sections import PART_BYTES, Extent, SourceFile, part_bytes_for
from connector.storage.source_threads import SourceThreads
from connector.storage.time_limits import LIMITS, TimeLimits

_SINGLE_BYTES = 2 * PART_BYTES


class AzureStore:
    """An ObjectStore over one container, which is never created here. Azure itself keeps two puts from one name. A
    shared access signature that may only create and write is enough to put; facts, reading and links are refused then.
    With such a one nobody can tell our own blob from another's: when an answer was lost, the next try is ObjectExists.
    """

    def __init__(
        self,
        place: AzurePlace,
        keys: AzureKeys,
        *,
        uploads: Uploads,
        wall: Callable[[], Moment] = time.time,
        part_bytes: int = PART_BYTES,
        single_bytes: int = _SINGLE_BYTES,
        limits: TimeLimits = LIMITS,
        guard: Guard | None = None,
    ) -> None:
        """What has more than `single_bytes` goes in blocks. `wall` is the wall clock, not the house's: Azure compares
        it with its own."""
        self._place = place
        self._keys = keys
        self._uploads = uploads
        self._wall = wall
        self._container = AzureContainer(place, AzureLine(place, keys, wall, limits, guard))
        self._threads = SourceThreads()
        self._part_bytes = part_bytes
        self._single_bytes = single_bytes

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        check_name(self._place, name)
        async with self._threads.opened(source, digest) as file:
            put = self._put_whole if digest.size_bytes <= self._single_bytes else self._put_blocks
            try:
                await put(name, file, overwrite=overwrite)
            except ObjectExists:
                # By another meanwhile, or by a try of ours whose answer was lost.
                if not await self._is_there(name, digest):
                    raise

    async def facts(self, name: str) -> ObjectFacts | None:
        """Of what we put: both hashes, as they were proven when it was stored."""
        check_name(self._place, name)
        return await self._container.look(name)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        """Pieces of at most a mebibyte. DestinationRefused when there is no such blob."""
        check_name(self._place, name)
        async with closing(self._container.read(name, begin_at)) as pieces:
            async for piece in pieces:
                yield piece

    async def remove(self, name: str) -> None:
        """With its snapshots. What the account keeps of deleted blobs for some days is the account's own affair."""
        check_name(self._place, name)
        await self._container.remove(name)

    def url(self, name: str) -> str:
        return self._place.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link:
        """Nothing but another account key ends it sooner. DestinationRefused without an account key."""
        check_name(self._place, name)
        if not isinstance(self._keys, AccountKey):
            raise DestinationRefused(
                f"cannot make a link to {name!r} in {self._place.id}: a shared access signature makes none; give the"
                " account's key if there should be links"
            )
        # Signatures know whole seconds.
        ends_at = float(math.floor(self._wall() + seconds))
        query = read_access(self._place, self._keys, name, ends_at=ends_at, disposition=disposition(filename))
        return Link(url=f"{self._place.public_base}{self._place.path(name)}?{query}", expires_at=ends_at)

    async def abandon(self, name: str) -> None:
        """Give up what is under way under that name. Azure has no request for it: blocks that were sent and never
        committed cannot be read by anybody, and are gone a week after the last of them."""
        await self._uploads.forget(self._place.id, name)

    async def close(self) -> None:
        await self._container.close()
        await self._threads.close()

    async def _put_whole(self, name: str, file: SourceFile, *, overwrite: bool) -> None:
        """Without a look before: hardly ever is a name taken."""
        md5 = await self._threads.md5(file, Extent(0, file.digest.size_bytes))
        file.check_content()
        if md5.hex() != file.digest.md5:
            raise file.broken_promise()
        await self._container.put(name, file.whole(), file.digest, overwrite=overwrite)

    async def _put_blocks(self, name: str, file: SourceFile, *, overwrite: bool) -> None:
        """With a look before, so that many bytes are not sent in vain."""
        if await (self._is_ours if overwrite else self._is_there)(name, file.digest):
            # Who made a blob of the blocks may not have lived to say so.
            await self._uploads.forget(self._place.id, name)
            return
        try:
            await self._upload(name, file).run(overwrite=overwrite)
        except BlocksLost:
            # They may be a blob by now, by a try whose answer was lost.
            if not await self._is_ours(name, file.digest):
                await self._upload(name, file).run(overwrite=overwrite)

    def _upload(self, name: str, file: SourceFile) -> BlockUpload:
        return BlockUpload(
            name,
            file,
            block_bytes=part_bytes_for(file.digest.size_bytes, self._part_bytes),
            container=self._container,
            uploads=self._uploads,
            threads=self._threads,
        )

    async def _is_there(self, name: str, digest: Digest) -> bool:
        """Whether that very content is. ObjectExists when another's is; False too when we may not look."""
        try:
            facts = await self._container.look(name)
        except Forbidden:
            return False
        if facts is not None and not facts.is_same_as(digest):
            raise ObjectExists(f"{name!r} is in {self._place.id} already with other content: choose the next suffix")
        return facts is not None

    async def _is_ours(self, name: str, digest: Digest) -> bool:
        try:
            return await self._is_there(name, digest)
        except ObjectExists:
            return False
