"""Stretches of time as sets, checked second by second."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.coverage import Interval, merged, overlaps, seconds_before, without

seconds = st.integers(0, 20).map(float)
intervals = st.lists(st.tuples(seconds, seconds), max_size=6)


def seconds_in(some: list[Interval]) -> set[int]:
    return {second for start, end in some for second in range(int(start), int(end))}


@given(intervals)
def test_merging_keeps_the_time_and_leaves_no_two_that_touch(some: list[Interval]) -> None:
    assert seconds_in(merged(some)) == seconds_in(some)
    assert all(before[1] < after[0] for before, after in pairwise(merged(some)))


@given(intervals, intervals)
def test_what_is_left_is_in_the_one_and_not_in_the_other(some: list[Interval], taken: list[Interval]) -> None:
    assert seconds_in(without(some, taken)) == seconds_in(some) - seconds_in(taken)


@given(intervals, seconds)
def test_the_seconds_before_a_moment_are_counted_once(some: list[Interval], moment: float) -> None:
    assert seconds_before(moment, merged(some)) == len({second for second in seconds_in(some) if second < moment})


def test_touching_is_not_overlapping() -> None:
    assert overlaps((0.0, 2.0), (1.0, 3.0))
    assert not overlaps((0.0, 2.0), (2.0, 3.0))
