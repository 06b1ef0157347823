"""The scripted PBX keeps the contract of every PBX."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.pbx.scripted_rig import ScriptedRig
from tests.contract.pbx.suite import PbxContract


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ScriptedRig]:
    async with ScriptedRig(tmp_path).running() as rig:
        yield rig


class TestScripted(PbxContract):
    """Nothing of its own."""
