"""Fixtures of the storage servers: one of each for a whole test run, or for each worker of one. Tests that ask for one
are slow, and are skipped loudly where it can't be had. tests/conftest.py names this module: nobody imports it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

import pytest

from tests.storage_servers.authority import Authority
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.installed import NoServer
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.server import Server, Started

S = TypeVar("S", bound=Server)

#: Of the whole run, by the names of their fixtures.
_running: Final[dict[str, Server]] = {}
SERVERS: Final = frozenset({"seaweedfs", "rclone", "azurite", "started"})


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "storage_servers: starts storage servers of its own")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _wanted(item):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.storage_servers)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, server in _running.items():
        if name in _wanted(item) and not server.is_running:
            asyncio.run(server.start())


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Where the next test needs none they rest: after some tests one of them takes half a core for nothing, and others
    judge moments."""
    if _wanted(item) and nextitem is not None and not _wanted(nextitem):
        for server in _running.values():
            asyncio.run(server.stop())


def _wanted(item: pytest.Item) -> frozenset[str]:
    """The servers that the test asks for, by itself or by the name in a parameter."""
    callspec = getattr(item, "callspec", None)
    named = [value for value in (callspec.params if callspec else {}).values() if isinstance(value, str)]
    return SERVERS.intersection([*getattr(item, "fixturenames", ()), *named])


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFs]:
    """S3 without TLS. A test that looks at all it holds takes a new_bucket(); one that breaks it, `started`."""
    yield from _shared("seaweedfs", SeaweedFs, tmp_path_factory.mktemp("seaweedfs"))


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    """S3 behind TLS, with an authority that no machine trusts by itself."""
    yield from _shared("rclone", Rclone, tmp_path_factory.mktemp("rclone"))


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    yield from _shared("azurite", Azurite, tmp_path_factory.mktemp("azurite"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """For what a test serves itself, a FaultProxy for instance."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def started(tmp_path: Path) -> AsyncIterator[Started]:
    numbers = count(1)
    async with AsyncExitStack() as stack:

        async def start(kind: Callable[[Path], S]) -> S:
            server = _made(kind, tmp_path / f"server-{next(numbers)}")
            await server.start()
            stack.push_async_callback(server.stop)
            return server

        yield start


def _shared(name: str, kind: Callable[[Path], S], folder: Path) -> Iterator[S]:
    server = _made(kind, folder)
    asyncio.run(server.start())
    _running[name] = server
    try:
        yield server
    finally:
        del _running[name]
        asyncio.run(server.stop())


def _made(kind: Callable[[Path], S], folder: Path) -> S:
    try:
        return kind(folder)
    except NoServer as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
