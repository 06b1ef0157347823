"""What a phone says, and what the switch plays, frame by frame of 20 ms. Knows no call and no clock."""

from functools import lru_cache
from typing import Final, Protocol

import numpy as np

from tests.pbx import noise
from tests.pbx.noise import Samples

FRAMES_PER_SECOND: Final = 50
FRAME_SECONDS: Final = 1 / FRAMES_PER_SECOND
_RING_FRAMES: Final = 10 * FRAMES_PER_SECOND


class Voice(Protocol):
    def samples(self, first: int, count: int, rate: int) -> Samples:
        """So many frames from that one on; the same ones whenever asked."""
        ...


class Noise:
    """Found again bit by bit: the oracle of the tests on a real PBX reads it."""

    def __init__(self, stream: int) -> None:
        self.stream = stream

    def samples(self, first: int, count: int, rate: int) -> Samples:
        size = rate // FRAMES_PER_SECOND
        return noise.linear(self.stream, first * size, count * size)


class Murmur:
    """Costs next to nothing, for load: ten seconds of noise over and over, each voice from elsewhere in them."""

    def __init__(self, stream: int) -> None:
        self.stream = stream

    def samples(self, first: int, count: int, rate: int) -> Samples:
        size = rate // FRAMES_PER_SECOND
        ring = _ring(rate)
        at = (first + 7 * self.stream) % _RING_FRAMES * size
        length = count * size
        if at + length <= len(ring):
            return ring[at : at + length]
        return np.resize(np.roll(ring, -at), length)


class Silence:
    stream = -1

    def samples(self, first: int, count: int, rate: int) -> Samples:
        return silence(count, rate)


@lru_cache(maxsize=256)
def silence(count: int, rate: int) -> Samples:
    samples = np.zeros(count * (rate // FRAMES_PER_SECOND), np.int16)
    samples.setflags(write=False)
    return samples


def fitted(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """At another rate: samples repeated or left out, so that each is still recognised."""
    if from_rate == to_rate:
        return samples
    places = np.arange(len(samples) * to_rate // from_rate) * from_rate // to_rate
    return np.asarray(samples[places], np.int16)


def mixed(*sounds: Samples) -> Samples:
    """Added, cut off at the loudest that 16 bits can say."""
    if len(sounds) == 1:
        return sounds[0]
    total = np.sum(np.stack(sounds).astype(np.int32), axis=0)
    return np.asarray(np.clip(total, -32768, 32767), np.int16)


@lru_cache(maxsize=4)
def _ring(rate: int) -> Samples:
    return noise.linear(1, 0, _RING_FRAMES * (rate // FRAMES_PER_SECOND))
