"""What the dialplan recorded without us, in a real folder."""

import os
import struct
from pathlib import Path

import pytest

from connector.domain.events import RecorderFound
from connector.domain.recording import Heard
from connector.pbx.asterisk.left_behind import LeftByDialplan
from connector.pbx.asterisk.must_files import must_file, must_recorder
from connector.pbx.spool import SpoolFolder
from tests.clocks import SimulatedClock

BEGAN = 1767600000.5
FILE = f"must_rig-{BEGAN}.7~rig-{BEGAN}.6~{BEGAN}_rx.wav"


def wav(frames: int, *, is_closed: bool = True) -> bytes:
    size = 2 * frames
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", size)
    if not is_closed:
        head = head[:4] + bytes(4) + head[8:40] + bytes(4)
    return head + bytes(size)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(BEGAN + 3600)


@pytest.fixture
def files(tmp_path: Path, clock: SimulatedClock) -> LeftByDialplan:
    return LeftByDialplan(SpoolFolder(tmp_path, endings=(".wav16",), settle_seconds=0.001), tmp_path, clock)


async def test_a_file_and_its_notes_tell_of_a_call_that_nobody_saw(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(wav(80_000))
    notes = "channel=PJSIP/carrier-a-0000001f\nnumber=+4930123456\ndialled=201\ncontext=from-trunk\n"
    (tmp_path / FILE).with_suffix(".txt").write_text(notes)
    [stamped] = await files.found(())
    assert stamped.at == BEGAN
    assert stamped.event == RecorderFound(
        channel=must_file(FILE).channel,  # type: ignore[union-attr]  # it is one
        linked=f"rig-{BEGAN}.6",
        path=FILE,
        ended_at=BEGAN + 10.0,
        number="+4930123456",
        device="PJSIP/carrier-a",
        dialled="201",
        context="from-trunk",
    )


async def test_a_file_whose_writer_died_is_as_long_as_its_sound(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(wav(16_000, is_closed=False))
    [stamped] = await files.found(())
    assert isinstance(stamped.event, RecorderFound)
    assert stamped.event.ended_at == BEGAN + 2.0


async def test_wideband_counts_at_its_own_rate(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / f"{FILE}16").write_bytes(wav(16_000))
    [stamped] = await files.found(())
    assert isinstance(stamped.event, RecorderFound)
    assert (stamped.event.sample_rate, stamped.event.ended_at) == (16_000, BEGAN + 1.0)


async def test_known_files_young_ones_and_those_of_others_are_not_told(
    files: LeftByDialplan, clock: SimulatedClock, tmp_path: Path
) -> None:
    young = f"must_rig-1.7~rig-1.7~{clock.now() - 5:.3f}_rx.wav"
    for name in (FILE, young, "6f1c_rx.wav", "must_have.wav", "must_..~x~1_rx.mp3"):
        (tmp_path / name).write_bytes(wav(800))
    assert await files.found({FILE}) == []


async def test_notes_go_once_their_recording_is_known(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(wav(800))
    notes = (tmp_path / FILE).with_suffix(".txt")
    notes.write_text("number=201\n")
    await files.found(())
    assert notes.exists()
    await files.found({FILE})
    assert not notes.exists()


@pytest.mark.parametrize(
    ("value", "path", "heard"),
    [
        (f"{FILE}|CALLREEL_MUST_ID|{BEGAN}", FILE, Heard.RX),
        (FILE.replace("_rx", "_tx"), FILE.replace("_rx", "_tx"), Heard.TX),
    ],
)
def test_a_channel_tells_by_its_variable_where_it_is_recorded(value: str, path: str, heard: Heard) -> None:
    found = must_recorder(value)
    assert found is not None
    assert (found.file.path, found.file.heard, found.file.started_at) == (path, heard, BEGAN)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "|",
        f"/var/spool/asterisk/recording/{FILE}|X",
        "other.wav|X",
        "../../etc/passwd|X",
        "must_a~b~c_rx.wav",
        "must_a~b~1_rx.wav\n",
    ],
)
def test_what_names_no_such_file_is_none(value: str) -> None:
    assert must_recorder(value) is None


async def test_a_file_that_waited_for_its_sound_is_placed_by_its_end(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(wav(16_000))
    os.utime(tmp_path / FILE, (BEGAN + 20.0, BEGAN + 20.0))
    [stamped] = await files.found(())
    assert isinstance(stamped.event, RecorderFound)
    assert stamped.at == pytest.approx(BEGAN + 18.0)
    assert stamped.event.ended_at == pytest.approx(BEGAN + 20.0)


async def test_a_file_without_a_sound_is_of_no_call(files: LeftByDialplan, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(wav(0, is_closed=False))
    assert await files.found(()) == []


async def test_who_was_dialled_is_told_and_not_what_the_caller_had_dialled(
    files: LeftByDialplan, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(wav(80_000))
    notes = "channel=PJSIP/phones-0000001f\nnumber=the-queue\npeer=201@phones\n"
    (tmp_path / FILE).with_suffix(".txt").write_text(notes)
    [stamped] = await files.found(())
    assert isinstance(stamped.event, RecorderFound)
    assert stamped.event.number == "201"
