"""The catalogue locked, absent, full or cut off: CatalogueUnavailable, and nothing half applied."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.catalogue import schema
from connector.catalogue.database import LOCK_WAIT_SECONDS, sqlite_file
from connector.catalogue.store import Catalogue
from connector.domain.decision import Change
from connector.errors import CatalogueUnavailable, ConfigError
from connector.ports.call_ledger import JournalPosition
from tests.builders import MORNING, a_call, a_due, a_recording, a_segment
from tests.contract.postgresql_server import PostgresqlServer

PLACE = JournalPosition(file="journal-00000001.jsonl", offset=100)

_SQLITE_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
_POSTGRESQL_HOLDER = """
import psycopg, sys
connection = psycopg.connect(sys.argv[1])
connection.execute("LOCK TABLE segments IN ACCESS EXCLUSIVE MODE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another_process(url: str) -> Iterator[None]:
    file = sqlite_file(url)
    program, place = (_POSTGRESQL_HOLDER, url) if file is None else (_SQLITE_HOLDER, str(file))
    with subprocess.Popen(
        [sys.executable, "-c", program, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        yield
        holder.communicate(b"")


async def test_a_lock_held_by_another_process_is_an_outage_and_nothing_is_half_applied(
    catalogue: Catalogue, url: str
) -> None:
    await catalogue.calls.apply("here", [a_call()], PLACE)
    later = JournalPosition(file=PLACE.file, offset=200)
    changes: list[Change] = [a_call(queue="sales"), a_recording(), a_segment(), a_due()]
    with locked_by_another_process(url):
        started = time.monotonic()
        with pytest.raises(CatalogueUnavailable):
            await catalogue.calls.apply("here", changes, later)
        assert time.monotonic() - started < LOCK_WAIT_SECONDS + 2, "capture does not hang"
        assert await catalogue.calls.position("here") == PLACE
        assert await catalogue.dues.waiting() == 0
        if sqlite_file(url) is not None:
            assert (await catalogue.calls.unfinished("here", "asterisk")).calls == (a_call(),), "readers go on"
    await catalogue.calls.apply("here", changes, later)
    assert await catalogue.calls.position("here") == later
    assert await catalogue.dues.waiting() == 1


async def test_an_absent_catalogue_is_an_outage_and_is_not_made(tmp_path: Path) -> None:
    catalogue = Catalogue.open(f"sqlite:///{tmp_path / 'nowhere.db'}")
    with pytest.raises(CatalogueUnavailable):
        await catalogue.calls.position("here")
    await catalogue.close()
    assert os.listdir(tmp_path) == []


async def test_a_server_that_is_not_there_is_an_outage_and_its_password_stays_secret() -> None:
    catalogue = Catalogue.open("postgresql://callreel:hunter2@127.0.0.1:1/callreel")
    with pytest.raises(CatalogueUnavailable) as outage:
        await catalogue.calls.position("here")
    await catalogue.close()
    assert "127.0.0.1" in str(outage.value)
    assert "hunter2" not in str(outage.value)


@pytest.mark.postgresql
async def test_a_database_that_was_dropped_is_an_outage(
    postgresql_server: PostgresqlServer, migrated_database: str
) -> None:
    url = postgresql_server.new_database(migrated_database)
    catalogue = Catalogue.open(url)
    await catalogue.nodes.seen("here", MORNING)
    postgresql_server.drop(url)
    with pytest.raises(CatalogueUnavailable):
        await catalogue.nodes.seen("here", MORNING)
    await catalogue.close()


async def test_a_full_disk_is_an_outage_and_nothing_is_half_applied(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    schema.upgrade(url, tmp_path)
    catalogue = Catalogue.open(url)
    await catalogue.calls.apply("here", [a_call()], PLACE)
    many = [a_recording(id=f"r{number}", reason="x" * 500) for number in range(500)]
    # Files of this process cannot grow beyond this: to SQLite it looks like a full disk.
    limit = max(entry.stat().st_size for entry in os.scandir(tmp_path)) + 40_000
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(CatalogueUnavailable):
            await catalogue.calls.apply("here", many, JournalPosition(file=PLACE.file, offset=200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert await catalogue.calls.position("here") == PLACE
    assert await catalogue.search.counts() == {}
    await catalogue.calls.apply("here", many, JournalPosition(file=PLACE.file, offset=200))
    assert await catalogue.search.counts() == {"requested": 500}
    await catalogue.close()


async def test_a_damaged_catalogue_is_an_outage(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.db"
    file.write_bytes(os.urandom(8192))
    catalogue = Catalogue.open(f"sqlite:///{file}")
    with pytest.raises(CatalogueUnavailable):
        await catalogue.calls.position("here")
    await catalogue.close()


async def test_sqlite_is_opened_as_measured_wherever_it_lies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'with space # and %20.db'}"
    schema.upgrade(url, tmp_path)
    catalogue = Catalogue.open(url)
    pragmas = await catalogue.database.read(
        lambda connection: [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert pragmas == ["wal", 1, 1]
    await catalogue.close()


@pytest.mark.parametrize("url", ["mysql://somewhere/x", "sqlite://", "sqlite:///:memory:", "not a url"])
def test_any_other_place_is_the_operators_mistake(url: str) -> None:
    with pytest.raises(ConfigError):
        Catalogue.open(url)


async def test_a_catalogue_deleted_under_us_is_an_outage_not_a_loss(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.db"
    schema.upgrade(f"sqlite:///{file}", tmp_path)
    catalogue = Catalogue.open(f"sqlite:///{file}")
    await catalogue.nodes.seen("here", MORNING)
    file.unlink()
    with pytest.raises(CatalogueUnavailable):
        await catalogue.nodes.seen("here", MORNING + 1)
    await catalogue.close()
