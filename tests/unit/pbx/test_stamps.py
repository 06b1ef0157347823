"""A PBX's clock may jump; the time line of a call must not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.pbx.stamps import SteadyStamps

START = 1_800_000_000.0
#: Until the next event, and how long this one was under way.
JOURNEYS = st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 0.05)), min_size=2, max_size=60)


def test_two_clocks_that_agree_leave_a_stamp_as_it_is() -> None:
    stamps = SteadyStamps()
    assert stamps.steady(START, START + 0.004) == START
    assert abs(stamps.steady(START + 10.0, START + 10.001) - (START + 10.0)) < 0.003


def test_a_pbx_that_lives_in_another_year_is_brought_to_our_time() -> None:
    stamps = SteadyStamps()
    assert stamps.steady(1000.0, START) == START
    assert abs(stamps.steady(1005.0, START + 5.0) - (START + 5.0)) < 0.01


@given(JOURNEYS)
def test_stamps_of_agreeing_clocks_stay_true_whatever_the_delays(journeys: list[tuple[float, float]]) -> None:
    stamps, now, received_at = SteadyStamps(), START, START
    for gap, delay in journeys:
        now += gap
        received_at = max(received_at, now + delay)
        answer = stamps.steady(now, received_at)
        assert answer <= received_at
        assert abs(answer - now) <= 0.051


@given(JOURNEYS, st.lists(st.tuples(st.integers(1, 59), st.sampled_from((3600.0, -3600.0, 7.0, -7.0))), max_size=4))
def test_a_clock_that_is_set_in_mid_call_tears_nothing(
    journeys: list[tuple[float, float]], steps: list[tuple[int, float]]
) -> None:
    stamps, now, received_at, error, latest = SteadyStamps(), START, START, 0.0, 0.0
    for number, (gap, delay) in enumerate(journeys):
        now += gap
        error += sum(step for place, step in steps if place == number)
        received_at = max(received_at, now + delay)
        answer = stamps.steady(now + error, received_at)
        assert abs(answer - now) <= 0.11
        assert latest <= answer <= received_at
        latest = answer


@given(st.floats(-100e-6, 100e-6))
def test_two_clocks_that_drift_apart_are_followed_without_a_step(drift: float) -> None:
    stamps, received_at = SteadyStamps(), START
    answers = []
    for _ in range(1000):
        received_at += 30.0
        answers.append(stamps.steady(START + (received_at - START) * (1 + drift), received_at + 0.001))
    assert abs(answers[-1] - received_at) <= 0.03
    gaps = [later - earlier for earlier, later in pairwise(answers)]
    assert all(abs(gap - 30.0) <= 0.02 for gap in gaps[1:])


@given(st.permutations(range(8)))
def test_events_out_of_order_never_go_back_in_time(order: list[int]) -> None:
    stamps = SteadyStamps()
    answers = [stamps.steady(START + place * 0.01, START + 1.0) for place in order]
    assert answers == sorted(answers)


def test_a_slow_spell_is_forgotten_when_the_messages_are_quick_again() -> None:
    stamps = SteadyStamps()
    stamps.steady(START, START)
    stamps.steady(START + 1.0, START + 4.0)
    for second in range(5, 12):
        answer = stamps.steady(START + second, START + second)
        assert abs(answer - (START + second)) < 0.001


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_when_our_own_clock_is_set_between_calls_time_goes_on_from_there(step: float) -> None:
    stamps = SteadyStamps()
    stamps.steady(START, START)
    stamps.steady(START + 10.0, START + 10.0)
    answers = [stamps.steady(START + second, START + second + step + 0.01) for second in range(20, 25)]
    assert answers == pytest.approx([START + second + step for second in range(20, 25)], abs=0.05)
