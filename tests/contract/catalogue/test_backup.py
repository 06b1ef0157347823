"""Backup beside a running daemon and restore, on both databases."""

import asyncio
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connector.catalogue import backup as module
from connector.catalogue import schema
from connector.catalogue.backup import backup, restore
from connector.catalogue.database import sqlite_file
from connector.catalogue.journal import Journal
from connector.catalogue.store import Catalogue
from connector.catalogue.tables import SEALED
from connector.catalogue.vault import VaultRows
from connector.catalogue.version import HEAD
from connector.domain.call import Call
from connector.domain.ids import CallId
from connector.domain.secret import Secret
from connector.errors import BackupRefused, CatalogueMismatch
from connector.ports.call_ledger import JournalPosition
from tests.builders import a_call
from tests.contract.catalogue.release_fixture import KEY
from tests.contract.catalogue.test_upload_rows import an_upload
from tests.contract.postgresql_server import PostgresqlServer


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def calls(count: int, start: int = 0) -> list[Call]:
    return [a_call(id=f"call-{number}") for number in range(start, start + count)]


def engine_of(state: Path, word: str) -> None:
    with closing(sqlite3.connect(state / "engine.db")) as engine:
        engine.executescript(f"CREATE TABLE IF NOT EXISTS words (word); INSERT INTO words VALUES ('{word}')")


def words(state: Path) -> list[str]:
    with closing(sqlite3.connect(state / "engine.db")) as engine:
        return [word for (word,) in engine.execute("SELECT word FROM words")]


async def known(url: str) -> list[CallId]:
    catalogue = Catalogue.open(url)
    found = await catalogue.calls.unfinished("here", "asterisk")
    await catalogue.close()
    return [call.id for call in found.calls]


async def applied(catalogue: Catalogue, journal: Journal, changes: list[Call]) -> None:
    for change in changes:
        journal.append([change])
    await catalogue.calls.apply("here", changes, journal.end)


def journal_of(state: Path) -> list[CallId]:
    journal = Journal(state / "journal")
    found = [change.id for changes, _ in journal.replay(None) for change in changes if isinstance(change, Call)]
    journal.close()
    return found


async def test_a_backup_made_beside_a_running_daemon_comes_back_whole(url: str, state: Path, tmp_path: Path) -> None:
    catalogue, journal = Catalogue.open(url), Journal(state / "journal")
    await applied(catalogue, journal, calls(2))
    engine_of(state, "before")
    journal.append(calls(1, 2))  # not applied yet

    manifest = await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")

    await applied(catalogue, journal, calls(2, 3))
    engine_of(state, "after")
    await catalogue.close()
    journal.close()
    assert manifest.revision == schema.revision(url)
    assert stat.S_IMODE((tmp_path / "backup.tar.gz").stat().st_mode) == 0o600, "it names people"

    await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", url, state, force=True)
    assert await known(url) == ["call-0", "call-1"]
    assert words(state) == ["before"]
    assert journal_of(state) == ["call-0", "call-1", "call-2"]
    again = Journal(state / "journal")
    catalogue = Catalogue.open(url)
    rest = [changes for changes, _ in again.replay(await catalogue.calls.position("here"))]
    assert rest == [tuple(calls(1, 2))], "the journal brings the catalogue to the moment of the backup"
    await catalogue.close()
    again.close()
    schema.check(url)
    (aside,) = [name for name in os.listdir(state) if name.startswith("before-restore-")]
    assert "engine.db" in os.listdir(state / aside), "what was there is kept"
    assert [name for name in os.listdir(state) if name.startswith(".")] == []


async def test_sealed_credentials_and_uploads_under_way_come_back_and_no_key_is_in_the_backup(
    url: str, state: Path, tmp_path: Path
) -> None:
    upload = an_upload(parts=("e1",))
    (state / "house.key").write_text(KEY.reveal())
    catalogue = Catalogue.open(url)
    name = await VaultRows(catalogue.database, KEY, lambda: 1.0).keep(Secret("key:secret:region"))
    await catalogue.uploads.keep(upload)
    manifest = await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")
    await catalogue.uploads.forget(upload.place, upload.name)
    await catalogue.database.write(lambda connection: connection.execute(SEALED.delete()))
    await catalogue.close()

    await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", url, state, force=True)
    catalogue = Catalogue.open(url)
    assert await VaultRows(catalogue.database, KEY, lambda: 1.0).reveal(name) == Secret("key:secret:region")
    assert await catalogue.uploads.under_way(upload.place) == [upload]
    await catalogue.close()
    assert [member for member in manifest.members if "key" in member] == [], "both together would be the secrets"


async def test_a_journal_file_applied_and_removed_during_the_backup_is_in_it(
    url: str, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue.open(url)
    journal = Journal(state / "journal", file_bytes=1)
    await applied(catalogue, journal, calls(1))
    journal.append(calls(1, 1))
    real: Callable[[str, Path], None] = module._copy_catalogue

    def copied_then_applied(place: str, folder: Path) -> None:
        real(place, folder)
        journal.append(calls(1, 2))
        for path in sorted((state / "journal").iterdir())[:-1]:
            path.unlink()

    monkeypatch.setattr(module, "_copy_catalogue", copied_then_applied)
    await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")
    await catalogue.close()
    journal.close()
    await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", url, state, force=True)
    assert journal_of(state) == ["call-0", "call-1", "call-2"]


async def test_a_target_in_use_is_refused_without_force_and_stays_as_it_is(
    url: str, state: Path, tmp_path: Path
) -> None:
    await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")
    catalogue = Catalogue.open(url)
    await catalogue.calls.apply("here", calls(1), JournalPosition(file="j", offset=1))
    await catalogue.close()
    with pytest.raises(BackupRefused, match="--force"):
        await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", url, state, force=False)
    assert await known(url) == ["call-0"]


async def test_an_empty_place_needs_no_force(
    url: str, state: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target = f"sqlite:///{tmp_path / 'elsewhere' / 'catalogue.db'}"
    if sqlite_file(url) is None:
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        target = server.new_database()
    catalogue = Catalogue.open(url)
    await catalogue.calls.apply("here", calls(1), JournalPosition(file="j", offset=1))
    await catalogue.close()
    await asyncio.to_thread(backup, url, state, tmp_path / "backup.tar.gz")
    await asyncio.to_thread(restore, tmp_path / "backup.tar.gz", target, tmp_path / "new state", force=False)
    assert await known(target) == ["call-0"]


@pytest.mark.postgresql
def test_a_backup_of_the_other_kind_is_refused(
    migrated_file: Path, postgresql_server: PostgresqlServer, state: Path, tmp_path: Path
) -> None:
    backup(f"sqlite:///{migrated_file}", state, tmp_path / "backup.tar.gz")
    target = postgresql_server.new_database()
    with pytest.raises(BackupRefused, match="other kind"):
        restore(tmp_path / "backup.tar.gz", target, state, force=True)
    postgresql_server.drop(target)


@pytest.fixture
def small(migrated_file: Path, state: Path, tmp_path: Path) -> Path:
    """A whole backup of an SQLite catalogue."""
    Journal(state / "journal").close()
    backup(f"sqlite:///{migrated_file}", state, tmp_path / "small.tar.gz")
    return tmp_path / "small.tar.gz"


def rewritten(archive: Path, change: Callable[[Path], None]) -> Path:
    """The archive with something in it changed."""
    folder = archive.parent / "unpacked"
    with tarfile.open(archive) as members:
        # Made a moment ago, by us: what Python has for strange ones is not in 3.11.2.
        members.extractall(folder)
    change(folder)
    target = archive.parent / "changed.tar.gz"
    with tarfile.open(target, "w:gz") as members:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            members.add(path, arcname=path.relative_to(folder).as_posix())
    return target


def _flip(folder: Path) -> None:
    content = bytearray((folder / "catalogue.db").read_bytes())
    content[5000] ^= 1
    (folder / "catalogue.db").write_bytes(content)


def _newer(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{HEAD}"', '"7777"'))


@pytest.mark.parametrize(
    ("change", "words_of_it", "error"),
    [
        (_flip, "damaged: catalogue.db", BackupRefused),
        (lambda folder: (folder / "catalogue.db").unlink(), "damaged: catalogue.db", BackupRefused),
        (lambda folder: (folder / "manifest.json").unlink(), "no whole callreel backup", BackupRefused),
        (lambda folder: (folder / "manifest.json").write_text("{"), "no whole callreel backup", BackupRefused),
        (lambda folder: (folder / "passwd").write_text("x"), "'passwd'", BackupRefused),
        (_newer, "newer than callreel", CatalogueMismatch),
    ],
)
def test_what_is_not_as_it_was_backed_up_is_refused_before_anything_is_touched(
    small: Path, tmp_path: Path, change: Callable[[Path], None], words_of_it: str, error: type[Exception]
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "catalogue.db").write_bytes(b"mine")
    with pytest.raises(error, match=words_of_it):
        restore(rewritten(small, change), f"sqlite:///{target / 'catalogue.db'}", target, force=True)
    assert os.listdir(target) == ["catalogue.db"]
    assert (target / "catalogue.db").read_bytes() == b"mine"


def test_a_cut_archive_is_refused(small: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(small.read_bytes()[:-200])
    with pytest.raises(BackupRefused, match="no whole callreel backup"):
        restore(cut, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new", force=False)
    with pytest.raises(BackupRefused, match="no whole callreel backup"):
        restore(tmp_path / "absent", f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new", force=False)
    assert os.listdir(tmp_path / "new") == []


def test_a_restore_that_fails_half_way_puts_back_what_was_there(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    url = f"sqlite:///{place / 'catalogue.db'}"
    restore(small, url, place, force=False)
    engine_of(place, "mine")
    before = (place / "catalogue.db").read_bytes()
    real: Callable[..., object] = shutil.move

    def fails_at_the_catalogue(source: Path, target: Path) -> object:
        if Path(target).name == ".catalogue.db.restoring":
            raise OSError(28, "No space left on device")
        return real(source, target)

    monkeypatch.setattr(shutil, "move", fails_at_the_catalogue)
    with pytest.raises(Exception, match="No space left"):
        restore(small, url, place, force=True)
    assert words(place) == ["mine"]
    assert (place / "catalogue.db").read_bytes() == before


def test_an_archive_is_never_written_over(small: Path, migrated_file: Path, state: Path) -> None:
    with pytest.raises(BackupRefused, match="exists already"):
        backup(f"sqlite:///{migrated_file}", state, small)


def test_without_a_catalogue_there_is_nothing_to_back_up(state: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="no catalogue"):
        backup(f"sqlite:///{tmp_path / 'none.db'}", state, tmp_path / "backup.tar.gz")
    assert not (tmp_path / "backup.tar.gz").exists()


@pytest.mark.postgresql
def test_without_pg_dump_a_backup_says_what_to_install(
    postgresql_server: PostgresqlServer,
    migrated_database: str,
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = postgresql_server.url(migrated_database)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match="pg_dump is not on PATH: install"):
        backup(url, state, tmp_path / "backup.tar.gz")
    assert os.listdir(tmp_path) == ["state"]
