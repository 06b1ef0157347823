"""Leave to send a body (`Expect: 100-continue`): what is refused is not sent, and who never gives it gets the body all
the same."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.errors import DestinationRefused
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, content_of_parts
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import ACCESS_DENIED
from tests.storage_servers.passage import Exchange, Passage
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.wire import Head

NAME = "2026/11/call-1.mp3"
#: Far below the limit of any request, which is what the library would wait for.
SOON_SECONDS = 20.0


def without_question(head: Head) -> Head:
    return Head(head.line, tuple(pair for pair in head.headers if pair[0].lower() != "expect"))


@dataclass(frozen=True)
class NoLeave:
    """A proxy of old: it takes the question away, so that nobody answers it, and waits for the body."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.pass_on(exchange, head=without_question(exchange.head))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.storage.s3_http.LEAVE_SECONDS", 0.1)


async def test_a_server_that_never_gives_leave_gets_the_body_all_the_same(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path, sound: Path
) -> None:
    content, long = content_of_parts(3), tmp_path / "long.bin"
    long.write_bytes(content)
    order = proxy.order(NoLeave(), when=uploads, times=None)
    store = bucket.open(single_bytes=SMALL_PART_BYTES)
    async with asyncio.timeout(SOON_SECONDS):
        await store.put(NAME, sound, digest_of(SOUND))
        await store.put("long.bin", long, digest_of(content))
    assert await content_of(store, NAME) == SOUND
    assert await content_of(store, "long.bin") == content
    # Each was sent once, and had asked.
    assert len(order.befallen) == 4
    assert all(exchange.head.waits_for_leave for exchange in order.befallen)
    await store.close()


async def test_what_is_refused_beforehand_is_not_sent(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.storage.s3_http.LEAVE_SECONDS", SOON_SECONDS)
    content, long = content_of_parts(2), tmp_path / "long.bin"
    long.write_bytes(content)
    order = proxy.order(ACCESS_DENIED, when=uploads, times=None)
    store = bucket.open(single_bytes=16 << 20)
    with pytest.raises(DestinationRefused, match="may the key put objects there"):
        await store.put(NAME, long, digest_of(content))
    await store.close()
    assert [exchange.body_bytes for exchange in order.befallen] == [0]


@dataclass(frozen=True)
class LateLeave:
    """It comes when the body is on its way already."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        async def leave_first(offset: int, piece: bytes) -> bytes:
            if offset == 0:
                await passage.give_leave(exchange)
            return piece

        await passage.pass_on(exchange, head=without_question(exchange.head), up=leave_first)


async def test_leave_that_comes_late_harms_nothing(bucket: Bucket, proxy: FaultProxy, sound: Path) -> None:
    order = proxy.order(LateLeave(), when=uploads)
    store = bucket.open()
    async with asyncio.timeout(SOON_SECONDS):
        await store.put(NAME, sound, digest_of(SOUND))
    assert await content_of(store, NAME) == SOUND
    assert [exchange.status for exchange in order.befallen] == [200]
    await store.close()
