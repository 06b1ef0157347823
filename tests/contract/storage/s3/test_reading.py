"""What a bucket sends to whoever reads only a part: no more than that, and rightly also where a range is ignored."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import Bucket, content_of_parts, farewells
from tests.contract.storage.suite import content_of
from tests.storage_servers.faults import Answered
from tests.storage_servers.passage import Exchange, Passage
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.wire import Head

#: Far more than the buffers on the way hold.
LARGE = content_of_parts(10)
MEBIBYTE = 1 << 20


@dataclass(slots=True, eq=False)
class Tallied:
    """It arrives; what came back is counted."""

    down_bytes: int = 0

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        async def counted(_offset: int, piece: bytes) -> bytes:
            self.down_bytes += len(piece)
            return piece

        await passage.pass_on(exchange, down=counted)


def readings(head: Head) -> bool:
    return head.method == "GET"


@pytest.fixture
async def large(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    store = bucket.open()
    await store.put("large", path, digest_of(LARGE))
    await store.close()


@pytest.mark.usefixtures("large")
async def test_what_stands_before_is_not_fetched(bucket: Bucket, proxy: FaultProxy) -> None:
    tallied = Tallied()
    proxy.order(tallied, when=readings, times=None)
    store = bucket.open()
    assert await content_of(store, "large", len(LARGE) - 1000) == LARGE[-1000:]
    assert tallied.down_bytes == 1000
    await store.close()


@pytest.mark.usefixtures("large")
async def test_who_leaves_early_ends_the_connection_and_the_rest_is_not_fetched(
    bucket: Bucket, proxy: FaultProxy
) -> None:
    tallied = Tallied()
    proxy.order(tallied, when=readings, times=None)
    store = bucket.open()
    pieces = store.read("large", MEBIBYTE)
    assert LARGE[MEBIBYTE:].startswith(await anext(pieces))
    await pieces.aclose()  # type: ignore[attr-defined]  # an async generator
    # The store itself is still open.
    await farewells()
    assert tallied.down_bytes < len(LARGE) // 2
    await store.close()


@pytest.mark.usefixtures("large")
async def test_an_answer_of_the_whole_to_a_wish_for_a_part_is_cut_here(bucket: Bucket, proxy: FaultProxy) -> None:
    proxy.order(Answered(200, headers={"etag": '"x"'}, body=LARGE), when=readings, times=None)
    store = bucket.open()
    for place in (1, MEBIBYTE, MEBIBYTE + 1, len(LARGE) - 1, len(LARGE)):
        assert await content_of(store, "large", place) == LARGE[place:]
    await store.close()
