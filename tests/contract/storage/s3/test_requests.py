"""What goes over the wire to a bucket, and the links that are made for it: only what was configured, by whom it was
meant to go."""

import asyncio
import json
import os
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused, DestinationUnreachable
from connector.storage.s3 import LONGEST_LINK_SECONDS
from connector.storage.s3_place import Addressing, Conditions
from tests.clocks import SimulatedClock
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, content_of_parts
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import Answered, GoogleFrontEnd
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.seaweedfs import SeaweedFs

NAME = "2026/11/Zoé + 1.mp3"
LONG = content_of_parts(3)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.bin"
    path.write_bytes(LONG)
    return path


async def fetched(url: str) -> tuple[int, bytes, str]:
    """Status, body and how the browser is told to keep it, as somebody without any key sees them."""

    def work() -> tuple[int, bytes, str]:
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                return reply.status, reply.read(), reply.headers.get("content-disposition", "")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), ""

    return await asyncio.to_thread(work)


# --- headers ------------------------------------------------------------------------------------------------------


async def test_every_request_with_a_body_has_its_md5_and_none_has_the_new_checksums(
    rclone: Rclone, tmp_path: Path, sound: Path, long: Path
) -> None:
    """Over TLS, where the library would send trailing checksums by itself."""
    bucket = Bucket(rclone, tmp_path, single_bytes=SMALL_PART_BYTES)
    async with FaultProxy(rclone.endpoint, authority=rclone.authority, server_ca_file=rclone.ca_file) as proxy:
        google = replace(
            bucket.place, scheme="gs", endpoint=proxy.endpoint, region="auto", conditions=Conditions.IGNORED
        )
        store = bucket.open(place=google)
        await store.put("sound", sound, digest_of(SOUND))
        await store.put("long", long, digest_of(LONG))
        assert await content_of(store, "long") == LONG
        await store.facts("sound")
        await store.remove("sound")
    await store.close()
    assert {head.method for head in proxy.heads} == {"HEAD", "PUT", "POST", "GET", "DELETE"}
    for head in proxy.heads:
        assert not [name for name in head.names if name.startswith(("x-amz-checksum", "x-amz-sdk", "x-amz-trailer"))]
        assert "aws-chunked" not in (head.header("content-encoding") or "")
        assert head.header("transfer-encoding") is None
        assert head.header("if-none-match") is None
        assert head.path.startswith(f"/{bucket.place.bucket}/")
        if head.header("content-length") not in {None, "0"}:
            assert head.header("content-md5"), head.line
        if uploads(head):
            assert head.header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD"
        assert "/auto/s3/" in (head.header("authorization") or "")


async def test_a_front_end_that_changes_headers_on_the_way_breaks_no_signature(
    bucket: Bucket, proxy: FaultProxy, sound: Path, long: Path
) -> None:
    """As Google's does."""
    order = proxy.order(GoogleFrontEnd(), times=None)
    google = replace(bucket.place, scheme="gs", region="auto", conditions=Conditions.IGNORED)
    store = bucket.open(place=google)
    await store.put("sound", sound, digest_of(SOUND))
    await store.put("long", long, digest_of(LONG))
    assert await content_of(store, "long") == LONG
    link = await store.link("sound", 60, filename="call.mp3")
    assert link is not None
    assert await asyncio.to_thread(_fetched, link.url) == SOUND
    await store.remove("sound")
    await store.close()
    assert len(order.befallen) == len(proxy.heads)


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


async def test_nothing_is_sent_that_nobody_configured(
    bucket: Bucket, proxy: FaultProxy, sound: Path, long: Path
) -> None:
    store = bucket.open()
    await store.put("sound.mp3", sound, digest_of(SOUND))
    await store.put("long.mp3", long, digest_of(LONG))
    sent = {name for head in proxy.heads for name in head.names if name.startswith("x-amz-")}
    assert sent == {"x-amz-content-sha256", "x-amz-date", "x-amz-meta-callreel-sha256"}
    await store.close()


async def test_what_was_configured_comes_with_the_object_whole_or_in_parts(
    bucket: Bucket, proxy: FaultProxy, sound: Path, long: Path
) -> None:
    place = replace(
        bucket.place, storage_class="STANDARD_IA", tags={"team": "sales & co"}, metadata={"customer": "Zoé"}
    )
    store = bucket.open(place=place)
    await store.put("sound.mp3", sound, digest_of(SOUND))
    await store.put("long.mp3", long, digest_of(LONG))
    for name in ("sound.mp3", "long.mp3"):
        path = f"/{bucket.place.bucket}/{name}"
        held = await asyncio.to_thread(bucket.server.client.ask, "HEAD", path)
        assert held.headers["x-amz-storage-class"] == "STANDARD_IA"
        assert held.headers["x-amz-meta-customer"] == "Zo%C3%A9"
        assert held.headers["content-type"] == "audio/mpeg"
        tags = await asyncio.to_thread(bucket.server.client.ask, "GET", path, {"tagging": ""})
        assert (tags.texts("Key"), tags.texts("Value")) == (["team"], ["sales & co"])
    carrying = [head for head in proxy.heads if head.header("x-amz-storage-class")]
    assert [head.method for head in carrying] == ["PUT", "POST"]
    await store.close()


@pytest.mark.parametrize(("encryption", "key"), [("AES256", ""), ("aws:kms", "alias/recordings")])
async def test_encryption_is_asked_for_and_its_etag_is_no_md5(
    bucket: Bucket, proxy: FaultProxy, sound: Path, encryption: str, key: str
) -> None:
    said = {"x-amz-server-side-encryption": encryption, "etag": '"0123456789abcdef0123456789abcdef"'}
    if not key:
        said["etag"] = f'"{digest_of(SOUND).md5}"'
    # This server encrypts nothing: the object is there already, and the proxy says what one that does would say.
    plain = bucket.open()
    await plain.put(NAME, sound, digest_of(SOUND))
    await plain.close()
    order = proxy.order(Answered(200, headers=said, body=b""), when=uploads)
    store = bucket.open(place=replace(bucket.place, encryption=encryption, kms_key=key))
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    [exchange] = order.befallen
    assert exchange.head.header("x-amz-server-side-encryption") == encryption
    assert (exchange.head.header("x-amz-server-side-encryption-aws-kms-key-id") or "") == key
    assert "GET" not in [head.method for head in proxy.heads]
    await store.close()


async def test_a_bucket_before_the_hosts_name(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    """Virtual style; the name cannot be looked up here, so a proxy is told to go there."""
    place = replace(
        bucket.place,
        endpoint="http://s3.example.com",
        addressing=Addressing.VIRTUAL,
        proxy=Secret(proxy.endpoint),
    )
    order = proxy.order(Answered(403, "AccessDenied"), times=None)
    store = bucket.open(place=place)
    with pytest.raises(DestinationRefused):
        await store.put("sound.mp3", sound, digest_of(SOUND))
    assert {exchange.head.header("host") for exchange in order.befallen} == {f"{bucket.place.bucket}.s3.example.com"}
    assert {exchange.head.path for exchange in order.befallen} == {"/sound.mp3"}
    await store.close()


# --- through a proxy ----------------------------------------------------------------------------------------------


async def test_through_a_proxy_that_wants_a_password(
    bucket: Bucket, proxy: FaultProxy, seaweedfs: SeaweedFs, sound: Path
) -> None:
    password = "a-word-for-the-proxy"
    address = proxy.endpoint.replace("http://", f"http://someone:{password}@")
    place = replace(bucket.place, endpoint=seaweedfs.endpoint, proxy=Secret(address))
    store = bucket.open(place=place)
    await store.put(NAME, sound, digest_of(SOUND))
    assert proxy.heads
    assert all(head.header("proxy-authorization") for head in proxy.heads)
    await proxy.stop()
    with pytest.raises(DestinationUnreachable, match="the proxy does not answer") as raised:
        await store.facts(NAME)
    assert password not in f"{raised.value} {raised.value.__cause__}"
    await proxy.start()
    await store.close()


# --- links --------------------------------------------------------------------------------------------------------


async def test_a_link_reads_the_object_without_a_key_under_the_name_it_was_given(bucket: Bucket, sound: Path) -> None:
    clock = SimulatedClock(1767603600.9)
    store = bucket.open(clock=clock)
    await store.put(NAME, sound, digest_of(SOUND))
    link = await store.link(NAME, 3600, filename='Zoé "1".mp3')
    assert link.expires_at == 1767603600.0 + 3600
    status, body, disposition = await fetched(link.url)
    assert (status, body) == (200, SOUND)
    assert disposition == "attachment; filename=\"Zo_ _1_.mp3\"; filename*=UTF-8''Zo%C3%A9%20%221%22.mp3"
    assert bucket.keys.secret.reveal() not in link.url
    assert (await fetched(link.url.replace("3600", "7200")))[0] == 403
    await store.close()


async def test_a_link_lives_seven_days_at_most(bucket: Bucket, sound: Path) -> None:
    clock = SimulatedClock(1767603600.0)
    store = bucket.open(clock=clock)
    await store.put(NAME, sound, digest_of(SOUND))
    link = await store.link(NAME, 30 * 24 * 3600)
    assert link.expires_at == 1767603600.0 + LONGEST_LINK_SECONDS
    assert parse_qs(urlsplit(link.url).query)["X-Amz-Expires"] == ["604800"]
    assert (await fetched(link.url))[:2] == (200, SOUND)
    await store.close()


async def test_a_link_is_signed_for_the_public_endpoint(
    bucket: Bucket, proxy: FaultProxy, seaweedfs: SeaweedFs, sound: Path
) -> None:
    place = replace(bucket.place, endpoint=seaweedfs.endpoint, public_endpoint=proxy.endpoint)
    store = bucket.open(place=place)
    await store.put(NAME, sound, digest_of(SOUND))
    assert proxy.exchanges == []
    link = await store.link(NAME, 3600)
    assert link.url.startswith(f"{proxy.endpoint}/{place.bucket}/")
    assert (await fetched(link.url))[:2] == (200, SOUND)
    # Another host's name put into it afterwards is not what was signed.
    assert (await fetched(link.url.replace(proxy.endpoint, seaweedfs.endpoint)))[0] == 403
    await store.close()


async def test_links_ask_the_server_no_more_once_it_has_shown_an_object(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    store = bucket.open()
    await store.link(NAME, 3600)
    await store.put(NAME, sound, digest_of(SOUND))
    await store.link(NAME, 3600)
    before = len(proxy.exchanges)
    await proxy.stop()
    assert (await store.link("another", 3600)).url
    assert len(proxy.exchanges) == before
    await store.close()


async def test_a_server_that_is_away_now_is_no_reason_to_make_no_link(bucket: Bucket, sound: Path) -> None:
    bucket.place = replace(bucket.place, endpoint="http://127.0.0.1:9")
    store = bucket.open()
    assert (await store.link(NAME, 3600)).url.startswith("http://127.0.0.1:9/")
    await store.close()


# --- credentials of the environment and of a role -----------------------------------------------------------------


@pytest.fixture
def _nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of whoever runs the tests, and no question to a cloud's own address."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("_nothing_of_ours")
async def test_without_credentials_anywhere_it_says_where_to_put_them(bucket: Bucket, sound: Path) -> None:
    store = bucket.open(keys=None)
    with pytest.raises(DestinationRefused, match="there are no credentials: name some"):
        await store.put(NAME, sound, digest_of(SOUND))
    await store.close()


@pytest.mark.usefixtures("_nothing_of_ours")
async def test_the_environments_credentials_and_region_are_taken(
    bucket: Bucket, proxy: FaultProxy, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.keys.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.keys.secret.reveal())
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    # Meant for another tool.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    store = bucket.open(keys=None)
    await store.put(NAME, sound, digest_of(SOUND))
    assert (await fetched((await store.link(NAME, 60)).url))[:2] == (200, SOUND)
    assert "/eu-central-1/s3/" in (proxy.heads[0].header("authorization") or "")
    await store.close()


@pytest.mark.usefixtures("_nothing_of_ours")
async def test_a_link_ends_with_the_credentials_that_a_role_lent(
    bucket: Bucket, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    lent = {
        "AccessKeyId": bucket.keys.key_id,
        "SecretAccessKey": bucket.keys.secret.reveal(),
        "Token": "",
        "Expiration": ends_at.isoformat(),
    }
    async with FaultProxy("http://127.0.0.1:9") as role:
        role.order(Answered(200, body=json.dumps(lent).encode()), times=None)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{role.endpoint}/role")
        clock = SimulatedClock(ends_at.timestamp() - 3600)
        store = bucket.open(keys=None, clock=clock)
        await store.put(NAME, sound, digest_of(SOUND))
        link = await store.link(NAME, 7200)
        assert link.expires_at == ends_at.timestamp()
        assert (await store.link(NAME, 60)).expires_at == clock.now() + 60
        assert (await fetched(link.url))[:2] == (200, SOUND)
        await store.close()
