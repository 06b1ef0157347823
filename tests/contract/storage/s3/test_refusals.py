"""What a bucket refuses, told by real servers or by the proxy for them: the right error, what to do, never a secret."""

import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.storage.s3_place import Conditions
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, content_of_parts, key_pair
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import SLOW_DOWN, Answered
from tests.storage_servers.ports import free_ports
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.seaweedfs import SeaweedFs

NAME = "2026/11/call-1.mp3"
OTHER = b"quite another sound " * 100
WRONG_SECRET = "not/the+secret-of-anybody"


def told(error: BaseException, bucket: Bucket) -> str:
    """The whole trace, as a log would hold it: it says the bucket, and neither secret nor signature."""
    text = "".join(traceback.format_exception(error))
    assert bucket.keys.secret.reveal() not in text
    assert WRONG_SECRET not in text
    assert "Signature=" not in text
    assert bucket.place.bucket in str(error)
    return str(error)


async def refusal(bucket: Bucket, source: Path, **different: object) -> ConnectorError:
    store = bucket.open(**different)
    with pytest.raises(ConnectorError) as raised:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    told(raised.value, bucket)
    return raised.value


async def test_a_wrong_secret(direct: Bucket, sound: Path) -> None:
    keys = replace(direct.keys, secret=Secret(WRONG_SECRET))
    error = await refusal(direct, sound, keys=keys)
    assert type(error) is DestinationRefused
    assert "check access key and secret" in str(error)
    assert keys.key_id in str(error)
    assert direct.names() == []


async def test_a_wrong_key(direct: Bucket, sound: Path) -> None:
    error = await refusal(direct, sound, keys=replace(direct.keys, key_id="NOBODY"))
    assert type(error) is DestinationRefused
    assert "check access key and secret" in str(error)
    assert "'NOBODY'" in str(error)


async def test_a_missing_bucket_is_not_made(direct: Bucket, sound: Path) -> None:
    direct.place = replace(direct.place, bucket="missing")
    error = await refusal(direct, sound)
    assert isinstance(error, DestinationRefused)
    assert "there is no such bucket: create it or mend the name" in str(error)


async def test_a_missing_bucket_for_parts(direct: Bucket, tmp_path: Path) -> None:
    direct.place = replace(direct.place, bucket="missing")
    long = tmp_path / "long.bin"
    content = content_of_parts(2)
    long.write_bytes(content)
    store = direct.open(single_bytes=SMALL_PART_BYTES)
    with pytest.raises(DestinationRefused, match="there is no such bucket"):
        await store.put(NAME, long, digest_of(content))
    await store.close()


async def test_a_key_for_other_buckets(bucket: Bucket, seaweedfs: SeaweedFs, sound: Path) -> None:
    seaweedfs.make_bucket("another")
    bucket.place = replace(bucket.place, bucket="another")
    error = await refusal(bucket, sound, keys=key_pair(seaweedfs.writer_keys))
    assert isinstance(error, DestinationRefused)
    assert "may the key put objects there?" in str(error)


async def test_a_key_that_may_only_read(bucket: Bucket, seaweedfs: SeaweedFs, sound: Path) -> None:
    store = bucket.open()
    await store.put("before.mp3", sound, digest_of(SOUND))
    bucket.keys = key_pair(seaweedfs.reader_keys)
    await store.close()
    error = await refusal(bucket, sound)
    assert isinstance(error, DestinationRefused)
    assert "may the key put objects there?" in str(error)
    reader = bucket.open()
    assert await content_of(reader, "before.mp3") == SOUND
    assert (await reader.link("before.mp3", 60)).url
    await reader.close()


async def test_a_key_that_may_only_write_is_enough_to_store(bucket: Bucket, seaweedfs: SeaweedFs, sound: Path) -> None:
    store = bucket.open(keys=key_pair(seaweedfs.writer_keys))
    await store.put(NAME, sound, digest_of(SOUND))
    for asked in (store.facts(NAME), content_of(store, NAME), store.link(NAME, 60)):
        with pytest.raises(DestinationRefused, match="the key may only write"):
            await asked
    with pytest.raises(ObjectExists):
        await store.put(NAME, sound, digest_of(SOUND))
    await store.put(NAME, sound, digest_of(SOUND), overwrite=True)
    await store.close()
    reader = bucket.open()
    assert await content_of(reader, NAME) == SOUND
    await reader.close()


async def test_a_key_that_may_not_delete(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    store = bucket.open()
    await store.put(NAME, sound, digest_of(SOUND))
    proxy.order(Answered(403, "AccessDenied"), when=lambda head: head.method == "DELETE", times=None)
    with pytest.raises(DestinationRefused, match="may the key delete objects there"):
        await store.remove(NAME)
    await store.close()


async def test_a_clock_that_is_an_hour_late(direct: Bucket, sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One server says so; of the other's AccessDenied only its time tells."""
    now = time.time
    monkeypatch.setattr("connector.storage.s3_errors.time.time", lambda: now() - 3600)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: datetime.fromtimestamp(now() - 3600, UTC))
    error = await refusal(direct, sound)
    assert isinstance(error, DestinationUnreachable)
    assert "this machine's clock is wrong: let NTP set it" in str(error)


@pytest.mark.parametrize(
    ("different", "says"),
    [
        ({"endpoint": "s3.example.com"}, "is no endpoint: write https://HOST"),
        ({"proxy": Secret(f"someone:{WRONG_SECRET}@proxy")}, "is no proxy's address"),
        ({"region": "Frankfurt am Main"}, "is no region"),
        ({"ca_file": Path("nowhere/ca.pem")}, "there is no file nowhere/ca.pem"),
        ({"ca_file": Path(__file__)}, "holds no certificate in PEM"),
        ({"metadata": {"customer name": "x"}}, "is no name for metadata"),
        ({"metadata": {"note": "x" * 2000}}, "shorten it"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(
    bucket: Bucket, proxy: FaultProxy, sound: Path, different: dict[str, Any], says: str
) -> None:
    store = bucket.open(place=replace(bucket.place, conditions=Conditions.HONOURED, **different))
    with pytest.raises(DestinationRefused) as raised:
        await store.put(NAME, sound, digest_of(SOUND))
    assert says in str(raised.value)
    assert WRONG_SECRET not in str(raised.value)
    assert proxy.exchanges == []
    await store.close()


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Answered(403, "RequestTimeTooSkewed"), DestinationUnreachable, "let NTP set it"),
        (Answered(400, "ExpiredToken"), DestinationUnreachable, "renew"),
        (SLOW_DOWN, DestinationUnreachable, "asks for fewer requests"),
        (Answered(429, "TooManyRequests"), DestinationUnreachable, "asks for fewer requests"),
        (Answered(507, "Full"), NoRoom, "free some or raise the quota"),
        (Answered(403, "QuotaExceeded"), NoRoom, "free some or raise the quota"),
        (Answered(301, "PermanentRedirect"), DestinationRefused, "name the bucket's own"),
        (Answered(400, "AuthorizationHeaderMalformed"), DestinationRefused, "name the bucket's own"),
        (Answered(307, "TemporaryRedirect"), DestinationUnreachable, "naming the bucket's own region"),
        (Answered(302, "", body=b"<html>Please log in</html>"), DestinationRefused, "is the endpoint right"),
        (Answered(405, "MethodNotAllowed"), DestinationRefused, "is no S3 endpoint"),
        (Answered(403, "AccessDenied", body=b"<html>Forbidden</html>"), DestinationRefused, "may the key put"),
    ],
    ids=lambda value: f"{value.status} {value.code}" if isinstance(value, Answered) else "",
)
async def test_answers_are_told_apart(
    bucket: Bucket, proxy: FaultProxy, sound: Path, answer: Answered, kind: type[ConnectorError], says: str
) -> None:
    proxy.order(answer, when=uploads, times=None)
    error = await refusal(bucket, sound)
    assert isinstance(error, kind)
    assert says in str(error)


async def test_the_region_that_the_server_names_is_taken_and_told(
    bucket: Bucket, proxy: FaultProxy, sound: Path
) -> None:
    wrong = Answered(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"})
    order = proxy.order(wrong, when=uploads, times=None)
    error = await refusal(bucket, sound)
    assert "it says: eu-central-1" in str(error)
    # The client has tried the other region by itself.
    scopes = [exchange.head.header("authorization") or "" for exchange in order.befallen]
    assert "/eu-central-1/" in scopes[-1]


async def test_a_recording_is_not_for_whoever_sends_us_elsewhere(
    bucket: Bucket, proxy: FaultProxy, seaweedfs: SeaweedFs, sound: Path
) -> None:
    async with FaultProxy(seaweedfs.endpoint) as elsewhere:
        location = {"location": f"{elsewhere.endpoint}/{bucket.place.bucket}/{NAME}"}
        proxy.order(Answered(307, "TemporaryRedirect", headers=location), when=uploads, times=None)
        await refusal(bucket, sound)
        assert elsewhere.exchanges == []


@pytest.mark.parametrize(
    ("body", "says"),
    # The first the client takes for an accident of the server's.
    [
        (b"<html><body>Welcome</html>", "Internal Server Error"),
        (b"<Welcome/>", "is the endpoint right"),
        (b"", "is the endpoint right"),
    ],
)
async def test_a_portal_that_says_yes_to_everything_has_stored_nothing(
    bucket: Bucket, proxy: FaultProxy, sound: Path, body: bytes, says: str
) -> None:
    proxy.order(Answered(200, body=body), times=None)
    in_parts, whole = bucket.open(single_bytes=0), bucket.open()
    with pytest.raises(ConnectorError) as raised:
        await in_parts.put(NAME, sound, digest_of(SOUND), overwrite=True)
    with pytest.raises(DestinationUnreachable):
        await whole.put(NAME, sound, digest_of(SOUND), overwrite=True)
    await in_parts.close()
    await whole.close()
    assert says in str(raised.value)


async def test_nobody_at_the_endpoint(bucket: Bucket, sound: Path) -> None:
    bucket.place = replace(bucket.place, endpoint=f"http://127.0.0.1:{free_ports(1)[0]}")
    error = await refusal(bucket, sound)
    assert isinstance(error, DestinationUnreachable)
    assert "nobody answers at its endpoint" in str(error)


async def test_a_certificate_of_an_authority_that_nobody_named(rclone: Rclone, tmp_path: Path, sound: Path) -> None:
    bucket = Bucket(rclone, tmp_path)
    bucket.place = replace(bucket.place, ca_file=None)
    error = await refusal(bucket, sound)
    assert isinstance(error, DestinationRefused)
    assert "name that one's file as `ca`" in str(error)
    assert bucket.names() == []


async def test_plain_words_to_a_server_that_speaks_tls(rclone: Rclone, tmp_path: Path, sound: Path) -> None:
    bucket = Bucket(rclone, tmp_path)
    bucket.place = replace(bucket.place, endpoint=rclone.endpoint.replace("https", "http"))
    await refusal(bucket, sound)
    assert bucket.names() == []


async def test_tls_to_a_server_that_speaks_none(bucket: Bucket, seaweedfs: SeaweedFs, sound: Path) -> None:
    bucket.place = replace(bucket.place, endpoint=seaweedfs.endpoint.replace("http", "https"))
    error = await refusal(bucket, sound)
    assert isinstance(error, DestinationUnreachable)
    assert "does the endpoint speak https?" in str(error)
