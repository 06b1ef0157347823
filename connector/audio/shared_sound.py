"""Places one recorder's file in another's by the sound that both hold bit by bit; sees numbers, never a correlation.

Two recorders on one bridge write the same frames. The bits say where, or say nothing: a tone, silence and repeated
sound stand at several places, and then the answer is None.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from connector.audio.samples import SAMPLE, Samples
from connector.audio.wav import WavReader
from connector.ports.workshop import Step

#: So many equal samples in a row are no accident …
RUN_FRAMES: Final = 160
#: … when the sound moves at least so often within them: a run of silence with a step at its end proves nothing.
MOVES: Final = 80
#: How much of the second file is looked at.
LISTENED_SECONDS: Final = 2
#: Behind so many seconds without shared sound it makes no difference where in them a step is.
MOST_PIECES: Final = 60
#: After so many seconds of sound in a row that is nowhere the files have nothing in common any more.
MOST_SEARCHES: Final = 10


def shared_offset(first: Path, second: Path, expected_frames: int, window_frames: int) -> int | None:
    """Where the second file's first frame sounds in the first one (negative: before it began), when exactly one place
    within ±window_frames of the expected one fits."""
    with WavReader(first) as one, WavReader(second) as other:
        if one.layout.sample_rate != other.layout.sample_rate:
            return None
        sample = _read(other, 0, LISTENED_SECONDS * other.layout.sample_rate)
        lowest = expected_frames - window_frames
        begin = max(0, lowest)
        around = _read(one, begin, expected_frames + window_frames + len(sample) - begin)
    return _only_place(around, begin, sample, range(lowest, expected_frames + window_frames + 1))


def steps_between(first: Path, second: Path, offset_frames: int, window_frames: int, frames: int) -> tuple[Step, ...]:
    """Where the second file's first `frames` go out of step with the first one, beside which they begin in step."""
    with WavReader(first) as one, WavReader(second) as other:
        return tuple(_Walk(one, other, offset_frames, window_frames).steps(frames))


class _Walk:
    """Along both files, a second at a time."""

    def __init__(self, first: WavReader, second: WavReader, offset: int, window: int) -> None:
        self._first = first
        self._second = second
        self._offset = offset
        self._window = window
        self._piece = second.layout.sample_rate

    def steps(self, frames: int) -> Iterator[Step]:
        sure = max(0, -self._offset)
        searches = 0
        for start in range(sure, frames, self._piece):
            sound = _read(self._second, start, min(self._piece, frames - start))
            if _fits(self._beside(start, self._offset, len(sound)), sound, 0):
                sure, searches = start, 0
                continue
            if np.count_nonzero(sound[1:] != sound[:-1]) < MOVES:
                continue
            searches += 1
            if (offset := self._found(start, sound)) is not None:
                begin = max(sure, start - MOST_PIECES * self._piece, -offset)
                yield Step(self._parting(begin, start + len(sound), offset), offset - self._offset)
                self._offset, sure, searches = offset, start, 0
            if searches == MOST_SEARCHES:
                return

    def _beside(self, start: int, offset: int, frames: int) -> Samples:
        return _read(self._first, start + offset, frames)

    def _found(self, start: int, sound: Samples) -> int | None:
        lowest, highest = self._offset - self._window, self._offset + self._window
        begin = max(0, start + lowest)
        around = _read(self._first, begin, start + highest + len(sound) - begin)
        place = _only_place(around, begin, sound, range(start + lowest, start + highest + 1))
        return None if place is None else place - start

    def _parting(self, begin: int, end: int, offset: int) -> int:
        """The frame that parts what stands at the old offset from what stands at the new one."""
        sound = _read(self._second, begin, end - begin)
        before, after = (self._equal(begin, sound, one) for one in (self._offset, offset))
        gained = np.cumsum(before.astype(np.int64) - after)
        # The last of several that are as good: what lies between them stands in neither place.
        return begin + len(gained) - int(np.argmax(gained[::-1]))

    def _equal(self, begin: int, sound: Samples, offset: int) -> np.typing.NDArray[np.bool_]:
        beside = self._beside(begin, offset, len(sound))
        equal = np.zeros(len(sound), np.bool_)
        equal[: len(beside)] = beside == sound[: len(beside)]
        return equal


def _only_place(around: Samples, begin: int, sample: Samples, places: range) -> int | None:
    """Of these places of a file, whose frames from `begin` on are `around`, the one where the sample stands."""
    fitting = [place for place in places if _fits(around, sample, place - begin)]
    return fitting[0] if len(fitting) == 1 else None


def _read(reader: WavReader, frame: int, frames: int) -> Samples:
    samples = np.empty(max(0, min(frames, reader.layout.frames - frame)), SAMPLE)
    if len(samples):
        reader.read_into(frame, samples.data.cast("B"))
    return samples


def _fits(around: Samples, sample: Samples, place: int) -> bool:
    """Whether the sample laid at `place` of `around` agrees with it over a long enough, lively run."""
    here, there = sample[max(0, -place) :], around[max(0, place) :]
    length = min(len(here), len(there))
    if length < RUN_FRAMES:
        return False
    is_equal = here[:length] == there[:length]
    if np.count_nonzero(is_equal) < RUN_FRAMES:
        return False
    return _has_lively_run(here[:length], is_equal)


def _has_lively_run(sound: Samples, is_equal: np.typing.NDArray[np.bool_]) -> bool:
    edges = np.concatenate(([-1], np.flatnonzero(~is_equal), [len(sound)]))
    moves = np.concatenate(([0], np.cumsum(sound[1:] != sound[:-1])))
    for index in np.flatnonzero(np.diff(edges) > RUN_FRAMES):
        begin, end = edges[index] + 1, edges[index + 1]
        if moves[end - 1] - moves[begin] >= MOVES:
            return True
    return False
