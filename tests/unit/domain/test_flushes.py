"""Of an hour of flush points only those are kept that say where the file stood still."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.file_clock import placed
from connector.domain.flushes import noted
from connector.domain.recording import FlushPoint
from tests.unit.domain.written_files import T0, Written, a_segment

#: As measured: -31 to +12 ms.
JITTER = (0.0, 0.012, -0.031, 0.005, -0.014)
jitters = st.lists(st.floats(-0.031, 0.012), min_size=1, max_size=7)
#: Silences of a call: seconds of talk before, seconds of nothing.
silences = st.lists(st.tuples(st.floats(0.5, 20), st.floats(0.3, 8)), max_size=5)


def kept_of(points: tuple[FlushPoint, ...], rate: int = 8000, started_at: float | None = T0) -> tuple[FlushPoint, ...]:
    kept: tuple[FlushPoint, ...] = ()
    for point in points:
        kept = noted(kept, point, rate, started_at)
    return kept


def a_file(turns: list[tuple[float, float]], tail_seconds: float = 5.0) -> Written:
    at, found = 0.0, []
    for talk, silence in turns:
        found.append((at + talk, at + talk + silence))
        at += talk + silence
    return Written(at + tail_seconds, tuple(found))


@pytest.mark.parametrize("started_at", [T0, None])
def test_an_hour_without_holes_is_two_or_three_points(started_at: float | None) -> None:
    points = Written(3600.0).flushes(JITTER)
    assert len(points) > 1700
    assert 1 <= len(kept_of(points, started_at=started_at)) <= 3


def test_an_hour_whose_file_drifts_by_20_ms_in_4_minutes_keeps_few_points() -> None:
    points = tuple(
        FlushPoint(at=point.at + (point.at - T0) * 0.02 / 240, frames=point.frames)
        for point in Written(3600.0).flushes(JITTER)
    )
    assert len(kept_of(points)) <= 20


def test_the_point_before_a_hole_and_the_point_after_it_are_kept() -> None:
    points = Written(600.0, ((100.0, 104.0), (400.0, 402.0))).flushes(JITTER)
    grown = [
        (before, after)
        for before, after in pairwise(points)
        if (after.at - before.at) - (after.frames - before.frames) / 8000 > 1
    ]
    kept = kept_of(points)
    assert len(grown) == 2
    assert all(before in kept and after in kept for before, after in grown)
    assert len(kept) <= 6


def test_the_last_point_is_always_there() -> None:
    points = Written(60.0, ((20.0, 24.0),)).flushes()
    assert kept_of(points)[-1] == points[-1]


def test_a_point_told_twice_or_out_of_order_says_nothing_new() -> None:
    points = Written(60.0, ((20.0, 24.0),)).flushes()
    kept = kept_of(points)
    assert all(noted(kept, point, 8000, T0) is kept for point in points)
    assert noted((), FlushPoint(at=T0, frames=0), 8000, T0) == ()


def test_a_torn_point_is_kept_and_never_taken_for_one_that_was_told_late() -> None:
    first, second, third, *_ = Written(60.0).flushes()
    torn = FlushPoint(at=second.at, frames=first.frames + 100, is_torn=True)
    assert kept_of((first, torn, third)) == (first, torn, third)


def test_a_point_that_was_told_late_is_forgotten_when_the_next_one_is_in_time() -> None:
    first, second, third, *_ = Written(60.0).flushes()
    late = FlushPoint(at=second.at + 1.5, frames=second.frames)
    assert late in kept_of((first, late))
    assert late not in kept_of((first, late, third))


@given(silences, jitters)
def test_the_kept_points_place_every_frame_as_well_as_all_points_do(
    turns: list[tuple[float, float]], jitter: list[float]
) -> None:
    file = a_file(turns)
    points = file.flushes(jitter)
    few, all_of_them = (
        placed(a_segment(written=file, flushes=flushes), file.frames) for flushes in (kept_of(points), points)
    )
    for point in points:
        at = {round(moment, 6) for clock in (few, all_of_them) for moment in [clock.moment_of(point.frames - 1)]}
        assert max(at) - min(at) <= 0.12


@given(st.lists(st.tuples(st.floats(-10, 100), st.integers(-5, 500_000)), max_size=30), st.booleans())
def test_points_stay_in_order_whatever_comes_in_whatever_order(points: list[tuple[float, int]], is_known: bool) -> None:
    told = tuple(FlushPoint(at=T0 + at, frames=frames) for at, frames in points)
    kept = kept_of(told, started_at=T0 if is_known else None)
    assert set(kept) <= set(told)
    assert all(0 < before.frames < after.frames for before, after in pairwise(kept))
