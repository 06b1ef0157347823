"""Where somebody speaks: known sound in, times out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from connector.audio import voices as voices_module
from connector.audio.samples import Samples
from connector.audio.voices import voices
from connector.domain.speech import Voice
from connector.errors import BrokenAudio, SourceMissing

from .sound import RATE, wav

Sound = NDArray[np.float64]
#: What the rule adds on each side of what it has found.
PAD = 0.2
#: The rule knows frames of 20 ms, and the edge of a syllable is soft.
NEAR = 0.06
PROMPTS = sorted(Path(__file__).parents[3].glob(".cache/asterisk/*/usr/share/asterisk/sounds/en*/vm-*.wav"))


def silent(seconds: float, rate: int = RATE) -> Sound:
    return np.zeros(round(seconds * rate))


def line_noise(seconds: float, decibels: float, rate: int = RATE, seed: int = 5) -> Sound:
    noise: Sound = np.random.default_rng(seed).normal(0, 32768 * 10 ** (decibels / 20), round(seconds * rate))
    return noise


def spoken(seconds: float, decibels: float = -20, pitch: float = 130, rate: int = RATE) -> Sound:
    """Like speech: harmonics of a pitch that wanders, in syllables of a fifth of a second with a vowel each."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.06 * np.sin(2 * np.pi * 1.3 * time))) / rate
    vowel = 500 + 400 * np.sin(2 * np.pi * 0.9 * time)
    harmonics = [
        np.sin(n * phase) / (1 + ((n * pitch - vowel) / 250) ** 2) for n in range(1, round(3400 / pitch / 1.1))
    ]
    voice = sum(harmonics, np.zeros(len(time))) * np.abs(np.sin(2 * np.pi * 2.5 * time)) ** 0.5
    scaled: Sound = voice * (32768 * 10 ** (decibels / 20) / np.sqrt(np.mean(voice**2)))
    return scaled


def sine(seconds: float, *hertz: float, decibels: float = -18, rate: int = RATE) -> Sound:
    time = np.arange(round(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * each * time + each) for each in hertz]
    together: Sound = sum(waves, np.zeros(len(time))) * (32768 * 10 ** (decibels / 20) * np.sqrt(2 / len(hertz)))
    return together


def cadence(on: float, off: float, times: int, *hertz: float) -> Sound:
    return np.concatenate([np.concatenate((sine(on, *hertz), silent(off))) for _ in range(times)])


def telephoned(sound: Sound) -> Samples:
    """As it comes through a telephone: µ-law and back, clipped where it is too loud."""
    share = np.clip(sound / 32768, -1, 1)
    steps = np.rint(np.sign(share) * np.log1p(255 * np.abs(share)) / np.log1p(255) * 127) / 127
    back = np.sign(steps) * (256 ** np.abs(steps) - 1) / 255
    return np.asarray(np.rint(back * 32767), np.int16)


def heard(folder: Path, *channels: Sound, rate: int = RATE) -> tuple[tuple[Voice, ...], ...]:
    sounds = [telephoned(channel) for channel in channels]
    return voices(wav(folder / "heard.wav", np.stack(sounds, axis=1), rate))


def of_one(folder: Path, *parts: Sound, rate: int = RATE) -> tuple[Voice, ...]:
    (found,) = heard(folder, np.concatenate(parts), rate=rate)
    return found


def assert_voice(found: Sequence[Voice], *expected: tuple[float, float]) -> None:
    """The times without the padding."""
    assert len(found) == len(expected), found
    for voice, (start, end) in zip(found, expected, strict=True):
        assert voice.start_seconds == pytest.approx(max(0.0, start - PAD), abs=NEAR)
        assert voice.end_seconds == pytest.approx(end + PAD, abs=NEAR)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 48_000])
def test_voice_is_found_where_somebody_speaks(tmp_path: Path, rate: int) -> None:
    said = spoken(1.6, rate=rate)
    found = of_one(tmp_path, silent(2, rate), said, silent(3, rate), said, silent(2, rate), rate=rate)
    assert_voice(found, (2, 3.6), (6.6, 8.2))


def test_each_channel_is_heard_for_itself(tmp_path: Path) -> None:
    left = np.concatenate((spoken(2), silent(4)))
    right = np.concatenate((silent(4), spoken(2, pitch=220)))
    of_left, of_right = heard(tmp_path, left, right)
    assert_voice(of_left, (0, 2))
    assert of_right[0].start_seconds == pytest.approx(3.8, abs=NEAR)
    assert of_right[0].end_seconds == 6


def test_sixteen_people_are_sixteen_channels(tmp_path: Path) -> None:
    sounds = [np.concatenate((silent(row / 2), spoken(1.2), silent(9 - row / 2))) for row in range(16)]
    found = heard(tmp_path, *sounds)
    assert len(found) == 16
    for row, channel in enumerate(found):
        assert_voice(channel, (row / 2, row / 2 + 1.2))


@pytest.mark.parametrize("block_samples", [1, 2000, 100_000])
def test_what_is_read_in_pieces_is_found_as_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_samples: int
) -> None:
    parts = [silent(1.01), spoken(2), cadence(1, 2, 2, 440, 480), spoken(0.5), cadence(0.1, 0.1, 8, 770, 1336)]
    left = np.concatenate(parts)
    whole = heard(tmp_path, left, left[::-1])
    monkeypatch.setattr(voices_module, "_BLOCK_SAMPLES", block_samples)
    assert heard(tmp_path, left, left[::-1]) == whole
    assert [len(channel) for channel in whole] == [2, 2]


def test_a_short_pause_is_none_and_a_long_one_parts(tmp_path: Path) -> None:
    assert_voice(of_one(tmp_path, silent(1), spoken(1), silent(0.8), spoken(1), silent(1)), (1, 3.8))
    assert_voice(of_one(tmp_path, silent(1), spoken(1), silent(1.1), spoken(1), silent(1)), (1, 2), (3.1, 4.1))


def test_a_click_is_no_voice(tmp_path: Path) -> None:
    click = line_noise(0.03, -10)
    assert of_one(tmp_path, silent(2), click, silent(2), click, silent(2)) == ()


def test_a_voice_that_is_barely_over_the_noise_of_its_line_is_found(tmp_path: Path) -> None:
    noise = line_noise(8, -44)
    noise[2 * RATE : 4 * RATE] += spoken(2, -24)
    assert_voice(of_one(tmp_path, noise), (2, 4))


def test_clipped_to_the_edge_it_is_voice_all_the_same(tmp_path: Path) -> None:
    assert_voice(of_one(tmp_path, silent(2), spoken(3, decibels=6), silent(2)), (2, 5))


def test_a_constant_offset_changes_nothing(tmp_path: Path) -> None:
    found = of_one(tmp_path, np.concatenate((silent(2), spoken(2), silent(2))) + 3000)
    assert_voice(found, (2, 4))


@pytest.mark.parametrize("decibels", [-90, -70, -55, -45, -35, -20])
def test_noise_that_stays_as_it_is_is_no_voice(tmp_path: Path, decibels: float) -> None:
    assert of_one(tmp_path, line_noise(10, decibels)) == ()
    # A phone that sends nothing while it hears nothing, and comfort noise between.
    assert of_one(tmp_path, silent(20), line_noise(2, decibels), silent(5)) == ()


def test_silence_is_no_voice(tmp_path: Path) -> None:
    assert of_one(tmp_path, silent(10)) == ()
    assert of_one(tmp_path, silent(10) + 8) == ()


@pytest.mark.parametrize(
    ("what", "sound"),
    [
        ("ringback of Europe", cadence(1, 4, 3, 425)),
        ("ringback of North America", cadence(2, 4, 3, 440, 480)),
        ("ringback of Britain", cadence(0.4, 0.2, 6, 400, 450)),
        ("dial tone", sine(5, 350, 440)),
        ("stuttered dial tone", cadence(0.1, 0.1, 10, 350, 440)),
        ("busy", cadence(0.5, 0.5, 8, 480, 620)),
        ("congestion", cadence(0.25, 0.25, 12, 480, 620)),
        ("congestion of Europe", cadence(0.24, 0.24, 12, 425)),
        ("out of order", np.concatenate([sine(0.33, hertz) for hertz in (950, 1400, 1800)])),
        ("beep of a mailbox", sine(0.3, 1000)),
        ("fax", cadence(0.5, 3, 3, 1100)),
    ],
)
def test_a_signal_of_the_line_is_no_voice(tmp_path: Path, what: str, sound: Sound) -> None:
    for offset in (0.5, 0.507, 0.513):
        assert of_one(tmp_path, silent(offset), sound, silent(2)) == (), what
    # Quiet, and over the noise of a line.
    quiet = np.concatenate((silent(0.5), sound, silent(2))) / 8
    assert of_one(tmp_path, quiet + line_noise(len(quiet) / RATE, -62)[: len(quiet)]) == (), what


@pytest.mark.parametrize("high", [1209, 1336, 1477, 1633])
@pytest.mark.parametrize("low", [697, 770, 852, 941])
def test_a_key_of_the_phone_is_no_voice(tmp_path: Path, low: float, high: float) -> None:
    for seconds in (0.05, 0.08, 0.1, 0.25):
        for offset in (1, 1.004, 1.011, 1.017):
            assert of_one(tmp_path, silent(offset), cadence(seconds, 0.1, 3, low, high), silent(1)) == ()


@pytest.mark.parametrize("fade_seconds", [0.02, 0.03, 0.04, 0.05, 0.06])
def test_a_tone_that_fades_is_no_voice_at_its_end(tmp_path: Path, fade_seconds: float) -> None:
    fade = round(fade_seconds * RATE)
    for hertz in ((770, 1336), (1000,)):
        for seconds in (0.1, 0.12, 0.15):
            beep = sine(seconds, *hertz)
            beep[-fade:] *= np.linspace(1, 0, fade)
            for offset in (1, 1.005, 1.01, 1.015):
                assert of_one(tmp_path, silent(offset), beep, silent(1)) == (), (hertz, seconds, offset)


def test_what_is_little_over_the_quiet_of_its_channel_is_no_voice(tmp_path: Path) -> None:
    time = np.arange(12 * RATE) / RATE
    # People who talk in the next room: 9 dB louder and less loud, all the time.
    murmur = line_noise(12, -38) * 10 ** (4.5 * np.sin(2 * np.pi * 2.5 * time) / 20)
    assert of_one(tmp_path, murmur) == ()
    murmur[5 * RATE : 7 * RATE] += spoken(2, -12)
    assert_voice(of_one(tmp_path, murmur), (5, 7))


def test_what_is_below_the_floor_is_no_voice(tmp_path: Path) -> None:
    assert of_one(tmp_path, silent(3), spoken(2, -62), silent(3)) == ()
    assert_voice(of_one(tmp_path, silent(3), spoken(2, -38), silent(3)), (3, 5))


def test_who_answers_after_the_ringing_is_heard(tmp_path: Path) -> None:
    found = of_one(tmp_path, cadence(1, 4, 2, 425), spoken(2), silent(3))
    assert_voice(found, (10, 12))


def test_a_hummed_yes_is_voice(tmp_path: Path) -> None:
    time = np.arange(round(0.4 * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(190 + 60 * time / 0.4) / RATE
    hum = (np.sin(phase) + 0.4 * np.sin(2 * phase)) * np.sin(np.pi * time / 0.4) * 4000
    assert_voice(of_one(tmp_path, silent(2), hum, silent(2)), (2, 2.4))


@pytest.mark.skipif(not PROMPTS, reason="no Asterisk with its prompts is at hand")
def test_prompts_that_people_hear_are_voice_from_end_to_end(tmp_path: Path) -> None:
    kept = []
    for path in PROMPTS[:40]:
        said = soundfile.read(path, dtype="int16")[0]
        loud = np.flatnonzero(np.abs(said.astype(int)) > 1600) / RATE
        found = of_one(tmp_path, silent(1), said.astype(float), silent(1))
        inside = [any(voice.start_seconds <= at + 1 <= voice.end_seconds for voice in found) for at in loud]
        kept.append(np.mean(inside))
    assert min(kept) > 0.99


def test_of_nothing_nothing_is_found(tmp_path: Path) -> None:
    assert voices(wav(tmp_path / "a.wav", np.zeros((0, 2), np.int16))) == ((), ())
    assert voices(wav(tmp_path / "b.wav", np.zeros(100, np.int16))) == ((),)
    assert voices(wav(tmp_path / "c.wav", np.full(200, 9, np.int16))) == ((),)


def test_what_is_no_such_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"gone\.wav is not there"):
        voices(tmp_path / "gone.wav")
    (tmp_path / "words.wav").write_text("this is no sound")
    with pytest.raises(BrokenAudio, match="no sound file"):
        voices(tmp_path / "words.wav")
