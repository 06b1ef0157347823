"""Which frames hold a signal of the line, made of one or two sine waves, and no voice. Knows numbers alone: no file, no
time.

A voice holds still for no longer than a few frames, so whatever is steady is a signal, or noise. Short ones are known
by their spectrum: what a key of the phone sounds like stands where no voice puts all its strength.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Of ten frames, which is as long as the shortest pulse of a busy tone; fluent speech loses one frame in 1400 by it.
STEADY_FRAMES: Final = 10
STEADY_DECIBELS: Final = 3.0
NO_TONE: Final = 0.0
TONE: Final = -1.0
#: Of the strength of a frame, in at most two narrow peaks.
TONAL_SHARE: Final = 0.9
#: Of one that is low: a hummed m has two peaks, too. It must stand still besides.
LOW_TONAL_SHARE: Final = 0.98
LOW_DRIFT_BINS: Final = 0.12
#: The keys of a phone begin at 697 Hz.
HIGH_HERTZ: Final = 600.0
LOW_SHARE: Final = 0.05
_RUMBLE_BINS: Final = 3
_PEAK_BINS: Final = range(-2, 3)


def steady(levels: Numbers) -> Flags:
    """Of each frame, by its level in decibels: whether it is in a stretch that does not change."""
    flags = np.zeros(len(levels), np.bool_)
    if len(levels) >= STEADY_FRAMES:
        windows = sliding_window_view(levels, STEADY_FRAMES)
        is_still = windows.max(axis=1) - windows.min(axis=1) < STEADY_DECIBELS
        for later in range(STEADY_FRAMES):
            flags[later : later + len(is_still)] |= is_still
    return flags


def tones_of(pairs: Numbers, sample_rate: int) -> Numbers:
    """Of the samples of two frames in a row, (pairs, samples), whether they are one or two sine waves and nothing else:
    NO_TONE, TONE, or of a low one where it is, in bins."""
    size = pairs.shape[1]
    strengths = np.abs(np.fft.rfft(pairs * np.hanning(size).astype(np.float32))) ** 2
    strengths[:, :_RUMBLE_BINS] = 0
    sums = strengths.sum(axis=1) + 1e-12
    low = strengths[:, : round(HIGH_HERTZ * size / sample_rate)].sum(axis=1) / sums
    middles = strengths @ np.arange(strengths.shape[1]) / sums
    shares = (_without_peak(strengths) + _without_peak(strengths)) / sums
    is_tone = (shares > TONAL_SHARE) & (low < LOW_SHARE)
    found: Numbers = np.where(is_tone, TONE, np.where(shares > LOW_TONAL_SHARE, middles, NO_TONE)).astype(np.float32)
    return found


def tonal(tones: Numbers) -> Flags:
    """Of each pair of the whole sound: a low one counts when the pair before or behind it is the same."""
    flags: Flags = tones == TONE
    is_low = tones > NO_TONE
    is_still = (np.abs(np.diff(tones)) < LOW_DRIFT_BINS) & is_low[1:] & is_low[:-1]
    flags[1:] |= is_still
    flags[:-1] |= is_still
    return flags


def _without_peak(strengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """The strength of each one's highest peak, which is taken away."""
    rows, peaks = np.arange(len(strengths)), strengths.argmax(axis=1)
    found = np.zeros(len(strengths), strengths.dtype)
    for beside in _PEAK_BINS:
        bins = np.clip(peaks + beside, 0, strengths.shape[1] - 1)
        found += strengths[rows, bins]
        strengths[rows, bins] = 0
    return found
