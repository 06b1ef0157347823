"""An installation of its own for every test: a configuration, a migrated catalogue, a folder as destination."""

import shutil
from pathlib import Path

import pytest

from connector.catalogue import schema
from tests.unit.command_line.site import Site


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    file = folder / "catalogue.db"
    schema.upgrade(f"sqlite:///{file}", folder)
    return file


@pytest.fixture
def bare_site(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Site:
    """Without a catalogue."""
    monkeypatch.delenv("CALLREEL_CONFIG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    return Site(tmp_path, capfd)


@pytest.fixture
def site(bare_site: Site, migrated_file: Path) -> Site:
    shutil.copy(migrated_file, bare_site.state / "catalogue.db")
    return bare_site
