"""From the journal into a real catalogue: replays, crashes and outages end in the same catalogue."""

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.catalogue.journal import Journal
from connector.catalogue.journal_writer import JournalWriter
from connector.catalogue.store import Catalogue
from connector.domain.decision import Change
from connector.network.clock import SystemClock
from tests.builders import a_call, a_due, a_recording, a_segment
from tests.contract.catalogue.pictures import CHANGES, contents, emptied


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(decisions=st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=6), restarts=st.lists(st.integers(0, 5)))
async def test_replays_from_any_earlier_place_give_the_identical_catalogue(
    catalogue: Catalogue,
    tmp_path_factory: pytest.TempPathFactory,
    decisions: Sequence[Sequence[Change]],
    restarts: list[int],
) -> None:
    await emptied(catalogue)
    journal = Journal(tmp_path_factory.mktemp("journal"), file_bytes=2000)
    for changes in decisions:
        journal.append(changes)
    places = [journal.origin(None)]
    for changes, position in journal.replay(None):
        await catalogue.calls.apply("here", changes, position)
        places.append(position)
    once = await contents(catalogue)
    for start in restarts:
        for changes, position in journal.replay(places[min(start, len(places) - 1)]):
            await catalogue.calls.apply("here", changes, position)
        assert await contents(catalogue) == once
    journal.close()


async def test_the_writer_brings_a_journal_into_the_catalogue(catalogue: Catalogue, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append([a_call(), a_recording()])
    writer = JournalWriter(journal, catalogue.calls, "here", SystemClock())
    task = asyncio.create_task(writer.run())
    journal.append([a_segment(), a_due()])
    assert await writer.drained(20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await catalogue.calls.position("here") == journal.end
    found = await catalogue.calls.unfinished("here", "asterisk")
    assert (found.calls, found.recordings, found.segments) == ((a_call(),), (a_recording(),), (a_segment(),))
    journal.close()


async def test_a_locked_catalogue_delays_the_writer_and_not_the_journal(tmp_path: Path, migrated_file: Path) -> None:
    file = tmp_path / "catalogue.db"
    shutil.copy(migrated_file, file)
    catalogue, journal = Catalogue.open(f"sqlite:///{file}"), Journal(tmp_path / "journal")
    writer = JournalWriter(journal, catalogue.calls, "here", SystemClock())
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(writer.run())
        journal.append([a_call()])
        assert not await writer.drained(0.3)
        assert writer.lag == 1
        other.execute("COMMIT")
    assert await writer.drained(20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await catalogue.calls.unfinished("here", "asterisk")).calls == (a_call(),)
    await catalogue.close()
    journal.close()
