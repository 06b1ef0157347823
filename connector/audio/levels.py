"""How a channel sounds: silence, clipping, peak. The thresholds are those of telephone speech."""

from typing import Final

import numpy as np

from connector.audio.extremes import Extremes
from connector.audio.samples import FULL_SCALE, Samples
from connector.domain.call import Side
from connector.domain.recording import Levels

#: −46 dB: above comfort noise and the noise of a line, below quiet speech.
AUDIBLE: Final = 164
#: A click or two are no voice: 0.2 s in windows of 10 ms.
VOICE_WINDOWS: Final = 20


class LevelMeter:
    """Listens to one channel, block by block."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._windows = 0
        self._audible = 0
        self._frames = 0
        self._clipped = 0
        self._low = 0
        self._high = 0

    def hear(self, samples: Samples, windows: Extremes) -> None:
        low, high = int(windows.lows.min()), int(windows.highs.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._windows += len(windows)
        self._audible += int(np.count_nonzero((windows.lows < -AUDIBLE) | (windows.highs > AUDIBLE)))
        self._frames += len(samples)
        if low == -FULL_SCALE or high == FULL_SCALE - 1:
            self._clipped += int(np.count_nonzero((samples == -FULL_SCALE) | (samples == FULL_SCALE - 1)))

    def levels(self) -> Levels:
        return Levels(
            side=self._side,
            silence_ratio=1 - self._audible / max(1, self._windows),
            clipped_ratio=self._clipped / max(1, self._frames),
            peak=max(-self._low, self._high) / FULL_SCALE,
            is_silent=self._audible < VOICE_WINDOWS and self._audible * 20 <= self._windows,
        )
