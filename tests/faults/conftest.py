"""Houses for fault tests: on SQLite or PostgreSQL, gone with all their processes when the test is over."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connector.catalogue import schema
from tests.contract.conftest import postgresql_server
from tests.contract.postgresql_server import PostgresqlServer
from tests.faults.house import House, copied

__all__ = ["postgresql_server"]

Build = Callable[..., House]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder / 'catalogue.db'}", folder)
    return folder / "catalogue.db"


@pytest.fixture(scope="session")
def migrated_database(postgresql_server: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgresql_server.new_database()
    schema.upgrade(url, tmp_path_factory.mktemp("unused"))
    return url.rpartition("/")[2]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket's name has 107 letters at most, and others than us must get through to it."""
    folder = Path(tempfile.mkdtemp(prefix="callreel-"))
    folder.chmod(0o755)
    yield folder
    # A role that is just leaving takes its own files away at the same time.
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def build(short_folder: Path, migrated_file: Path) -> Iterator[Build]:
    """Builds the test's house on SQLite; nothing in it is started but the PBX."""
    with ExitStack() as stack:

        def built(**settings: Any) -> House:
            return stack.enter_context(House(short_folder, copied(migrated_file), settings))

        yield built


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = server.new_database(request.getfixturevalue("migrated_database"))
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])])
def any_build(request: pytest.FixtureRequest, short_folder: Path, migrated_file: Path) -> Iterator[Build]:
    """The same on SQLite and on PostgreSQL."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    with ExitStack() as stack:

        def built(**settings: Any) -> House:
            migrated = (lambda _: url) if url else copied(migrated_file)
            return stack.enter_context(House(short_folder, migrated, settings))

        yield built
