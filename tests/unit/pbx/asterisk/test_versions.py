"""Releases that are known to do harm are named with the reason; those that do none are fine."""

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.asterisk.versions import release, version_findings


def worst(text: str) -> Level:
    order = list(Level)
    return max((found.level for found in version_findings(text)), key=order.index)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("16.28.0~dfsg-0+deb11u4", (16, 28, 0)),
        ("certified/18.9-cert1", (18, 9, 0)),
        ("certified-20.7-cert2", (20, 7, 0)),
        ("GIT-master-5ae3b16", None),
        ("", None),
    ],
)
def test_a_version_is_read_in_all_its_forms(text: str, expected: tuple[int, int, int] | None) -> None:
    assert release(text) == expected


@pytest.mark.parametrize(("text", "reason"), [("18.18.0", "#233"), ("22.9.0", "#1962"), ("22.10.1", "FRACK")])
def test_a_release_with_a_known_fault_is_a_warning_with_the_reason(text: str, reason: str) -> None:
    (found,) = [one for one in version_findings(text) if one.level is Level.WARNING]
    assert reason in found.what
    assert found.mend


@pytest.mark.parametrize(
    ("text", "level"), [("16.28.0", Level.OK), ("18.18.1", Level.OK), ("20.11.0", Level.NOTE), ("23.0.0", Level.OK)]
)
def test_other_releases_are_fine(text: str, level: Level) -> None:
    assert worst(text) is level


def test_what_is_older_than_any_that_was_tested_is_a_warning() -> None:
    assert worst("13.38.3") is Level.WARNING


def test_a_version_without_numbers_is_only_noted() -> None:
    assert worst("GIT-master-5ae3b16") is Level.NOTE
