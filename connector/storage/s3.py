"""s3:// and gs:// – a bucket that speaks S3: Amazon's, Google's by its interoperability, anybody's own. Orders the
requests of s3_bucket and s3_parts, and proves what landed; knows nothing of how they are sent."""

import math
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from connector.errors import DestinationRefused, DestinationUnreachable, ObjectExists
from connector.ports.clock import Clock
from connector.ports.object_store import Digest, Link, ObjectFacts
from connector.ports.uploads import Uploads
from connector.storage import s3_requests
from connector.storage.credentials import KeyPair
from connector.storage.piece_flow import closing
from connector.storage.s3_answers import Act, NotKnownThere, UploadLost
from connector.storage.s3_bucket import S3Bucket
from connector.storage.s3_clients import S3Clients
from connector.storage.s3_parts import Landed, PartedUploads
from connector.storage.s3_place import Conditions, S3Place
from connector.storage.s3_proof import Proving
from connector.storage.sections import PART_BYTES, Extent, SourceFile
from connector.storage.source_threads import SourceThreads
from connector.storage.time_limits import LIMITS, TimeLimits

#: No server takes a link that lives longer.
LONGEST_LINK_SECONDS = 7 * 24 * 3600

_SINGLE_BYTES = 2 * PART_BYTES


class S3Store:
    """An ObjectStore in one bucket. `keys` None: those of the environment or of the instance's role. `clients` are
    shared by all stores of the process; `uploads` by all processes that may go on with each other's."""

    def __init__(
        self,
        place: S3Place,
        keys: KeyPair | None,
        *,
        uploads: Uploads,
        clock: Clock,
        clients: S3Clients,
        part_bytes: int = PART_BYTES,
        single_bytes: int = _SINGLE_BYTES,
        limits: TimeLimits = LIMITS,
    ) -> None:
        """What has more than `single_bytes` goes in parts, which other servers than Google's want of 5 MiB or more."""
        self._bucket = S3Bucket(place, keys, clients, limits)
        self._threads = SourceThreads()
        self._parts = PartedUploads(self._bucket, uploads, self._threads, part_bytes)
        self._proving = Proving(self._bucket)
        self._single_bytes = single_bytes
        self._clock = clock
        self._may_read = False

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        """The server proves every byte by the MD5 that goes with it; then its answer is compared, and where that does
        not tell, what it holds. It keeps its word on names that are taken by If-None-Match, or we look before. With a
        key that may only write and a server that ignores conditions neither works: there the caller's name has to be
        one that nobody else has."""
        s3_requests.object_of(self._bucket.place, name)
        async with self._threads.opened(source, digest) as file:
            if not overwrite and self._has_to_look(digest) and await self._is_there(name, digest):
                return
            try:
                landed = await self._sent_with_conditions(name, file, overwrite=overwrite)
            except ObjectExists:
                # By another meanwhile, or by a try of ours whose answer was lost.
                if await self._is_there(name, digest):
                    return
                raise
        if landed:
            await self._proving.prove(name, digest, landed)

    async def facts(self, name: str) -> ObjectFacts | None:
        return await self._bucket.look(name)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        async with closing(self._bucket.read(name, begin_at)) as pieces:
            async for piece in pieces:
                yield piece

    async def remove(self, name: str) -> None:
        await self._bucket.remove(name)

    async def abandon(self, name: str) -> None:
        """Have the server let go of the parts of an upload under way; where there is none, that is fine."""
        await self._parts.abandon(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link:
        """Of at most seven days, and ending no later than the credentials; with a filename, browsers save what they
        would play. DestinationRefused with a key that may only write: it could sign as well, for nothing."""
        await self._check_that_keys_read(name)
        lifetime_seconds = max(1, min(int(seconds), LONGEST_LINK_SECONDS))
        # Signatures know whole seconds.
        expires_at = math.floor(self._clock.now()) + float(lifetime_seconds)
        url = await self._bucket.signed(name, lifetime_seconds, filename)
        keys_end_at = await self._bucket.keys_end_at()
        return Link(url=url, expires_at=expires_at if keys_end_at is None else min(expires_at, keys_end_at))

    def url(self, name: str) -> str:
        return self._bucket.place.url(name)

    def speak(self, place: S3Place) -> None:
        """The same bucket from now on in another manner: region, addressing, conditions, checksums."""
        self._bucket.place = place

    async def close(self) -> None:
        await self._bucket.close()
        await self._threads.close()

    async def _check_that_keys_read(self, name: str) -> None:
        """Asked until it has once been seen. A server that is away now may be back when somebody uses the link."""
        if not self._may_read:
            with suppress(DestinationUnreachable):
                self._may_read = await self._bucket.look(name, Act.LINK) is not None

    def _has_to_look(self, digest: Digest) -> bool:
        """Before many bytes also where the server would refuse them by itself in the end."""
        return self._bucket.place.conditions is not Conditions.HONOURED or digest.size_bytes > self._single_bytes

    async def _is_there(self, name: str, digest: Digest) -> bool:
        """Whether that very content is. ObjectExists when another is; False too when we are not told: the key may only
        write, or it is wrong, or the clock; the request that follows is told why."""
        try:
            facts = await self._bucket.look(name)
        except DestinationRefused:
            return False
        if facts is None:
            return False
        if not facts.is_same_as(digest):
            raise ObjectExists(
                f"{name!r} is in {self._bucket.place.id} already with other content: choose the next suffix"
            )
        return True

    async def _sent_with_conditions(self, name: str, source: SourceFile, *, overwrite: bool) -> Landed | None:
        """Some servers refuse If-None-Match: then without, and from then on."""
        try:
            return await self._sent(name, source, overwrite=overwrite)
        except NotKnownThere:
            known = self._bucket.place.conditions
            # Honoured is what a trial said, perhaps of another release of that server.
            if overwrite or known is Conditions.IGNORED:
                raise
        self._bucket.set_conditions(Conditions.IGNORED)
        try:
            return await self._sent(name, source, overwrite=overwrite)
        except NotKnownThere:
            self._bucket.set_conditions(known)
            raise

    async def _sent(self, name: str, source: SourceFile, *, overwrite: bool) -> Landed | None:
        """None: it turned out to be there already."""
        if source.digest.size_bytes <= self._single_bytes:
            return await self._sent_whole(name, source, overwrite=overwrite)
        try:
            return await self._parts.put(name, source, overwrite=overwrite)
        except UploadLost:
            # It may have been joined by a try whose answer was lost.
            if await self._is_there(name, source.digest):
                return None
        return await self._parts.put(name, source, overwrite=overwrite)

    async def _sent_whole(self, name: str, source: SourceFile, *, overwrite: bool) -> Landed:
        await self._threads.md5(source, Extent(0, source.digest.size_bytes))
        source.check_content()
        receipt = await self._bucket.put(name, source.whole(), source.digest, overwrite=overwrite)
        return Landed(receipt, source.digest.md5)
