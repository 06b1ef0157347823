"""The dialplan of the scripted PBX starts recorders by itself; the driver names them as the Director does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.events import PbxResynchronised, RecorderClosed, RecorderFlushed, RecorderFound
from connector.domain.ids import CallId, found_segment_id
from connector.domain.pbx_commands import StopRecorder
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Fault
from tests.contract.pbx.scripted_rig import ScriptedRig
from tests.contract.pbx.suite import samples, told

PATH = "must_c-caller_rx.wav"
SEGMENT = found_segment_id("scripted", PATH)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ScriptedRig]:
    async with ScriptedRig(tmp_path).running() as rig:
        yield rig


def a_call() -> Conversation:
    return Conversation(caller="+4930123", agent="201", prefix="c").ringing(1).answer().must_record()


async def test_the_dialplans_recorder_writes_and_is_told_of_by_the_name_that_its_path_gives(rig: ScriptedRig) -> None:
    rig.player.add(a_call().talk(5).hangup().script())
    await rig.pass_time(7)
    assert [(found.path, found.ended_at) for found in told(rig, RecorderFound)] == [(PATH, None)]
    assert {event.segment for event in told(rig, RecorderFlushed)} == {SEGMENT}
    assert told(rig, RecorderClosed) == [RecorderClosed(segment=SEGMENT)]
    assert len(samples(rig.spool / PATH)) == pytest.approx(5 * 16000, abs=640)


async def test_it_can_be_stopped_by_that_name(rig: ScriptedRig) -> None:
    call = a_call()
    rig.player.add(call.script())
    await rig.pass_time(2)
    stop = StopRecorder(call=CallId("x"), segment=SEGMENT, channel=call.channel("caller"))
    await rig.pbx.execute(stop)
    await rig.until(lambda: told(rig, RecorderClosed))
    assert told(rig, RecorderClosed) == [RecorderClosed(segment=SEGMENT)]


async def test_after_a_reconnect_it_is_told_again_stamped_with_its_beginning(rig: ScriptedRig) -> None:
    rig.player.add(a_call().talk(2).misbehave(Fault.CUT, seconds=1).talk(5).script())
    await rig.pass_time(6)
    assert len(told(rig, PbxResynchronised)) == 2
    stamps = [one.at for one in rig.heard if isinstance(one.event, RecorderFound)]
    assert stamps[1] == pytest.approx(stamps[0], abs=0.01)
    assert told(rig, RecorderFound)[1].number == "+4930123"


async def test_what_ended_while_nobody_listened_is_told_with_its_end(rig: ScriptedRig) -> None:
    rig.player.add(a_call().talk(2).misbehave(Fault.CUT, seconds=10).talk(3).hangup().script())
    await rig.pass_time(25)
    last = told(rig, RecorderFound)[-1]
    assert last.path == PATH
    assert last.ended_at == pytest.approx(rig.player.epoch + 6, abs=0.1)
    assert len(told(rig, PbxResynchronised)) == 2
