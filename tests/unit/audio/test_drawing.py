"""The waveform drawn from a stored file, by its program: as rendering draws it, and never of what is no stereo."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from connector.audio.extremes import extremes
from connector.audio.peaks import HEADER, PeaksFile
from connector.services.waveforms import DRAWING

from .sound import noise

RATE = 8000


def drawn(file: Path, seconds: float) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, *DRAWING[1:], "None", str(seconds), str(RATE), "all"]
    return subprocess.run(words, input=file.read_bytes(), capture_output=True, check=False)


def stored(folder: Path, frames: int, form: str, channels: int = 2) -> Path:
    """Noise: no two pixels are alike."""
    file = folder / f"call.{form}"
    rows = np.stack([noise(frames, number + 1) for number in range(channels)], axis=1)
    soundfile.write(file, rows, RATE, subtype="PCM_16")
    return file


def by_rendering(folder: Path, frames: int) -> bytes:
    file = PeaksFile(folder / "peaks.dat", frames=frames, sample_rate=RATE)
    file.write(extremes(noise(frames, 1), RATE // 100), extremes(noise(frames, 2), RATE // 100))
    file.end()
    file.file.finish()
    file.file.appear()
    return (folder / "peaks.dat").read_bytes()


@pytest.mark.parametrize("form", ["wav", "flac"])
@pytest.mark.parametrize("frames", [1, 79, 8_000, 200_033])
def test_it_is_byte_for_byte_what_rendering_draws(tmp_path: Path, form: str, frames: int) -> None:
    found = drawn(stored(tmp_path, frames, form), frames / RATE)
    assert found.stderr == b""
    assert found.stdout == by_rendering(tmp_path, frames)


def test_what_a_codec_has_added_is_not_drawn_and_what_is_missing_is_silent(tmp_path: Path) -> None:
    file = stored(tmp_path, 8_000, "wav")
    for seconds, silent in ((0.5, 0), (2.0, 100)):
        content = drawn(file, seconds).stdout
        pixels = np.frombuffer(content[HEADER.size :], np.int8).reshape(-1, 4)
        assert struct.unpack_from("<I", content, 16) == (len(pixels),) == (round(seconds * 100),)
        assert int((~pixels.any(axis=1)).sum()) == silent


@pytest.mark.parametrize("channels", [1, 4])
def test_where_left_and_right_are_not_apart_nothing_is_drawn(tmp_path: Path, channels: int) -> None:
    found = drawn(stored(tmp_path, 8_000, "wav", channels), 1.0)
    assert (found.returncode, found.stdout) == (1, b"")
    assert b"left and right are wanted" in found.stderr


def test_what_is_no_sound_is_said(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    file.write_bytes(b"no sound at all" * 100)
    found = drawn(file, 1.0)
    assert (found.returncode, found.stdout) == (1, b"")
    assert b"not drawn: it cannot be read" in found.stderr
