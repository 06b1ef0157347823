"""Fixtures of the rig. Every test here needs a real Asterisk: all are slow, and skipped loudly where there is none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.pbx.asterisk import Asterisk, NoAsterisk
from tests.pbx.configuration import Wishes
from tests.pbx.phone import Phone

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    """What a module wants beside the rig's configuration: overridden there."""
    return Wishes()


def _running(folder: Path, version: int, wishes: Wishes) -> Iterator[Asterisk]:
    try:
        asterisk = Asterisk(folder, version=version, wishes=wishes)
    except NoAsterisk as error:
        pytest.skip(str(error))
    asyncio.run(asterisk.start())
    yield asterisk
    asyncio.run(asterisk.close())


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory, wishes: Wishes) -> Iterator[Asterisk]:
    """Asterisk 22, one for the whole module."""
    yield from _running(tmp_path_factory.mktemp("asterisk"), 22, wishes)


@pytest.fixture(scope="module")
def asterisk16(tmp_path_factory: pytest.TempPathFactory, wishes: Wishes) -> Iterator[Asterisk]:
    yield from _running(tmp_path_factory.mktemp("asterisk16"), 16, wishes)


@pytest.fixture
async def phones(asterisk: Asterisk) -> AsyncIterator[Phone]:
    """All phones at Asterisk 22; afterwards no channel is left."""
    async with Phone(asterisk.ports.sip, asterisk.ports.phone) as phone:
        yield phone
    await _left_alone(asterisk)


@pytest.fixture
async def phones16(asterisk16: Asterisk) -> AsyncIterator[Phone]:
    async with Phone(asterisk16.ports.sip, asterisk16.ports.phone) as phone:
        yield phone
    await _left_alone(asterisk16)


@pytest.fixture(params=["asterisk", "asterisk16"])
def pbx(request: pytest.FixtureRequest) -> Asterisk:
    """For what has to hold on both: the test runs once on each."""
    asterisk: Asterisk = request.getfixturevalue(request.param)
    return asterisk


@pytest.fixture
async def phone(pbx: Asterisk) -> AsyncIterator[Phone]:
    """The phones at `pbx`."""
    async with Phone(pbx.ports.sip, pbx.ports.phone) as phone:
        yield phone
    await _left_alone(pbx)


async def _left_alone(asterisk: Asterisk) -> None:
    if asterisk.is_running:
        await asterisk.cli("channel request hangup all")
        await asterisk.idle()
