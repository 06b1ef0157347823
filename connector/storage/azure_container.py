"""Single requests to one Azure container, in the words of a store. Knows no order among them."""

from collections.abc import AsyncIterator, Sequence

from connector.ports.object_store import Digest, ObjectFacts
from connector.storage import azure_requests
from connector.storage.azure_answers import Act, BeyondTheEnd, NoSuchBlob
from connector.storage.azure_line import AzureLine
from connector.storage.azure_place import AzurePlace
from connector.storage.sections import Section

#: What is asked for in one request at most, and what the caller gets of it at once.
_RANGE_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20


class AzureContainer:
    def __init__(self, place: AzurePlace, line: AzureLine) -> None:
        self.place = place
        self._line = line

    async def put(self, name: str, section: Section, digest: Digest, *, overwrite: bool) -> None:
        request = azure_requests.put(self.place, name, digest, overwrite=overwrite)
        await self._line.answered(request, Act.STORE, body=section)

    async def put_block(self, name: str, block_id: str, section: Section, md5: bytes) -> None:
        """Again and again without harm. Nobody sees it before it is committed; after a week without that it is gone."""
        request = azure_requests.put_block(self.place, name, block_id, md5, len(section))
        await self._line.answered(request, Act.STORE, body=section)

    async def commit(self, name: str, block_ids: Sequence[str], digest: Digest, *, overwrite: bool) -> None:
        """Make a blob of these blocks, and forget all others under that name. BlocksLost when some are not there."""
        blocks = azure_requests.block_list(block_ids)
        request = azure_requests.put_block_list(self.place, name, digest, blocks, overwrite=overwrite)
        await self._line.answered(request, Act.STORE, body=blocks, seconds=self._line.limits.complete_seconds)

    async def unfinished(self, name: str) -> frozenset[str]:
        """The blocks that are there and not committed. Forbidden when the signature may only write."""
        try:
            reply = await self._line.answered(azure_requests.unfinished_blocks(name), Act.LOOK)
        except NoSuchBlob:
            return frozenset()
        return azure_requests.block_ids(reply.body)

    async def look(self, name: str) -> ObjectFacts | None:
        """Forbidden when the signature may only write; then nobody knows whether anything is there."""
        try:
            reply = await self._line.answered(azure_requests.look(name), Act.LOOK)
        except NoSuchBlob:
            return None
        return azure_requests.blob_facts(reply.headers)

    async def read(self, name: str, begin_at: int) -> AsyncIterator[bytes]:
        """Range by range, each under its own time limit, all of the same blob. The first is small: a player that seeks
        often wants no more."""
        start, total, etag, range_bytes = begin_at, begin_at + 1, "", _PIECE_BYTES
        while start < total:
            request = azure_requests.read(name, start, range_bytes, etag)
            seconds = self._line.limits.for_bytes(range_bytes)
            try:
                reply = await self._line.answered(request, Act.READ, seconds=seconds)
            except BeyondTheEnd:
                if start == begin_at:
                    # An empty one has no first byte, either.
                    return
                raise
            for at in range(0, len(reply.body), _PIECE_BYTES):
                yield reply.body[at : at + _PIECE_BYTES]
            start += len(reply.body)
            total = azure_requests.total_bytes(reply.headers.get("Content-Range", ""))
            etag = reply.headers.get("ETag", "")
            range_bytes = min(2 * range_bytes, _RANGE_BYTES)

    async def remove(self, name: str) -> None:
        try:
            await self._line.answered(azure_requests.remove(name), Act.DELETE)
        except NoSuchBlob:
            return

    async def close(self) -> None:
        await self._line.close()
