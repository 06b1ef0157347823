"""What a phone says, in ticks of 20 ms, each found again by its number. Standard library only; knows no call."""

import hashlib
import math
import sys
import wave
from array import array
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from connector.errors import ConfigError

TICK_SECONDS = 0.02
TICKS_PER_SECOND = 50
SAMPLE_BYTES = 2

#: The upper byte of a sample: -32 … 31, so that noise stays 12 dB below the loudest.
_MODERATE = bytes((value % 64 - 32) & 0xFF for value in range(256))
_LOUDNESS = 8000


class Voice(Protocol):
    def tick(self, number: int, sample_rate: int) -> bytes:
        """The samples of that tick, 16 bits little-endian; the same ones whenever asked."""
        ...


class Noise:
    """Pseudo-noise: no tick is like another, of this voice or of any other."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()

    def tick(self, number: int, sample_rate: int) -> bytes:
        length = tick_bytes(sample_rate)
        samples = bytearray(hashlib.shake_128(b"%b/%d" % (self._seed, number)).digest(length))
        samples[1::2] = samples[1::2].translate(_MODERATE)
        return bytes(samples)


class Tone:
    """A sine of whole hertz, continuous from tick to tick."""

    def __init__(self, hertz: int) -> None:
        self._hertz = hertz

    def tick(self, number: int, sample_rate: int) -> bytes:
        length = tick_bytes(sample_rate)
        start = (number % TICKS_PER_SECOND) * length
        return _second_of(self._hertz, sample_rate)[start : start + length]


class Speech:
    """The first channel of a WAV file, over and over."""

    def __init__(self, path: Path) -> None:
        self._samples, self._sample_rate = _read(path)
        self._fitted: dict[int, bytes] = {}

    def tick(self, number: int, sample_rate: int) -> bytes:
        sound = self._fitted.get(sample_rate)
        if sound is None:
            samples = _resampled(self._samples, self._sample_rate, sample_rate)
            sound = self._fitted[sample_rate] = _whole_ticks(samples, sample_rate)
        length = tick_bytes(sample_rate)
        start = number * length % len(sound)
        return sound[start : start + length]


def voice(wanted: str) -> Voice:
    """The voice of a name as a script writes it: noise:seed, tone:440 or wav:/some/file.wav."""
    kind, _, detail = wanted.partition(":")
    if kind == "noise":
        return Noise(detail)
    if kind == "tone" and detail.isdigit() and int(detail) > 0:
        return Tone(int(detail))
    if kind == "wav" and detail:
        return Speech(Path(detail))
    raise ConfigError(f"the voice {wanted!r} is unknown: write noise:seed, tone:440 or wav:/path/to/file.wav")


def tick_bytes(sample_rate: int) -> int:
    return sample_rate // TICKS_PER_SECOND * SAMPLE_BYTES


def silence(sample_rate: int) -> bytes:
    return bytes(tick_bytes(sample_rate))


def fitted(samples: bytes, from_rate: int, to_rate: int) -> bytes:
    """One tick at another rate: samples repeated or left out, so that each is still recognised."""
    if from_rate == to_rate:
        return samples
    source = _samples_of(samples)
    length = to_rate // TICKS_PER_SECOND
    return _bytes_of(array("h", [source[index * from_rate // to_rate] for index in range(length)]))


def mixed(ticks: list[bytes]) -> bytes:
    """Several sounds at once, cut off at the loudest that 16 bits can say."""
    if len(ticks) == 1:
        return ticks[0]
    columns = zip(*(_samples_of(tick) for tick in ticks), strict=True)
    return _bytes_of(array("h", [max(-32768, min(32767, sum(column))) for column in columns]))


@lru_cache(maxsize=64)
def _second_of(hertz: int, sample_rate: int) -> bytes:
    step = 2 * math.pi * hertz / sample_rate
    return _bytes_of(array("h", [round(_LOUDNESS * math.sin(step * index)) for index in range(sample_rate)]))


def _read(path: Path) -> "tuple[array[int], int]":
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != SAMPLE_BYTES:
                raise ConfigError(f"{path} has samples of {8 * file.getsampwidth()} bits: write it with 16")
            samples = _samples_of(file.readframes(file.getnframes()))
            return samples[:: file.getnchannels()], file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise ConfigError(f"{path} cannot be read as a WAV file ({error}): name one of 16-bit PCM") from error


def _resampled(samples: "array[int]", from_rate: int, to_rate: int) -> "array[int]":
    if from_rate == to_rate:
        return samples
    result = array("h")
    for index in range((len(samples) - 1) * to_rate // from_rate):
        place, part = divmod(index * from_rate, to_rate)
        result.append(samples[place] + (samples[place + 1] - samples[place]) * part // to_rate)
    return result


def _whole_ticks(samples: "array[int]", sample_rate: int) -> bytes:
    sound = _bytes_of(samples)
    tick = tick_bytes(sample_rate)
    return sound + bytes(-len(sound) % tick or (0 if sound else tick))


def _samples_of(samples: bytes) -> "array[int]":
    result = array("h")
    result.frombytes(samples)
    if sys.byteorder == "big":
        result.byteswap()
    return result


def _bytes_of(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples = array("h", samples)
        samples.byteswap()
    return samples.tobytes()
