"""Samples in memory: 16 bit, little-endian, as every WAV file holds them. Knows no file."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: One channel: shape (frames,); two: shape (frames, 2).
Samples: TypeAlias = NDArray[np.int16]

SAMPLE: Final = np.dtype("<i2")
FULL_SCALE: Final = 32768


def silence(frames: int) -> Samples:
    return np.zeros(frames, SAMPLE)


def clipped(sums: NDArray[np.int32] | NDArray[np.float32]) -> Samples:
    """Samples of wider numbers: what does not fit stops at the edge and never wraps."""
    return np.clip(sums, -FULL_SCALE, FULL_SCALE - 1).astype(SAMPLE)
