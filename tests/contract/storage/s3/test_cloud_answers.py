"""What AWS, Google, Ceph and MinIO really say when they refuse: the right error, what to do, and nothing of what some
of them echo."""

import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom
from connector.storage.retrying import Retrying
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, content_of_parts
from tests.contract.storage.suite import content_of
from tests.storage_servers import cloud_answers as said
from tests.storage_servers.faults import Answered
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.wire import Head

NAME = "2026/11/call-1.mp3"
BUSY = Answered(503, "SlowDown", {"Retry-After": "120"})


class HastyClock:
    """Waits for nothing, so that tries follow each other at once."""

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, moment: float) -> None:
        return


@pytest.fixture(autouse=True)
def _hasty_library(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(*_: object) -> None:
        return

    monkeypatch.setattr("aiobotocore.endpoint.AioEndpoint._sleep", at_once)


async def refusal(bucket: Bucket, source: Path) -> ConnectorError:
    store = bucket.open()
    with pytest.raises(ConnectorError) as raised:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    text = "".join(traceback.format_exception(raised.value))
    assert said.ECHOED_TOKEN not in text
    assert said.ECHOED_SIGNATURE not in text
    assert bucket.names() == []
    return raised.value


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (said.AWS_SLOW_DOWN, DestinationUnreachable, "503 SlowDown): it asks for fewer requests"),
        (said.AWS_INTERNAL_ERROR, DestinationUnreachable, "500 InternalError)"),
        (said.AWS_REQUEST_TIMEOUT, DestinationUnreachable, "too slow or stood still"),
        (said.AWS_CONFLICT, DestinationUnreachable, "it is tried again"),
        (said.GOOGLE_UNAVAILABLE, DestinationUnreachable, "503 ServiceUnavailable)"),
        (said.GOOGLE_SLOW_DOWN, DestinationUnreachable, "429 SlowDown): it asks for fewer requests"),
        (said.AWS_ACCESS_DENIED, DestinationRefused, "may the key put objects there?"),
        (said.AWS_UNKNOWN_KEY, DestinationRefused, "check access key and secret"),
        (said.AWS_WRONG_SECRET, DestinationRefused, "check access key and secret"),
        (said.AWS_EXPIRED_TOKEN, DestinationUnreachable, "whoever lends them must renew them"),
        (said.AWS_WRONG_CLOCK, DestinationUnreachable, "let NTP set it"),
        (said.AWS_NO_BUCKET, DestinationRefused, "there is no such bucket: create it"),
        (said.GOOGLE_ACCESS_DENIED, DestinationRefused, "may the key put objects there?"),
        (said.GOOGLE_WRONG_SECRET, DestinationRefused, "check access key and secret"),
        (said.CEPH_FULL, NoRoom, "free some or raise the quota"),
        (said.MINIO_FULL, NoRoom, "free some or raise the quota"),
        (said.aws_permanent_redirect("recordings", "eu-south-1"), DestinationRefused, "(it says: eu-south-1)"),
        (said.aws_wrong_region("us-east-1", "eu-south-1"), DestinationRefused, "(it says: eu-south-1)"),
    ],
    ids=lambda value: f"{value.status} {value.code}" if isinstance(value, Answered) else "",
)
async def test_a_clouds_own_words_are_told_apart(
    bucket: Bucket, proxy: FaultProxy, sound: Path, answer: Answered, kind: type[ConnectorError], says: str
) -> None:
    proxy.order(answer, when=uploads, times=None)
    error = await refusal(bucket, sound)
    assert isinstance(error, kind)
    assert says in str(error)
    assert repr(NAME) in str(error)


def _is_joining(head: Head) -> bool:
    return head.method == "POST" and "uploadId=" in head.query


async def test_an_upload_whose_joining_fails_with_a_200_is_joined_again(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path
) -> None:
    """And never taken for stored."""
    content, long = content_of_parts(2), tmp_path / "long.bin"
    long.write_bytes(content)
    order = proxy.order(said.AWS_JOINING_FAILED, when=_is_joining, times=None)
    store = bucket.open(single_bytes=SMALL_PART_BYTES)
    with pytest.raises(DestinationUnreachable, match="InternalError"):
        await store.put(NAME, long, digest_of(content))
    assert bucket.server.names(bucket.place.bucket) != [NAME]
    assert len(order.befallen) > 1
    proxy.clear()
    await store.put(NAME, long, digest_of(content))
    assert await content_of(store, NAME) == content
    await store.close()


@pytest.mark.parametrize("answer", [BUSY, replace(BUSY, status=429, code="TooManyRequests")], ids=["503", "429"])
async def test_who_says_when_to_come_again_is_not_asked_before(
    bucket: Bucket, proxy: FaultProxy, sound: Path, answer: Answered
) -> None:
    order = proxy.order(answer, when=uploads, times=None)
    store = Retrying(bucket.open(), HastyClock())
    with pytest.raises(DestinationUnreachable, match="asks for fewer requests") as busy:
        await store.put(NAME, sound, digest_of(SOUND))
    assert busy.value.retry_after_seconds == 120.0
    assert len(order.befallen) == 1
    await store.close()


async def test_who_asks_for_a_moment_gets_it_after_that(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    order = proxy.order(replace(BUSY, headers={"Retry-After": "1"}), when=uploads, times=2)
    store = Retrying(bucket.open(), HastyClock())
    await store.put(NAME, sound, digest_of(SOUND))
    assert len(order.befallen) == 2
    assert bucket.names() == [NAME]
    await store.close()


async def test_a_look_that_comes_too_soon_is_told_as_well(bucket: Bucket, proxy: FaultProxy) -> None:
    order = proxy.order(Answered(503, headers={"Retry-After": "120"}, body=b""), times=None)
    store = bucket.open()
    with pytest.raises(DestinationUnreachable) as busy:
        await store.facts(NAME)
    assert busy.value.retry_after_seconds == 120.0
    assert len(order.befallen) == 1
    await store.close()
