"""A PBX that goes wrong on purpose, and what its driver makes of it."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.events import (
    BridgeEntered,
    ChannelCreated,
    ChannelEnded,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    RecorderClosed,
    RecorderFlushed,
    RecorderRefused,
    RecorderStalled,
    RecorderStarted,
    VariableSet,
)
from connector.domain.ids import ChannelId, SegmentId
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.exchange import Manners
from connector.pbx.scripted.script import Fault, Line, Misbehaves, Script
from connector.pbx.scripted.sound import Noise
from tests.contract.pbx.scripted_rig import ScriptedRig
from tests.contract.pbx.suite import start, stop, told


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ScriptedRig]:
    async with ScriptedRig(tmp_path).running() as rig:
        yield rig


def size(rig: ScriptedRig, path: str = "a/call_s1_rx.wav") -> int:
    return (rig.spool / path).stat().st_size


async def test_a_recorder_is_refused_for_the_reason_given_and_the_next_one_is_not(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.REFUSE, reason="no licence"))
    await rig.pbx.execute(start(caller))
    await rig.pbx.execute(start(caller, "s2", "s2.wav"))
    await rig.until(lambda: told(rig, RecorderStarted))
    assert told(rig, RecorderRefused) == [RecorderRefused(segment=SegmentId("s1"), reason="no licence")]
    assert told(rig, RecorderStarted) == [RecorderStarted(segment=SegmentId("s2"))]


async def test_a_pbx_that_does_not_answer_makes_the_command_time_out_after_its_time(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.SILENT))
    await rig.pbx.execute(start(caller))
    await rig.pass_time(1.99)
    assert told(rig, CommandTimedOut) == []
    await rig.pass_time(0.02)
    assert told(rig, CommandTimedOut) == [CommandTimedOut(segment=SegmentId("s1"))]
    assert not (rig.spool / "a/call_s1_rx.wav").exists()


async def test_a_lie_is_confirmed_and_nothing_ever_starts(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.LIE))
    await rig.pbx.execute(start(caller))
    await rig.pass_time(5.0)
    assert not any((told(rig, CommandTimedOut), told(rig, RecorderStarted), told(rig, RecorderRefused)))
    assert not (rig.spool / "a/call_s1_rx.wav").exists()


async def test_a_forged_recorder_is_said_to_run_and_has_no_file(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.FORGE))
    await rig.pbx.execute(start(caller))
    await rig.pass_time(5.0)
    assert told(rig, RecorderStarted)
    await rig.pbx.execute(stop(caller))
    await rig.until(lambda: told(rig, RecorderClosed))
    assert not (rig.spool / "a/call_s1_rx.wav").exists()
    assert told(rig, RecorderFlushed) == []


async def test_a_stalled_file_grows_no_more_and_that_is_told_once(rig: ScriptedRig) -> None:
    caller, agent = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.pbx.execute(start(agent, "s2", "s2.wav"))
    await rig.pass_time(2.5)
    await rig.misbehave(Misbehaves(fault=Fault.STALL, channel=caller))
    await rig.pass_time(6.0)
    assert told(rig, RecorderStalled) == [RecorderStalled(segment=SegmentId("s1"))]
    assert size(rig) == 44 + 32768
    assert size(rig, "s2.wav") == 44 + 4 * 32768


async def test_a_crash_leaves_files_unclosed_without_their_tail_and_no_call_alive(rig: ScriptedRig) -> None:
    conversation = Conversation(caller="+4930", agent="201", prefix="dead").talk(20).transfer_blind("202").hangup()
    rig.player.add(conversation.script())
    await rig.pass_time(0.1)
    caller = conversation.channel("caller")
    await rig.pbx.execute(start(caller))
    await rig.pass_time(3.0)
    await rig.misbehave(Misbehaves(fault=Fault.CRASH, seconds=2.0))
    await rig.until(lambda: told(rig, PbxLost))
    await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)

    written = (rig.spool / "a/call_s1_rx.wav").read_bytes()
    assert len(written) == 44 + 32768
    assert written[4:8] == written[40:44] == bytes(4)
    assert written[44 : 44 + 320] in {Noise(caller).tick(tick, 8000) for tick in range(20)}
    assert told(rig, PbxResynchronised)[-1] == PbxResynchronised(channels=(), recorders=())

    heard = len(rig.heard)
    await rig.pass_time(30.0)
    assert rig.heard[heard:] == []
    assert told(rig, RecorderClosed) == []
    survivor, _ = await rig.call()
    assert survivor in {event.channel for event in told(rig, ChannelCreated)}


async def test_what_happens_while_the_connection_is_cut_is_never_told_and_what_lives_then_is(
    rig: ScriptedRig,
) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.pass_time(0.5)
    await rig.misbehave(Misbehaves(fault=Fault.CUT, seconds=5.0))
    begun = Conversation(caller="+4931", agent="202", prefix="unseen").ringing(1).talk(60)
    rig.player.add(begun.script())
    await rig.hang_up(caller)
    await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)

    assert not any((told(rig, ChannelEnded), told(rig, RecorderClosed)))
    with wave.open(str(rig.spool / "a/call_s1_rx.wav")) as file:
        assert file.getnframes() > 0
    now = told(rig, PbxResynchronised)[-1]
    assert set(now.channels) == {"unseen-caller", "unseen-202"}
    assert now.recorders == ()
    told_again = rig.heard[[type(s.event) for s in rig.heard].index(PbxLost) + 2 :]
    assert [type(s.event) for s in told_again] == [ChannelCreated, ChannelCreated, BridgeEntered, BridgeEntered]


async def test_a_pbx_that_does_not_tell_again_says_only_what_lives(tmp_path: Path) -> None:
    async with ScriptedRig(tmp_path, Manners(restates=False)).running() as rig:
        await rig.call()
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        assert isinstance(rig.heard[-1].event, PbxResynchronised)


def remarks(count: int) -> Script:
    return Script(
        lines=tuple(
            Line(
                offset_seconds=number * 0.01,
                what=VariableSet(channel=ChannelId("call1-caller"), name="N", value=str(number)),
            )
            for number in range(count)
        )
    )


async def test_every_event_comes_twice_for_a_while(rig: ScriptedRig) -> None:
    await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.DUPLICATE, seconds=0.055))
    rig.player.add(remarks(8))
    await rig.pass_time(0.2)
    values = [event.value for event in told(rig, VariableSet)]
    assert values == ["0", "0", "1", "1", "2", "2", "3", "3", "4", "4", "5", "5", "6", "7"]


async def test_events_come_in_another_order_for_a_while_and_none_is_lost(rig: ScriptedRig) -> None:
    await rig.call()
    await rig.misbehave(Misbehaves(fault=Fault.REORDER, seconds=0.085, count=4))
    rig.player.add(remarks(12))
    await rig.pass_time(0.2)
    values = [int(event.value) for event in told(rig, VariableSet)]
    assert sorted(values) == list(range(12))
    assert values != list(range(12))
    assert values[9:] == [9, 10, 11]
    stamps = [stamped.at for stamped in rig.heard]
    assert stamps == sorted(stamps)


async def test_a_full_disk_refuses_new_files_and_stalls_the_others_until_there_is_room(rig: ScriptedRig) -> None:
    caller, agent = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.pass_time(1.0)
    await rig.misbehave(Misbehaves(fault=Fault.FILL_DISK, seconds=2.0))
    await rig.pbx.execute(start(agent, "s2", "s2.wav"))
    await rig.pass_time(2.0)
    assert [(event.segment, event.reason) for event in told(rig, RecorderRefused)] == [
        ("s2", "no space left on device")
    ]
    assert told(rig, RecorderStalled) == [RecorderStalled(segment=SegmentId("s1"))]
    assert size(rig) == 44
    await rig.pass_time(2.0)
    assert size(rig) == 44 + 32768


async def test_a_wall_clock_that_jumps_an_hour_is_not_seen_in_the_stamps(rig: ScriptedRig) -> None:
    await rig.call()
    for step in (3600.0, -7200.0, 3600.0):
        await rig.misbehave(Misbehaves(fault=Fault.CLOCK_STEP, seconds=step))
        rig.player.add(remarks(2))
        await rig.pass_time(1.0)
        assert abs(rig.heard[-1].at - (rig.clock.now() - 0.99)) < 0.01


async def test_a_path_that_leaves_the_spool_is_refused(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller, path="../s1.wav"))
    await rig.until(lambda: told(rig, RecorderRefused))
    assert not (rig.spool.parent / "s1.wav").exists()


async def test_the_same_segment_or_file_twice_is_refused(rig: ScriptedRig) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.pbx.execute(start(caller))
    await rig.pbx.execute(start(caller, "s2"))
    await rig.until(lambda: len(told(rig, RecorderRefused)) == 2)
    assert len(told(rig, RecorderStarted)) == 1
