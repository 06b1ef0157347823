"""What is decoded again must be what went in, on the right channel."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from connector.audio.rendering import rendered
from connector.audio.samples import Samples
from connector.domain.call import Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.ports.workshop import Made

from .sound import CHANNELS, RATE, SOUNDING, job, noise, piece, plan, product, read, tone, wav

SECONDS = 3
TAGS = {"title": "Anruf für Müller", "date": "2026-01-05", "comment": "first words", "recording": "r-1"}


def made_of(
    folder: Path,
    left: Samples,
    right: Samples,
    form: AudioFormat,
    *,
    kind: ArtefactKind = ArtefactKind.STEREO,
    rate: int = RATE,
    bitrate: int | None = None,
) -> Made:
    sources = {"l": wav(folder / "l.wav", left, rate), "r": wav(folder / "r.wav", right, rate)}
    pieces = [
        piece("l", len(left), source_rate=rate),
        piece("r", len(right), side=Side.RIGHT, source_rate=rate),
    ]
    wanted = plan(max(len(left), len(right)), *pieces, rate=rate)
    return rendered(job(wanted, sources, product(folder, kind, form, bitrate), tags=TAGS)).made[0]


def decoded(path: Path, rate: int, channels: int = 2) -> Samples:
    """By ffmpeg, whose decoders are none of the libraries that encoded."""
    argv: list[str | Path] = ["ffmpeg", "-v", "error", "-i", path, "-ar", str(rate), "-f", "s16le", "-"]
    raw = subprocess.run(argv, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.int16).reshape(-1, channels)


def strength(sound: Samples, hertz: float, rate: int) -> float:
    """How loud one frequency is, in samples, away from the edges."""
    part = sound[rate // 2 : -rate // 2].astype(float)
    return float(2 * abs(np.exp(-2j * np.pi * hertz / rate * np.arange(len(part))) @ part) / len(part))


@pytest.mark.parametrize("form", [AudioFormat.WAV, AudioFormat.FLAC])
@pytest.mark.parametrize("kind", SOUNDING)
def test_lossless_formats_give_back_every_bit(tmp_path: Path, form: AudioFormat, kind: ArtefactKind) -> None:
    left, right = noise(100_000, 1), noise(100_000, 2)
    made = made_of(tmp_path, left, right, form, kind=kind)
    expected = {
        ArtefactKind.LEFT: left,
        ArtefactKind.RIGHT: right,
        ArtefactKind.STEREO: np.stack((left, right), axis=1),
        ArtefactKind.PARTICIPANTS: np.stack((left, right), axis=1),
        ArtefactKind.MONO: ((left.astype(int) + right) >> 1).astype(np.int16),
    }
    assert np.array_equal(read(made.path), expected[kind])


@pytest.mark.parametrize("form", [AudioFormat.MP3, AudioFormat.OPUS])
@pytest.mark.parametrize(("rate", "hertz"), [(8000, 1000), (16000, 5000), (44100, 5000), (48000, 7000)])
def test_lossy_formats_keep_length_band_and_sides(tmp_path: Path, form: AudioFormat, rate: int, hertz: int) -> None:
    left, right = tone(SECONDS * rate, hertz, rate), tone(SECONDS * rate, 700, rate)
    made = made_of(tmp_path, left, right, form, rate=rate, bitrate=64)
    sound = decoded(made.path, rate)
    assert abs(len(sound) / rate - SECONDS) < 0.02
    assert made.duration_seconds == SECONDS
    assert 4000 < strength(sound[:, 0], hertz, rate) < 9000
    assert 5000 < strength(sound[:, 1], 700, rate) < 9000


@pytest.mark.parametrize("form", [AudioFormat.MP3, AudioFormat.OPUS])
def test_lossy_formats_are_exact_in_length_and_time(tmp_path: Path, form: AudioFormat) -> None:
    left = tone(SECONDS * RATE, 400)
    left[:RATE] = 0
    made = made_of(tmp_path, left, left, form)
    sound = decoded(made.path, RATE)
    assert len(sound) == pytest.approx(len(left), abs=2)
    assert int(np.flatnonzero(np.abs(sound[:, 0]) > 1000)[0]) == pytest.approx(RATE, abs=80)


@pytest.mark.parametrize(("form", "highest_decibels"), [(AudioFormat.MP3, -40), (AudioFormat.OPUS, -40)])
def test_one_speaker_is_not_heard_on_the_other_channel(
    tmp_path: Path, form: AudioFormat, highest_decibels: float
) -> None:
    left, right = noise(SECONDS * RATE, 1, 6000), noise(SECONDS * RATE, 2, 30)
    sound = decoded(made_of(tmp_path, left, right, form).path, RATE).astype(float)
    loudness = np.sqrt((sound[RATE:-RATE] ** 2).mean(axis=0))
    assert 20 * np.log10((loudness[1] + 1e-9) / loudness[0]) < highest_decibels


@pytest.mark.parametrize(("form", "low", "high"), [(AudioFormat.MP3, 16, 64), (AudioFormat.OPUS, 12, 48)])
def test_a_higher_bitrate_makes_a_larger_file(tmp_path: Path, form: AudioFormat, low: int, high: int) -> None:
    left, right = noise(SECONDS * RATE, 1, 6000), noise(SECONDS * RATE, 2, 6000)
    sizes = [made_of(tmp_path, left, right, form, bitrate=bitrate).size_bytes for bitrate in (low, high)]
    assert sizes[1] > 2 * sizes[0]


@pytest.mark.parametrize("form", list(AudioFormat))
def test_every_format_carries_the_tags_and_the_channel_map(tmp_path: Path, form: AudioFormat) -> None:
    made = made_of(tmp_path, noise(8000), noise(8000), form)
    said = _tags(made.path)
    assert (said["title"], said["date"]) == ("Anruf für Müller", "2026-01-05")
    first, *others, last = said["comment"].splitlines()
    assert (first, others) == ("first words", ["recording=r-1"])
    assert json.loads(last.removeprefix("channels=")) == [
        {"index": label.index, "role": label.role, "party": label.party} for label in CHANNELS
    ]


@pytest.mark.parametrize("form", list(AudioFormat))
def test_the_shortest_sound_there_is_can_be_encoded(tmp_path: Path, form: AudioFormat) -> None:
    made = made_of(tmp_path, noise(1), noise(1), form)
    assert made.size_bytes == made.path.stat().st_size > 44


def _tags(path: Path) -> dict[str, str]:
    argv: list[str | Path] = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags", path]
    probed = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    found = {**probed["streams"][0].get("tags", {}), **probed["format"].get("tags", {})}
    return {name.lower(): text for name, text in found.items()}
