"""Single requests to one bucket: each under a time limit, each refusal translated. Knows no order among them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from connector.errors import DestinationRefused, DestinationUnreachable
from connector.ports.object_store import Digest, ObjectFacts
from connector.storage import s3_requests
from connector.storage.credentials import KeyPair
from connector.storage.s3_answers import Act, BeyondTheEnd, NoSuchObject, UploadLost
from connector.storage.s3_clients import ClientKey, Reply, S3Client, S3Clients, client_key
from connector.storage.s3_errors import translated
from connector.storage.s3_etags import object_facts
from connector.storage.s3_place import Conditions, S3Place
from connector.storage.sections import Section
from connector.storage.time_limits import LIMITS, TimeLimits

_PIECE_BYTES = 1 << 20

Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server said when it had taken an object or a part."""

    etag: str
    #: Encrypted with a key of somebody's own: then the ETag is no MD5.
    has_own_key: bool


class S3Bucket:
    """`keys` None: those of the environment or of the instance's role, renewed by themselves."""

    def __init__(self, place: S3Place, keys: KeyPair | None, clients: S3Clients, limits: TimeLimits = LIMITS) -> None:
        self.place = place
        self._keys = keys
        self._clients = clients
        self._limits = limits
        self._borrowed: dict[ClientKey, S3Client] = {}
        self._borrowing = asyncio.Lock()

    def set_conditions(self, conditions: Conditions) -> None:
        """What this process has learnt of the server."""
        self.place = replace(self.place, conditions=conditions)

    async def put(self, name: str, section: Section, digest: Digest, *, overwrite: bool) -> Receipt:
        parameters = s3_requests.put(self.place, name, digest, overwrite=overwrite)
        client = await self._client()
        reply = await self._answered(
            client.put_object(**parameters, Body=section), Act.STORE, name, moved_bytes=digest.size_bytes
        )
        return _receipt(reply)

    async def create_upload(self, name: str, digest: Digest) -> str:
        """The server's name for an upload in parts."""
        parameters = s3_requests.create_upload(self.place, name, digest)
        client = await self._client()
        reply = await self._answered(client.create_multipart_upload(**parameters), Act.STORE, name)
        return str(self._said(reply, "UploadId", Act.STORE, name))

    async def upload_part(self, name: str, upload_id: str, number: int, section: Section, md5: bytes) -> Receipt:
        """The server's name for the part, to be given back at the end; UploadLost when it knows the upload no more."""
        parameters = s3_requests.upload_part(self.place, name, upload_id, number, md5)
        client = await self._client()
        reply = await self._answered(
            client.upload_part(**parameters, Body=section), Act.STORE, name, moved_bytes=len(section)
        )
        receipt = _receipt(reply)
        if not receipt.etag:
            raise DestinationRefused(
                f"cannot store {name!r} in {self.place.id}: it gave a part no ETag; does a proxy take it away?"
            )
        return receipt

    async def complete_upload(self, name: str, upload_id: str, etags: Sequence[str], *, overwrite: bool) -> Receipt:
        parameters = s3_requests.complete_upload(self.place, name, upload_id, etags, overwrite=overwrite)
        client = await self._client()
        reply = await self._answered(
            client.complete_multipart_upload(**parameters), Act.STORE, name, seconds=self._limits.complete_seconds
        )
        return _receipt(reply)

    async def abort_upload(self, name: str, upload_id: str) -> None:
        """What is gone already is fine."""
        parameters = s3_requests.of_upload(self.place, name, upload_id)
        client = await self._client()
        try:
            await self._answered(client.abort_multipart_upload(**parameters), Act.ABORT, name)
        except (UploadLost, NoSuchObject):
            return

    async def look(self, name: str, act: Act = Act.LOOK) -> ObjectFacts | None:
        """Forbidden when the key may only write; then nobody knows whether anything is there."""
        parameters = self._object(name)
        client = await self._client()
        try:
            reply = await self._answered(client.head_object(**parameters), act, name)
        except NoSuchObject:
            return None
        receipt = _receipt(reply)
        size_bytes = int(self._said(reply, "ContentLength", act, name))
        return object_facts(size_bytes, receipt.etag, reply.get("Metadata", {}), has_own_key=receipt.has_own_key)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        parameters = s3_requests.read(self.place, name, begin_at)
        client = await self._client()
        try:
            reply = await self._answered(client.get_object(**parameters), Act.READ, name)
        except BeyondTheEnd:
            if begin_at:
                return
            raise
        # A server or a proxy may answer a wish for a part with the whole.
        unwanted = 0 if "ContentRange" in reply else begin_at
        async with reply["Body"] as body:
            while piece := await self._answered(body.read(_PIECE_BYTES), Act.READ, name, moved_bytes=_PIECE_BYTES):
                if unwanted < len(piece):
                    yield piece[unwanted:]
                unwanted = max(0, unwanted - len(piece))

    async def remove(self, name: str) -> None:
        """What is gone already is fine."""
        parameters = self._object(name)
        client = await self._client()
        try:
            await self._answered(client.delete_object(**parameters), Act.DELETE, name)
        except NoSuchObject:
            return

    async def signed(self, name: str, seconds: int, filename: str) -> str:
        """An address that reads the object for so long without a key. Asks nobody."""
        parameters = s3_requests.download(self.place, name, filename)
        client = await self._client(self.place.public_endpoint or self.place.endpoint)
        return await self._answered(client.generate_presigned_url("get_object", parameters, seconds), Act.LINK, name)

    async def keys_end_at(self) -> float | None:
        return None if self._keys else await self._clients.lent_until()

    async def close(self) -> None:
        async with self._borrowing:
            while self._borrowed:
                key, _ = self._borrowed.popitem()
                await self._clients.give_back(key)

    def _object(self, name: str) -> s3_requests.Parameters:
        return s3_requests.object_of(self.place, name)

    def _said(self, reply: Reply, word: str, act: Act, name: str) -> Any:
        """What every S3 says; a portal that answers 200 to everything does not."""
        if word not in reply:
            raise DestinationRefused(
                f"cannot {act} {name!r} in {self.place.id}: its answer lacks {word}; is the endpoint right?"
            )
        return reply[word]

    async def _client(self, endpoint: str | None = None) -> S3Client:
        key = client_key(self.place, self._keys, endpoint=endpoint)
        async with self._borrowing:
            if key not in self._borrowed:
                self._borrowed[key] = await self._clients.borrow(key)
            return self._borrowed[key]

    async def _answered(
        self, request: Awaitable[Got], act: Act, name: str, *, moved_bytes: int = 0, seconds: float | None = None
    ) -> Got:
        """The library waits for ever on a peer that stops reading: the limit here does not."""
        seconds = self._limits.for_bytes(moved_bytes) if seconds is None else seconds
        what = f"{name!r} in {self.place.id}"
        try:
            async with asyncio.timeout(seconds):
                with translated(act, what, self._keys):
                    return await request
        except TimeoutError as error:
            raise DestinationUnreachable(f"cannot {act} {what} now: no answer within {seconds:.0f} s") from error


def _receipt(reply: Reply) -> Receipt:
    encryption = str(reply.get("ServerSideEncryption", ""))
    has_own_key = encryption.startswith("aws:kms") or "SSECustomerAlgorithm" in reply
    return Receipt(str(reply.get("ETag", "")), has_own_key)
