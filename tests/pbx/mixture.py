"""Finding a stream of noise in a mix of several, where no sample is its own any more: by correlation.

For conferences. Where nobody else speaks `noise.runs` is exact; this only says where a voice lies and how strongly.
"""

from dataclasses import dataclass

import numpy as np

from tests.pbx import noise
from tests.pbx.noise import Samples


@dataclass(frozen=True, slots=True)
class Trace:
    #: Sample of the mix at which the piece begins.
    at: int
    #: How far its peak stands above what chance makes; above 10 it is there.
    strength: float

    @property
    def is_there(self) -> bool:
        return self.strength > 10


def trace(mix: Samples, stream: int, first: int, length: int) -> Trace:
    """Where in the mix that piece of the stream lies best."""
    piece = noise.linear(stream, first, length).astype(np.float64)
    size = 1 << (len(mix) + length).bit_length()
    spectrum = np.fft.rfft(mix.astype(np.float64), size) * np.conj(np.fft.rfft(piece, size))
    likeness = np.fft.irfft(spectrum, size)[: len(mix)]
    at = int(np.argmax(likeness))
    chance = float(np.std(likeness)) or 1.0
    return Trace(at, float(likeness[at]) / chance)
