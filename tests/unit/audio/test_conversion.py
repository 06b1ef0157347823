"""Stored sound in another format, as the program gives it: the same sound, as long as it was, on the right channel."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from connector.audio.conversion import converted
from connector.audio.flow import Outflow
from connector.audio.rendering import rendered
from connector.audio.samples import Samples
from connector.domain.call import Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind

from .sound import RATE, job, noise, piece, plan, product, tone, wav

SECONDS = 3
FRAMES = SECONDS * RATE
LEFT = tone(FRAMES, 440)
RIGHT = tone(FRAMES, 1000)


def stored(folder: Path, form: AudioFormat, left: Samples = LEFT, right: Samples = RIGHT) -> bytes:
    """A stereo file as the workshop makes it."""
    sources = {"l": wav(folder / "l.wav", left), "r": wav(folder / "r.wav", right)}
    pieces = (piece("l", len(left)), piece("r", len(right), side=Side.RIGHT))
    made = rendered(
        job(plan(FRAMES, *pieces), sources, product(folder, ArtefactKind.STEREO, form), tags={"title": "Müller"})
    )
    return made.made[0].path.read_bytes()


def turned(content: bytes, form: AudioFormat, channels: str = "all", seconds: float = SECONDS) -> bytes:
    """By the program, over pipes."""
    argv = [sys.executable, "-m", "connector.audio.conversion", form, str(seconds), str(RATE), channels]
    done = subprocess.run(argv, input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def turned_here(content: bytes, folder: Path, form: AudioFormat, channels: str = "all") -> bytes:
    with (folder / "out").open("wb") as file:
        converted(io.BytesIO(content), Outflow(file.fileno()), form, SECONDS, RATE, channels)
    return (folder / "out").read_bytes()


def heard(content: bytes, folder: Path) -> tuple[Samples, int]:
    """By ffmpeg, whose decoders are none of the libraries that encoded."""
    (folder / "heard").write_bytes(content)
    argv: list[str | Path] = ["ffmpeg", "-v", "error", "-y", "-i", folder / "heard", "-f", "wav", folder / "heard.wav"]
    subprocess.run(argv, check=True, capture_output=True)
    samples, rate = soundfile.read(folder / "heard.wav", dtype="int16", always_2d=True)
    return samples, rate


def strength(sound: Samples, hertz: float, rate: int) -> float:
    part = sound[rate // 2 : -rate // 2].astype(float)
    return float(2 * abs(np.exp(-2j * np.pi * hertz / rate * np.arange(len(part))) @ part) / len(part))


@pytest.mark.parametrize(("source", "form"), list(itertools.permutations(AudioFormat, 2)))
def test_every_format_becomes_every_other_with_each_voice_on_its_channel(
    tmp_path: Path, source: AudioFormat, form: AudioFormat
) -> None:
    samples, rate = heard(turned_here(stored(tmp_path, source), tmp_path, form), tmp_path)
    assert samples.shape[1] == 2
    assert abs(len(samples) / rate - SECONDS) < 0.2
    for own, other, channel in ((440, 1000, 0), (1000, 440, 1)):
        assert strength(samples[:, channel], own, rate) > 5000
        # Opus lets that much through by itself.
        assert strength(samples[:, channel], other, rate) < 500


@pytest.mark.parametrize("form", [AudioFormat.WAV, AudioFormat.FLAC])
@pytest.mark.parametrize("source", [AudioFormat.WAV, AudioFormat.FLAC])
def test_between_formats_that_lose_nothing_every_bit_stays(
    tmp_path: Path, source: AudioFormat, form: AudioFormat
) -> None:
    left, right = noise(FRAMES, 1), noise(FRAMES, 2)
    samples, rate = heard(turned_here(stored(tmp_path, source, left, right), tmp_path, form), tmp_path)
    assert rate == RATE
    assert np.array_equal(samples, np.stack((left, right), axis=1))


def test_a_flac_says_how_long_it_is_though_nobody_went_back(tmp_path: Path) -> None:
    content = turned_here(stored(tmp_path, AudioFormat.WAV), tmp_path, AudioFormat.FLAC)
    facts = soundfile.info(io.BytesIO(content))
    assert (facts.frames, facts.samplerate, facts.channels) == (FRAMES, RATE, 2)


@pytest.mark.parametrize(("channels", "expected"), [("left", 0), ("right", 1)])
def test_one_side_alone_is_that_side(tmp_path: Path, channels: str, expected: int) -> None:
    samples, _ = heard(turned(stored(tmp_path, AudioFormat.FLAC), AudioFormat.WAV, channels), tmp_path)
    assert np.array_equal(samples, np.stack((LEFT, RIGHT))[expected][:, None])


def test_mixed_it_is_what_a_mono_file_would_be(tmp_path: Path) -> None:
    left, right = noise(FRAMES, 1), noise(FRAMES, 2)
    samples, _ = heard(turned(stored(tmp_path, AudioFormat.WAV, left, right), AudioFormat.WAV, "mix"), tmp_path)
    assert np.array_equal(samples[:, 0], (left.astype(np.int32) + right) >> 1)


def test_an_mp3_begins_and_ends_where_its_sound_did(tmp_path: Path) -> None:
    click = np.zeros(FRAMES, np.int16)
    click[1000] = click[-1000] = 30000
    samples, _ = heard(turned(stored(tmp_path, AudioFormat.MP3, click, click), AudioFormat.WAV), tmp_path)
    loud = np.abs(samples[:, 0].astype(int))
    assert len(samples) == FRAMES
    assert abs(int(loud[: FRAMES // 2].argmax()) - 1000) <= 1
    assert abs(int(loud[FRAMES // 2 :].argmax()) + FRAMES // 2 - (FRAMES - 1000)) <= 1


def test_what_the_file_says_of_itself_goes_along(tmp_path: Path) -> None:
    content = turned(stored(tmp_path, AudioFormat.FLAC), AudioFormat.MP3)
    assert "Müller".encode() in content
    assert b"channels=" in content
    alone = turned(stored(tmp_path, AudioFormat.FLAC), AudioFormat.MP3, "left")
    assert b"channels=" not in alone


@pytest.mark.parametrize("content", [b"", b"this is no sound at all" * 100])
def test_what_is_no_sound_is_said_and_nothing_comes(content: bytes) -> None:
    argv = [sys.executable, "-m", "connector.audio.conversion", "mp3", "3", "8000", "all"]
    done = subprocess.run(argv, input=content, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"not converted: it cannot be read" in done.stderr
