"""Which flush points of a growing file are worth keeping. Knows points and their times; knows nothing of holes' places.

A flush point says that at `at` the file held `frames` frames. How far the file is behind the wall clock then stays the
same for as long as frames are written, so that of a run of equal points the first and the last say everything.
"""

from connector.domain.ids import Moment
from connector.domain.recording import FlushPoint

#: Points of one run differ by the jitter of inotify and of the 20-ms frames: measured -31 to +12 ms.
JITTER_SECONDS = 0.045


def noted(
    points: tuple[FlushPoint, ...], point: FlushPoint, sample_rate: int, started_at: Moment | None
) -> tuple[FlushPoint, ...]:
    """The points worth keeping, `point` among them unless it says nothing new (then the very same tuple returns)."""
    if point.frames <= (points[-1].frames if points else 0):
        return points
    if point.is_torn or (points and points[-1].is_torn):
        return (*points, point)
    behind = _seconds_behind(point, sample_rate)
    kept = points
    # A file catches up with the wall clock never: where a later point is less behind, the earlier one was told late.
    while kept and _seconds_behind(kept[-1], sample_rate) > behind + JITTER_SECONDS:
        kept = kept[:-1]
    if not kept:
        return (point,)
    level = _level_before_last(kept, sample_rate, started_at)
    if level is not None and behind <= level + JITTER_SECONDS:
        kept = kept[:-1]
    return (*kept, point)


def _seconds_behind(point: FlushPoint, sample_rate: int) -> float:
    """Against a clock of no particular origin: only differences mean something."""
    return point.at - point.frames / sample_rate


def _level_before_last(points: tuple[FlushPoint, ...], sample_rate: int, started_at: Moment | None) -> float | None:
    return _seconds_behind(points[-2], sample_rate) if len(points) > 1 else started_at
