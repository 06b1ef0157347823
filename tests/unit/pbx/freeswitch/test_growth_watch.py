"""Sizes of running files become points of their clocks, on a real folder and with time moved by hand."""

import asyncio
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.events import BridgeEntered, CallEvent, ChannelHeld, RecorderFlushed, RecorderStalled
from connector.domain.ids import BridgeId, ChannelId, Moment, SegmentId
from connector.pbx.freeswitch.growth_watch import GrowthWatch
from connector.pbx.freeswitch.recorders import Recorder, Recorders
from connector.pbx.freeswitch.spool_look import SpoolLook
from tests.clocks import SimulatedClock
from tests.pbx.waiting import until

HEAD = b"RIFF\x08\0\0\0WAVE" + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16) + b"data\0\0\0\0"


class Ward:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SimulatedClock()
        self.told: list[tuple[Moment, CallEvent]] = []
        self.recorders = Recorders(lambda at, event: self.told.append((at, event)))
        self.look = SpoolLook(folder, self.clock.now)
        self.watch = GrowthWatch("office", self.recorders, self.look, self.clock)

    def recorder(self, name: str) -> Recorder:
        recorder = Recorder(
            segment=SegmentId(name),
            channel=ChannelId(name),
            path=f"{name}.wav",
            sample_rate=8000,
            asked_at=self.clock.now(),
        )
        recorder.adopted(self.clock.now())
        self.recorders.add(recorder)
        (self.folder / recorder.path).write_bytes(HEAD)
        return recorder

    def grow(self, *recorders: Recorder) -> None:
        for recorder in recorders:
            with (self.folder / recorder.path).open("ab") as file:
                file.write(bytes(16000))

    def talk(self, *recorders: Recorder) -> None:
        for recorder in recorders:
            self.watch.note(BridgeEntered(channel=recorder.channel, bridge=BridgeId("b")), self.clock.now())

    async def round(self) -> None:
        """The looks are real, the time between them is not."""
        task = asyncio.create_task(self.watch.round())
        while not task.done():
            await until(lambda: task.done() or bool(self.clock.wakes_at), lambda: "a look", 5.0)
            if not task.done():
                await self.clock.advance(self.clock.wakes_at[0] - self.clock.now())
        await task

    def of(self, kind: type[CallEvent]) -> list[CallEvent]:
        return [event for _, event in self.told if isinstance(event, kind)]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path)
    yield ward
    ward.look.close()


async def test_each_growth_is_told_at_the_moment_of_the_look(ward: Ward) -> None:
    recorder = ward.recorder("s1")
    began = ward.clock.now()
    ward.grow(recorder)
    await ward.round()
    await ward.round()
    ward.grow(recorder)
    await ward.round()
    assert ward.told == [
        (began + 1, RecorderFlushed(segment=recorder.segment, frames=8000)),
        (began + 3, RecorderFlushed(segment=recorder.segment, frames=16000)),
    ]


async def test_many_files_are_looked_at_each_once_a_round_and_few_at_a_time(ward: Ward) -> None:
    recorders = [ward.recorder(f"s{number}") for number in range(130)]
    ward.grow(*recorders)
    began = ward.clock.now()
    await ward.round()
    assert len(ward.told) == 130
    assert set(Counter(at for at, _ in ward.told).values()) == {10}
    assert ward.clock.now() == began + 1


async def test_a_file_that_stands_still_while_the_other_grows_has_stalled_and_is_told_once(ward: Ward) -> None:
    dead, alive = ward.recorder("dead"), ward.recorder("alive")
    ward.talk(dead, alive)
    for _ in range(9):
        ward.grow(alive)
        await ward.round()
    assert ward.of(RecorderStalled) == [RecorderStalled(segment=dead.segment)]


async def test_the_file_of_one_who_holds_may_stand_still(ward: Ward) -> None:
    quiet, alive = ward.recorder("quiet"), ward.recorder("alive")
    ward.talk(quiet, alive)
    ward.watch.note(ChannelHeld(channel=quiet.channel), ward.clock.now())
    for _ in range(9):
        ward.grow(alive)
        await ward.round()
    assert ward.of(RecorderStalled) == []


async def test_while_nobody_tells_who_holds_no_file_has_stalled(ward: Ward) -> None:
    quiet, alive = ward.recorder("quiet"), ward.recorder("alive")
    ward.talk(quiet, alive)
    ward.watch.pause()
    for _ in range(9):
        ward.grow(alive)
        await ward.round()
    assert ward.of(RecorderStalled) == []
    ward.watch.begin()
    ward.talk(quiet, alive)
    for _ in range(9):
        ward.grow(alive)
        await ward.round()
    assert ward.of(RecorderStalled) == [RecorderStalled(segment=quiet.segment)]


async def test_when_nobody_writes_any_more_the_pbx_is_called_half_dead_until_it_writes(ward: Ward) -> None:
    recorders = [ward.recorder(f"s{number}") for number in range(5)]
    for _ in range(11):
        await ward.round()
    assert "none of its recorders has written anything" in ward.watch.trouble
    ward.grow(recorders[0])
    await ward.round()
    assert ward.watch.trouble == ""


async def test_calls_that_are_all_on_hold_are_no_trouble(ward: Ward) -> None:
    for number in range(5):
        ward.watch.note(ChannelHeld(channel=ward.recorder(f"s{number}").channel), ward.clock.now())
    for _ in range(11):
        await ward.round()
    assert ward.watch.trouble == ""


async def test_a_spool_that_cannot_be_seen_gives_no_points_and_no_alarm(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.recorder("s1")
    ward.look = SpoolLook(tmp_path / "elsewhere", ward.clock.now)
    ward.watch = GrowthWatch("office", ward.recorders, ward.look, ward.clock)
    await ward.round()
    assert ward.told == []
    assert "cannot be seen here" in ward.look.trouble
    ward.look.close()
