"""S3Store keeps the promises: on SeaweedFS in one request and in parts, on rclone over TLS with a CA of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.ports.object_store import ObjectStore
from tests.contract.storage.places import Place
from tests.contract.storage.s3.places import FullBucket
from tests.contract.storage.suite import WRAPPINGS, ObjectStoreContract
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.seaweedfs import SeaweedFs


class _S3(ObjectStoreContract):
    """Bare and behind all decorators at once: each of them alone is proven on stores that cost nothing."""

    @pytest.fixture(params=["bare", "all of them"])
    async def store(self, place: Place, request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
        store = WRAPPINGS[request.param](place.open())
        yield store
        await store.close()

    # It feeds the store from a pipe; test_uploads kills a process in the middle of its parts.
    test_killed_in_the_middle_of_a_put_nothing_is_seen_and_the_next_put_works = None  # type: ignore[assignment]


class _SeaweedFs(_S3):
    # It looks, and then writes: of many that it sees at the same moment, several may pass.
    test_of_many_that_want_one_name_exactly_one_gets_it = None  # type: ignore[assignment]


class TestSeaweedFs(_SeaweedFs):
    @pytest.fixture
    async def place(self, seaweedfs: SeaweedFs, tmp_path: Path) -> AsyncIterator[Place]:
        async with FaultProxy(seaweedfs.endpoint) as proxy:
            yield FullBucket(seaweedfs, tmp_path, proxy, single_bytes=16 << 20)


class TestSeaweedFsInParts(_SeaweedFs):
    @pytest.fixture
    async def store(self, place: Place) -> AsyncIterator[ObjectStore]:
        store = place.open()
        yield store
        await store.close()

    @pytest.fixture
    async def place(self, seaweedfs: SeaweedFs, tmp_path: Path) -> AsyncIterator[Place]:
        async with FaultProxy(seaweedfs.endpoint) as proxy:
            yield FullBucket(seaweedfs, tmp_path, proxy, single_bytes=-1)


class TestRcloneWithTls(_S3):
    # It ignores If-None-Match: of many who look before at the same moment, all see nothing.
    test_of_many_that_want_one_name_exactly_one_gets_it = None  # type: ignore[assignment]

    @pytest.fixture
    async def place(self, rclone: Rclone, tmp_path: Path) -> AsyncIterator[Place]:
        async with FaultProxy(rclone.endpoint, authority=rclone.authority, server_ca_file=rclone.ca_file) as proxy:
            yield FullBucket(rclone, tmp_path, proxy, single_bytes=16 << 20)
