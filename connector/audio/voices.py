"""Where in a file somebody speaks, channel by channel, by the strength of the sound alone. Knows no word and no model.

A frame of 20 ms holds voice when it is 12 dB over what is quiet in its channel, and no signal of the line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from connector.audio.samples import FULL_SCALE, SAMPLE
from connector.audio.tones import NO_TONE, Flags, Numbers, steady, tonal, tones_of
from connector.audio.wav import WavLayout, wav_layout
from connector.domain.speech import Voice
from connector.errors import BrokenAudio
from connector.ports.workshop import VOICE_PADDING_SECONDS

FRAMES_PER_SECOND: Final = 50
#: What is below is silence whatever the channel.
FLOOR_DECIBELS: Final = -50.0
OVER_QUIET_DECIBELS: Final = 12.0
QUIET_PERCENT: Final = 10
MERGE_SECONDS: Final = 0.5
SHORTEST_FRAMES: Final = 3

#: Of all channels together: what is held at once.
_BLOCK_SAMPLES: Final = 1 << 20
_NO_SOUND_DECIBELS: Final = -100.0
#: Between two frames of one tone.
_TONE_STEP_DECIBELS: Final = 3.0
#: So much of a steady sound beside a voice is its own: the m that a word ends with.
_OWN_FRAMES: Final = 10


def voices(path: Path) -> tuple[tuple[Voice, ...], ...]:
    """Of each channel, in order. Raises SourceMissing, and BrokenAudio for what is no WAV file of 16-bit sound."""
    layout = wav_layout(path)
    size = max(1, layout.sample_rate // FRAMES_PER_SECOND)
    ears = [_Ear(size, layout.sample_rate) for _ in range(layout.channels)]
    for block in _blocks(path, layout, size):
        for channel, ear in enumerate(ears):
            ear.hear(block[:, channel])
    return tuple(ear.voices(layout.frames / max(1, layout.sample_rate)) for ear in ears)


class _Ear:
    """Listens to one channel; keeps four bytes of each frame."""

    def __init__(self, frame_samples: int, sample_rate: int) -> None:
        self._size = frame_samples
        self._rate = sample_rate
        self._levels: list[NDArray[np.float16]] = []
        self._tones: list[NDArray[np.float16]] = []

    def hear(self, samples: NDArray[np.int16]) -> None:
        """A whole number of frames; the last one was the first one of the next block, if there is a next."""
        frames = samples.astype(np.float32).reshape(-1, self._size)
        frames *= 1 / FULL_SCALE
        levels = _levels(frames)
        self._levels.append(levels.astype(np.float16))
        self._tones.append(self._pair_tones(frames, levels).astype(np.float16))

    def voices(self, duration_seconds: float) -> tuple[Voice, ...]:
        if not self._levels:
            return ()
        levels = np.concatenate([*(known[:-1] for known in self._levels[:-1]), self._levels[-1]]).astype(np.float32)
        pairs = tonal(np.concatenate(self._tones).astype(np.float32))
        quiet = float(np.percentile(levels, QUIET_PERCENT))
        is_loud = levels > max(quiet + OVER_QUIET_DECIBELS, FLOOR_DECIBELS)
        # A tone swells and fades in the frames beside those that it fills.
        is_signal = steady(levels) | _widened(np.append(pairs, False), before=1, after=2)
        is_voice = _long_enough(is_loud & ~is_signal)
        is_voice |= is_loud & _widened(is_voice, before=_OWN_FRAMES, after=_OWN_FRAMES)
        return _padded(_runs(is_voice), self._size / self._rate, duration_seconds)

    def _pair_tones(self, frames: Numbers, levels: Numbers) -> Numbers:
        """Of each frame but the last, with the next one. Only what may be a tone is looked at."""
        tones = np.full(len(frames) - 1, NO_TONE, np.float32)
        is_even = np.abs(np.diff(levels)) < _TONE_STEP_DECIBELS
        candidates = np.flatnonzero((levels[:-1] > FLOOR_DECIBELS) & is_even)
        if len(candidates):
            tones[candidates] = tones_of(np.hstack((frames[candidates], frames[candidates + 1])), self._rate)
        return tones


def _blocks(path: Path, layout: WavLayout, size: int) -> Iterator[NDArray[np.int16]]:
    """Whole frames of all channels, (samples, channels); the last frame of a block is the first one of the next."""
    total = layout.frames // size
    step = max(1, _BLOCK_SAMPLES // (size * layout.channels))
    try:
        with path.open("rb") as file:
            for first in range(0, max(1, total - 1) if total else 0, step):
                count = min(step + 1, total - first) * size * layout.channels
                file.seek(layout.data_offset + first * size * layout.channels * SAMPLE.itemsize)
                samples = np.fromfile(file, SAMPLE, count)
                if len(samples) < count:
                    raise BrokenAudio(f"{path} is shorter than it was a moment ago: was it written to beside us?")
                yield samples.reshape(-1, layout.channels)
    except OSError as error:
        raise BrokenAudio(f"{path} cannot be read ({error.strerror}): check its rights and the disk") from error


def _levels(frames: Numbers) -> Numbers:
    """In decibels below the loudest that there can be; a constant offset is no sound."""
    power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1] - frames.mean(axis=1) ** 2
    levels: Numbers = 10 * np.log10(np.maximum(power, 10 ** (_NO_SOUND_DECIBELS / 10)))
    return levels


def _widened(flags: Flags, *, before: int, after: int) -> Flags:
    found = np.flatnonzero(flags)
    wide = np.zeros(len(flags), np.bool_)
    for beside in range(-before, after + 1):
        wide[np.clip(found + beside, 0, len(flags) - 1)] = True
    return wide


def _long_enough(flags: Flags) -> Flags:
    kept = np.zeros(len(flags), np.bool_)
    for first, last in _runs(flags):
        kept[first:last] = last - first >= SHORTEST_FRAMES
    return kept


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """From which frame to which, without the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _padded(runs: list[tuple[int, int]], frame_seconds: float, duration_seconds: float) -> tuple[Voice, ...]:
    found: list[Voice] = []
    for first, last in runs:
        start = max(0.0, round(first * frame_seconds - VOICE_PADDING_SECONDS, 3))
        end = round(min(duration_seconds, last * frame_seconds + VOICE_PADDING_SECONDS), 3)
        if found and start - found[-1].end_seconds < MERGE_SECONDS:
            start = found.pop().start_seconds
        found.append(Voice(start, end))
    return tuple(found)
