"""A file's way into a bucket in parts: several at once, each remembered as soon as it is there, so that another process
goes on where this one was cut off. Knows neither what was there before nor whether what landed is true."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from connector.errors import ConnectorError, DestinationRefused, NoRoom, ObjectExists
from connector.ports.uploads import Upload, Uploads
from connector.storage.s3_answers import UploadLost
from connector.storage.s3_bucket import Receipt, S3Bucket
from connector.storage.s3_etags import Proof, composite_etag, proof
from connector.storage.sections import BrokenPromise, Extent, SourceFile, extents, part_bytes_for
from connector.storage.source_threads import SourceThreads

PARTS_AT_ONCE = 4
#: After these nobody goes on with the parts that are there: they would only take room.
_HOPELESS = (BrokenPromise, NoRoom, ObjectExists, UploadLost)


@dataclass(frozen=True, slots=True)
class Landed:
    """An object that the server has, and what its ETag should be if it is an MD5."""

    receipt: Receipt
    expected_etag: str
    #: A part's ETag looked like another content's.
    is_doubtful: bool = False


class _Sending:
    """One upload of this moment: which parts are there, and what they are."""

    def __init__(self, upload: Upload, uploads: Uploads) -> None:
        self.upload = upload
        self.md5s: list[bytes] = []
        self.is_doubtful = False
        self._uploads = uploads
        self._keeping = asyncio.Lock()

    def has(self, number: int) -> bool:
        return number <= len(self.upload.parts) and self.upload.parts[number - 1] != ""

    async def add(self, number: int, receipt: Receipt, md5: bytes) -> None:
        """Parts come in any order; what is still missing before the last one is empty."""
        said = proof(receipt.etag, md5.hex(), has_own_key=receipt.has_own_key)
        self.is_doubtful = self.is_doubtful or said is Proof.DOUBTFUL
        known = [*self.upload.parts, *[""] * (number - len(self.upload.parts))]
        known[number - 1] = receipt.etag
        self.upload = replace(self.upload, parts=tuple(known))
        await self.keep()

    async def keep(self) -> None:
        async with self._keeping:
            await self._uploads.keep(self.upload)


class PartedUploads:
    def __init__(self, bucket: S3Bucket, uploads: Uploads, threads: SourceThreads, part_bytes: int) -> None:
        self._bucket = bucket
        self._uploads = uploads
        self._threads = threads
        self._part_bytes = part_bytes

    async def put(self, name: str, source: SourceFile, *, overwrite: bool) -> Landed:
        """Send what is not there yet, and join the parts. UploadLost: the server knows them no more; they are
        forgotten, and the next call begins anew."""
        sending = _Sending(await self._begun(name, source), self._uploads)
        try:
            await self._send_missing(sending, source)
            receipt = await self._bucket.complete_upload(
                name, sending.upload.upload_id, sending.upload.parts, overwrite=overwrite
            )
        except _HOPELESS:
            with suppress(ConnectorError):
                await self._give_up(sending.upload)
            raise
        await self._uploads.forget(sending.upload.place, name)
        return Landed(receipt, composite_etag(sending.md5s), sending.is_doubtful)

    async def abandon(self, name: str) -> None:
        """Have the server let go of the parts of an upload under way; where there is none, that is fine. When it may
        not, it is still known as under way."""
        upload = await self._uploads.find(self._bucket.place.id, name)
        if upload:
            await self._give_up(upload)

    async def _begun(self, name: str, source: SourceFile) -> Upload:
        """The one under way, if it is of this content."""
        known = await self._uploads.find(self._bucket.place.id, name)
        if known and known.sha256 == source.digest.sha256:
            return known
        if known:
            with suppress(DestinationRefused):
                await self._give_up(known)
        upload = Upload(
            place=self._bucket.place.id,
            name=name,
            sha256=source.digest.sha256,
            upload_id=await self._bucket.create_upload(name, source.digest),
            part_bytes=part_bytes_for(source.digest.size_bytes, self._part_bytes),
        )
        await self._uploads.keep(upload)
        return upload

    async def _send_missing(self, sending: _Sending, source: SourceFile) -> None:
        """All parts are read and hashed, those that are there too: so the whole is proven before it is joined."""
        free = asyncio.Semaphore(PARTS_AT_ONCE)
        try:
            with _alone():
                async with asyncio.TaskGroup() as group:
                    for number, extent in enumerate(extents(source.digest.size_bytes, sending.upload.part_bytes), 1):
                        sending.md5s.append(await self._threads.md5(source, extent))
                        if not sending.has(number):
                            await free.acquire()
                            group.create_task(self._send(sending, number, source, extent, free))
                source.check_content()
        except ConnectorError:
            # A part that arrived while another failed may not have been kept.
            with suppress(ConnectorError):
                await sending.keep()
            raise

    async def _send(
        self, sending: _Sending, number: int, source: SourceFile, extent: Extent, free: asyncio.Semaphore
    ) -> None:
        upload, md5 = sending.upload, sending.md5s[number - 1]
        try:
            section = source.section(extent)
            receipt = await self._bucket.upload_part(upload.name, upload.upload_id, number, section, md5)
            await sending.add(number, receipt, md5)
        finally:
            free.release()

    async def _give_up(self, upload: Upload) -> None:
        await self._bucket.abort_upload(upload.name, upload.upload_id)
        await self._uploads.forget(upload.place, upload.name)


@contextmanager
def _alone() -> Iterator[None]:
    """Of several parts' errors the one that most needs somebody."""
    try:
        yield
    except ExceptionGroup as group:
        ours = [error for error in group.exceptions if isinstance(error, ConnectorError)]
        if len(ours) < len(group.exceptions):
            raise
        gravest = next((error for error in ours if isinstance(error, (DestinationRefused, NoRoom))), ours[0])
        raise gravest from gravest.__cause__
