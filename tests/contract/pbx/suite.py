"""What every PBX driver must keep. A driver's own test module makes a rig and inherits the tests."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from connector.domain.events import (
    BridgeEntered,
    CallEvent,
    ChannelAnswered,
    ChannelCreated,
    ChannelEnded,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    RecorderClosed,
    RecorderRefused,
    RecorderStarted,
    Stamped,
)
from connector.domain.ids import CallId, ChannelId, SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder, StopRecorder, UnmuteRecorder
from connector.ports.pbx import Pbx

_E = TypeVar("_E")

CALL = CallId("a call")


class PbxRig(Protocol):
    """A PBX under the hand of a test, with a driver that is connected and whose events are collected."""

    spool: Path
    heard: list[Stamped]

    @property
    def pbx(self) -> Pbx: ...

    async def call(self) -> tuple[ChannelId, ChannelId]:
        """Two phones talk, and go on until one hangs up: who dialled, who answered."""
        ...

    async def hang_up(self, channel: ChannelId) -> None: ...

    async def pass_time(self, seconds: float) -> None:
        """Let it pass, on the PBX's clock."""
        ...

    async def until(self, claim: Callable[[], object]) -> None:
        """Wait until that is so; fails when it does not become so soon."""
        ...

    async def lose_connection(self) -> None:
        """Cut it; it can be made again at once."""
        ...


def told(rig: PbxRig, kind: type[_E]) -> list[_E]:
    return [stamped.event for stamped in rig.heard if isinstance(stamped.event, kind)]


def start(channel: ChannelId, segment: str = "s1", path: str = "a/call_s1_rx.wav") -> StartRecorder:
    return StartRecorder(call=CALL, segment=SegmentId(segment), channel=channel, path=path, sample_rate=8000)


def stop(channel: ChannelId, segment: str = "s1") -> StopRecorder:
    return StopRecorder(call=CALL, segment=SegmentId(segment), channel=channel)


def place(rig: PbxRig) -> Path:
    """Where the recorder says that it writes, which may be elsewhere than asked."""
    started = told(rig, RecorderStarted)
    return rig.spool / (started[-1].path if started and started[-1].path else "a/call_s1_rx.wav")


def samples(place: Path) -> bytes:
    with wave.open(str(place)) as file:
        return bytes(file.readframes(file.getnframes()))


class PbxContract:
    """Needs a fixture `rig`."""

    async def test_the_first_word_is_what_lives_on_the_pbx(self, rig: PbxRig) -> None:
        await rig.until(lambda: rig.heard)
        assert isinstance(rig.heard[0].event, PbxResynchronised)

    async def test_a_call_is_told_in_order_and_its_stamps_never_go_back(self, rig: PbxRig) -> None:
        caller, agent = await rig.call()
        await rig.hang_up(caller)
        await rig.until(lambda: len(told(rig, ChannelEnded)) == 2)

        for channel in (caller, agent):
            life = [type(s.event) for s in rig.heard if getattr(s.event, "channel", None) == channel]
            expected: list[type[CallEvent]] = [ChannelCreated, ChannelAnswered, BridgeEntered, ChannelEnded]
            assert [kind for kind in life if kind in expected] == expected
        stamps = [stamped.at for stamped in rig.heard]
        assert stamps == sorted(stamps)
        assert stamps[-1] > stamps[0]

    async def test_a_recorder_that_is_said_to_have_started_has_a_file(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        assert place(rig).is_file()

    async def test_a_stopped_recorder_leaves_a_whole_file_as_long_as_it_ran(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(3.0)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))

        seconds = len(samples(place(rig))) / 16000
        assert abs(seconds - 3.0) <= 0.1

    async def test_a_hangup_closes_the_recorder_of_that_channel_only(self, rig: PbxRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        await rig.hang_up(agent)
        await rig.until(lambda: len(told(rig, ChannelEnded)) == 2)
        await rig.until(lambda: told(rig, RecorderClosed))
        assert samples(place(rig))

    async def test_what_was_said_while_muted_is_silence_of_the_same_length(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        await rig.pbx.execute(MuteRecorder(call=CALL, segment=SegmentId("s1"), channel=caller))
        await rig.pass_time(1.0)
        await rig.pbx.execute(UnmuteRecorder(call=CALL, segment=SegmentId("s1"), channel=caller))
        await rig.pass_time(1.0)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))

        sound = samples(place(rig))
        assert abs(len(sound) / 16000 - 3.0) <= 0.1
        assert any(sound[: 2 * 7000])
        assert not any(sound[2 * 9000 : 2 * 15000])
        assert any(sound[-2 * 7000 :])

    async def test_a_recorder_on_a_channel_that_is_not_there_is_refused(self, rig: PbxRig) -> None:
        await rig.call()
        await rig.pbx.execute(start(ChannelId("nobody")))
        await rig.until(lambda: told(rig, RecorderRefused) or told(rig, CommandTimedOut))
        [refused] = told(rig, RecorderRefused)
        assert refused.segment == "s1"
        assert refused.reason
        assert not list(rig.spool.rglob("*.wav"))

    async def test_after_a_lost_connection_it_tells_what_lives_now(self, rig: PbxRig) -> None:
        caller, agent = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)

        assert len(told(rig, PbxLost)) == 1
        kinds = [type(stamped.event) for stamped in rig.heard]
        assert kinds.index(PbxLost) < len(kinds) - 1 - kinds[::-1].index(PbxResynchronised)
        now = told(rig, PbxResynchronised)[-1]
        assert {caller, agent} <= set(now.channels)
        assert [recorder.segment for recorder in now.recorders] == ["s1"]

    async def test_a_lost_connection_costs_the_recording_nothing(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        await rig.lose_connection()
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        await rig.pass_time(1.0)
        await rig.pbx.execute(stop(caller))
        await rig.until(lambda: told(rig, RecorderClosed))
        assert len(samples(place(rig))) >= 2.0 * 16000

    async def test_a_command_without_a_connection_times_out_and_is_never_repeated(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.lose_connection()
        await rig.until(lambda: told(rig, PbxLost))
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: len(told(rig, PbxResynchronised)) == 2)
        await rig.until(lambda: told(rig, CommandTimedOut))
        assert told(rig, CommandTimedOut) == [CommandTimedOut(segment=SegmentId("s1"))]
        assert told(rig, RecorderStarted) == []
        assert not list(rig.spool.rglob("*.wav"))

    async def test_closing_the_driver_touches_no_recorder(self, rig: PbxRig) -> None:
        caller, _ = await rig.call()
        await rig.pbx.execute(start(caller))
        await rig.until(lambda: told(rig, RecorderStarted))
        await rig.pass_time(1.0)
        size = place(rig).stat().st_size
        await rig.pbx.close()
        await rig.pass_time(5.0)
        assert place(rig).stat().st_size > size
