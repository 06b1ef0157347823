"""Stretches of wall time as sets: merging them, and taking one from another. Knows nothing of files or sound."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from connector.domain.ids import Moment

#: Start and end.
Interval: TypeAlias = tuple[Moment, Moment]


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time, sorted, without empty intervals, overlaps and touching borders."""
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def without(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What is left of the intervals outside of the taken ones."""
    gone = merged(taken)
    return [rest for interval in merged(intervals) for rest in _rests(interval, gone)]


def overlaps(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def seconds_before(moment: Moment, intervals: Sequence[Interval]) -> float:
    """How much of the (merged) intervals lies before the moment."""
    return sum(min(end, moment) - start for start, end in intervals if start < moment)


def _rests(interval: Interval, taken: Sequence[Interval]) -> list[Interval]:
    rests: list[Interval] = []
    begin, last = interval
    for start, end in taken:
        if end <= begin or start >= last:
            continue
        if start > begin:
            rests.append((begin, start))
        begin = end
    if begin < last:
        rests.append((begin, last))
    return rests
