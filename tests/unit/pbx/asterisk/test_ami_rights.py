"""Every missing right is named with what fails without it, and so is every one too many."""

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.pbx.asterisk.ami_rights import ASKED, read_findings, stamp_finding, write_findings

EXCESSES = frozenset(("Command", "UpdateConfig", "Originate", "QueueAdd", "UserEvent"))
ENOUGH = ASKED - EXCESSES
HEARD = "call,dialplan,user,dtmf,agent"


def written(
    may: frozenset[str],
    *,
    absent: tuple[str, ...] = (),
    has_ari: bool = True,
    plays_sounds: bool = True,
    places_calls: bool = False,
) -> list[Finding]:
    return list(
        write_findings(
            "callreel",
            may,
            absent_modules=absent,
            has_ari=has_ari,
            plays_sounds=plays_sounds,
            places_calls=places_calls,
        )
    )


def levels(findings: list[Finding]) -> set[Level]:
    return {finding.level for finding in findings}


def test_the_least_rights_are_enough() -> None:
    assert levels(written(ENOUGH)) == {Level.OK}


@pytest.mark.parametrize("action", sorted(ENOUGH - {"CoreSettings"}))
def test_an_action_that_is_not_allowed_is_named_with_the_class_that_allows_it(action: str) -> None:
    (found, *_) = written(ENOUGH - {action})
    assert found.level is not Level.OK
    assert action in found.what
    assert "[callreel] in manager.conf" in found.mend


def test_without_mixmonitor_nothing_is_recorded() -> None:
    (found,) = written(ENOUGH - {"MixMonitor"})
    assert (found.level, "system" in found.mend) == (Level.BAD, True)


def test_an_action_whose_module_is_not_loaded_is_no_missing_right() -> None:
    assert levels(written(ENOUGH - {"MixMonitor", "StopMixMonitor", "MixMonitorMute"}, absent=("app_mixmonitor",))) == {
        Level.OK
    }


@pytest.mark.parametrize(
    ("action", "word"), [("Command", "command"), ("UpdateConfig", "config"), ("Originate", "originate")]
)
def test_a_right_too_many_is_a_warning(action: str, word: str) -> None:
    (found,) = [one for one in written(ENOUGH | {action}) if one.level is Level.WARNING]
    assert f"take {word} out of write=" in found.mend


def test_originate_is_needed_where_sounds_are_to_be_played_without_ari() -> None:
    assert levels(written(ENOUGH | {"Originate"}, has_ari=False)) == {Level.OK}
    assert Level.WARNING in levels(written(ENOUGH, has_ari=False))
    assert levels(written(ENOUGH, has_ari=False, plays_sounds=False)) == {Level.OK}


def test_originate_is_needed_where_the_api_may_place_calls() -> None:
    assert levels(written(ENOUGH | {"Originate"}, places_calls=True)) == {Level.OK}
    [found] = [one for one in written(ENOUGH, places_calls=True) if one.level is Level.WARNING]
    assert "api.outbound" in found.what


def test_hearing_all_that_is_needed_is_fine() -> None:
    assert levels(list(read_findings("callreel", HEARD))) == {Level.OK}


@pytest.mark.parametrize("word", HEARD.split(","))
def test_each_class_of_events_that_is_missing_is_named(word: str) -> None:
    read = ", ".join(one for one in HEARD.split(",") if one != word)
    (found,) = read_findings("callreel", read)
    assert found.level is (Level.BAD if word == "call" else Level.WARNING)
    assert f"add {word} to read=" in found.mend


def test_hearing_everything_is_more_than_is_needed() -> None:
    assert [found.level for found in read_findings("callreel", "all")] == [Level.OK, Level.NOTE]


def test_what_cannot_be_seen_is_said() -> None:
    (found,) = read_findings("callreel", None)
    assert (found.level, "cannot be seen" in found.what) == (Level.NOTE, True)
    assert stamp_finding(None).level is Level.NOTE


@pytest.mark.parametrize(
    ("said", "level"), [("yes", Level.OK), ("on", Level.OK), ("no", Level.WARNING), ("", Level.WARNING)]
)
def test_events_need_a_time_stamp(said: str, level: Level) -> None:
    assert stamp_finding(said).level is level
