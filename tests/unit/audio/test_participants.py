"""A file with a channel for each participant, in each format that has so many."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from connector.audio.rendering import rendered
from connector.domain.call import Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.ports.workshop import Made

from .sound import RATE, job, noise, piece, plan, product, read, tone, wav

PEOPLE = 5
FRAMES = 2 * RATE


def made_of(folder: Path, form: AudioFormat, people: int = PEOPLE) -> Made:
    """Each says another tone; the last one comes a second later."""
    sources, pieces = {}, []
    for row in range(people):
        late = RATE if row == people - 1 else 0
        sources[str(row)] = wav(folder / f"{row}.wav", tone(FRAMES - late, 300 + 250 * (row % PEOPLE)))
        pieces.append(piece(str(row), FRAMES - late, row=row, at_frame=late))
    wanted = plan(FRAMES, *pieces, sides=(Side.RIGHT,) * people)
    return rendered(job(wanted, sources, product(folder, ArtefactKind.PARTICIPANTS, form))).made[0]


@pytest.mark.parametrize(
    ("form", "people"), [(AudioFormat.WAV, 5), (AudioFormat.WAV, 50), (AudioFormat.FLAC, 3), (AudioFormat.FLAC, 8)]
)
def test_lossless_formats_keep_every_participant_bit_by_bit(tmp_path: Path, form: AudioFormat, people: int) -> None:
    sound = read(made_of(tmp_path, form, people).path)
    assert sound.shape == (FRAMES, people)
    for row in range(people - 1):
        assert np.array_equal(sound[:, row], tone(FRAMES, 300 + 250 * (row % PEOPLE)))
    assert not sound[:RATE, people - 1].any()
    assert np.array_equal(sound[RATE:, people - 1], tone(RATE, 300 + 250 * ((people - 1) % PEOPLE)))


@pytest.mark.parametrize("people", [3, 6, 20])
def test_opus_keeps_participants_apart_and_in_their_order(tmp_path: Path, people: int) -> None:
    argv: list[str | Path] = ["ffmpeg", "-v", "error", "-i", made_of(tmp_path, AudioFormat.OPUS, people).path]
    raw = subprocess.run([*argv, "-ar", str(RATE), "-f", "s16le", "-"], check=True, capture_output=True).stdout
    sound = np.frombuffer(raw, np.int16).reshape(-1, people)
    assert abs(len(sound) - FRAMES) <= 2
    spectrum = np.abs(np.fft.rfft(sound[RATE + 400 : -400].astype(float), axis=0))
    loudest = spectrum.argmax(axis=0) * RATE / (len(sound) - RATE - 800)
    assert loudest == pytest.approx([300 + 250 * (row % PEOPLE) for row in range(people)], abs=5)
    # The last one says nothing in the first second: nobody else is heard there.
    assert np.abs(sound[400 : RATE - 400, -1]).max() <= 2


def test_opus_gives_more_people_more_bits(tmp_path: Path) -> None:
    few, many = (made_of(tmp_path, AudioFormat.OPUS, people).size_bytes for people in (4, 20))
    assert 3 * few < many < 7 * few


@pytest.mark.parametrize("form", [AudioFormat.WAV, AudioFormat.OPUS])
def test_no_channel_has_a_place_among_loudspeakers(tmp_path: Path, form: AudioFormat) -> None:
    path = made_of(tmp_path, form, 6).path
    argv: list[str | Path] = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_entries",
        "stream=channels,channel_layout",
    ]
    (stream,) = json.loads(subprocess.run([*argv, path], check=True, capture_output=True).stdout)["streams"]
    assert (stream["channels"], stream.get("channel_layout", "unknown")) == (6, "unknown")


def test_the_mix_and_the_levels_come_of_the_same_pass(tmp_path: Path) -> None:
    sources = {str(row): wav(tmp_path / f"{row}.wav", noise(FRAMES, row, 5000)) for row in range(3)}
    pieces = [piece(name, FRAMES, row=int(name)) for name in sources]
    wanted = plan(FRAMES, *pieces, sides=(Side.LEFT, Side.RIGHT, Side.RIGHT), blanks=[(100, 200)])
    kinds = (ArtefactKind.MONO, ArtefactKind.PARTICIPANTS)
    result = rendered(job(wanted, sources, *(product(tmp_path, kind, AudioFormat.WAV) for kind in kinds)))
    mono, apart = (read(made.path) for made in result.made)
    assert np.array_equal(mono, apart.astype(int).sum(axis=1) >> 1)
    assert not apart[100:200].any()
    assert apart[200:].any(axis=0).all()
    assert [levels.side for levels in result.levels] == list(Side)
    assert 0.25 < result.levels[1].peak < 0.32


def test_a_row_that_never_sounds_is_a_silent_channel(tmp_path: Path) -> None:
    sources = {"a": wav(tmp_path / "a.wav", noise(FRAMES))}
    wanted = plan(FRAMES, piece("a", FRAMES, row=1), sides=(Side.LEFT,) * 3)
    made = rendered(job(wanted, sources, product(tmp_path, ArtefactKind.PARTICIPANTS, AudioFormat.FLAC))).made[0]
    assert read(made.path).any(axis=0).tolist() == [False, True, False]
