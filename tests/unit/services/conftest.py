"""A catalogue that was migrated once, and the yard around it, fresh for every test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.catalogue import schema
from tests.unit.services.desk import Desk
from tests.unit.services.yard import Yard


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    file = folder / "catalogue.db"
    schema.upgrade(f"sqlite:///{file}", folder)
    return file


@pytest.fixture
async def yard(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Yard]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    opened = Yard(state, tmp_path / "spool")
    yield opened
    await opened.close()


@pytest.fixture
def desk(yard: Yard) -> Desk:
    return Desk(yard)
