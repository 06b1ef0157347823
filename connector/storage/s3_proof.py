"""Whether what landed in a bucket is what was sent. By then the server has accepted the MD5 of every part; this is for
those that do not look at it, and for what stands between. Knows nothing of how it was sent."""

import hashlib
from contextlib import suppress

from connector.errors import DestinationRefused, DestinationUnreachable
from connector.ports.object_store import Digest
from connector.storage.piece_flow import closing
from connector.storage.s3_answers import Forbidden, NoSuchObject
from connector.storage.s3_bucket import S3Bucket
from connector.storage.s3_etags import Proof, proof
from connector.storage.s3_parts import Landed
from connector.storage.s3_place import Checksums

#: The MD5 that went with the bytes proves nothing then.
_NOBODY_LOOKED = (Checksums.UNCHECKED, Checksums.REFUSED)


class Proving:
    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket

    async def prove(self, name: str, digest: Digest, landed: Landed) -> None:
        """DestinationUnreachable when it is another. With a key that may only write the server's word has to do."""
        receipt = landed.receipt
        said = proof(receipt.etag, landed.expected_etag, has_own_key=receipt.has_own_key)
        if said is Proof.SAME:
            return
        is_doubtful = said is Proof.DOUBTFUL or landed.is_doubtful or self._bucket.place.checksums in _NOBODY_LOOKED
        with suppress(Forbidden):
            if not await (self._reads_same(name, digest) if is_doubtful else self._has_size(name, digest)):
                await self._take_back(name, digest)

    async def _has_size(self, name: str, digest: Digest) -> bool:
        facts = await self._bucket.look(name)
        return facts is not None and facts.size_bytes == digest.size_bytes

    async def _reads_same(self, name: str, digest: Digest) -> bool:
        sha256 = hashlib.sha256()
        try:
            async with closing(self._bucket.read(name)) as pieces:
                async for piece in pieces:
                    sha256.update(piece)
        except NoSuchObject:
            return False
        return sha256.hexdigest() == digest.sha256

    async def _take_back(self, name: str, digest: Digest) -> None:
        """What bears our note and is not what the note says; another's of the same name stays."""
        facts = await self._bucket.look(name)
        if facts is not None and facts.sha256 == digest.sha256:
            with suppress(DestinationRefused):
                await self._bucket.remove(name)
        raise DestinationUnreachable(
            f"{name!r} in {self._bucket.place.id} is not what was sent and is sent again; if that goes on, its"
            " server or a proxy between damages bytes"
        )
