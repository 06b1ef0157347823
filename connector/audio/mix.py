"""Several voices in one channel: their sum, limited softly. Why so and not otherwise: docs/decisions/0011."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from connector.audio.samples import FULL_SCALE, SAMPLE, Samples

Sums = NDArray[np.int32]

#: What is louder is pressed into the last quarter of the range, and never reaches its end.
KNEE: Final = FULL_SCALE * 3 // 4


def add_up(rows: Iterable[Samples], sums: Sums) -> Sums:
    """Write the sum of the rows over `sums`."""
    sums[:] = 0
    for row in rows:
        np.add(sums, row, out=sums)
    return sums


def limited(sums: Sums) -> Samples:
    """Each sample by itself, so that no voice changes how loud another is before or after."""
    samples = sums.astype(SAMPLE)
    loud = np.flatnonzero((sums > KNEE) | (sums < -KNEE))
    if len(loud):
        samples[loud] = _pressed(sums[loud])
    return samples


def _pressed(sums: Sums) -> Samples:
    """Ever flatter: as much over the knee as there is room above it becomes half of that, nine times as much 0.9."""
    over = (np.abs(sums) - KNEE) / (FULL_SCALE - KNEE)
    sizes = KNEE + (FULL_SCALE - KNEE) * over / (1 + over)
    pressed: Samples = np.where(sums < 0, -sizes, sizes).astype(SAMPLE)
    return pressed
