"""The scripted PBX places calls, too: answered, refused, and lost with the connection."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.events import BridgeEntered, ChannelAnswered, ChannelEnded, VariableSet
from connector.domain.ids import ChannelId
from connector.domain.pbx_commands import PlaceCall
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.scripted.script import Fault, Misbehaves
from tests.contract.pbx.scripted_rig import ScriptedRig
from tests.contract.pbx.suite import told

WANTED = PlaceCall(
    channel=ChannelId("placed"), device="PJSIP/2001", number="+491", context="c", caller_id="+492", record=True
)


async def test_the_device_answers_then_the_number_and_they_talk(tmp_path: Path) -> None:
    async with ScriptedRig(tmp_path).running() as rig:
        placing = asyncio.create_task(rig.pbx.place(replace(WANTED, options="format=wav", agent="201")))
        await rig.until(placing.done)
        await placing
        assert [one.channel for one in told(rig, ChannelAnswered)] == ["placed"]
        variables = {one.name: one.value for one in told(rig, VariableSet)}
        assert variables == {"CALLREEL": "yes", "CALLREEL_OPTIONS": "format=wav", "CALLREEL_AGENT": "201"}
        await rig.until(lambda: len(told(rig, BridgeEntered)) == 2)
        await rig.until(lambda: len(told(rig, ChannelEnded)) == 2)


async def test_a_refusal_has_its_reason(tmp_path: Path) -> None:
    async with ScriptedRig(tmp_path).running() as rig:
        await rig.misbehave(Misbehaves(fault=Fault.REFUSE, reason="the device is busy"))
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        await rig.until(placing.done)
        with pytest.raises(PbxRefused, match="busy"):
            await placing
        assert told(rig, ChannelAnswered) == []


async def test_a_connection_that_is_lost_leaves_nobody_waiting(tmp_path: Path) -> None:
    async with ScriptedRig(tmp_path).running() as rig:
        placing = asyncio.create_task(rig.pbx.place(WANTED))
        await rig.clock.settle()
        await rig.lose_connection()
        await rig.until(placing.done)
        with pytest.raises(PbxUnreachable):
            await placing
