"""Whose days hold, where an expired copy stays, when the daily job is due, what a tombstone says."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain.call import Wanted
from connector.domain.keeping import DAY_SECONDS, NOT_RECKONED, Keeping, expiry, extended, is_beyond, within
from connector.domain.options import RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.policy import Policy, Rule, When, Word
from connector.domain.recording import Delivery, Recording
from connector.domain.retention import RETENTION, Plan, Terms, last_hour, tombstone, transcript_expiry
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import BadRequest
from tests.builders import MORNING, a_call, a_delivery, a_leg, a_recording

#: As `retentionDays` says it.
UNLIMITED = 0


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("days", "most", "allowed"),
    [
        (30, 90, 30),
        (90, 90, 90),
        (91, 90, 90),
        (UNLIMITED, 90, 90),
        (UNLIMITED, UNLIMITED, UNLIMITED),
        (9, UNLIMITED, 9),
    ],
)
def test_a_plan_reaches_no_further_than_its_most(days: int, most: int, allowed: int) -> None:
    assert within(days, most) == allowed
    assert is_beyond(days, most) == (days != allowed)


def test_unlimited_has_no_end_and_a_day_is_a_day() -> None:
    assert expiry(MORNING, UNLIMITED) is None
    assert expiry(MORNING, 1) == MORNING + 86_400


@pytest.mark.parametrize(
    ("ends_in", "days", "then"),
    [(10.0, 30, 30.0), (40.0, 30, 40.0), (None, 30, None), (10.0, UNLIMITED, None)],
)
def test_extending_counts_from_today_and_never_shortens(ends_in: float | None, days: int, then: float | None) -> None:
    expires_at = None if ends_in is None else MORNING + ends_in * DAY_SECONDS
    found = extended(Keeping(expires_at=expires_at), MORNING, days)
    assert found == (None if then is None else MORNING + then * DAY_SECONDS)


def a_policy(**over: Any) -> Policy:
    return Policy(default_options=RecordingOptions(retention_days=90), **over)


def terms(policy: Policy | None = None, plan: Plan | None = None) -> Terms:
    return Terms(
        plans={"default": plan} if plan else {},
        policies={"default": policy or a_policy()},
        directories={"asterisk": Directory()},
        deletes_expired={"archive": True, "bucket": False},
    )


def test_a_recordings_own_days_hold_within_its_organisations_plan() -> None:
    limited = terms(plan=Plan(name="business", most_days=365))
    assert [limited.days("default", days) for days in (7, 365, 366, UNLIMITED, None)] == [7, 365, 365, 365, 90]
    assert limited.days("another", 3650) == 3650


def test_an_extension_beyond_the_plan_is_refused_by_its_name() -> None:
    limited = terms(plan=Plan(name="business", most_days=365))
    limited.check_extension("default", 365)
    for days in (366, UNLIMITED):
        with pytest.raises(BadRequest, match="plan 'business'"):
            limited.check_extension("default", days)
    terms().check_extension("default", UNLIMITED)


def test_days_of_now_come_from_the_rule_that_would_decide_today() -> None:
    rule = Rule(
        word=Word.YES, when=When(queue=("claims",)), options=RecordingOptions(retention_days=3650), name="rule 1"
    )
    now = terms(a_policy(rules=(rule,)))
    recording = a_recording(options=RecordingOptions(retention_days=30))
    assert now.days_now(recording, a_call()) == 90
    assert now.days_now(recording, a_call(queue="claims")) == 3650


def test_what_the_call_itself_asked_for_holds_today_too() -> None:
    said = a_leg(variables=(("CALLREEL_OPTIONS", "retentionDays=5"),))
    assert terms().days_now(a_recording(), a_call(legs=(said,))) == 5
    by_hand = a_call(wanted=Wanted(by="key k1", options="retentionDays=6"))
    assert terms().days_now(a_recording(), by_hand) == 6


@pytest.mark.parametrize("over", [{"pbx": "gone"}, {"organisation": "gone"}])
def test_of_what_is_not_configured_any_more_the_promised_days_hold(over: dict[str, str]) -> None:
    recording = a_recording(options=RecordingOptions(retention_days=12), **over)
    assert terms().days_now(recording, a_call(**over)) == 12


@pytest.mark.parametrize(
    ("destination", "url", "is_left"),
    [
        ("archive", "s3://b/one.mp3", False),
        ("bucket", "file:///one.mp3", True),
        ("gone", "file:///one.mp3", False),
        ("gone", "s3://b/one.mp3", True),
        ("call:", "gs://b/one.mp3", True),
    ],
)
def test_an_expired_copy_is_left_where_nobody_asked_us_to_delete(destination: str, url: str, is_left: bool) -> None:
    assert terms().is_left(a_delivery(destination=destination, url=url)) is is_left


@pytest.mark.parametrize(
    ("now", "zone", "last"),
    [
        ("2026-01-05T03:30:00", "UTC", "2026-01-05T03:30:00"),
        ("2026-01-05T03:29:59", "UTC", "2026-01-04T03:30:00"),
        ("2026-01-05T12:00:00", "America/New_York", "2026-01-05T08:30:00"),
        ("2026-01-05T01:00:00", "America/New_York", "2026-01-04T08:30:00"),
        # Both hours of the autumn night, and the one that the spring night has not.
        ("2026-11-01T12:00:00", "America/New_York", "2026-11-01T08:30:00"),
        ("2026-03-29T12:00:00", "Europe/Berlin", "2026-03-29T01:30:00"),
    ],
)
def test_the_last_hour_of_the_daily_job_is_that_of_the_houses_zone(now: str, zone: str, last: str) -> None:
    assert last_hour(at(now), "03:30", zone) == at(last)


def test_an_hour_that_a_night_has_not_comes_all_the_same() -> None:
    found = last_hour(at("2026-03-29T12:00:00"), "02:30", "Europe/Berlin")
    assert at("2026-03-29T00:30:00") <= found <= at("2026-03-29T01:30:00")


def test_a_transcript_has_days_of_its_own_only_when_somebody_says() -> None:
    assert transcript_expiry(MORNING, RecordingOptions()) is None
    assert transcript_expiry(MORNING, RecordingOptions(transcript_retention_days=UNLIMITED)) is None
    assert transcript_expiry(MORNING, RecordingOptions(transcript_retention_days=2)) == MORNING + 2 * DAY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    recording: Recording
    deliveries: tuple[Delivery, ...] = ()
    keeping: Keeping = NOT_RECKONED


def test_a_tombstone_says_when_why_and_what_is_left() -> None:
    gone = a_recording(state=RecordingState.REMOVED, reason="its days were over")
    left = a_delivery(destination="bucket", state=DeliveryState.LEFT)
    keeping = Keeping(removed_at=MORNING, removed_by=RETENTION)
    found = tombstone(File(recording=gone, deliveries=(a_delivery(state=DeliveryState.DELETED), left), keeping=keeping))
    assert found is not None
    assert (found.removed_at, found.reason, found.is_expired, found.is_gone) == (
        MORNING,
        "its days were over",
        True,
        True,
    )
    assert found.remaining == (left,)


def test_who_removed_it_by_hand_is_named_and_what_is_there_has_no_tombstone() -> None:
    going = a_recording(state=RecordingState.REMOVING)
    found = tombstone(File(recording=going, keeping=Keeping(removed_at=MORNING, removed_by="key k1")))
    assert found is not None
    assert (found.by, found.is_expired, found.is_gone) == ("key k1", False, False)
    assert tombstone(File(recording=a_recording(state=RecordingState.AVAILABLE))) is None
