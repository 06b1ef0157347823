"""One switch and one callreel for all tests of a module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.freeswitch.daemon import Daemon
from tests.freeswitch.switch import ScriptedSwitch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path_factory.mktemp("switch")) as switch:
        yield switch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(switch: ScriptedSwitch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    daemon = Daemon(tmp_path_factory.mktemp("house") / "callreel", switch)
    try:
        yield await daemon.begin()
    finally:
        daemon.kill()
