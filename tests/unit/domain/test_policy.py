"""Five words, a wish and defaults: who decides, and with which options."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.call import Direction
from connector.domain.options import AudioFormat, RecordingOptions
from connector.domain.policy import CallFacts, Policy, Rule, When, Wish, Word
from connector.domain.week import WeekTime
from tests.builders import MORNING

NOTHING = Wish()


def facts(**over: Any) -> CallFacts:
    known: dict[str, Any] = {
        "organisation": "default",
        "direction": Direction.INBOUND,
        "queue": "payments",
        "at": MORNING,
    }
    return CallFacts(**(known | over))


def rules(*words: str, **options: Any) -> tuple[Rule, ...]:
    return tuple(
        Rule(word=Word(word), options=RecordingOptions(**options), name=f"rule {number}")
        for number, word in enumerate(words, start=1)
    )


@pytest.mark.parametrize(
    ("words", "wish", "record", "by"),
    [
        ((), None, True, "defaults.record"),
        (("yes",), None, True, "rule 1"),
        (("no",), None, False, "rule 1"),
        (("dontcare", "no", "yes"), None, False, "rule 2"),
        (("dontcare",), None, True, "defaults.record"),
        (("no",), True, True, "CALLREEL"),
        (("yes",), False, False, "CALLREEL"),
        (("no", "force"), None, True, "rule 2"),
        (("no", "force"), False, True, "rule 2"),
        (("yes", "never"), True, False, "rule 2"),
        (("never", "force"), None, False, "rule 1"),
        (("force", "never"), None, True, "rule 1"),
    ],
)
def test_who_decides(words: tuple[str, ...], wish: bool | None, record: bool, by: str) -> None:
    ruling = Policy(rules=rules(*words)).decide(facts(), Wish(record=wish, by="CALLREEL"))
    assert ruling.verdict.record is record
    assert by in ruling.verdict.reason


@given(st.lists(st.sampled_from(list(Word))), st.sampled_from([None, True, False]), st.sampled_from([None, *Word]))
def test_the_first_force_or_never_decides_whatever_else_is_said(
    words: list[Word], wish: bool | None, own: Word | None
) -> None:
    policy = Policy(rules=rules(*words), organisation_word=own)
    verdict = policy.decide(facts(), Wish(record=wish, by="x")).verdict
    final = next((word for word in [*words, own] if word is not None and word.is_final), None)
    assert verdict.is_final is (final is not None)
    if final is not None:
        assert verdict.record is final.records
    elif wish is not None:
        assert verdict.record is wish
    else:
        said = [word for word in [*words, own, Word.YES] if word not in {None, Word.DONTCARE}]
        assert verdict.record is (said[0] is Word.YES)


def test_the_organisation_decides_where_no_rule_and_no_wish_does() -> None:
    policy = Policy(organisation_word=Word.NO)
    assert not policy.decide(facts(), NOTHING).verdict.record
    assert policy.decide(facts(), Wish(record=True)).verdict.record
    assert not Policy(organisation_word=Word.NEVER).decide(facts(), Wish(record=True)).verdict.record


def test_the_reason_says_it_in_words() -> None:
    rule = Rule(word=Word.FORCE, when=When(queue=("payments", "claims")), name="rule 2")
    verdict = Policy(rules=(rule,)).decide(facts(), NOTHING).verdict
    assert verdict.reason == "rule 2 (queue payments, claims): force"
    late = Rule(
        word=Word.NO, when=When(time=(WeekTime.parse("mon-fri 08:00-18:00"),), from_number=("030X.",)), name="rule 1"
    )
    assert str(late.when) == "from 030X.; time mon-fri 08:00-18:00"
    everything = Policy(rules=rules("no")).decide(facts(), NOTHING).verdict
    assert everything.reason == "rule 1 (every call): no"


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        (When(), True),
        (When(queue=("payments",)), True),
        (When(queue=("Payments",)), True),
        (When(queue=("pay*",)), True),
        (When(queue=("sales", "payments")), True),
        (When(queue=("sales",)), False),
        (When(direction=(Direction.INBOUND,)), True),
        (When(direction=(Direction.OUTBOUND, Direction.INTERNAL)), False),
        (When(from_number=("+4930X.",)), True),
        (When(from_number=("030X.",)), False),
        (When(to_number=("0800",)), True),
        (When(agent=("2XXX",)), True),
        (When(agent=("2001",), queue=("sales",)), False),
        (When(context=("from-trunk",)), True),
        (When(trunk=("PJSIP/carrier-*",)), True),
        (When(trunk=("PJSIP/other-*",)), False),
        (When(organisation=("acme",)), False),
        (When(time=(WeekTime.parse("mon 09:00-10:00"),)), True),
        (When(time=(WeekTime.parse("tue"), WeekTime.parse("sat"))), False),
    ],
)
def test_all_that_is_said_must_fit_and_of_a_list_one(when: When, fits: bool) -> None:
    call = facts(from_number="+4930123", to_number="0800", agent="2001", context="from-trunk", trunk="PJSIP/carrier-a")
    assert when.fits(call, "UTC") is fits


def test_what_a_call_does_not_have_fits_no_condition_about_it() -> None:
    assert not When(agent=("2XXX",)).fits(facts(agent=""), "UTC")
    assert not When(queue=("sales",)).fits(facts(queue=""), "UTC")
    assert not When(trunk=("PJSIP/*",)).fits(facts(trunk=""), "UTC")


def test_times_are_read_in_the_organisations_zone() -> None:
    rule = Rule(word=Word.YES, when=When(time=(WeekTime.parse("mon-fri 08:00-18:00"),)), name="rule 1")
    evening = facts(at=datetime(2026, 7, 6, 17, 30, tzinfo=UTC).timestamp())
    in_london = Policy(rules=(rule,), default_word=Word.NO, timezone="Europe/London")
    in_lisbon = Policy(rules=(rule,), default_word=Word.NO, timezone="Atlantic/Azores")
    assert not in_london.decide(evening, NOTHING).verdict.record
    assert in_lisbon.decide(evening, NOTHING).verdict.record


def options_of(policy: Policy, wish: RecordingOptions = RecordingOptions()) -> RecordingOptions:
    return policy.decide(facts(), Wish(options=wish, by="CALLREEL")).options


def test_options_come_from_defaults_then_organisation_then_rule_then_the_call() -> None:
    levels = [RecordingOptions(bitrate=number) for number in (32, 64, 96, 128)]
    default, own, ruled, wished = levels
    rule = Rule(word=Word.YES, options=ruled, name="rule 1")
    assert options_of(Policy(default_options=default)).bitrate == 32
    assert options_of(Policy(default_options=default, organisation_options=own)).bitrate == 64
    assert options_of(Policy(default_options=default, organisation_options=own, rules=(rule,))).bitrate == 96
    assert options_of(Policy(default_options=default, organisation_options=own, rules=(rule,)), wished).bitrate == 128
    assert options_of(Policy(default_options=RecordingOptions(format=AudioFormat.WAV)), wished).format == "wav"


def test_what_a_force_rule_says_no_call_can_wish_away() -> None:
    rule = Rule(word=Word.FORCE, options=RecordingOptions(retention_days=3650), name="rule 1")
    options = options_of(Policy(rules=(rule,)), RecordingOptions(retention_days=1, bitrate=64))
    assert (options.retention_days, options.bitrate) == (3650, 64)


def test_rules_that_do_not_decide_lend_their_options_the_first_one_winning() -> None:
    said = (*rules("dontcare", bitrate=96), *rules("dontcare", bitrate=64, sample_rate=16000), *rules("yes", swap=True))
    options = options_of(Policy(rules=said, default_options=RecordingOptions(bitrate=32)))
    assert (options.bitrate, options.sample_rate, options.swap) == (96, 16000, True)


def test_the_options_of_a_rule_that_does_not_fit_or_comes_too_late_are_not_used() -> None:
    other = Rule(word=Word.YES, when=When(queue=("sales",)), options=RecordingOptions(bitrate=96), name="rule 1")
    second = Rule(word=Word.YES, options=RecordingOptions(bitrate=64), name="rule 3")
    assert options_of(Policy(rules=(other,))).bitrate is None
    assert options_of(Policy(rules=(*rules("yes"), second))).bitrate is None


def test_a_wish_of_the_call_keeps_the_options_of_the_rule_that_fits() -> None:
    rule = Rule(word=Word.NO, options=RecordingOptions(retention_days=7), name="rule 1")
    ruling = Policy(rules=(rule,)).decide(facts(), Wish(record=True, by="CALLREEL"))
    assert ruling.verdict.record
    assert ruling.options.retention_days == 7
