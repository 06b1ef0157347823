"""Switches for tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.freeswitch.switch import ScriptedSwitch

# A real Asterisk is as exact here as it is there.
from tests.pbx.conftest import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol", "switch"]


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path) as running:
        yield running
