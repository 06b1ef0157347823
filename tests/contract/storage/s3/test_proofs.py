"""Names that are taken, and objects that are not what was sent: with servers that help to find out, and without."""

from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import DestinationRefused, DestinationUnreachable, ObjectExists
from connector.storage.s3_place import Conditions
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SOUND, Bucket
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import Answered, ReplyCut
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.wire import Head

NAME = "2026/11/call-1.mp3"
OTHER = b"quite another sound " * 100
WRONG_SECRET = "not/the+secret-of-anybody"


# --- names that are taken -----------------------------------------------------------------------------------------


async def test_a_server_that_refuses_conditions_gets_none(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    def is_conditional(head: Head) -> bool:
        return head.header("if-none-match") is not None

    order = proxy.order(Answered(501, "NotImplemented"), when=is_conditional, times=None)
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND))
    await store.put("second.mp3", sound, digest_of(SOUND))
    assert len(order.befallen) == 1
    await store.close()


async def test_a_storage_class_that_the_server_does_not_know_is_no_fault_of_the_condition(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    bucket.place = replace(bucket.place, storage_class="COLDEST")
    store = bucket.open()
    for _ in range(2):
        with pytest.raises(DestinationRefused, match="does not know that storage class"):
            await store.put(NAME, sound, digest_of(SOUND))
    assert [head.header("if-none-match") for head in proxy.heads if uploads(head)] == ["*", None, "*", None]
    await store.close()


async def test_conditions_that_are_honoured_save_the_look(
    bucket: Bucket, proxy: FaultProxy, sound: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(OTHER)
    bucket.place = replace(bucket.place, conditions=Conditions.HONOURED)
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND))
    assert [head.method for head in proxy.heads] == ["PUT"]
    with pytest.raises(ObjectExists, match="choose the next suffix"):
        await store.put(NAME, other, digest_of(OTHER))
    await store.close()


# --- servers that do not look at what they get --------------------------------------------------------------------


async def test_a_server_that_names_other_bytes_is_read_back_and_believed(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    """As some do that encrypt and do not say so."""
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    proxy.order(Answered(200, headers={"etag": f'"{"0" * 32}"'}, body=b""), when=uploads)
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    assert [head.method for head in proxy.heads] == ["PUT", "PUT", "GET"]
    await store.close()


async def test_an_object_that_reads_otherwise_than_it_was_sent_is_taken_back(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    proxy.order(Answered(200, headers={"etag": f'"{"0" * 32}"'}, body=b""), when=uploads)
    damaged = SOUND[:-1] + b"?"
    proxy.order(Answered(200, body=damaged), when=lambda head: head.method == "GET")
    with pytest.raises(DestinationUnreachable, match="is not what was sent"):
        await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    assert bucket.names() == []
    await store.close()


async def test_without_an_etag_the_size_is_compared(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    store = bucket.open()
    longer = sound.with_name("longer")
    longer.write_bytes(SOUND + SOUND)
    await store.put(NAME, longer, digest_of(SOUND + SOUND), overwrite=True)
    proxy.order(Answered(200, headers={"etag": '""'}, body=b""), when=uploads)
    with pytest.raises(DestinationUnreachable, match="is not what was sent"):
        await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    # It bears another's note: it is another's.
    assert bucket.names() == [NAME]
    proxy.order(Answered(200, headers={"etag": '""'}, body=b""), when=uploads)
    await store.put(NAME, longer, digest_of(SOUND + SOUND), overwrite=True)
    await store.close()


async def test_a_reply_that_breaks_off_is_no_end(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND))
    proxy.order(ReplyCut(100), when=lambda head: head.method == "GET", times=None)
    with pytest.raises(DestinationUnreachable):
        await content_of(store, NAME)
    await store.close()


async def test_what_went_through_the_proxy_was_asked_of_one_bucket_only(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    """No list of buckets, no look at the bucket: keys that may do neither are enough."""
    store = bucket.open()
    order = proxy.order(Answered(403, "AccessDenied"), when=lambda head: head.path.count("/") < 2, times=None)
    await store.put(NAME, sound, digest_of(SOUND))
    assert order.befallen == []
    assert all(head.path == f"/{bucket.place.bucket}/{NAME}" for head in proxy.heads)
    await store.close()
