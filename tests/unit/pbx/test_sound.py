"""Sounds that are found again sample by sample."""

import math
import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConfigError
from connector.pbx.scripted.sound import Noise, Speech, Tone, fitted, mixed, tick_bytes, voice


def numbers(samples: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(samples) // 2}h", samples)


def a_wav(place: Path, samples: list[int], *, channels: int = 1, rate: int = 8000, width: int = 2) -> Path:
    with wave.open(str(place), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return place


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from((8000, 16000)))
def test_noise_is_the_same_when_asked_again_and_no_two_ticks_are_alike(one: int, other: int, rate: int) -> None:
    noise = Noise("a")
    assert noise.tick(one, rate) == Noise("a").tick(one, rate)
    assert len(noise.tick(one, rate)) == tick_bytes(rate)
    assert (noise.tick(one, rate) == noise.tick(other, rate)) == (one == other)
    assert noise.tick(one, rate) != Noise("b").tick(one, rate)


def test_noise_is_neither_clipped_nor_faint() -> None:
    samples = numbers(b"".join(Noise("a").tick(tick, 8000) for tick in range(50)))
    assert max(samples) <= 8191
    assert min(samples) >= -8192
    assert 4000 < math.sqrt(sum(sample**2 for sample in samples) / len(samples)) < 5500


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_tone_goes_on_smoothly_from_tick_to_tick_and_second_to_second(rate: int) -> None:
    samples = numbers(b"".join(Tone(440).tick(tick, rate) for tick in range(100)))
    expected = [round(8000 * math.sin(2 * math.pi * 440 * index / rate)) for index in range(2 * rate)]
    assert max(abs(a - b) for a, b in zip(samples, expected, strict=True)) <= 1


def test_speech_is_the_first_channel_of_the_file_over_and_over(tmp_path: Path) -> None:
    left = list(range(1, 321))
    interleaved = [value for sample in left for value in (sample, -sample)]
    speech = Speech(a_wav(tmp_path / "a.wav", interleaved, channels=2))
    assert numbers(speech.tick(0, 8000) + speech.tick(1, 8000)) == tuple(left)
    assert speech.tick(2, 8000) == speech.tick(0, 8000)


def test_speech_of_another_rate_is_made_to_fit(tmp_path: Path) -> None:
    speech = Speech(a_wav(tmp_path / "a.wav", [index * 2 for index in range(641)], rate=16000))
    assert numbers(speech.tick(0, 8000)) == tuple(index * 4 for index in range(160))
    assert numbers(speech.tick(0, 16000)) == tuple(index * 2 for index in range(320))


def test_a_voice_is_named_in_words(tmp_path: Path) -> None:
    path = a_wav(tmp_path / "a.wav", [5] * 160)
    assert voice("noise:x").tick(3, 8000) == Noise("x").tick(3, 8000)
    assert voice("tone:440").tick(3, 8000) == Tone(440).tick(3, 8000)
    assert set(numbers(voice(f"wav:{path}").tick(0, 8000))) == {5}


@pytest.mark.parametrize("wanted", ["", "tone:", "tone:high", "tone:0", "wav:", "song:x", "wav:/no/such/file.wav"])
def test_a_voice_that_cannot_be_is_refused(wanted: str) -> None:
    with pytest.raises(ConfigError):
        voice(wanted)


def test_a_file_that_is_no_16_bit_wav_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(ConfigError, match="16-bit PCM"):
        Speech(tmp_path / "text.wav")
    with pytest.raises(ConfigError, match="8 bits"):
        Speech(a_wav(tmp_path / "thin.wav", [1, 2], width=1))


def test_another_rate_repeats_or_leaves_out_samples() -> None:
    tick = Noise("a").tick(0, 8000)
    assert numbers(fitted(tick, 8000, 16000))[::2] == numbers(tick)
    assert fitted(fitted(tick, 8000, 16000), 16000, 8000) == tick


def test_several_sounds_are_added_and_cut_off_at_the_loudest() -> None:
    assert numbers(mixed([struct.pack("<2h", 30000, -5), struct.pack("<2h", 30000, 7)])) == (32767, 2)
