"""The switch's clock: microseconds for events, frames of 20 ms for sound. Knows no call."""

import math
import time

from tests.freeswitch.voices import FRAMES_PER_SECOND


class MediaClock:
    """Frame 0 is the moment it was made."""

    def __init__(self, ahead_seconds: float = 0.0) -> None:
        #: Its clock against this machine's, as between two machines.
        self._ahead_seconds = ahead_seconds
        self._monotonic = time.monotonic()
        self._wall = time.time()

    def frame(self) -> int:
        """Whole frames so far."""
        return math.floor((time.monotonic() - self._monotonic) * FRAMES_PER_SECOND)

    def wall(self, frame: int) -> float:
        """This machine's clock at that frame's first sample."""
        return self._wall + frame / FRAMES_PER_SECOND

    def up_seconds(self) -> float:
        return time.monotonic() - self._monotonic

    def stamp(self) -> int:
        """Microseconds, as the switch sees them."""
        return round((time.time() + self._ahead_seconds) * 1_000_000)
