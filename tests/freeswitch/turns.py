"""A voice that can be told to be quiet: two who are mixed on one side are known again only if they take turns."""

from collections.abc import Sequence

import numpy as np

from tests.freeswitch.legs import Leg
from tests.freeswitch.voices import FRAMES_PER_SECOND, Noise
from tests.pbx.noise import Samples
from tests.pbx.spans import Span


class Turns(Noise):
    """Frames are those of the voice: the first one is said at the answer."""

    def __init__(self, stream: int) -> None:
        super().__init__(stream)
        self._quiet: list[list[int]] = []

    @property
    def silent(self) -> Sequence[Span]:
        return [(first, end) for first, end in self._quiet]

    def be_quiet(self, frame: int) -> None:
        if not self._quiet or self._quiet[-1][1] <= frame:
            self._quiet.append([frame, 1 << 30])

    def speak(self, frame: int) -> None:
        if self._quiet:
            self._quiet[-1][1] = min(self._quiet[-1][1], frame)

    def samples(self, first: int, count: int, rate: int) -> Samples:
        said = super().samples(first, count, rate)
        size = rate // FRAMES_PER_SECOND
        for begins, ends in self._quiet:
            begin, end = max(begins - first, 0), min(ends - first, count)
            if begin < end:
                said = np.array(said)
                said[begin * size : end * size] = 0
        return said


def be_quiet(*legs: Leg) -> None:
    for leg in legs:
        _turns(leg).be_quiet(_now(leg))


def speak(*legs: Leg) -> None:
    for leg in legs:
        _turns(leg).speak(_now(leg))


def _turns(leg: Leg) -> Turns:
    assert isinstance(leg.voice, Turns), f"{leg.number} speaks all the time"
    return leg.voice


def _now(leg: Leg) -> int:
    """What is not written yet is of the past: it stays as it was."""
    return 0 if leg.began_frame is None else leg.clock.frame() - leg.began_frame
