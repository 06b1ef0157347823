"""A bucket behind a proxy for every test of one, and nothing left open after any."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, farewells
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.seaweedfs import SeaweedFs


@pytest.fixture(autouse=True)
async def _left_nothing_open() -> AsyncIterator[None]:
    yield
    await farewells()


@pytest.fixture
async def proxy(seaweedfs: SeaweedFs) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(seaweedfs.endpoint) as proxy:
        yield proxy


@pytest.fixture
def bucket(seaweedfs: SeaweedFs, proxy: FaultProxy, tmp_path: Path) -> Bucket:
    """Parts wherever there is more than one part's worth."""
    bucket = Bucket(seaweedfs, tmp_path, single_bytes=SMALL_PART_BYTES)
    bucket.place = replace(bucket.place, endpoint=proxy.endpoint)
    return bucket


@pytest.fixture(params=["seaweedfs", "rclone"])
def direct(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    """No proxy before it."""
    server: SeaweedFs | Rclone = request.getfixturevalue(request.param)
    return Bucket(server, tmp_path)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.bin"
    path.write_bytes(SOUND)
    return path
