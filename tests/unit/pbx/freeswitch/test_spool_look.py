"""One look at files that are being written."""

import struct
from pathlib import Path

import pytest

from connector.pbx.freeswitch.spool_look import Head, SpoolLook, head_of

FMT = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
STEREO = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 16000, 64000, 4, 16)
RIFF = b"RIFF\x08\0\0\0WAVE"
DATA = b"data\0\0\0\0"


def a_look(folder: Path) -> SpoolLook:
    return SpoolLook(folder, lambda: 5.0)


def test_the_head_of_an_open_file_tells_where_its_sound_begins() -> None:
    assert head_of(RIFF + FMT + DATA) == Head(44, 2, 8000)


def test_a_chunk_before_the_sound_and_a_second_channel_are_reckoned_with() -> None:
    head = head_of(RIFF + STEREO + b"LIST\x05\0\0\0abcde\0" + DATA)
    assert head == Head(58, 4, 16000)
    assert head.frames(58 + 4 * 100 + 3) == 100


@pytest.mark.parametrize("data", [b"", RIFF, RIFF + FMT, RIFF + DATA, b"OggS" + FMT + DATA])
def test_what_is_no_whole_head_is_none(data: bytes) -> None:
    assert head_of(data) is None


async def test_frames_are_counted_at_the_moment_of_the_look(tmp_path: Path) -> None:
    look = a_look(tmp_path)
    place = tmp_path / "x.wav"
    place.write_bytes(RIFF)
    assert (await look.looks(["x.wav", "absent.wav"]))["x.wav"].head is None
    place.write_bytes(RIFF + FMT + DATA + bytes(640))
    sights = await look.looks(["x.wav", "absent.wav"])
    assert list(sights) == ["x.wav"]
    assert (sights["x.wav"].at, sights["x.wav"].frames) == (5.0, 320)
    look.close()


@pytest.mark.parametrize(("size_bytes", "ends_block"), [(44 + 640, False), (4096, True)])
async def test_a_file_that_ends_with_a_block_of_the_disk_is_seen(
    tmp_path: Path, size_bytes: int, ends_block: bool
) -> None:
    look = a_look(tmp_path)
    (tmp_path / "x.wav").write_bytes((RIFF + FMT + DATA).ljust(size_bytes, b"\0"))
    assert (await look.looks(["x.wav"]))["x.wav"].ends_block == ends_block
    look.close()


async def test_the_head_is_read_once_and_forgotten_with_its_recorder(tmp_path: Path) -> None:
    look = a_look(tmp_path)
    place = tmp_path / "x.wav"
    place.write_bytes(RIFF + FMT + DATA + bytes(640))
    await look.looks(["x.wav"])
    place.write_bytes(RIFF + STEREO + DATA + bytes(640))
    assert (await look.looks(["x.wav"]))["x.wav"].frames == 320
    look.keep([])
    assert (await look.looks(["x.wav"]))["x.wav"].frames == 160
    look.close()


async def test_where_the_folder_cannot_be_seen_freeswitch_is_believed_and_somebody_told(tmp_path: Path) -> None:
    look = a_look(tmp_path / "elsewhere")
    assert await look.is_there("x.wav")
    assert "cannot be seen here" in look.trouble
    look.close()


async def test_where_the_folder_is_seen_the_file_has_to_be_there(tmp_path: Path) -> None:
    look = a_look(tmp_path)
    assert not await look.is_there("x.wav")
    (tmp_path / "x.wav").touch()
    assert await look.is_there("x.wav")
    assert look.trouble == ""
    look.close()


async def test_a_folder_that_comes_back_is_no_trouble_any_more(tmp_path: Path) -> None:
    look = a_look(tmp_path / "mount")
    await look.look_around()
    assert not look.is_visible
    (tmp_path / "mount").mkdir()
    await look.look_around()
    assert look.is_visible
    assert look.trouble == ""
    look.close()


async def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = a_look(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    await look.look_around()
    assert "no room left" in look.trouble
    look.close()
