"""Stored sound of every format as one WAV file: the same sound, as long as it was, on the right channel."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from connector.audio import decoding
from connector.audio.artefact_file import part_path
from connector.audio.decoding import decoded
from connector.audio.lame import Lame
from connector.audio.rendering import rendered
from connector.audio.samples import Samples
from connector.audio.wav import wav_layout
from connector.domain.call import Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.errors import BrokenAudio, NoRoom, SourceMissing
from tests.bench.speech import TURN_SECONDS, leak_decibels, write_conversation

from .sound import RATE, job, noise, piece, plan, product, read, tone, wav

SECONDS = 3


def stored(folder: Path, form: AudioFormat, *sounds: Samples, rate: int = RATE) -> Path:
    """As the workshop makes it: a stereo file of two sounds, one with a channel for each participant of more."""
    sources = {str(row): wav(folder / f"{row}.wav", sound, rate) for row, sound in enumerate(sounds)}
    kind = ArtefactKind.STEREO if len(sounds) == 2 else ArtefactKind.PARTICIPANTS
    sides = None if len(sounds) == 2 else (Side.RIGHT,) * len(sounds)
    pieces = [piece(name, len(sounds[int(name)]), row=int(name), source_rate=rate) for name in sources]
    wanted = plan(len(sounds[0]), *pieces, sides=sides, rate=rate)
    return rendered(job(wanted, sources, product(folder, kind, form))).made[0].path


def strength(sound: Samples, hertz: float, rate: int) -> float:
    part = sound[rate // 2 : -rate // 2].astype(float)
    return float(2 * abs(np.exp(-2j * np.pi * hertz / rate * np.arange(len(part))) @ part) / len(part))


def strongest(part: NDArray[np.float64]) -> int:
    """Of the channels."""
    return int((part**2).mean(axis=0).argmax())


@pytest.mark.parametrize(
    ("form", "people"),
    [
        (AudioFormat.WAV, 2),
        (AudioFormat.WAV, 6),
        (AudioFormat.WAV, 16),
        (AudioFormat.FLAC, 1),
        (AudioFormat.FLAC, 2),
        (AudioFormat.FLAC, 6),
    ],
)
def test_of_formats_that_lose_nothing_every_bit_comes_back(tmp_path: Path, form: AudioFormat, people: int) -> None:
    sounds = [noise(SECONDS * RATE, row) for row in range(people)]
    decoded(stored(tmp_path, form, *sounds), tmp_path / "channels.wav")
    assert np.array_equal(read(tmp_path / "channels.wav").reshape(-1, people), np.stack(sounds, axis=1))
    assert wav_layout(tmp_path / "channels.wav").sample_rate == RATE


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("form", [AudioFormat.MP3, AudioFormat.OPUS])
def test_each_voice_comes_back_on_its_channel_at_the_rate_that_went_in(
    tmp_path: Path, form: AudioFormat, rate: int
) -> None:
    seconds = 2 * TURN_SECONDS
    write_conversation(tmp_path / "left.wav", tmp_path / "right.wav", seconds=seconds, sample_rate=rate)
    sides = read(tmp_path / "left.wav"), read(tmp_path / "right.wav")
    decoded(stored(tmp_path, form, *sides, rate=rate), tmp_path / "channels.wav")
    sound, got = soundfile.read(tmp_path / "channels.wav")
    assert got == rate
    assert abs(len(sound) / rate - seconds) < 0.1
    assert leak_decibels(sound[: seconds * rate], rate) < -30
    assert strongest(sound[: TURN_SECONDS * rate]) == 0
    assert strongest(sound[TURN_SECONDS * rate : seconds * rate]) == 1


@pytest.mark.parametrize("says_its_delay", [True, False])
def test_an_mp3_begins_with_its_sound(tmp_path: Path, says_its_delay: bool) -> None:
    """Those that do not say it are of earlier versions, of low bitrates, or made while they were sent."""
    click = np.zeros(SECONDS * RATE, np.int16)
    click[1000] = 30000
    lame = Lame(channels=1, sample_rate=RATE, bitrate=32, has_head=says_its_delay)
    content = bytes(lame.encode(click)) + bytes(lame.flush())
    head = bytes(lame.head()) if says_its_delay else b""
    lame.close()
    (tmp_path / "a.mp3").write_bytes(head + content[len(head) :])
    decoded(tmp_path / "a.mp3", tmp_path / "channels.wav")
    assert int(np.abs(read(tmp_path / "channels.wav").astype(int)).argmax()) == pytest.approx(1000, abs=1)


def test_sixteen_participants_in_opus_are_sixteen_channels(tmp_path: Path) -> None:
    sounds = [tone(SECONDS * RATE, 300 + 100 * row) for row in range(16)]
    decoded(stored(tmp_path, AudioFormat.OPUS, *sounds), tmp_path / "channels.wav")
    sound = read(tmp_path / "channels.wav")
    loudest = [max(range(16), key=lambda tried: strength(sound[:, row], 300 + 100 * tried, RATE)) for row in range(16)]
    assert loudest == list(range(16))


@pytest.mark.parametrize("form", [AudioFormat.WAV, AudioFormat.OPUS, AudioFormat.FLAC])
def test_what_is_higher_comes_down_to_what_engines_hear(tmp_path: Path, form: AudioFormat) -> None:
    high = tone(SECONDS * 48_000, 6000, 48_000)
    decoded(stored(tmp_path, form, high, high, rate=48_000), tmp_path / "channels.wav")
    sound, rate = soundfile.read(tmp_path / "channels.wav", dtype="int16")
    assert rate == 16_000
    assert abs(len(sound) / rate - SECONDS) < 0.05
    assert strength(sound[:, 0], 6000, rate) > 5000


@pytest.mark.parametrize("form", list(AudioFormat))
def test_a_click_stays_where_it_was(tmp_path: Path, form: AudioFormat) -> None:
    click = np.zeros(SECONDS * RATE, np.int16)
    click[RATE : RATE + 4] = 30_000
    decoded(stored(tmp_path, form, click, click), tmp_path / "channels.wav")
    at = int(np.abs(read(tmp_path / "channels.wav")[:, 0].astype(int)).argmax())
    assert abs(at - RATE) < 0.005 * RATE


def test_the_header_of_a_long_file_is_there_before_its_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = stored(tmp_path, AudioFormat.FLAC, noise(SECONDS * RATE), noise(SECONDS * RATE, 2))
    monkeypatch.setattr(decoding, "RIFF_LIMIT_BYTES", 100_000)
    decoded(source, tmp_path / "channels.wav")
    assert (tmp_path / "channels.wav").read_bytes()[:4] == b"RF64"
    assert np.array_equal(read(tmp_path / "channels.wav")[:, 1], noise(SECONDS * RATE, 2))


def test_one_that_is_far_longer_than_it_says_is_not_written_wrongly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = stored(tmp_path, AudioFormat.FLAC, noise(SECONDS * RATE), noise(SECONDS * RATE, 2))
    monkeypatch.setattr(decoding, "RIFF_LIMIT_BYTES", 90_000)
    monkeypatch.setattr(decoding, "_UNSURE_SECONDS", -2.0)
    with pytest.raises(BrokenAudio, match="far longer than it says"):
        decoded(source, tmp_path / "channels.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.wav", "1.wav", "stereo.flac"]


@pytest.mark.parametrize("form", [AudioFormat.FLAC, AudioFormat.OPUS])
def test_what_is_damaged_is_said_and_nothing_appears(tmp_path: Path, form: AudioFormat) -> None:
    source = stored(tmp_path, form, noise(SECONDS * RATE), noise(SECONDS * RATE, 2))
    content = source.read_bytes()
    source.write_bytes(b"\0" * 100 + content[100:])
    with pytest.raises(BrokenAudio, match=f"stereo.{form} cannot be decoded"):
        decoded(source, tmp_path / "channels.wav")
    assert not (tmp_path / "channels.wav").exists()
    assert not part_path(tmp_path / "channels.wav").exists()


@pytest.mark.parametrize("content", [b"", b"this is no sound at all" * 100])
def test_what_is_no_sound_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises(BrokenAudio, match=r"a\.mp3 cannot be decoded"):
        decoded(tmp_path / "a.mp3", tmp_path / "channels.wav")


def test_what_is_gone_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"a\.mp3 is not there"):
        decoded(tmp_path / "a.mp3", tmp_path / "channels.wav")


def test_a_full_disk_is_no_fault_of_the_sound(tmp_path: Path) -> None:
    source = stored(tmp_path, AudioFormat.FLAC, noise(SECONDS * RATE), noise(SECONDS * RATE, 2))
    part_path(tmp_path / "channels.wav").symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="No space left"):
        decoded(source, tmp_path / "channels.wav")
    assert not os.path.lexists(part_path(tmp_path / "channels.wav"))
