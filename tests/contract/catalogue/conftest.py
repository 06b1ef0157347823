"""A catalogue of each kind, fresh for every test: copies of one that was migrated once."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connector.catalogue import schema
from connector.catalogue.store import Catalogue
from tests.builders import MORNING
from tests.contract.postgresql_server import PostgresqlServer

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
#: What the catalogue takes for now.
NOW = MORNING + 100


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    file = folder / "catalogue.db"
    schema.upgrade(f"sqlite:///{file}", folder)
    return file


@pytest.fixture(scope="session")
def migrated_database(postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgresql_server.new_database()
    schema.upgrade(url, tmp_path_factory.mktemp("unused"))
    return url.rpartition("/")[2]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty catalogue."""
    if request.param == "sqlite":
        file = tmp_path / "catalogue.db"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    fresh = server.new_database(request.getfixturevalue("migrated_database"))
    yield fresh
    server.drop(fresh)


@pytest.fixture(params=KINDS)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a catalogue, without one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalogue.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    fresh = server.new_database()
    yield fresh
    server.drop(fresh)


@pytest.fixture
async def catalogue(url: str) -> AsyncIterator[Catalogue]:
    opened = Catalogue.open(url, now=lambda: NOW)
    yield opened
    await opened.close()
