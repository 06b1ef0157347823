"""The writer: everything appended reaches the catalogue once it answers, in bounded batches, in order."""

import asyncio
import logging
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connector.catalogue import journal_writer
from connector.catalogue.codec import encoded
from connector.catalogue.journal import Journal
from connector.catalogue.journal_writer import BATCH_CHANGES, PAUSE_SECONDS, SHORT_PAUSE_SECONDS, JournalWriter
from connector.domain.call import Call
from connector.network.clock import SystemClock
from connector.ports.call_ledger import JournalPosition
from connector.ports.clock import Clock
from tests.builders import a_call
from tests.clocks import SimulatedClock
from tests.unit.catalogue.memory_ledger import MemoryLedger


def calls(count: int, start: int = 0) -> list[Call]:
    return [a_call(id=f"call-{number}") for number in range(start, start + count)]


def appended(journal: Journal, changes: list[Call]) -> None:
    for change in changes:
        journal.append([change])


@asynccontextmanager
async def running(journal: Journal, ledger: MemoryLedger, clock: Clock | None = None) -> AsyncIterator[JournalWriter]:
    writer = JournalWriter(journal, ledger, "here", clock or SystemClock())
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        journal.close()


async def eventually(clock: SimulatedClock, is_so: Callable[[], object]) -> None:
    """Let time pass in small steps, and threads finish, until it is so."""
    for _ in range(2000):
        if is_so():
            return
        await clock.advance(SHORT_PAUSE_SECONDS / 5)
        await asyncio.to_thread(lambda: None)
    raise AssertionError("it never came to be so")


async def test_what_is_appended_is_applied_in_order_with_its_position(tmp_path: Path) -> None:
    ledger, journal = MemoryLedger(), Journal(tmp_path)
    async with running(journal, ledger) as writer:
        appended(journal, calls(3))
        assert writer.lag == 3
        assert await writer.drained(10)
        appended(journal, calls(2, 3))
        assert await writer.drained(10)
        assert ledger.changes == calls(5)
        assert ledger.places["here"] == journal.end
        assert writer.lag == 0


async def test_a_restart_goes_on_behind_the_catalogues_position(tmp_path: Path) -> None:
    ledger, first = MemoryLedger(), Journal(tmp_path)
    appended(first, calls(5))
    ledger.places["here"] = [position for _, position in first.replay(None)][1]
    first.close()
    journal = Journal(tmp_path)
    appended(journal, calls(1, 5))
    async with running(journal, ledger) as writer:
        assert await writer.drained(10)
        assert ledger.changes == calls(4, 2)
        assert writer.lag == 0


async def test_a_lost_journal_begins_anew_and_nothing_of_it_is_skipped(tmp_path: Path) -> None:
    ledger, journal = MemoryLedger(), Journal(tmp_path)
    ledger.places["here"] = JournalPosition(file="journal-00000007.jsonl", offset=12345)
    async with running(journal, ledger) as writer:
        appended(journal, calls(2))
        assert await writer.drained(10)
        assert ledger.changes == calls(2)
        assert ledger.places["here"] == journal.end


async def test_batches_are_bounded_and_at_most_one_is_written_in_each_pause(tmp_path: Path) -> None:
    ledger, journal, clock = MemoryLedger(), Journal(tmp_path), SimulatedClock()
    appended(journal, calls(2 * BATCH_CHANGES + 1))
    async with running(journal, ledger, clock) as writer:
        await eventually(clock, lambda: ledger.batches)
        before = len(ledger.batches)
        await clock.advance(SHORT_PAUSE_SECONDS / 2)
        assert len(ledger.batches) == before, "not before the pause is over"
        await eventually(clock, lambda: writer.lag == 0)
    assert [len(batch) for batch in ledger.batches] == [BATCH_CHANGES, BATCH_CHANGES, 1]
    assert ledger.changes == calls(2 * BATCH_CHANGES + 1)


async def test_a_lone_change_is_applied_soon_and_a_stream_ten_times_a_second(tmp_path: Path) -> None:
    ledger, journal, clock = MemoryLedger(), Journal(tmp_path), SimulatedClock()
    async with running(journal, ledger, clock) as writer:
        assert await writer.drained(60.0)
        await eventually(clock, lambda: clock.wakes_at)
        began_at = clock.now()
        appended(journal, calls(1))
        await eventually(clock, lambda: ledger.batches)
        assert clock.now() - began_at <= 2 * SHORT_PAUSE_SECONDS
        applied_at = clock.now()
        appended(journal, calls(1, 1))
        await eventually(clock, lambda: len(ledger.batches) == 2)
        assert PAUSE_SECONDS / 2 <= clock.now() - applied_at <= 2 * PAUSE_SECONDS


async def test_an_outage_is_said_once_tried_again_with_back_off_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=journal_writer.__name__)
    ledger, journal, clock = MemoryLedger(), Journal(tmp_path), SimulatedClock()
    async with running(journal, ledger, clock) as writer:
        # The writer asks how much there is in a thread first: only then does it wait for what is appended.
        assert await writer.drained(60.0)
        await eventually(clock, lambda: clock.wakes_at)
        for outage in (1, 2):
            ledger.is_available = False
            ledger.refusals = 0
            appended(journal, calls(3, 3 * outage - 3))
            await eventually(clock, lambda: ledger.refusals)
            assert ledger.refusals == 1
            await clock.advance(20.0)
            assert 9 <= ledger.refusals <= 15, "0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2 …"
            assert writer.lag == 3
            ledger.is_available = True
            await eventually(clock, lambda: writer.lag == 0)
    assert ledger.changes == calls(6)
    said = [record.message for record in caplog.records]
    assert said == ["the catalogue lags behind until it answers again", "the catalogue answers again"] * 2


async def test_waiting_for_a_catalogue_that_does_not_answer_has_an_end(tmp_path: Path) -> None:
    ledger, journal = MemoryLedger(), Journal(tmp_path)
    ledger.is_available = False
    async with running(journal, ledger) as writer:
        journal.append(calls(1))
        assert not await writer.drained(0.05)


async def test_a_long_outage_is_caught_up_from_the_files_with_little_memory(tmp_path: Path) -> None:
    ledger, clock = MemoryLedger(), SimulatedClock()
    size = len(encoded(calls(1)))
    journal = Journal(tmp_path, recent_changes=10, file_bytes=20 * size)
    ledger.is_available = False
    async with running(journal, ledger, clock) as writer:
        appended(journal, calls(105))
        await clock.advance(1.0)
        ledger.is_available = True
        await eventually(clock, lambda: writer.lag == 0)
    assert ledger.changes == calls(105)
    assert len(os.listdir(tmp_path)) <= 2, "the applied files are gone"


async def test_on_a_full_disk_the_catalogue_gets_the_changes_from_memory(tmp_path: Path) -> None:
    ledger, journal = MemoryLedger(), Journal(tmp_path)
    async with running(journal, ledger) as writer:
        assert await writer.drained(10)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            appended(journal, calls(3))
            assert await writer.drained(10)
            assert ledger.changes == calls(3)
            assert ledger.places["here"].offset == 0, "the files have none of it"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        appended(journal, calls(1, 3))
        assert await writer.drained(10)
        assert ledger.changes == [*calls(3), *calls(4)], "once more, from the file"
        assert ledger.places["here"] == journal.end


async def test_the_journal_is_made_durable_in_the_background(tmp_path: Path) -> None:
    ledger, journal, clock = MemoryLedger(), Journal(tmp_path), SimulatedClock()
    ledger.is_available = False
    async with running(journal, ledger, clock):
        appended(journal, calls(1))
        await clock.advance(1.0)
        assert journal.unsynced() is None, "although the catalogue does not answer"


async def test_a_fault_of_ours_ends_the_writer_loudly(tmp_path: Path) -> None:
    class Broken(MemoryLedger):
        async def position(self, node: str) -> JournalPosition | None:
            raise ZeroDivisionError(node)

    journal = Journal(tmp_path)
    with pytest.raises(ExceptionGroup) as crash:
        await JournalWriter(journal, Broken(), "here", SimulatedClock()).run()
    assert crash.group_contains(ZeroDivisionError)
    journal.close()
