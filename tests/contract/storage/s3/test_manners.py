"""A bucket is spoken to as a trial found: what is sent, what is looked at, and what is no longer believed."""

from dataclasses import replace
from pathlib import Path

from connector.storage.s3_place import Checksums, Conditions
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SOUND, Bucket, content_of_parts
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import Answered
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.wire import Head

NAME = "2026/11/call-1.mp3"
#: To a PUT, which then never reached the server.
NO_PROOF = Answered(200, headers={"etag": '"no-md5"'}, body=b"")


async def test_where_nobody_looks_at_the_md5_what_the_answer_does_not_prove_is_read_back(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    for checksums, asked in ((Checksums.CHECKED, "HEAD"), (Checksums.UNCHECKED, "GET"), (Checksums.REFUSED, "GET")):
        store = bucket.open(place=replace(bucket.place, checksums=checksums))
        await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
        del proxy.exchanges[:]
        proxy.order(NO_PROOF, when=uploads)
        await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
        assert [head.method for head in proxy.heads] == ["PUT", asked]
        await store.close()


async def test_what_proves_itself_is_not_read_back(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    store = bucket.open(place=replace(bucket.place, checksums=Checksums.UNCHECKED))
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    assert [head.method for head in proxy.heads] == ["PUT"]
    await store.close()


async def test_where_the_md5_is_refused_no_request_has_it(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    content = content_of_parts(3)
    long = tmp_path / "long.bin"
    long.write_bytes(content)
    store = bucket.open(place=replace(bucket.place, checksums=Checksums.REFUSED))
    await store.put(NAME, long, digest_of(content))
    assert await content_of(store, NAME) == content
    assert {head.header("content-md5") for head in proxy.heads} == {None}
    assert "POST" in {head.method for head in proxy.heads}
    await store.close()


async def test_a_server_that_honours_conditions_no_longer_gets_none(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    def is_conditional(head: Head) -> bool:
        return head.header("if-none-match") is not None

    order = proxy.order(Answered(501, "NotImplemented"), when=is_conditional, times=None)
    store = bucket.open(place=replace(bucket.place, conditions=Conditions.HONOURED))
    for name in (NAME, "second.mp3"):
        await store.put(name, sound, digest_of(SOUND))
    assert len(order.befallen) == 1
    await store.close()


async def test_a_store_that_is_told_another_manner_speaks_so_from_the_next_request_on(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    store = bucket.open(keys=replace(bucket.keys, region=""))
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    store.speak(replace(bucket.place, region="eu-central-1"))
    await store.put("second.mp3", sound, digest_of(SOUND), overwrite=True)
    signed = [head.header("authorization") or "" for head in proxy.heads]
    assert ["us-east-1" in signed[0], "eu-central-1" in signed[-1]] == [True, True]
    await store.close()
