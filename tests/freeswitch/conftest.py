"""Switches for tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.freeswitch.switch import ScriptedSwitch


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path) as running:
        yield running
