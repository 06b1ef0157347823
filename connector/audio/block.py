"""A stretch of all rows, in memory that the next stretch uses again, and what each kind of file takes of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from connector.audio.mix import add_up, limited
from connector.audio.samples import SAMPLE, Samples
from connector.domain.call import Side
from connector.domain.recording import ArtefactKind

#: Large enough that Python costs nothing, small enough for the processor's cache.
BLOCK_FRAMES: Final = 80_000
WINDOWS_PER_SECOND: Final = 100


def window_frames(sample_rate: int) -> int:
    """The shortest stretch of which levels and peaks know anything: 10 ms."""
    return max(1, sample_rate // WINDOWS_PER_SECOND)


def block_frames(sample_rate: int) -> int:
    """A whole number of windows."""
    window = window_frames(sample_rate)
    return max(1, BLOCK_FRAMES // window) * window


class Block:
    """`rows` are filled by the assembly; `of` gives views that are good until the next `begin`."""

    def __init__(self, capacity: int, sides: Sequence[Side] = (Side.LEFT, Side.RIGHT)) -> None:
        self._rows = np.empty((len(sides), capacity), SAMPLE)
        self._of_side = {side: [row for row, own in enumerate(sides) if own is side] for side in Side}
        self._together = np.empty((capacity, len(sides)), SAMPLE)
        self._stereo = np.empty((capacity, 2), SAMPLE)
        self._mono = np.empty(capacity, SAMPLE)
        self._halves = np.empty(capacity, SAMPLE)
        self._sums = np.empty(capacity, np.int32)
        self._made: dict[ArtefactKind, Samples] = {}
        self.begin(capacity)

    def begin(self, frames: int) -> None:
        self.rows: list[Samples] = list(self._rows[:, :frames])
        self._frames = frames
        self._made.clear()

    def __len__(self) -> int:
        return self._frames

    @property
    def left(self) -> Samples:
        return self.of(ArtefactKind.LEFT)

    @property
    def right(self) -> Samples:
        return self.of(ArtefactKind.RIGHT)

    def of(self, kind: ArtefactKind) -> Samples:
        """The samples of a file of that kind: (frames,), or (frames, channels) when it has several. Computed once."""
        if kind not in self._made:
            self._made[kind] = self._computed(kind)
        return self._made[kind]

    def _computed(self, kind: ArtefactKind) -> Samples:
        match kind:
            case ArtefactKind.LEFT:
                return self._side(Side.LEFT)
            case ArtefactKind.RIGHT:
                return self._side(Side.RIGHT)
            case ArtefactKind.STEREO:
                return _interleaved(self.left, self.right, self._stereo[: len(self)])
            case ArtefactKind.MONO:
                return self._mixed()
            case ArtefactKind.PARTICIPANTS:
                return self._apart()
            case ArtefactKind.MANIFEST | ArtefactKind.TRANSCRIPT:
                raise ValueError(f"a {kind} has no sound")

    def _side(self, side: Side) -> Samples:
        rows = [self.rows[row] for row in self._of_side[side]]
        return rows[0] if len(rows) == 1 else limited(add_up(rows, self._sums[: len(self)]))

    def _apart(self) -> Samples:
        if len(self.rows) == 1:
            return self.rows[0]
        np.stack(self.rows, axis=1, out=self._together[: len(self)])
        return self._together[: len(self)]

    def _mixed(self) -> Samples:
        """Half of the sum, so that everybody is as loud as in the mix of two."""
        if len(self.rows) == 2:
            return self._mixed_pair(*self.rows)
        sums = add_up(self.rows, self._sums[: len(self)])
        return limited(np.right_shift(sums, 1, out=sums))

    def _mixed_pair(self, one: Samples, other: Samples) -> Samples:
        # (one + other) >> 1 without a wider type: what both have, and half of what only one has. It cannot overflow.
        mono, halves = self._mono[: len(self)], self._halves[: len(self)]
        np.bitwise_xor(one, other, out=halves)
        np.right_shift(halves, 1, out=halves)
        np.bitwise_and(one, other, out=mono)
        np.add(mono, halves, out=mono)
        return mono


def _interleaved(left: Samples, right: Samples, stereo: Samples) -> Samples:
    # Both samples of a frame as one 32-bit number: a third quicker than two strided copies.
    frames = stereo.view(np.uint32)[:, 0]
    np.left_shift(right.view(np.uint16), 16, out=frames, dtype=np.uint32)
    np.bitwise_or(frames, left.view(np.uint16), out=frames)
    return stereo
