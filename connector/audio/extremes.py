"""The lowest and highest sample of each window of 10 ms: all that levels and peaks are made of."""

from dataclasses import dataclass

import numpy as np

from connector.audio.samples import Samples


@dataclass(frozen=True, slots=True)
class Extremes:
    lows: Samples
    highs: Samples

    def __len__(self) -> int:
        return len(self.lows)


def extremes(samples: Samples, window: int) -> Extremes:
    """Of each window; the last one may be shorter."""
    whole = len(samples) // window * window
    windows = samples[:whole].reshape(-1, window)
    lows, highs = windows.min(axis=1), windows.max(axis=1)
    if rest := samples[whole:].tolist():
        lows, highs = np.append(lows, np.int16(min(rest))), np.append(highs, np.int16(max(rest)))
    return Extremes(lows, highs)
