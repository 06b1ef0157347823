"""Recorders that are started, masked and stopped by jobs, at an event socket that answers as told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from connector.domain.events import CallEvent, CommandTimedOut, RecorderClosed, RecorderRefused, RecorderStarted
from connector.domain.ids import CallId, ChannelId, SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder, StopRecorder, UnmuteRecorder
from connector.errors import PbxRefused, PbxUnreachable
from connector.network.clock import SystemClock
from connector.pbx.freeswitch.recorder_control import RecorderControl
from connector.pbx.freeswitch.recorders import Recorders
from connector.pbx.freeswitch.spool_look import SpoolLook
from tests.pbx.waiting import until

LEG, OTHER = ChannelId("leg-1"), ChannelId("leg-2")
S1 = SegmentId("s1")
CALL = CallId("call")
_BUG = "<media-bug><function>session_record</function><target>{}</target></media-bug>"


class Socket:
    """An event socket. `on` is what happens at a job of that verb; without it the job says yes."""

    def __init__(self) -> None:
        self.is_up = True
        self.jobs: list[str] = []
        self.on: dict[str, Exception] = {}
        #: Files by the leg that they are recorded from.
        self.running: dict[ChannelId, str] = {}
        self.began = asyncio.Event()

    async def job(self, command: str, limit_seconds: float = 2.0) -> str:
        verb = command.split()[2]
        self.jobs.append(verb)
        self.began.set()
        await asyncio.sleep(0)
        if verb in self.on:
            raise self.on[verb]
        return "+OK Success"

    async def api(self, command: str, limit_seconds: float = 2.0) -> str:
        if not self.is_up:
            raise PbxUnreachable("not connected")
        file = self.running.get(ChannelId(command.split()[1]))
        return _BUG.format(file) if file is not None else "-ERR no reply"

    async def answers(self, commands: Sequence[str], limit_seconds: float = 10.0) -> list[str]:
        return [
            f'{{"rows":[{{"uuid":"{LEG}"}},{{"uuid":"{OTHER}"}}]}}'
            if command.startswith("show")
            else await self.api(command)
            for command in commands
        ]


class Look(SpoolLook):
    is_full = False

    @property
    def has_room(self) -> bool:
        return not self.is_full


class Desk:
    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.clock = SystemClock()
        self.socket = Socket()
        self.told: list[CallEvent] = []
        self.recorders = Recorders(lambda _, event: self.told.append(event))
        self.look = Look(spool, self.clock.now)
        self.rate = 8000
        self.room_again = asyncio.Event()
        self.control = self.controlling(str(spool))

    def controlling(self, spool: str) -> RecorderControl:
        return RecorderControl(
            "office",
            self.socket,
            self.recorders,
            self.look,
            spool=spool,
            rate_of=lambda _: self.rate,
            clock=self.clock,
            tell=lambda _, event: self.told.append(event),
            room_again=self.room_again.set,
        )

    async def start(self, path: str = "a_s1_rx.wav") -> None:
        await self.control.start(StartRecorder(call=CALL, segment=S1, channel=LEG, path=path, sample_rate=8000))

    async def running(self) -> None:
        """One that has proved itself."""
        (self.spool / "a_s1_rx.wav").touch()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.start())
            await self.socket.began.wait()
            self.recorders.record_start(S1, self.clock.now())

    async def stop(self) -> None:
        await self.control.stop(StopRecorder(call=CALL, segment=S1, channel=LEG))

    async def mute(self) -> None:
        await self.control.mute(MuteRecorder(call=CALL, segment=S1, channel=LEG))

    async def unmute(self) -> None:
        await self.control.mute(UnmuteRecorder(call=CALL, segment=S1, channel=LEG))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.look.close()


async def test_a_start_with_its_event_and_its_file_is_proved(desk: Desk) -> None:
    await desk.running()
    assert desk.told == [RecorderStarted(segment=S1, path="a_s1_rx.wav", sample_rate=8000)]
    assert desk.control.trouble == ""


async def test_a_wideband_phone_is_written_in_wideband(desk: Desk) -> None:
    desk.rate = 48000
    await desk.running()
    assert desk.told == [RecorderStarted(segment=S1, path="a_s1_rx.wav", sample_rate=16000)]


async def test_without_its_file_it_is_refused_and_stopped(desk: Desk) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.start())
        await desk.socket.began.wait()
        desk.recorders.record_start(S1, desk.clock.now())
        desk.socket.running[LEG] = f"{desk.spool}/a_s1_rx.wav"
    [refused] = desk.told
    assert isinstance(refused, RecorderRefused)
    assert "the same folder here as there" in refused.reason
    assert "the same folder here as there" in desk.control.trouble
    assert desk.socket.jobs == ["start", "stop"]


async def test_on_a_full_disk_nothing_is_refused_for_good_and_when_there_is_room_it_is_told(desk: Desk) -> None:
    desk.socket.on["start"] = PbxRefused("-ERR Cannot record session!")
    desk.look.is_full = True
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(desk.start())
        await until(lambda: len(desk.told) == 2, "that both found no room")
        assert not desk.room_again.is_set()
        desk.look.is_full = False
    assert desk.room_again.is_set()
    lack = CommandTimedOut(segment=S1, reason="the PBX could not begin its file: its disk was full")
    assert desk.told == [lack, lack]
    assert desk.control.trouble == "", "the spool says it, and no longer than it is so"


async def test_a_yes_without_an_event_is_believed_when_the_leg_shows_the_recorder(desk: Desk) -> None:
    (desk.spool / "a_s1_rx.wav").touch()
    desk.socket.running[LEG] = f"{desk.spool}/a_s1_rx.wav"
    await desk.start()
    assert [type(event) for event in desk.told] == [RecorderStarted]


async def test_a_no_is_told_in_freeswitchs_words_with_what_to_mend(desk: Desk) -> None:
    desk.socket.on["start"] = PbxRefused("refused uuid_record: -ERR Cannot record session!")
    await desk.start()
    [refused] = desk.told
    assert isinstance(refused, RecorderRefused)
    assert "-ERR Cannot record session!" in refused.reason
    assert f"may FreeSWITCH's user write to {desk.spool}" in refused.reason
    assert refused.reason in desk.control.trouble


async def test_a_leg_that_has_hung_up_is_no_trouble(desk: Desk) -> None:
    desk.socket.on["start"] = PbxRefused("refused uuid_record: -ERR Cannot locate session!")
    await desk.start()
    assert "hung up" in getattr(desk.told[0], "reason", "")
    assert desk.control.trouble == ""


async def test_a_start_that_nobody_answers_times_out_and_is_nobodys_when_it_comes_later(desk: Desk) -> None:
    desk.socket.on["start"] = TimeoutError("no answer")
    await desk.start()
    assert desk.told == [CommandTimedOut(segment=S1)]
    assert not desk.recorders.record_start(S1, desk.clock.now())
    assert desk.recorders.is_nobodys(S1)


async def test_a_start_whose_answer_alone_is_missing_has_begun(desk: Desk) -> None:
    desk.socket.on["start"] = TimeoutError("no answer")
    await desk.running()
    assert [type(event) for event in desk.told] == [RecorderStarted]


async def test_a_spool_and_a_path_that_are_not_plain_are_refused_unasked(desk: Desk) -> None:
    await desk.start("../a.wav")
    desk.control = desk.controlling("/my spool")
    await desk.start()
    assert [type(event) for event in desk.told] == [RecorderRefused, RecorderRefused]
    assert "choose another" in desk.control.trouble
    assert desk.socket.jobs == []


async def test_masks_are_asked_one_by_one_and_after_the_proof(desk: Desk) -> None:
    (desk.spool / "a_s1_rx.wav").touch()
    async with asyncio.TaskGroup() as tasks:
        for doing in (desk.start(), desk.mute(), desk.unmute()):
            tasks.create_task(doing)
        await desk.socket.began.wait()
        await asyncio.sleep(0)
        assert desk.socket.jobs == ["start"]
        desk.recorders.record_start(S1, desk.clock.now())
    assert desk.socket.jobs == ["start", "mask", "unmask"]


async def test_a_mask_that_fails_is_said_until_one_succeeds(desk: Desk) -> None:
    await desk.running()
    desk.socket.on["mask"] = PbxRefused("-ERR Cannot mask recording session!")
    await desk.mute()
    assert "does not silence its files" in desk.control.trouble
    desk.socket.on.clear()
    await desk.mute()
    assert desk.control.trouble == ""


async def test_a_stop_is_closed_by_its_event_and_not_by_its_answer(desk: Desk) -> None:
    await desk.running()
    await desk.stop()
    assert [type(event) for event in desk.told] == [RecorderStarted]
    desk.recorders.record_stop(S1, 5.0)
    await desk.stop()
    assert desk.told[1:] == [RecorderClosed(segment=S1)]
    assert desk.socket.jobs == ["start", "stop"]


async def test_a_recorder_that_is_not_there_any_more_is_closed_though_no_event_comes(desk: Desk) -> None:
    await desk.running()
    desk.socket.on["stop"] = PbxRefused("-ERR Cannot stop record session!")
    await desk.stop()
    assert desk.told[1:] == [RecorderClosed(segment=S1)]


async def test_a_stop_that_nobody_answers_times_out_and_the_recorder_is_still_ours(desk: Desk) -> None:
    await desk.running()
    desk.socket.on["stop"] = PbxUnreachable("lost")
    await desk.stop()
    assert desk.told[1:] == [CommandTimedOut(segment=S1)]
    [recorder] = desk.recorders
    assert recorder.is_running


async def test_a_recorder_that_nobody_knows_is_looked_for_and_stopped(desk: Desk) -> None:
    desk.socket.running[LEG] = f"{desk.spool}/deep/a_s1_rx.wav"
    await desk.stop()
    assert desk.socket.jobs == ["stop"]
    desk.socket.running[LEG] = "/theirs/a_s1_rx.wav"
    await desk.stop()
    assert desk.socket.jobs == ["stop"]


async def test_a_recorder_that_was_moved_to_another_leg_has_ended_with_its_own(desk: Desk) -> None:
    await desk.running()
    desk.socket.running[OTHER] = f"{desk.spool}/a_s1_rx.wav"
    desk.socket.on["stop"] = PbxRefused("-ERR Cannot stop record session!")
    [recorder] = desk.recorders
    await desk.control.pursue(recorder, 5.0)
    assert desk.told[1:] == [RecorderClosed(segment=S1, is_moved=True)]
    assert desk.socket.jobs == ["start", "stop"]
    assert "unset recording_follow_transfer" in desk.control.trouble
    assert list(desk.recorders) == []


async def test_a_recorder_that_ended_unseen_with_its_leg_is_closed(desk: Desk) -> None:
    await desk.running()
    [recorder] = desk.recorders
    await desk.control.pursue(recorder, 5.0)
    assert desk.told[1:] == [RecorderClosed(segment=S1)]
