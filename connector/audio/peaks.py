"""The waveform for a page: the lowest and highest sample of each channel, per pixel.

The file is audiowaveform's binary format, version 2, which peaks.js and wavesurfer read. All little-endian: int32
version = 2, uint32 flags = 1 (8 bit), int32 sample_rate, int32 samples_per_pixel, uint32 pixels, int32 channels = 2;
then for each pixel int8 low and high of the left channel, low and high of the right. A value is the sample divided by
256. 100 pixels a second up to ten minutes; each doubling beyond halves them, so that a file stays below 240 kB.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from connector.audio.artefact_file import ArtefactFile
from connector.audio.block import window_frames
from connector.audio.extremes import Extremes
from connector.audio.samples import SAMPLE, Samples

HEADER: Final = struct.Struct("<iIiiIi")
MOST_PIXELS: Final = 60_000


def windows_per_pixel(frames: int, sample_rate: int) -> int:
    """A power of two, so that ever longer calls are drawn ever coarser."""
    windows, per_pixel = -(-frames // window_frames(sample_rate)), 1
    while windows > MOST_PIXELS * per_pixel:
        per_pixel *= 2
    return per_pixel


class Peaks:
    """Written window by window; its length is known before."""

    def __init__(self, write: Callable[[bytes], object], *, frames: int, sample_rate: int) -> None:
        self._windows_per_pixel = windows_per_pixel(frames, sample_rate)
        frames_per_pixel = self._windows_per_pixel * window_frames(sample_rate)
        self._waiting = np.empty((0, 4), SAMPLE)
        self._write = write
        write(HEADER.pack(2, 1, sample_rate, frames_per_pixel, -(-frames // frames_per_pixel), 2))

    def write(self, left: Extremes, right: Extremes) -> None:
        windows = np.stack((left.lows, left.highs, right.lows, right.highs), axis=1)
        windows = np.concatenate((self._waiting, windows))
        whole = len(windows) // self._windows_per_pixel * self._windows_per_pixel
        self._draw(windows[:whole].reshape(-1, self._windows_per_pixel, 4))
        self._waiting = windows[whole:]

    def end(self) -> None:
        """The last pixel may stand for fewer windows."""
        if len(self._waiting):
            self._draw(self._waiting[np.newaxis])

    def _draw(self, pixels: Samples) -> None:
        drawn = np.where([True, False, True, False], pixels.min(axis=1), pixels.max(axis=1))
        self._write((drawn >> 8).astype(np.int8).tobytes())


class PeaksFile(Peaks):
    def __init__(self, path: Path, *, frames: int, sample_rate: int) -> None:
        self.file = ArtefactFile(path)
        super().__init__(self.file.write, frames=frames, sample_rate=sample_rate)
