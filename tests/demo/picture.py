"""A stereo file as two rows of bars, left above right. Knows nobody's voice."""

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

_COLUMNS: Final = 72
_BARS: Final = " ▁▂▃▄▅▆▇█"
_HOLD: Final = "·"
#: Both sides without a sound for this long is no pause for breath.
_HOLD_SECONDS: Final = 1.0


def picture(stereo: Path) -> str:
    sound, rate = soundfile.read(stereo, always_2d=True)
    bounds = np.linspace(0, len(sound), _COLUMNS + 1).astype(int)
    loud = np.array([np.sqrt((sound[a:b] ** 2).mean(axis=0)) for a, b in pairwise(bounds)])
    held = _held(loud, len(sound) / rate / _COLUMNS)
    scale = max(float(loud.max()), 1e-6)
    rows = [
        "".join(_HOLD if is_held else _bar(level / scale) for level, is_held in zip(side, held, strict=True))
        for side in loud.T
    ]
    seconds = len(sound) / rate
    time = f"0{f'{seconds:.1f} s':>{_COLUMNS - 1}}"
    legend = f"{_HOLD} = silent on both sides: on hold, or it rings at the next agent"
    return f"  left   caller  {rows[0]}\n  right  agent   {rows[1]}\n{'':17}{time}\n{'':17}{legend}"


def _held(loud: NDArray[np.float64], column_seconds: float) -> list[bool]:
    """Columns of a long common silence that is not at the beginning or the end."""
    quiet = [not column.any() for column in loud]
    held = [False] * len(quiet)
    first = 0
    while first < len(quiet):
        last = first
        while last < len(quiet) and quiet[last] == quiet[first]:
            last += 1
        if quiet[first] and first > 0 and last < len(quiet) and (last - first + 1) * column_seconds >= _HOLD_SECONDS:
            held[first:last] = [True] * (last - first)
        first = last
    return held


def _bar(level: float) -> str:
    return _BARS[min(round(float(np.sqrt(level)) * (len(_BARS) - 1)), len(_BARS) - 1)]
