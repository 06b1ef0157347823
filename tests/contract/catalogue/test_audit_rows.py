"""The AuditLog on both databases: it only grows, in one chain, whoever writes; and what was changed is found out."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, select, update
from sqlalchemy.engine import Engine

from connector.catalogue.account_tables import AUDIT
from connector.catalogue.store import Catalogue
from connector.domain.audit import BEGINNING, AuditLine, Deed, details_text, digest_of
from connector.domain.secret import Secret
from connector.services.audit_head import AuditHead, Verdict, heads, verified
from tests.builders import MORNING
from tests.clocks import SimulatedClock

KEY = Secret("the house's key")


def a_deed(action: str = "recording.listened", **over: Any) -> Deed:
    facts: dict[str, Any] = {"by": "key aaaaaaaaaaaa", "organisation": "acme", "subject": "call-1"}
    return Deed(action=action, **facts | over)


async def lines(catalogue: Catalogue) -> list[AuditLine]:
    return list(await catalogue.audit.lines(0, 1000))


def is_chained(found: list[AuditLine]) -> bool:
    previous = BEGINNING
    for number, line in enumerate(found, start=1):
        is_next = (line.number, line.previous) == (number, previous)
        if not is_next or line.digest != digest_of(line.number, line.at, line.deed, line.previous):
            return False
        previous = line.digest
    return True


# --- it grows -----------------------------------------------------------------------------------------------------


async def test_lines_are_numbered_and_chained_from_the_beginning(catalogue: Catalogue) -> None:
    first = await catalogue.audit.add([a_deed()], MORNING)
    last = await catalogue.audit.add([a_deed("key.made"), a_deed("key.revoked", organisation=None)], MORNING + 0.1)
    found = await lines(catalogue)
    assert [line.deed.action for line in found] == ["recording.listened", "key.made", "key.revoked"]
    assert (found[0], found[2]) == (first, last)
    assert first.previous == BEGINNING
    assert is_chained(found)
    assert await catalogue.audit.head() == last


async def test_an_empty_log_has_no_head(catalogue: Catalogue) -> None:
    assert await catalogue.audit.head() is None
    assert await lines(catalogue) == []


@pytest.mark.parametrize(
    "details",
    [
        {"text": "Zoë \x00 \ud800 “quoted” \\ \n", "number": 0.1, "large": 2**70, "none": None, "yes": True},
        {"nested": {"b": [1, (2.5, "x")], "a": {}}, "endless": float("inf"), "several": {"b", "a"}},
        {"\x00name": object},
    ],
)
async def test_whatever_was_done_its_digest_is_that_of_what_is_read(
    catalogue: Catalogue, details: dict[str, Any]
) -> None:
    written = await catalogue.audit.add([a_deed(subject="\x00\udcff", details=details)], int(MORNING))
    (read,) = await lines(catalogue)
    assert read == written
    assert is_chained([read])
    assert read.deed.subject == "\ufffd\ufffd"


async def test_two_processes_that_write_at_once_leave_one_chain_without_holes(catalogue: Catalogue, url: str) -> None:
    another = Catalogue.open(url)

    async def write(log: Catalogue, name: str) -> None:
        for number in range(20):
            await log.audit.add([a_deed(by=name, details={"number": number})] * 2, MORNING + number)

    async with asyncio.TaskGroup() as tasks:
        for log, name in ((catalogue, "one"), (another, "another")):
            tasks.create_task(write(log, name))
    await another.close()
    found = await lines(catalogue)
    assert len(found) == 80
    assert is_chained(found)
    for name in ("one", "another"):
        own = [line.deed.details["number"] for line in found if line.deed.by == name]
        assert own == sorted(list(range(20)) * 2)


@contextmanager
def _statements() -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    yield said
    event.remove(Engine, "before_cursor_execute", listen)


async def test_nothing_is_ever_written_but_by_insert(catalogue: Catalogue) -> None:
    with _statements() as said:
        await catalogue.audit.add([a_deed()], MORNING)
        await catalogue.audit.page("acme", limit=10)
        await catalogue.audit.head()
        await lines(catalogue)
    about_it = [statement.split()[0] for statement in said if "audit" in statement]
    assert set(about_it) == {"SELECT", "INSERT"}
    assert about_it.count("INSERT") == 1


# --- it is read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"limit": 2}, [6, 5]),
        ({"limit": 2, "before": 5}, [4, 3]),
        ({"organisation": "acme"}, [5, 4, 2, 1]),
        ({"organisation": "nobody"}, []),
        ({"subject": "call-2"}, [2]),
        ({"action": "recording."}, [5, 2, 1]),
        ({"action": "recording.listened"}, [5, 1]),
        ({"action": "RECORDING."}, []),
        ({"action": "%"}, []),
        ({"by": "retention job"}, [6]),
        ({"organisation": "acme", "action": "key.", "by": "key aaaaaaaaaaaa"}, [4]),
    ],
)
async def test_a_page_holds_what_was_asked_for(
    catalogue: Catalogue, wanted: dict[str, Any], numbers: list[int]
) -> None:
    deeds = [
        a_deed(),
        a_deed("recording.linked", subject="call-2"),
        a_deed("key.made", organisation=None),
        a_deed("key.made"),
        a_deed(),
        a_deed("retention.ran", by="retention job", organisation=None),
    ]
    await catalogue.audit.add(deeds, MORNING)
    found = await catalogue.audit.page(**{"organisation": None, "limit": 10} | wanted)
    assert [line.number for line in found] == numbers


async def test_the_chain_is_read_in_slices(catalogue: Catalogue) -> None:
    await catalogue.audit.add([a_deed()] * 5, MORNING)
    assert [line.number for line in await catalogue.audit.lines(1, 2)] == [2, 3]
    assert [line.number for line in await catalogue.audit.lines(5, 2)] == []


# --- it is changed ------------------------------------------------------------------------------------------------


class Evidence:
    """A log of ten lines whose head was signed at the seventh and at the tenth; and somebody with SQL."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self.catalogue = catalogue
        self.file = folder / "audit.head"

    async def write(self) -> None:
        for count in (7, 3):
            head = AuditHead(self.file, KEY, SimulatedClock())
            head.follow(await self.catalogue.audit.add([a_deed(details={"seconds": 60})] * count, MORNING))
            await head.close()

    async def change(self, work: Callable[[Connection], Any]) -> None:
        await self.catalogue.database.write(work)

    async def verdict(self) -> Verdict:
        return await verified(self.catalogue.audit, heads(self.file, KEY))

    async def problems(self) -> str:
        return "; ".join((await self.verdict()).problems)


@pytest.fixture
async def evidence(catalogue: Catalogue, tmp_path: Path) -> Evidence:
    made = Evidence(catalogue, tmp_path)
    await made.write()
    return made


async def test_an_untouched_log_is_right(evidence: Evidence) -> None:
    assert await evidence.verdict() == Verdict(lines=10, signed_up_to=10, problems=())


@pytest.mark.parametrize(
    "changed",
    [
        {"action": "recording.linked"},
        {"by": "key bbbbbbbbbbbb"},
        {"organisation": None},
        {"subject": "call-2"},
        {"address": "192.0.2.7"},
        {"at": MORNING + 1},
        {"at": -1e300},
        {"details": '{"seconds":61}'},
        {"details": '{"seconds": 60}'},
        {"details": "no JSON"},
        {"details": "[]"},
        {"digest": "0" * 64},
    ],
    ids=str,
)
async def test_a_line_that_was_changed_is_named(evidence: Evidence, changed: dict[str, Any]) -> None:
    await evidence.change(
        lambda connection: connection.execute(update(AUDIT).where(AUDIT.c.number == 4).values(**changed))
    )
    assert (await evidence.problems()).startswith("line 4 was changed")


async def test_a_line_that_was_changed_with_its_digest_betrays_itself_by_the_next(evidence: Evidence) -> None:
    def rewrite(connection: Connection) -> None:
        row = connection.execute(select(AUDIT).where(AUDIT.c.number == 4)).mappings().one()
        deed = a_deed(by="key bbbbbbbbbbbb", details={"seconds": 60})
        digest = digest_of(4, row["at"], deed, row["previous"])
        connection.execute(update(AUDIT).where(AUDIT.c.number == 4).values(by=deed.by, digest=digest))

    await evidence.change(rewrite)
    assert "line 5 does not follow" in await evidence.problems()


@pytest.mark.parametrize(("gone", "problem"), [([1], "line 1 is missing"), ([4, 5], "line 4 is missing")])
async def test_what_was_taken_out_of_the_middle_is_missed(evidence: Evidence, gone: list[int], problem: str) -> None:
    await evidence.change(lambda connection: connection.execute(delete(AUDIT).where(AUDIT.c.number.in_(gone))))
    assert problem in await evidence.problems()


@pytest.mark.parametrize("kept", [9, 7, 0])
async def test_a_tail_that_was_cut_off_is_missed(evidence: Evidence, kept: int) -> None:
    await evidence.change(lambda connection: connection.execute(delete(AUDIT).where(AUDIT.c.number > kept)))
    problems = await evidence.problems()
    assert "lines are missing at the end: line 10 was signed at 2026-01-05T09:00:00.000Z" in problems
    assert ("the log is empty" if not kept else f"ends with line {kept}") in problems


async def test_a_log_that_was_written_anew_from_the_change_on_is_not_the_signed_one(evidence: Evidence) -> None:
    def rewrite(connection: Connection) -> None:
        """As somebody would who knows how the digests are made, and has no key."""
        previous = BEGINNING
        for row in connection.execute(select(AUDIT).order_by(AUDIT.c.number)).mappings().all():
            details: dict[str, Any] = {"seconds": 1 if row["number"] == 4 else 60}
            deed = a_deed(details=details)
            digest = digest_of(row["number"], row["at"], deed, previous)
            values = {"details": details_text(deed), "previous": previous, "digest": digest}
            connection.execute(update(AUDIT).where(AUDIT.c.number == row["number"]).values(**values))
            previous = digest

    await evidence.change(rewrite)
    assert is_chained(await lines(evidence.catalogue))
    assert (await evidence.problems()).startswith("line 7 is not the one that was signed")


async def test_without_the_signed_head_nothing_is_proved(evidence: Evidence) -> None:
    evidence.file.unlink()
    assert "audit.head is not there" in await evidence.problems()
    evidence.file.write_text("")
    assert "audit.head holds no signed head" in await evidence.problems()


async def test_a_head_that_another_key_signed_is_named(evidence: Evidence) -> None:
    found = heads(evidence.file, Secret("another house's key"))
    verdict = await verified(evidence.catalogue.audit, found)
    assert [problem.partition(":")[0] for problem in verdict.problems] == ["audit.head, line 1, 2"]


async def test_a_head_that_was_made_to_fit_is_found_out(evidence: Evidence) -> None:
    text = evidence.file.read_text()
    evidence.file.write_text(text.replace('"number": 10', '"number": 9'))
    assert "audit.head, line 2" in await evidence.problems()
