"""What is written down, when it fails, and the signed head that is kept apart."""

import asyncio
import fcntl
import json
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.domain.audit import AuditLine, Deed
from connector.domain.secret import Secret
from connector.errors import CatalogueUnavailable, NotPermitted
from connector.services import audit_head
from connector.services.audit_head import AuditHead, heads, signed
from connector.services.auditing import Auditing
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_audit import MemoryAuditLog

KEY = Secret("the house's key")


def an_access(organisation: str | None = "acme", **over: Any) -> Access:
    facts: dict[str, Any] = {"id": "a" * 12, "name": "CRM", "roles": (KeyRole.ADMIN,), "created_at": MORNING}
    return Access(key=ApiKey(organisation=organisation, **facts | over), address="192.0.2.1")


def a_line(number: int) -> AuditLine:
    deed = Deed(action="key.made", by="ada")
    return AuditLine(number=number, at=MORNING + number, deed=deed, previous="0" * 64, digest=f"{number:064}")


class WatchedHead(AuditHead):
    """Tells when it has written."""

    def __init__(self, path: Path, key: Secret, clock: SimulatedClock) -> None:
        super().__init__(path, key, clock)
        self.has_written = asyncio.Event()

    async def _write(self) -> None:
        await super()._write()
        self.has_written.set()


class Desk:
    def __init__(self, folder: Path) -> None:
        self.log = MemoryAuditLog()
        self.clock = SimulatedClock(MORNING)
        self.file = folder / "audit.head"
        self.head = WatchedHead(self.file, KEY, self.clock)
        self.auditing = Auditing(self.log, self.clock, self.head)

    @property
    def signed(self) -> list[int]:
        return [head.number for head in heads(self.file, KEY).found]

    async def written(self, count: int) -> None:
        """Until so many heads are in the file."""
        while len(self.signed) < count:
            self.head.has_written.clear()
            await self.head.has_written.wait()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.auditing.close()


# --- what is written down -----------------------------------------------------------------------------------------


async def test_a_deed_says_who_did_what_to_whose(desk: Desk) -> None:
    await desk.auditing.done(an_access(), "recording.linked", subject="call-1", seconds=60, kind="mono")
    await desk.auditing.done(an_access(None), "recording.listened", subject="call-2", organisation="other")
    await desk.auditing.done_by("retention job", "retention.ran", removed=3)
    key = f"key {'a' * 12}"
    assert desk.log.deeds == [
        Deed(
            action="recording.linked",
            by=key,
            organisation="acme",
            subject="call-1",
            address="192.0.2.1",
            details={"seconds": 60, "kind": "mono"},
        ),
        Deed(action="recording.listened", by=key, organisation="other", subject="call-2", address="192.0.2.1"),
        Deed(action="retention.ran", by="retention job", details={"removed": 3}),
    ]
    assert [line.at for line in desk.log.kept] == [MORNING] * 3


async def test_what_many_write_at_once_goes_in_together_and_in_order(desk: Desk) -> None:
    asked = [desk.auditing.done_by("ada", "calls.read", subject=str(number)) for number in range(500)]
    await asyncio.gather(*asked)
    assert [int(deed.subject) for deed in desk.log.deeds] == list(range(500))
    assert desk.log.batches == [200, 200, 100]


async def test_what_is_not_in_the_log_is_told_to_each_who_asked(desk: Desk) -> None:
    desk.log.is_available = False
    asked = [desk.auditing.done_by("ada", "calls.read") for _ in range(3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [CatalogueUnavailable] * 3
    desk.log.is_available = True
    await desk.auditing.done_by("ada", "calls.read")
    assert len(desk.log.kept) == 1


async def test_a_fault_of_ours_leaves_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> AuditLine:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.log, "add", fails)
    with pytest.raises(ZeroDivisionError):
        await desk.auditing.done_by("ada", "calls.read")


async def test_who_leaves_early_takes_nobody_with_him(desk: Desk) -> None:
    asked = [asyncio.create_task(desk.auditing.done_by("ada", "calls.read")) for _ in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    await asyncio.gather(asked[0], asked[2])
    assert asked[1].cancelled()
    await desk.auditing.done_by("ada", "calls.read")
    assert len(desk.log.kept) == 4


async def test_a_page_shows_the_asking_organisation_only(desk: Desk) -> None:
    for organisation in ("acme", "other", None):
        await desk.auditing.done_by("ada", "key.made", organisation=organisation)
    assert [line.number for line in await desk.auditing.page(an_access(), limit=10)] == [1]
    assert [line.number for line in await desk.auditing.page(an_access(None), limit=10)] == [3, 2, 1]
    assert not await desk.auditing.page(an_access(), limit=10, subject="\x00", action="\udcff", by="x")


async def test_a_key_with_limits_does_not_read_what_others_did(desk: Desk) -> None:
    with pytest.raises(NotPermitted, match="limited to some calls"):
        await desk.auditing.page(an_access(limits=Limits(tags=("vip",))), limit=10)


# --- the head -----------------------------------------------------------------------------------------------------


async def test_the_head_is_signed_at_once_and_then_once_a_second(desk: Desk) -> None:
    await desk.auditing.done_by("ada", "key.made")
    await desk.written(1)
    for _ in range(5):
        await desk.auditing.done_by("ada", "key.made")
    assert desk.signed == [1]
    await desk.clock.until_sleeping()
    await desk.clock.advance(1)
    await desk.written(2)
    assert desk.signed == [1, 6]


async def test_what_waits_is_signed_when_it_closes(desk: Desk) -> None:
    await desk.auditing.done_by("ada", "key.made")
    await desk.written(1)
    await desk.auditing.done_by("ada", "key.made")
    await desk.auditing.close()
    assert desk.signed == [1, 2]


async def test_what_is_being_signed_when_it_closes_is_signed(desk: Desk) -> None:
    # Every thread is busy: the writing has begun, and no thread has taken it up yet.
    may_go_on = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, may_go_on.wait)
    await desk.auditing.done_by("ada", "key.made")
    await desk.clock.settle()
    closing = asyncio.create_task(desk.auditing.close())
    await desk.clock.settle()
    may_go_on.set()
    await asyncio.gather(busy, closing)
    assert desk.signed == [1]


async def test_the_file_tells_number_digest_and_moment_and_is_not_for_everybody(desk: Desk) -> None:
    await desk.auditing.done_by("ada", "key.made")
    await desk.auditing.close()
    (line,) = desk.log.kept
    said = json.loads(desk.file.read_text())
    assert {name: said[name] for name in ("number", "digest", "at")} == {
        "number": 1,
        "digest": line.digest,
        "at": MORNING,
    }
    assert list(said) == ["number", "digest", "at", "signature"]
    assert desk.file.stat().st_mode & 0o777 == 0o640 & ~os.umask(os.umask(0o022))


async def test_a_head_that_cannot_be_kept_fails_nobody_and_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.file.mkdir()
    await desk.auditing.done_by("ada", "key.made")
    await desk.head.has_written.wait()
    assert str(desk.file) in desk.head.trouble
    assert [record.message for record in caplog.records] == ["audit head not written"]
    desk.file.rmdir()
    await desk.auditing.done_by("ada", "key.made")
    await desk.auditing.close()
    assert (desk.signed, desk.head.trouble) == ([2], "")


async def test_processes_that_write_to_one_file_leave_whole_lines(desk: Desk) -> None:
    def write(numbers: range) -> None:
        for number in numbers:
            audit_head._append(desk.file, signed(KEY, a_line(number)))

    await asyncio.gather(*(asyncio.to_thread(write, range(start, start + 25)) for start in (1, 101, 201, 301)))
    assert len(desk.signed) == 100
    assert heads(desk.file, KEY).foreign == ()


async def test_half_a_line_of_a_crash_is_nobodys_and_mended_by_the_next(desk: Desk) -> None:
    audit_head._append(desk.file, signed(KEY, a_line(1)))
    with desk.file.open("a") as file:
        file.write('{"number": 2, "dig')
    assert (desk.signed, heads(desk.file, KEY).foreign) == ([1], ())
    audit_head._append(desk.file, signed(KEY, a_line(3)))
    assert (desk.signed, heads(desk.file, KEY).foreign) == ([1, 3], ())


async def test_it_stays_small_and_keeps_the_newest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_head, "_LARGEST_BYTES", 4096)

    def write(numbers: range) -> None:
        for number in numbers:
            audit_head._append(desk.file, signed(KEY, a_line(number)))

    await asyncio.gather(*(asyncio.to_thread(write, range(start, start + 50)) for start in (1, 101)))
    write(range(201, 202))
    assert desk.file.stat().st_size <= 4096
    assert max(desk.signed) == 201
    assert heads(desk.file, KEY).foreign == ()
    assert [path.name for path in desk.file.parent.iterdir()] == ["audit.head"]


def test_who_waited_while_another_made_the_file_anew_writes_into_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "audit.head"
    audit_head._append(file, signed(KEY, a_line(1)))
    lock = fcntl.flock
    waited: list[int] = []

    def replaced_meanwhile(descriptor: int, how: int) -> None:
        if not waited:
            audit_head._replace(file, f"{signed(KEY, a_line(2))}\n".encode())
        waited.append(descriptor)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", replaced_meanwhile)
    audit_head._append(file, signed(KEY, a_line(3)))
    assert [head.number for head in heads(file, KEY).found] == [2, 3]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "1", '{"number": 1}', "[" * 100_000, '{"signature": "é"}'])
async def test_what_is_no_head_is_foreign(desk: Desk, text: str) -> None:
    desk.file.write_text(f"{text}\n")
    found = heads(desk.file, KEY)
    assert (found.found, found.foreign) == ((), () if not text else (1,))


def test_a_file_that_is_not_there_is_no_fault_of_reading(tmp_path: Path) -> None:
    assert not heads(tmp_path / "audit.head", KEY).is_there
