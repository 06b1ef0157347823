"""Files that stop growing and signs that got lost, on a real folder and with time moved by hand."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path

from connector.domain.events import BridgeEntered, CallEvent, RecorderClosed, RecorderFlushed, RecorderStalled
from connector.domain.ids import BridgeId, ChannelId, Moment, SegmentId
from connector.pbx.asterisk.ami import Ami
from connector.pbx.asterisk.book import Book, Recorder
from connector.pbx.asterisk.recorder_files import RecorderFiles
from connector.pbx.asterisk.vitality import Vitality
from tests.clocks import SimulatedClock
from tests.unit.pbx.asterisk.ami_server import AmiServer, Answer, error, success

QUEUES = success(
    "Output: Processor            Processed   In Queue  Max Depth",
    "Output: pjsip/default-0000000a      21         48         48        450        500",
    "Output: pjsip/default-0000000b       0          2          0        450        500",
)


class Ward:
    """A book, its folder and who looks after them; `on_command` is what AMI answers to a command of the console."""

    def __init__(self, folder: Path, on_command: Answer) -> None:
        self.folder = folder
        self.clock = SimulatedClock()
        self.told: list[CallEvent] = []
        #: As the PBX holds them: to close one would be the end of its recorder.
        self._open: dict[str, FileIO] = {}
        self.server = AmiServer({"Command": on_command})
        self.book = Book(self._say, on_disk=True)
        self.book.is_connected = True
        self.files = RecorderFiles(folder, self.book, self.clock)

    def _say(self, _at: Moment, event: CallEvent) -> None:
        self.told.append(event)

    def recorder(self, name: str) -> Recorder:
        recorder = Recorder(
            segment=SegmentId(name),
            channel=ChannelId(name),
            path=f"{name}.wav",
            sample_rate=8000,
            asked_at=self.clock.now(),
        )
        recorder.started_at, recorder.is_proved, recorder.is_on_disk = self.clock.now(), True, True
        self.book.add(recorder)
        self._open[recorder.path] = (self.folder / recorder.path).open("ab", buffering=0)
        return recorder

    def grow(self, recorder: Recorder) -> None:
        self._open[recorder.path].write(bytes(32768))
        os.utime(self.folder / recorder.path, (self.clock.now(), self.clock.now()))

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[Vitality]:
        up = asyncio.Event()

        async def came_up() -> None:
            up.set()

        async with self.server.listening(), asyncio.TaskGroup() as tasks:
            ami = Ami(
                "office",
                self.server.endpoint,
                heard=lambda *_: None,
                came_up=came_up,
                went_down=lambda _: None,
                clock=self.clock,
            )
            tasks.create_task(ami.run())
            await up.wait()
            try:
                yield Vitality("office", ami, self.book, self.files, self.clock)
            finally:
                self.files.close()
                for file in self._open.values():
                    file.close()
                await ami.close()


async def test_a_file_that_stands_still_while_its_partners_grows_is_told_once(tmp_path: Path) -> None:
    ward = Ward(tmp_path, error("Permission denied"))
    dead, alive = ward.recorder("dead"), ward.recorder("alive")
    async with ward.attended() as vitality:
        for recorder in (dead, alive):
            vitality.note(BridgeEntered(channel=recorder.channel, bridge=BridgeId("b")), ward.clock.now())
        for _ in range(4):
            await ward.clock.advance(3.1)
            ward.grow(alive)
            await vitality.round()
        stalls = [event for event in ward.told if isinstance(event, RecorderStalled)]
        assert stalls == [RecorderStalled(segment=dead.segment)]


async def test_growth_that_nobody_told_is_seen(tmp_path: Path) -> None:
    ward = Ward(tmp_path, error("Permission denied"))
    recorder = ward.recorder("s1")
    async with ward.attended() as vitality:
        await ward.clock.advance(3.1)
        ward.grow(recorder)
        ward.files.close()
        ward.files = RecorderFiles(tmp_path, ward.book, ward.clock)
        await Vitality("office", vitality._ami, ward.book, ward.files, ward.clock).round()
        assert ward.told == [RecorderFlushed(segment=recorder.segment, frames=(32768 - 44) // 2)]


async def test_an_end_that_nobody_told_is_seen(tmp_path: Path) -> None:
    ward = Ward(tmp_path, error("Permission denied"))
    recorder = ward.recorder("s1")
    head = b"RIFF\x2a\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    async with ward.attended() as vitality:
        ward.book.channel_ended(recorder.channel, ward.clock.now())
        (tmp_path / recorder.path).write_bytes(head + b"data" + struct.pack("<I", 2) + b"xx")
        await vitality.round()
        assert ward.told == [RecorderClosed(segment=recorder.segment)]


async def test_a_pbx_none_of_whose_files_grows_is_half_dead_and_its_queues_are_named(tmp_path: Path) -> None:
    ward = Ward(tmp_path, QUEUES)
    recorders = [ward.recorder(f"s{number}") for number in range(5)]
    async with ward.attended() as vitality:
        await ward.clock.advance(9.0)
        await vitality.round()
        assert vitality.trouble == ""
        await ward.clock.advance(2.0)
        await vitality.round()
        assert "50 tasks" in vitality.trouble
        ward.grow(recorders[0])
        await vitality.round()
        assert vitality.trouble == ""


async def test_without_the_right_to_look_it_says_where_to_look(tmp_path: Path) -> None:
    ward = Ward(tmp_path, error("Permission denied"))
    for number in range(5):
        ward.recorder(f"s{number}")
    async with ward.attended() as vitality:
        await ward.clock.advance(11.0)
        await vitality.round()
        assert "core show taskprocessors" in vitality.trouble
