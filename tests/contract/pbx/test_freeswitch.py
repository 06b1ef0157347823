"""The driver of FreeSWITCH keeps the contract of every PBX, on the scripted one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.events import (
    ChannelEnded,
    PbxResynchronised,
    RecorderClosed,
    RecorderFlushed,
    RecorderRefused,
    RecorderStarted,
)
from connector.domain.ids import SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder
from connector.domain.recording import Heard
from tests.contract.pbx.freeswitch_rig import FreeSwitchRig, running
from tests.contract.pbx.suite import CALL, PbxContract, place, samples, start, stop, told


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[FreeSwitchRig]:
    async with running(tmp_path) as rig:
        yield rig


class TestFreeSwitch(PbxContract):
    """And what only FreeSWITCH does."""

    async def test_the_file_is_named_for_its_segment(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        assert told(rig, RecorderStarted) == [
            RecorderStarted(segment=SegmentId("s1"), path="a/call_s1_rx.wav", sample_rate=8000)
        ]

    async def test_a_new_driver_goes_on_with_the_recorders_of_the_one_before(self, rig: FreeSwitchRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.pbx.execute(
            start(agent, "5f1c0b52-5a3e-5b0c-8f52-0d7f7d6c6f3a", "call_5f1c0b52-5a3e-5b0c-8f52-0d7f7d6c6f3a_rx.wav")
        )
        await rig.until(lambda: len(told(rig, RecorderStarted)) == 2)
        first = set(told(rig, RecorderStarted))
        await rig.begin_anew()
        await rig.until(lambda: rig.heard)
        [now] = told(rig, PbxResynchronised)
        assert set(now.recorders) == first

        await rig.until(lambda: len(told(rig, RecorderFlushed)) >= 2)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        assert told(rig, RecorderClosed) == [RecorderClosed(segment=SegmentId("s1"))]

    async def test_the_growth_of_a_file_is_told_with_its_moment(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: len(told(rig, RecorderFlushed)) == 2)
        [began] = [one.at for one in rig.heard if isinstance(one.event, RecorderStarted)]
        points = [(one.at, one.event.frames) for one in rig.heard if isinstance(one.event, RecorderFlushed)]
        for at, frames in points:
            assert abs(at - began - frames / 8000) < 0.15

    async def test_a_phone_that_speaks_wideband_is_written_in_wideband(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call(rate=16000)
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        assert [one.sample_rate for one in told(rig, RecorderStarted)] == [16000]
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        assert list(told(rig, PbxResynchronised)[-1].recorders) == told(rig, RecorderStarted)

    async def test_what_a_leg_hears_is_the_first_of_two_channels(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        command = StartRecorder(
            call=CALL, segment=SegmentId("s1"), channel=caller, path="call_s1_tx.wav", sample_rate=8000, heard=Heard.TX
        )
        await rig.pbx.execute(command)
        await rig.until(lambda: len(told(rig, RecorderFlushed)) == 2)
        frames = told(rig, RecorderFlushed)[-1].frames
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        assert len(samples(place(rig))) / 4 >= frames > 8000

    async def test_a_stop_and_a_mask_wait_for_the_start_that_is_on_its_way(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        rig.switch.lies.record_start_delay_seconds = 0.3
        await rig.pbx.execute(start(caller))
        await rig.pbx.execute(MuteRecorder(call=CALL, segment=SegmentId("s1"), channel=caller))
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        assert told(rig, RecorderStarted)
        assert rig.switch.running() == []
        assert rig.pbx.troubles() == []

    async def test_a_yes_without_a_beginning_is_refused_in_time(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        rig.switch.lies.starts_without_record = 1
        began = rig.heard[-1].at
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderRefused))
        assert rig.heard[-1].at - began < 2.5
        assert "but not that it began" in told(rig, RecorderRefused)[0].reason

    async def test_a_folder_that_cannot_be_written_is_refused_with_what_to_mend(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        (rig.spool / "a").touch()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderRefused))
        assert "may FreeSWITCH's user write to" in told(rig, RecorderRefused)[0].reason
        assert any("may FreeSWITCH's user write to" in trouble for trouble in rig.pbx.troubles())

    async def test_a_restarted_freeswitch_has_no_recorders(self, rig: FreeSwitchRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.switch.crash()
        await rig.switch.start()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        assert told(rig, PbxResynchronised)[-1] == PbxResynchronised(channels=(), recorders=())

    async def test_a_hangup_is_told_after_the_end_of_its_file(self, rig: FreeSwitchRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.hang_up(agent)
        await rig.until(lambda: len(told(rig, ChannelEnded)) == 2)
        kinds = [type(one.event) for one in rig.heard]
        assert kinds.index(RecorderClosed) < max(
            index
            for index, one in enumerate(rig.heard)
            if one.event == ChannelEnded(channel=caller, cause="NORMAL_CLEARING")
        )
