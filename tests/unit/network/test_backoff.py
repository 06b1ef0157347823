"""Waits grow, stay in their bounds and end after days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.network.backoff import NOTIFICATION_SCHEDULE_SECONDS, SCHEDULE_SECONDS, delay_seconds, next_try

jitters = st.floats(0, 1)


def test_the_whole_wait_grows_by_the_factor_up_to_the_limit() -> None:
    waits = [delay_seconds(attempt, first=1, factor=2, limit=10, jitter=1) for attempt in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]


def test_without_jitter_half_of_it_is_waited() -> None:
    assert delay_seconds(3, first=1, factor=2, limit=10, jitter=0) == 2


@given(st.integers(-3, 10**6), jitters)
def test_a_delay_never_leaves_its_bounds_however_many_tries_there_were(attempt: int, jitter: float) -> None:
    assert 0.25 <= delay_seconds(attempt, first=0.5, factor=2, limit=60, jitter=jitter) <= 60


def test_the_schedule_lasts_about_four_days() -> None:
    waits: list[float] = []
    while (wait := next_try(len(waits) + 1)) is not None:
        waits.append(wait)
    assert waits == pytest.approx(SCHEDULE_SECONDS)
    assert 3.5 < sum(waits) / 86_400 < 4.5


def test_it_is_quick_at_first_and_never_more_than_a_day_apart() -> None:
    assert SCHEDULE_SECONDS[0] == 5
    assert list(SCHEDULE_SECONDS) == sorted(SCHEDULE_SECONDS)
    assert max(SCHEDULE_SECONDS) <= 86_400


def test_a_notification_is_tried_ten_times_in_75_h_35_min_as_standard_webhooks_says() -> None:
    waits: list[float] = []
    while (wait := next_try(len(waits) + 1, schedule=NOTIFICATION_SCHEDULE_SECONDS)) is not None:
        waits.append(wait)
    hours = [seconds / 3600 for seconds in waits]
    assert hours == pytest.approx([5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24])
    assert sum(waits) == (75 * 60 + 35) * 60 + 5


@given(st.integers(1, len(SCHEDULE_SECONDS)), jitters)
def test_jitter_moves_a_try_by_a_tenth_at_most(attempt: int, jitter: float) -> None:
    wait = next_try(attempt, jitter)
    assert wait is not None
    assert abs(wait / SCHEDULE_SECONDS[attempt - 1] - 1) <= 0.1 + 1e-9


def test_two_draws_give_two_moments() -> None:
    assert next_try(4, 0.0) != next_try(4, 1.0)


@given(st.integers(len(SCHEDULE_SECONDS) + 1, 10**6))
def test_after_the_last_try_there_is_none(attempt: int) -> None:
    assert next_try(attempt) is None
