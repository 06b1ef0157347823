"""A seeded house, made once for each database; every test has a copy of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connector.catalogue import schema
from tests.api.site import Seeded, Site, copied_file, opened, seeded
from tests.contract.conftest import postgresql_server as postgresql_server  # noqa: PLC0414  # a fixture
from tests.contract.postgresql_server import PostgresqlServer

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    folder = tmp_path_factory.mktemp("seeded")
    url = f"sqlite:///{folder / 'catalogue.db'}"
    schema.upgrade(url, folder)
    return seeded(folder, url)


@pytest.fixture(scope="session")
def seeded_database(postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    folder = tmp_path_factory.mktemp("seeded")
    url = postgresql_server.new_database()
    schema.upgrade(url, folder)
    return seeded(folder, url)


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Seeded, str]]:
    """A seeded house, and the address of a copy of its catalogue."""
    if request.param == "sqlite":
        seed: Seeded = request.getfixturevalue("seeded_file")
        yield seed, copied_file(seed, tmp_path)
        return
    seed = request.getfixturevalue("seeded_database")
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = server.new_database(seed.catalogue)
    yield seed, url
    server.drop(url)


@pytest.fixture
async def site(house: tuple[Seeded, str], tmp_path: Path) -> AsyncIterator[Site]:
    seed, url = house
    async with opened(seed, tmp_path, url) as found:
        yield found


@pytest.fixture
async def quick_site(seeded_file: Seeded, tmp_path: Path) -> AsyncIterator[Site]:
    """Over SQLite alone: for what no database has a say in."""
    async with opened(seeded_file, tmp_path, copied_file(seeded_file, tmp_path)) as found:
        yield found
