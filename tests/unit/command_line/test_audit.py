"""callreel audit: the list for people and programs, and what verify finds when somebody had SQL."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connector.command_line.audit import operator
from connector.roles.house import House
from tests.unit.command_line.site import Site


def sql(site: Site, statement: str) -> None:
    with closing(sqlite3.connect(site.state / "catalogue.db")) as connection, connection:
        connection.execute(statement)


@pytest.fixture
def logged(site: Site) -> Site:
    """A site whose log has five lines."""

    async def work(house: House) -> None:
        for auditing in (house.auditing,):
            for name in ("one", "two", "three", "four", "five"):
                await auditing.done(operator(house), "key.made", subject=f"key {name}", name=name)

    site._in_house(work)
    return site


def head(site: Site) -> Path:
    return site.state / "audit.head"


# --- list ---------------------------------------------------------------------------------------------------------


def test_the_newest_line_comes_first(logged: Site) -> None:
    heading, first, *rest = logged.run("audit", "list").out.splitlines()
    assert heading.split()[:4] == ["number", "at", "(UTC)", "action"]
    assert first.split()[0] == "5"
    assert first.split()[3] == "key.made"
    assert '"name":"five"' in first
    assert len(rest) == 4


def test_programs_read_every_fact(logged: Site) -> None:
    line = logged.run("audit", "list", "--json").facts[0]
    keys = ["number", "at", "action", "by", "organisation", "subject", "address", "details", "digest"]
    assert list(line) == keys
    assert (line["number"], line["action"], line["details"]["name"]) == (5, "key.made", "five")


def test_the_list_can_be_narrowed(logged: Site) -> None:
    lines = logged.run("audit", "list", "--json").facts
    for words, numbers in (
        (("--limit", "2"), [5, 4]),
        (("--subject", lines[1]["subject"]), [4]),
        (("--action", "key."), [5, 4, 3, 2, 1]),
        (("--action", "recording."), []),
        (("--by", lines[0]["by"]), [5, 4, 3, 2, 1]),
        (("--by", "retention job"), []),
        (("--organisation", "default"), []),
    ):
        found = logged.run("audit", "list", *words, "--json").facts
        assert [line["number"] for line in found] == numbers, words


# --- verify -------------------------------------------------------------------------------------------------------


def test_an_empty_log_is_right(site: Site) -> None:
    assert site.run("audit", "verify").code == 0
    facts = site.run("audit", "verify", "--json").facts
    assert facts == {"is_good": True, "lines": 0, "signed_up_to": 0, "problems": []}


def test_an_untouched_log_is_right(logged: Site) -> None:
    answer = logged.run("audit", "verify")
    assert (answer.code, answer.out) == (0, "5 lines are as they were written; signed up to line 5\n")


@pytest.mark.parametrize(
    ("statement", "found", "lines"),
    [
        ("UPDATE audit SET subject = 'another' WHERE number = 3", "line 3 was changed", 2),
        ("DELETE FROM audit WHERE number = 3", "line 3 is missing", 2),
        ("DELETE FROM audit WHERE number > 3", "line 5 was signed at", 3),
        ("DELETE FROM audit", "the log is empty", 0),
        ("UPDATE audit SET details = x'ff' WHERE number = 1", "line 1 was changed", 0),
        ("UPDATE audit SET at = 'yesterday' WHERE number = 1", "line 1 was changed", 0),
    ],
)
def test_whatever_was_done_by_sql_is_found(logged: Site, statement: str, found: str, lines: int) -> None:
    sql(logged, statement)
    answer = logged.run("audit", "verify")
    assert (answer.code, found in answer.out) == (1, True)
    facts = logged.run("audit", "verify", "--json").facts
    assert (facts["is_good"], facts["lines"], len(facts["problems"])) == (False, lines, 1)


def test_a_head_that_is_gone_or_another_houses_is_named(logged: Site) -> None:
    kept = head(logged).read_text()
    head(logged).unlink()
    answer = logged.run("audit", "verify")
    assert (answer.code, f"{head(logged)} is not there" in answer.out) == (1, True)
    head(logged).write_text(kept.replace('"signature": "', '"signature": "0'))
    answer = logged.run("audit", "verify")
    assert (answer.code, "not signed by this house's key" in answer.out) == (1, True)


def test_a_copy_of_the_head_from_elsewhere_finds_what_a_cut_head_hides(logged: Site) -> None:
    elsewhere = logged.folder / "kept-elsewhere"
    shutil.copy(head(logged), elsewhere)
    earlier = head(logged).read_text().splitlines(keepends=True)[:-1]
    sql(logged, f"DELETE FROM audit WHERE number > {json.loads(earlier[-1])['number']}")
    head(logged).write_text("".join(earlier))
    assert logged.run("audit", "verify").code == 0
    answer = logged.run("audit", "verify", "--head", str(elsewhere))
    assert (answer.code, "line 5 was signed at" in answer.out) == (1, True)


def test_a_head_that_cannot_be_read_is_said(logged: Site) -> None:
    answer = logged.run("audit", "verify", "--head", str(logged.folder))
    assert (answer.code, "cannot be read" in answer.err) == (2, True)
