"""Uploads to a bucket that are cut, damaged, answered to nobody, killed: nothing half-written is seen, nothing that
arrived is sent again."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL

import pytest

from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.storage.s3 import S3Store
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, Bucket, Held, content_of_parts, key_pair, soon
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import (
    ACCESS_DENIED,
    SLOW_DOWN,
    Answered,
    Deaf,
    Fault,
    Flipped,
    ReplyLost,
    Reset,
    Silence,
    SlowLink,
)
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.waiting import until_told
from tests.storage_servers.wire import Head

NAME = "2026/11/call-1.mp3"
SOUND = b"the sound of a call " * 5000
#: Of six parts.
LONG = content_of_parts(6)


@pytest.fixture
def kept(tmp_path: Path) -> FiledUploads:
    return FiledUploads(tmp_path / "uploads")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def made(content: bytes) -> Path:
        path = tmp_path / "source.bin"
        path.write_bytes(content)
        return path

    return made


async def refused_at_the_fifth_part(bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, source: Path) -> S3Store:
    """The store that began it; four parts are there."""
    proxy.order(ACCESS_DENIED, when=is_part(5), times=None)
    store = bucket.open(uploads=kept)
    with pytest.raises(DestinationRefused):
        await store.put(NAME, source, digest_of(LONG))
    return store


def part_numbers(heads: list[Head]) -> list[int]:
    queries = [head.query for head in heads if uploads(head) and "partNumber=" in head.query]
    return sorted(int(query.partition("partNumber=")[2].partition("&")[0]) for query in queries)


def is_joining(head: Head) -> bool:
    return head.method == "POST" and "uploadId=" in head.query


def is_part(number: int) -> Callable[[Head], bool]:
    return lambda head: uploads(head) and f"partNumber={number}&" in f"{head.query}&"


async def test_cut_in_the_middle_of_a_part_another_store_sends_the_missing_parts_only(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    proxy.order(Reset(1 << 20), when=is_part(3), times=None)
    # The third is cut when the others that go with it have arrived.
    first = bucket.open(uploads=kept)
    with pytest.raises(DestinationUnreachable):
        await first.put(NAME, file(LONG), digest_of(LONG))
    await first.close()
    [upload] = await kept.under_way(bucket.place.id)
    arrived = [number for number, etag in enumerate(upload.parts, 1) if etag]
    assert arrived
    assert 3 not in arrived
    assert not [name for name in bucket.names() if name == NAME]

    proxy.clear()
    before = len(proxy.heads)
    second = bucket.open(uploads=kept)
    await second.put(NAME, file(LONG), digest_of(LONG))
    assert part_numbers(proxy.heads[before:]) == [number for number in range(1, 7) if number not in arrived]
    assert await content_of(second, NAME) == LONG
    assert bucket.names() == [NAME]
    assert await kept.under_way(bucket.place.id) == []
    await second.close()


@pytest.mark.parametrize("may_read", [True, False], ids=["full key", "write-only key"])
async def test_killed_in_the_middle_of_its_parts_the_next_process_sends_the_missing_ones_only(
    bucket: Bucket,
    proxy: FaultProxy,
    seaweedfs: SeaweedFs,
    tmp_path: Path,
    file: Callable[[bytes], Path],
    may_read: bool,
) -> None:
    bucket.keys = key_pair(seaweedfs.keys if may_read else seaweedfs.writer_keys)
    kept = FiledUploads(tmp_path / "uploads")
    proxy.order(Silence(), when=uploads, spared=3, times=None)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _program(bucket, tmp_path / "uploads", file(LONG)), cwd=Path(__file__).parents[4]
    )
    uploaded: list[int] = []

    async def three_are_kept() -> bool:
        uploaded[:] = [
            number
            for upload in await kept.under_way(bucket.place.id)
            for number, etag in enumerate(upload.parts, 1)
            if etag
        ]
        return len(uploaded) == 3

    await until_told(three_are_kept, lambda: f"three parts; {uploaded}", 30.0)
    process.kill()
    assert await process.wait() == -SIGKILL
    assert NAME not in bucket.names()

    proxy.clear()
    before = len(proxy.heads)
    store = bucket.open(uploads=kept)
    await store.put(NAME, file(LONG), digest_of(LONG))
    assert part_numbers(proxy.heads[before:]) == [number for number in range(1, 7) if number not in uploaded]
    assert bucket.names() == [NAME]
    assert seaweedfs.client.ask("GET", f"/{bucket.place.bucket}/{NAME}").body == LONG
    await store.close()


def _program(bucket: Bucket, folder: Path, source: Path) -> str:
    return f"""
import asyncio
from pathlib import Path
from connector.domain.secret import Secret
from connector.storage.credentials import KeyPair
from connector.storage.s3 import S3Store
from connector.storage.s3_clients import S3Clients
from connector.storage.s3_place import S3Place
from tests.clocks import SimulatedClock
from connector.storage.s3 import S3Store
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import digest_of

source = Path({str(source)!r})

async def main():
    store = S3Store(
        S3Place(bucket={bucket.place.bucket!r}, endpoint={bucket.place.endpoint!r}),
        KeyPair(key_id={bucket.keys.key_id!r}, secret=Secret({bucket.keys.secret.reveal()!r})),
        uploads=FiledUploads(Path({str(folder)!r})), clock=SimulatedClock(), clients=S3Clients(),
        part_bytes={SMALL_PART_BYTES}, single_bytes={SMALL_PART_BYTES},
    )
    await store.put({NAME!r}, source, digest_of(source.read_bytes()))

asyncio.run(main())
"""


@pytest.mark.parametrize("content", [SOUND, LONG], ids=["whole", "in parts"])
@pytest.mark.parametrize(
    "fault",
    [SLOW_DOWN, Reset(50_000), ReplyLost(), Answered(500, "InternalError")],
    ids=["503", "cut", "reply lost", "500"],
)
async def test_what_befalls_two_requests_is_overcome(
    bucket: Bucket, proxy: FaultProxy, file: Callable[[bytes], Path], content: bytes, fault: Fault
) -> None:
    order = proxy.order(fault, when=uploads, times=2)
    store = bucket.open()
    await store.put(NAME, file(content), digest_of(content))
    assert len(order.befallen) == 2
    assert await content_of(store, NAME) == content
    assert bucket.names() == [NAME]
    await store.close()


@pytest.mark.parametrize("fault", [ReplyLost(), SLOW_DOWN, Answered(200, "InternalError")])
async def test_what_befalls_the_joining_of_the_parts_is_overcome(
    bucket: Bucket, proxy: FaultProxy, file: Callable[[bytes], Path], fault: Fault
) -> None:
    """Also that of a server that says 200 and tells the error in the body, as Amazon's may."""
    order = proxy.order(fault, when=is_joining)
    store = bucket.open()
    await store.put(NAME, file(LONG), digest_of(LONG))
    assert order.befallen
    assert await content_of(store, NAME) == LONG
    assert bucket.names() == [NAME]
    await store.close()


async def test_joined_already_and_never_told_the_object_is_found_instead_of_sent_again(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    proxy.order(ReplyLost(), when=is_joining)
    proxy.order(Answered(404, "NoSuchUpload"), when=is_joining)
    store = bucket.open(uploads=kept)
    await store.put(NAME, file(LONG), digest_of(LONG))
    assert part_numbers(proxy.heads) == [1, 2, 3, 4, 5, 6]
    assert bucket.names() == [NAME]
    assert await kept.under_way(bucket.place.id) == []
    await store.close()


async def test_an_upload_that_the_server_has_forgotten_begins_anew(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    store = await refused_at_the_fifth_part(bucket, proxy, kept, file(LONG))
    proxy.clear()
    [upload] = await kept.under_way(bucket.place.id)
    path, query = f"/{bucket.place.bucket}/{NAME}", {"uploadId": upload.upload_id}
    assert (await asyncio.to_thread(bucket.server.client.ask, "DELETE", path, query)).status == 204
    before = len(proxy.heads)
    await store.put(NAME, file(LONG), digest_of(LONG))
    assert set(part_numbers(proxy.heads[before:])) == {1, 2, 3, 4, 5, 6}
    assert await content_of(store, NAME) == LONG
    assert bucket.names() == [NAME]
    await store.close()


@pytest.mark.parametrize("content", [SOUND, LONG], ids=["whole", "in parts"])
async def test_bytes_that_were_damaged_on_their_way_are_not_taken(
    bucket: Bucket, proxy: FaultProxy, file: Callable[[bytes], Path], content: bytes
) -> None:
    proxy.order(Flipped(70_000), when=uploads)
    store = bucket.open()
    with pytest.raises(DestinationUnreachable, match="damaged"):
        await store.put(NAME, file(content), digest_of(content))
    assert NAME not in bucket.names()
    await store.put(NAME, file(content), digest_of(content))
    assert await content_of(store, NAME) == content
    await store.close()


@pytest.mark.parametrize("fault", [Deaf(1 << 20), Silence()], ids=["stops reading", "never answers"])
async def test_a_peer_that_stands_still_is_given_up_in_time(
    bucket: Bucket, proxy: FaultProxy, file: Callable[[bytes], Path], fault: Fault
) -> None:
    proxy.order(fault, when=uploads, times=None)
    store = bucket.open(limits=soon())
    with pytest.raises(DestinationUnreachable, match="no answer within 1 s"):
        await store.put(NAME, file(LONG), digest_of(LONG))
    assert NAME not in bucket.names()
    await store.close()


async def test_a_slow_line_is_no_dead_one(
    bucket: Bucket, proxy: FaultProxy, file: Callable[[bytes], Path], kept: FiledUploads
) -> None:
    """The library's own clock begins when the body is in the kernel, and gave up what was on its way."""
    order = proxy.order(SlowLink(600_000), when=uploads, times=None)
    content = content_of_parts(2)
    store = bucket.open(uploads=kept)
    await store.put(NAME, file(content), digest_of(content))
    # Nothing was sent twice.
    assert len(order.befallen) == 2
    assert bucket.names() == [NAME]
    await store.close()


async def test_another_file_of_the_name_does_not_go_on_with_the_parts_of_the_first(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    store = await refused_at_the_fifth_part(bucket, proxy, kept, file(LONG))
    proxy.clear()
    other = LONG[::-1]
    await store.put(NAME, file(other), digest_of(other))
    assert await content_of(store, NAME) == other
    assert bucket.names() == [NAME]
    await store.close()


async def test_what_is_abandoned_leaves_no_parts(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    store = await refused_at_the_fifth_part(bucket, proxy, kept, file(LONG))
    assert bucket.names() != []
    await store.abandon(NAME)
    assert bucket.names() == []
    assert await kept.under_way(bucket.place.id) == []
    await store.abandon(NAME)
    await store.close()


async def test_an_upload_that_may_not_be_abandoned_is_still_known(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    proxy.order(ACCESS_DENIED, when=is_part(5), times=None)
    proxy.order(ACCESS_DENIED, when=lambda head: head.method == "DELETE", times=None)
    store = bucket.open(uploads=kept)
    with pytest.raises(DestinationRefused):
        await store.put(NAME, file(LONG), digest_of(LONG))
    with pytest.raises(DestinationRefused, match="may the key abort multipart uploads"):
        await store.abandon(NAME)
    assert len(await kept.under_way(bucket.place.id)) == 1
    await store.close()


async def test_a_name_that_is_taken_while_the_parts_are_on_their_way_stays_the_others(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    held = Held()
    order = proxy.order(held, when=is_joining)
    store = bucket.open(uploads=kept)
    putting = asyncio.create_task(store.put(NAME, file(LONG), digest_of(LONG)))
    await proxy.until(lambda: bool(order.befallen), 60.0)
    path = f"/{bucket.place.bucket}/{NAME}"
    assert (await asyncio.to_thread(bucket.server.client.ask, "PUT", path, body=SOUND)).status == 200
    held.released.set()
    with pytest.raises(ObjectExists):
        await putting
    assert await content_of(store, NAME) == SOUND
    assert bucket.names() == [NAME]
    assert await kept.under_way(bucket.place.id) == []
    await store.close()


async def test_a_full_bucket_is_not_kept_full_of_parts(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    proxy.order(Answered(403, "QuotaExceeded"), when=is_part(4), times=None)
    store = bucket.open(uploads=kept)
    with pytest.raises(NoRoom, match="no room"):
        await store.put(NAME, file(LONG), digest_of(LONG))
    assert bucket.names() == []
    assert await kept.under_way(bucket.place.id) == []
    await store.close()


async def test_a_key_revoked_between_two_parts_stops_it_and_a_new_key_goes_on(
    bucket: Bucket, proxy: FaultProxy, seaweedfs: SeaweedFs, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    keys = await asyncio.to_thread(seaweedfs.new_keys, "s3:PutObject")
    held = Held()
    order = proxy.order(held, when=is_part(6))
    first = bucket.open(uploads=kept, keys=key_pair(keys))
    putting = asyncio.create_task(first.put(NAME, file(LONG), digest_of(LONG)))
    await proxy.until(lambda: bool(order.befallen), 60.0)
    await asyncio.to_thread(seaweedfs.revoke, keys)
    held.released.set()
    with pytest.raises(DestinationRefused, match="check access key and secret"):
        await putting
    await first.close()
    [upload] = await kept.under_way(bucket.place.id)
    arrived = {number for number, etag in enumerate(upload.parts, 1) if etag}
    before = len(proxy.heads)
    second = bucket.open(uploads=kept)
    await second.put(NAME, file(LONG), digest_of(LONG))
    assert set(part_numbers(proxy.heads[before:])) == {1, 2, 3, 4, 5, 6} - arrived
    assert await content_of(second, NAME) == LONG
    await second.close()


async def test_a_cancelled_put_leaves_nothing_to_be_seen_and_can_go_on(
    bucket: Bucket, proxy: FaultProxy, kept: FiledUploads, file: Callable[[bytes], Path]
) -> None:
    proxy.order(Silence(), when=is_part(4), times=None)
    store = bucket.open(uploads=kept)
    putting = asyncio.create_task(store.put(NAME, file(LONG), digest_of(LONG)))
    await proxy.until(lambda: 4 in part_numbers(proxy.heads), 60.0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert NAME not in bucket.names()
    proxy.clear()
    await store.put(NAME, file(LONG), digest_of(LONG))
    assert await content_of(store, NAME) == LONG
    await store.close()
