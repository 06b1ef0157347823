"""What is remembered of an endpoint: when it is trusted, when it rests, and what an answer means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.notification import Attempt
from connector.network.backoff import NOTIFICATION_SCHEDULE_SECONDS
from connector.ports.poster import Reply
from connector.services.endpoints import Line, Outcome, Standing, Turn, answered, next_moment
from tests.builders import MORNING
from tests.unit.services.scripted_receivers import a_notification, endpoint

DAY = 86_400.0
WHOLE = sum(NOTIFICATION_SCHEDULE_SECONDS)


def outcome(reason: str = "it answers 500", **over: object) -> Outcome:
    attempt = Attempt(at=MORNING, seconds=1.0, status=None, reason=reason)
    return Outcome(attempt=attempt, **over)  # type: ignore[arg-type]  # a builder


def answer(status: int, retry_after_seconds: float | None = None) -> Outcome:
    reply = Reply(status=status, content=b"", is_cut=False, retry_after_seconds=retry_after_seconds, seconds=0.1)
    return answered(reply, MORNING, is_fallback=False)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    assert answer(status).is_taken


@pytest.mark.parametrize("status", [100, 199, 300, 301, 304, 308, 400, 410, 429, 500, 504, 599, 0, 999])
def test_nothing_else_is_and_it_says_so_with_its_number(status: int) -> None:
    assert not answer(status).is_taken
    assert str(status) in answer(status).attempt.reason


def test_who_sends_us_elsewhere_is_not_followed_and_told_apart() -> None:
    assert "nobody is sent on" in answer(302).attempt.reason


def test_only_these_answers_say_that_nobody_is_taken_now() -> None:
    assert {status for status in range(100, 600) if answer(status).says_down} == {429, 502, 503, 504}


def test_only_410_says_gone_and_only_of_the_first_address() -> None:
    assert [status for status in range(100, 600) if answer(status).is_gone] == [410]
    reply = Reply(status=410, content=b"", is_cut=False, retry_after_seconds=None, seconds=0.1)
    assert not answered(reply, MORNING, is_fallback=True).is_gone


@pytest.mark.parametrize(("said", "meant"), [(None, 0), (-5, 0), (30, 30), (DAY, DAY), (10 * DAY, DAY)])
def test_a_wish_to_wait_is_cut_at_a_day(said: float | None, meant: float) -> None:
    assert answer(503, said).wait_seconds == meant


@given(st.integers(0, 8), st.floats(0, 1), st.floats(0, 2 * DAY))
def test_the_next_try_is_by_the_schedule_or_later_if_so_wished(attempts: int, jitter: float, wish: float) -> None:
    one = a_notification(attempts=attempts)
    at = next_moment(one, outcome(wait_seconds=wish), MORNING, jitter)
    assert at is not None
    by_schedule = NOTIFICATION_SCHEDULE_SECONDS[attempts]
    assert max(0.9 * by_schedule, wish) - 1e-3 <= at - MORNING <= max(1.1 * by_schedule, wish) + 1e-3


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_the_tenth_try_is_the_last_whatever_the_draws(draws: list[float]) -> None:
    now = MORNING
    for attempts, draw in enumerate(draws):
        at = next_moment(a_notification(attempts=attempts), outcome(), now, draw)
        assert (at is None) is (attempts == 9)
        now = at or now
    assert 0.9 * WHOLE - 1e-3 <= now - MORNING <= 1.1 * WHOLE + 1e-3


def test_tries_that_were_over_within_minutes_are_not_all() -> None:
    early = next_moment(a_notification(attempts=40), outcome(), MORNING + 600, 0.5)
    assert early == MORNING + 600 + DAY
    assert next_moment(a_notification(attempts=40), outcome(), MORNING + WHOLE, 0.5) is None


def test_pauses_grow_from_five_seconds_to_five_minutes_and_end_with_the_first_that_is_taken() -> None:
    standing, now, pauses = Standing(), MORNING, []
    for _ in range(12):
        assert standing.failed(standing.era, outcome(says_down=True), now, 1.0)
        pauses.append(standing.rests_until - now)
        assert standing.is_resting(standing.rests_until - 0.001)
        assert not standing.is_resting(standing.rests_until)
        now = standing.rests_until
    assert pauses == pytest.approx([5, 10, 20, 40, 80, 160] + [300] * 6)
    assert standing.down_since == MORNING
    assert standing.took(standing.era)
    assert (standing.reason, standing.is_resting(now), standing.is_trusted) == ("", False, True)
    standing.failed(standing.era, outcome(says_down=True), now, 1.0)
    assert standing.rests_until - now == pytest.approx(5)


def test_what_was_sent_before_it_was_found_down_neither_ends_the_pause_nor_makes_it_longer() -> None:
    standing = Standing()
    standing.took(0)
    assert standing.failed(0, outcome(says_down=True), MORNING, 1.0)
    rests_until = standing.rests_until
    assert not standing.failed(0, outcome(says_down=True), MORNING + 1, 1.0)
    assert not standing.took(0)
    assert standing.rests_until == rests_until
    assert standing.down_since is not None


def test_two_failures_in_a_row_are_none_of_its_own_and_it_is_down_since_the_first_of_three() -> None:
    standing = Standing()
    assert [standing.failed(standing.era, outcome(), MORNING + at, 1.0) for at in range(3)] == [False, False, True]
    assert standing.down_since == MORNING
    standing.took(standing.era)
    assert not standing.failed(standing.era, outcome(), MORNING + 9, 1.0)


def test_it_is_asked_by_one_alone_then_by_more_and_more_up_to_four() -> None:
    line = Line("crm", endpoint("crm"))
    rooms = [line.room]
    for _ in range(5):
        line.ended(line.begun(), [outcome("")], MORNING, 0.5)
        rooms.append(line.room)
    assert rooms == [1, 2, 3, 4, 4, 4]
    line.ended(line.begun(), [outcome()], MORNING, 0.5)
    assert line.room == 1


def test_what_failed_on_our_side_says_nothing_of_it() -> None:
    line = Line("crm", endpoint("crm"))
    turns = [line.ended(line.begun(), [outcome(was_asked=False)], MORNING, 0.5) for _ in range(5)]
    assert turns == [Turn.NONE] * 5
    assert line.whole.down_since is None


def test_all_that_waits_is_hurried_when_it_answers_again_but_not_every_second() -> None:
    line = Line("crm", endpoint("crm"))
    assert line.ended(line.begun(), [outcome("")], MORNING, 0.5) is Turn.BACK
    assert line.is_to_hurry(MORNING)
    line.hurried(MORNING)
    line.ended(line.begun(), [outcome(says_down=True)], MORNING + 10, 0.5)
    assert line.ended(line.begun(), [outcome("")], MORNING + 20, 0.5) is Turn.BACK
    assert not line.is_to_hurry(MORNING + 299)
    assert line.is_to_hurry(MORNING + 300)


def test_nobody_is_hurried_towards_one_that_is_down_again() -> None:
    line = Line("crm", endpoint("crm"))
    line.ended(line.begun(), [outcome("")], MORNING, 0.5)
    line.ended(line.begun(), [outcome(says_down=True)], MORNING, 0.5)
    assert not line.is_to_hurry(MORNING + 1000)


def test_settings_that_stay_the_same_forget_nothing_and_others_forget_that_it_was_down() -> None:
    line = Line("crm", endpoint("crm"))
    line.ended(line.begun(), [outcome(says_down=True)], MORNING, 0.5)
    line.follow(endpoint("crm"))
    assert line.whole.is_resting(MORNING + 1)
    begun = line.begun()
    line.follow(endpoint("crm", timeout_seconds=3))
    assert not line.whole.is_resting(MORNING + 1)
    # A try by the old settings says nothing of the new ones.
    line.ended(begun, [outcome(says_down=True)], MORNING, 0.5)
    assert line.whole.down_since is None


def test_what_others_may_have_claimed_meanwhile_is_not_begun() -> None:
    line = Line("crm", endpoint("crm"))
    line.take_in(a_notification(), MORNING + 60)
    assert line.may_begin(MORNING + 60)
    assert not line.may_begin(MORNING + 61)
    assert [one.id for one in line.let_go()] == ["msg_1"]
    assert line.held == 0
