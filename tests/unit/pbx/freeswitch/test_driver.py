"""The driver of FreeSWITCH at the scripted one: what it does beyond the contract."""

import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.events import (
    BridgeEntered,
    ChannelCreated,
    ChannelEnded,
    ChannelHeld,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    RecorderClosed,
    RecorderFlushed,
    RecorderStarted,
)
from connector.domain.ids import ChannelId, SegmentId
from connector.domain.pbx_commands import PlaySound
from connector.network.clock import SystemClock
from connector.pbx.freeswitch.driver import FreeSwitchPbx
from connector.settings import FreeswitchSettings
from tests.contract.pbx.freeswitch_rig import FreeSwitchRig, running
from tests.contract.pbx.suite import CALL, start, stop, told
from tests.pbx.waiting import until


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[FreeSwitchRig]:
    async with running(tmp_path) as rig:
        yield rig


async def test_a_healthy_pbx_has_no_troubles(rig: FreeSwitchRig) -> None:
    assert rig.pbx.name == "freeswitch"
    assert rig.pbx.troubles() == []


async def test_its_release_is_known_once_it_is_connected(rig: FreeSwitchRig) -> None:
    await until(lambda: rig.pbx.version, "the release")
    assert rig.pbx.version == "1.10.12"


async def test_a_wrong_password_is_a_trouble_with_what_to_do(rig: FreeSwitchRig) -> None:
    rig.switch.password = "another"
    await rig.begin_anew()
    await until(rig.pbx.troubles, "a trouble")
    assert any("correct the password" in trouble for trouble in rig.pbx.troubles())


async def test_a_recorder_whose_beginning_came_too_late_is_stopped(rig: FreeSwitchRig) -> None:
    caller, _ = await rig.call()
    rig.switch.lies.record_start_delay_seconds = 1.8
    await rig.pbx.execute(start(caller))
    await rig.until(lambda: told(rig, CommandTimedOut))
    await until(lambda: "RECORD_STOP" in [event.name for event in rig.switch.fired], "the end of the late recorder")
    assert told(rig, RecorderStarted) == []


async def test_a_stop_that_nobody_asked_for_is_a_closed_file(rig: FreeSwitchRig) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.until(lambda: told(rig, RecorderStarted))
    await rig.pbx.esl.api(f"uuid_record {caller} stop all")
    await rig.until(lambda: told(rig, RecorderClosed))
    assert told(rig, RecorderClosed) == [RecorderClosed(segment=SegmentId("s1"))]
    assert told(rig, ChannelEnded) == []


async def test_other_peoples_recordings_are_no_business_of_ours(rig: FreeSwitchRig) -> None:
    caller, agent = await rig.call()
    await rig.pbx.esl.api(f"uuid_record {caller} start {rig.spool}/theirs.wav 0 {{RECORD_STEREO=true}}")
    await rig.pbx.execute(start(agent))
    await rig.until(lambda: told(rig, RecorderStarted))
    await rig.pbx.execute(stop(agent))
    await rig.until(lambda: told(rig, RecorderClosed))
    assert rig.switch.running() == [f"{rig.spool}/theirs.wav"]


async def test_what_happens_during_a_resynchronisation_is_told_after_it(rig: FreeSwitchRig) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.until(lambda: told(rig, RecorderStarted))
    rig.switch.lies.api_delay_seconds = 0.2
    await rig.lose_connection()
    await rig.until(lambda: told(rig, PbxLost))
    await until(lambda: rig.switch.clients == 2, "the login")
    await rig.hang_up(caller)
    await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
    now = max(index for index, one in enumerate(rig.heard) if isinstance(one.event, PbxResynchronised))
    await rig.until(lambda: told(rig, ChannelEnded) or caller not in told(rig, PbxResynchronised)[-1].channels)
    ends = [index for index, one in enumerate(rig.heard) if isinstance(one.event, ChannelEnded)]
    assert all(index > now for index in ends)
    assert ends or caller not in told(rig, PbxResynchronised)[-1].channels


async def test_a_hold_that_began_while_nobody_listened_is_told_with_its_beginning_and_the_clock_of_its_file(
    rig: FreeSwitchRig,
) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(start(caller))
    await rig.until(lambda: told(rig, RecorderFlushed))
    await rig.pbx.close()
    await rig.switch.hold(rig.leg(caller))
    held_at = time.time()
    await rig.pass_time(0.5)
    await rig.begin_anew()
    await rig.until(lambda: told(rig, ChannelHeld))
    [hold] = [one for one in rig.heard if isinstance(one.event, ChannelHeld)]
    assert abs(hold.at - held_at) < 0.1
    kinds = [type(one.event) for one in rig.heard]
    assert kinds.index(PbxResynchronised) < kinds.index(RecorderFlushed) < kinds.index(ChannelHeld)


async def test_a_leg_that_no_list_has_yet_is_introduced_by_what_it_does(rig: FreeSwitchRig) -> None:
    rig.switch.lies.events_dropped = {"CHANNEL_CREATE"}  # told before our login
    caller, agent = await rig.call()
    assert {one.channel for one in told(rig, ChannelCreated)} == {caller, agent}
    assert {one.channel for one in told(rig, BridgeEntered)} == {caller, agent}


async def test_when_the_house_is_slow_events_wait_and_none_is_lost(rig: FreeSwitchRig, tmp_path: Path) -> None:
    settings = FreeswitchSettings(esl=rig.pbx.esl._endpoint, spool=str(rig.spool))
    slow = FreeSwitchPbx("slow", settings, clock=SystemClock(), queue_length=40)
    events = slow.events()
    assert isinstance((await anext(events)).event, PbxResynchronised)
    for _ in range(20):
        leg = await rig.switch.inbound("1", "2")
        await rig.switch.hang_up(leg)
    await rig.until(lambda: len(told(rig, ChannelEnded)) == 20)
    ended = 0
    async for stamped in events:
        ended += isinstance(stamped.event, ChannelEnded)
        if ended == 20:
            break
    await slow.close()
    assert slow.troubles() == []


async def test_a_sound_is_played_and_one_that_cannot_be_is_a_trouble(rig: FreeSwitchRig) -> None:
    caller, _ = await rig.call()
    await rig.pbx.execute(PlaySound(call=CALL, channel=caller, sound="shell_stream://x"))
    await until(rig.pbx.troubles, "a trouble")
    assert any("did not play 'shell_stream://x'" in trouble for trouble in rig.pbx.troubles())
    await rig.pbx.execute(PlaySound(call=CALL, channel=caller, sound="beep"))
    await until(lambda: not rig.pbx.troubles(), "the sound")


async def test_a_restarted_freeswitch_is_named_in_the_log(rig: FreeSwitchRig, caplog: pytest.LogCaptureFixture) -> None:
    await rig.call()
    await rig.switch.crash()
    await rig.switch.start()
    with caplog.at_level(logging.ERROR):
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
    assert "freeswitch was restarted" in caplog.text


async def test_before_it_runs_every_command_times_out(tmp_path: Path, rig: FreeSwitchRig) -> None:
    await rig.pbx.close()
    await rig.pbx.execute(start(ChannelId("leg")))
    await rig.pbx.execute(PlaySound(call=CALL, channel=ChannelId("leg"), sound="beep"))
    assert told(rig, PbxLost) == []
