"""One piece of a plan while it sounds: its file, read at its own rate and heard at the plan's."""

from pathlib import Path
from typing import Final, Protocol

import numpy as np
import soxr

from connector.audio.samples import SAMPLE, Samples, clipped, silence
from connector.audio.wav import WavReader
from connector.domain.assembly import Piece

CHUNK_FRAMES: Final = 16_384


def sounding_frames(piece: Piece, sample_rate: int) -> int:
    """How long the piece is at the plan's rate, to the nearest frame."""
    return (piece.frames * sample_rate + piece.source_rate // 2) // piece.source_rate


class Voice(Protocol):
    def read_into(self, position: int, out: Samples) -> None:
        """Fill `out` with what sounds `position` frames after the piece began; places must ascend without a hole."""
        ...

    def close(self) -> None: ...


def voice_of(piece: Piece, path: Path, sample_rate: int) -> Voice:
    if piece.source_rate == sample_rate:
        return StraightVoice(piece, path)
    return ResampledVoice(piece, path, sample_rate)


class StraightVoice:
    """Bit by bit."""

    def __init__(self, piece: Piece, path: Path) -> None:
        self._first = piece.source_frame
        self._reader = WavReader(path)

    def read_into(self, position: int, out: Samples) -> None:
        self._reader.read_into(self._first + position, out.data.cast("B"))

    def close(self) -> None:
        self._reader.close()


class ResampledVoice:
    """Through soxr, which keeps time exact: frame 0 of the piece sounds at frame 0."""

    def __init__(self, piece: Piece, path: Path, sample_rate: int) -> None:
        self._next = piece.source_frame
        self._end = piece.source_frame + piece.frames
        self._reader = WavReader(path)
        self._stream = soxr.ResampleStream(piece.source_rate, sample_rate, 1, dtype="float32")
        self._ready = silence(0)

    def read_into(self, position: int, out: Samples) -> None:
        filled = 0
        while filled < len(out):
            if not len(self._ready):
                self._ready = self._resampled()
            part = self._ready[: len(out) - filled]
            out[filled : filled + len(part)] = part
            self._ready = self._ready[len(part) :]
            filled += len(part)

    def close(self) -> None:
        self._reader.close()

    def _resampled(self) -> Samples:
        if self._next == self._end:
            # The length is rounded to the nearest frame, the filter's end may be one short of it.
            return silence(1)
        chunk = np.empty(min(CHUNK_FRAMES, self._end - self._next), SAMPLE)
        self._reader.read_into(self._next, chunk.data.cast("B"))
        self._next += len(chunk)
        return clipped(np.rint(self._stream.resample_chunk(chunk.astype(np.float32), last=self._next == self._end)))
