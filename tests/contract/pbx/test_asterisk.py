"""The driver of Asterisk keeps the contract of every PBX, on the real one."""

import asyncio
import wave
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from connector.domain.events import (
    ChannelEnded,
    PbxResynchronised,
    RecorderClosed,
    RecorderFlushed,
    RecorderFound,
    RecorderRefused,
    RecorderStalled,
    RecorderStarted,
)
from connector.domain.ids import SegmentId, found_segment_id
from connector.domain.pbx_commands import MuteRecorder
from tests.contract.pbx.asterisk_rig import AsteriskRig, running
from tests.contract.pbx.suite import CALL, PbxContract, samples, start, stop, told
from tests.pbx.asterisk import Asterisk, NoAsterisk

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]


@pytest.fixture(scope="module", params=[22, 16])
def asterisk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    try:
        asterisk = Asterisk(tmp_path_factory.mktemp("asterisk"), version=request.param)
    except NoAsterisk as error:
        pytest.skip(str(error))
    asyncio.run(asterisk.start())
    yield asterisk
    asyncio.run(asterisk.close())


@pytest.fixture
async def rig(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[AsteriskRig]:
    async with running(asterisk, tmp_path) as rig:
        yield rig


class TestAsterisk(PbxContract):
    """And what only Asterisk does."""

    async def test_a_file_that_cannot_be_written_is_refused_soon_with_what_to_mend(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        (rig.spool / "a").touch()
        began = rig.heard[-1].at
        for tries in (1, 2, 3):
            await rig.pbx.execute(start(caller, f"s{tries}", f"a/s{tries}.wav"))
            await rig.until(partial(_is_refused, rig, tries))

        assert rig.heard[-1].at - began < 2.0
        assert "did not appear" in told(rig, RecorderRefused)[0].reason
        assert told(rig, RecorderStarted) == []

    async def test_somebody_elses_recorder_on_the_channel_is_left_alone(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        theirs = rig.spool / "theirs.wav"
        await rig.pbx.ami.act("MixMonitor", {"Channel": caller, "File": str(theirs), "Options": "i(THEIRS)"})
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        await rig.pass_time(1.0)
        await rig.hang_up(caller)
        await rig.until(lambda: len(told(rig, ChannelEnded)) == 2)
        assert len(samples(theirs)) > len(samples(rig.spool / "a/call_s1_rx.wav")) + 8000

    async def test_a_recorder_that_somebody_else_stops_has_stalled(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(0.5)
        await rig.pbx.ami.act("StopMixMonitor", {"Channel": caller})
        await rig.until(lambda: told(rig, RecorderStalled))
        assert told(rig, RecorderStalled) == [RecorderStalled(segment=SegmentId("s1"))]
        assert told(rig, RecorderClosed) == []

    async def test_a_new_driver_goes_on_with_the_recorders_of_the_one_before(self, rig: AsteriskRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.pbx.execute(start(agent, "5f1c0b52-5a3e-5b0c-8f52-0d7f7d6c6f3a", "second.wav"))
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
        await rig.hang_up(agent)
        await rig.until(lambda: len(told(rig, RecorderClosed)) == 2)

    async def test_a_closed_file_is_no_living_recorder(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(0.5)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        assert caller in told(rig, PbxResynchronised)[-1].channels
        assert told(rig, PbxResynchronised)[-1].recorders == ()

    async def test_each_growth_of_a_file_is_told_with_its_moment(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller, path="s1.wav"))
        await rig.until(lambda: len(told(rig, RecorderFlushed)) == 2)
        [began] = [one.at for one in rig.heard if isinstance(one.event, RecorderStarted)]
        points = [(one.at, one.event.frames) for one in rig.heard if isinstance(one.event, RecorderFlushed)]
        for at, frames in points:
            assert abs(at - began - frames / 8000) < 0.06

    async def test_a_stop_and_a_hangup_are_told_at_their_own_moments(self, rig: AsteriskRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller, "s1", "s1.wav"))
        await rig.pbx.execute(start(agent, "s2", "s2.wav"))
        await rig.until(lambda: len(told(rig, RecorderStarted)) == 2)
        await rig.pass_time(1.0)
        await rig.pbx.execute(stop(caller, "s1"))
        await rig.until(lambda: told(rig, RecorderClosed))
        await rig.hang_up(agent)
        await rig.until(lambda: len(told(rig, RecorderClosed)) == 2)
        for segment in ("s1", "s2"):
            began, *_, ended = [one.at for one in rig.heard if getattr(one.event, "segment", "") == segment]
            assert abs(ended - began - len(samples(rig.spool / f"{segment}.wav")) / 16000) < 0.06

    async def test_a_phone_that_speaks_wideband_is_written_in_wideband(self, rig: AsteriskRig) -> None:
        caller, agent = await rig.call(wideband=True)
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        assert told(rig, RecorderStarted) == [
            RecorderStarted(segment=SegmentId("s1"), path="a/call_s1_rx.wav16", sample_rate=16000)
        ]
        await rig.pass_time(1.0)
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        assert list(told(rig, PbxResynchronised)[-1].recorders) == told(rig, RecorderStarted)
        await rig.hang_up(agent)
        await rig.until(lambda: told(rig, RecorderClosed))
        with wave.open(str(rig.spool / "a/call_s1_rx.wav16")) as file:
            assert file.getframerate() == 16000
            assert file.getnframes() > 16000

    async def test_what_is_muted_before_its_start_is_on_its_way_is_silent_from_the_first_frame(
        self, rig: AsteriskRig
    ) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.pbx.execute(MuteRecorder(call=CALL, segment=SegmentId("s1"), channel=caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        await rig.hang_up(caller)
        await rig.until(lambda: told(rig, RecorderClosed))
        sound = samples(rig.spool / "a/call_s1_rx.wav")
        assert len(sound) > 10000
        assert not any(sound[640:])

    async def test_a_recorder_of_the_dialplan_is_found_and_obeys(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        path = f"must_{caller}~{caller}~1.5_rx.wav"
        options = f"r({rig.spool}/{path})i(MUST_ID)"
        await rig.pbx.ami.act("MixMonitor", {"Channel": caller, "Options": options})
        await rig.pbx.ami.act("Setvar", {"Channel": caller, "Variable": "CALLREEL_MUST", "Value": f"{path}|MUST_ID"})
        await rig.until(lambda: told(rig, RecorderFound))
        [found] = told(rig, RecorderFound)
        assert (found.channel, found.linked, found.path) == (caller, caller, path)

        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, RecorderFound)) == 2)
        segment = found_segment_id("asterisk", path)
        assert [one.segment for one in told(rig, PbxResynchronised)[-1].recorders] == [segment]
        await rig.pass_time(0.5)
        await rig.pbx.execute(stop(caller, segment))
        await rig.until(lambda: told(rig, RecorderClosed))
        assert told(rig, RecorderClosed) == [RecorderClosed(segment=segment)]
        assert samples(rig.spool / path)

    async def test_a_mute_silences_our_recorder_and_nobody_elses_but_on_16_the_eldest(self, rig: AsteriskRig) -> None:
        caller, _ = await rig.call()
        theirs = rig.spool / "theirs.wav"
        await rig.pbx.ami.act("MixMonitor", {"Channel": caller, "Options": f"r({theirs})i(THEIRS)"})
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pbx.execute(MuteRecorder(call=CALL, segment=SegmentId("s1"), channel=caller))
        await rig.pass_time(1.5)
        await rig.hang_up(caller)
        await rig.until(lambda: told(rig, RecorderClosed))
        ours = rig.spool / "a/call_s1_rx.wav"
        silenced, audible = (ours, theirs) if rig.version >= 22 else (theirs, ours)
        assert not any(samples(silenced)[-4000:])
        assert any(samples(audible)[-4000:])


def _is_refused(rig: AsteriskRig, tries: int) -> bool:
    return len(told(rig, RecorderRefused)) == tries
