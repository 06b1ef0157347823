"""What a phone says, frame by frame, in the coding that was agreed on. Knows no network and no clock."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import soundfile

from tests.pbx import noise
from tests.pbx.noise import Codes, Samples

FRAMES_PER_SECOND: Final = 50


@dataclass(frozen=True, slots=True)
class Coding:
    """As a session description names it."""

    name: str
    payload: int
    sample_rate: int
    #: Ticks of the RTP clock in a frame.
    ticks: int
    #: Bytes of a frame.
    size: int

    @property
    def frame(self) -> int:
        """Samples of a frame."""
        return self.sample_rate // FRAMES_PER_SECOND

    def payload_of(self, codes: Codes) -> bytes:
        if self.name.startswith("L16"):
            return noise.LINEAR[codes].astype(">i2").tobytes()
        return np.ascontiguousarray(codes).tobytes()

    def codes_of(self, payload: bytes) -> Codes:
        """255 for linear samples that µ-law does not have."""
        if self.name.startswith("L16"):
            return noise.encoded(np.frombuffer(payload, ">i2").astype(np.int16))
        return np.frombuffer(payload, np.uint8)


ULAW: Final = Coding("PCMU/8000", 0, 8000, 160, 160)
#: Wideband without loss, so that noise is found again exactly.
WIDE: Final = Coding("L16/16000", 118, 16000, 320, 640)
#: Only for `Given` sound: nobody here codes it.
G722: Final = Coding("G722/8000", 9, 16000, 160, 160)
CODINGS: Final = (WIDE, ULAW, G722)


class Sound(Protocol):
    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        """Frames of 20 ms from that one of the call on; None sends nothing."""


class _Coded:
    """Sound that is computed as µ-law codes."""

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        raise NotImplementedError

    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        codes = self.codes(first * coding.frame, count * coding.frame, coding.sample_rate)
        payload = coding.payload_of(codes)
        return [payload[at : at + coding.size] for at in range(0, len(payload), coding.size)]


@dataclass(frozen=True, slots=True)
class Noise(_Coded):
    """What is found again bit by bit."""

    stream: int

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        return noise.codes(self.stream, first, length)


class Silence(_Coded):
    """Digital silence: frames come, nothing is in them."""

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        return np.full(length, 255, np.uint8)


class ComfortNoise(_Coded):
    """The quiet rustle of a line: at most ten steps."""

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        return noise.nearest_codes(np.random.default_rng(first).integers(-10, 11, length))


@dataclass(frozen=True, slots=True)
class Tone(_Coded):
    hertz: float = 440.0
    amplitude: int = 4000

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        time = (first + np.arange(length)) / sample_rate
        return noise.nearest_codes(np.round(self.amplitude * np.sin(2 * np.pi * self.hertz * time)))


class Speech(_Coded):
    """A mono file of 8 kHz, over and over."""

    def __init__(self, path: Path) -> None:
        samples, sample_rate = soundfile.read(path, dtype="int16")
        assert sample_rate == 8000
        assert samples.ndim == 1
        self._codes = noise.nearest_codes(samples)

    @property
    def samples(self) -> Samples:
        """As the PBX hears them."""
        return noise.LINEAR[self._codes]

    def codes(self, first: int, length: int, sample_rate: int) -> Codes:
        # At 16 kHz each sample twice: rough, but speech.
        places = np.arange(first, first + length) * 8000 // sample_rate % len(self._codes)
        return self._codes[places]


class Nothing:
    """No frame at all."""

    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        return [None] * count


@dataclass(frozen=True, slots=True)
class Bursts:
    """As a phone with discontinuous transmission: nothing is sent while it would be silent."""

    sound: Sound
    talk_seconds: float = 1.0
    quiet_seconds: float = 1.0

    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        talk = round(self.talk_seconds * FRAMES_PER_SECOND)
        period = talk + round(self.quiet_seconds * FRAMES_PER_SECOND)
        spoken = self.sound.frames(first, count, coding)
        return [frame if (first + at) % period < talk else None for at, frame in enumerate(spoken)]


@dataclass(frozen=True, slots=True)
class Given:
    """Payload that somebody else has coded, over and over."""

    payload: bytes

    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        whole = len(self.payload) // coding.size
        places = (at % whole * coding.size for at in range(first, first + count))
        return [self.payload[place : place + coding.size] for place in places]
