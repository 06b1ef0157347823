"""A house seeded once; every test has a copy of its own, behind a real server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.site import Seeded
from tests.doors.amazon import Amazon, amazon_here
from tests.doors.calls import KROS, SHOP
from tests.doors.site import Site, opened_site, seeded_house


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeded_house(tmp_path_factory.mktemp("seeded"))


@pytest.fixture
def programs() -> None:
    """What clients are written in besides Python."""
    missing = [program for program in ("bash", "curl", "node") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is missing: apt-get install curl nodejs")


@pytest.fixture
def site(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of whoever is a client of osmTalk, Dialgen, Sinch or Talkturo."""
    with opened_site(seeded, tmp_path_factory.mktemp("house"), SHOP) as site:
        yield site


@pytest.fixture
def kros(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of whoever is a client of KrosAI."""
    with opened_site(seeded, tmp_path_factory.mktemp("house"), KROS) as site:
        yield site


@pytest.fixture
def amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    with amazon_here(tmp_path, monkeypatch) as amazon:
        yield amazon
