"""Backup and restore of what the connector knows: catalogue, engine and journal.

Recordings (the sound itself) are not in it: they lie at their destinations, and unshipped ones in the PBX's spool.
"""

import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connector import __version__
from connector.catalogue import postgresql_dump, schema
from connector.catalogue.archive import Manifest, disk_trouble, packed, unpacked
from connector.catalogue.database import address, sqlite_file, translated
from connector.catalogue.journal_files import journal_files
from connector.errors import BackupRefused, CatalogueMismatch

ENGINE_FILE = "engine.db"
JOURNAL_FOLDER = "journal"
_SQLITE_MEMBER = "catalogue.db"
_POSTGRESQL_MEMBER = "catalogue.dump"
_COPY_WAIT_SECONDS = 30.0

log = logging.getLogger(__name__)


def backup(url: str, state_folder: Path, target: Path) -> Manifest:
    """Write an archive that is consistent although the daemon goes on: on restore the journal brings the catalogue to
    the moment of the backup's end. The engine's tables are in it where it shares the catalogue's database."""
    if target.exists():
        raise BackupRefused(f"{target} exists already: name a file that does not")
    revision = schema.revision(url)
    if revision is None:
        raise BackupRefused("there is no catalogue to back up: check the catalogue's URL")
    with disk_trouble(target), tempfile.TemporaryDirectory(dir=target.parent, prefix=".callreel-backup-") as name:
        folder = Path(name)
        with _held_journal(state_folder / JOURNAL_FOLDER) as journal:
            # This order: what the catalogue's copy does not have yet stands in the journal's copy, and a due row that
            # the engine's copy has too is forwarded twice without harm.
            _copy_catalogue(url, folder)
            _copy_sqlite(state_folder / ENGINE_FILE, folder / ENGINE_FILE)
            _copy_journal(journal, state_folder / JOURNAL_FOLDER, folder / JOURNAL_FOLDER)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = packed(target, folder, version=__version__, revision=revision, made_at=made_at)
    log.info("backed up", extra={"archive": str(target), "revision": revision, "members": len(manifest.members)})
    return manifest


def restore(archive: Path, url: str, state_folder: Path, *, force: bool) -> Manifest:
    """Put a backup in place, whole or not at all, while no role runs. What was there is refused without `force`, and
    set aside with it (a PostgreSQL database is replaced). A backup of an older revision is migrated afterwards, by
    `schema.upgrade`; one of a newer version is refused."""
    if not force and _is_in_use(url, state_folder):
        raise BackupRefused("there is a catalogue, an engine or a journal already: --force replaces them")
    with disk_trouble(state_folder):
        state_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=state_folder, prefix=".restoring-") as name:
            folder = Path(name)
            manifest = unpacked(archive, folder)
            _check_kind(manifest, url)
            if manifest.revision is None or not schema.knows(manifest.revision):
                raise CatalogueMismatch(f"{archive} is newer than callreel {__version__}: needs {manifest.version}")
            aside = state_folder / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
            _put_in_place(folder, url, state_folder, aside)
    log.info("restored", extra={"archive": str(archive), "set_aside": str(aside) if aside.exists() else ""})
    return manifest


def _copy_catalogue(url: str, folder: Path) -> None:
    file = sqlite_file(url)
    if file is None:
        postgresql_dump.dump(address(url), folder / _POSTGRESQL_MEMBER)
    else:
        _copy_sqlite(file, folder / _SQLITE_MEMBER)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        return
    with (
        translated(str(source)),
        closing(sqlite3.connect(source, timeout=_COPY_WAIT_SECONDS)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        # One file, nothing beside it.
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _held_journal(folder: Path) -> Iterator[dict[str, int]]:
    """The journal's files, open: a file that is applied and removed meanwhile can still be read."""
    with ExitStack() as stack:
        held: dict[str, int] = {}
        for path in journal_files(folder):
            try:
                held[path.name] = stack.enter_context(path.open("rb")).fileno()
            except FileNotFoundError:
                # Applied and removed this moment: the catalogue, copied later, has all of it.
                continue
        yield held


def _copy_journal(held: dict[str, int], source: Path, target: Path) -> None:
    target.mkdir()
    for name, descriptor in held.items():
        with open(descriptor, "rb", closefd=False) as old, (target / name).open("wb") as copy:
            shutil.copyfileobj(old, copy)
    for path in journal_files(source):
        if path.name not in held:
            shutil.copyfile(path, target / path.name)


def _is_in_use(url: str, state_folder: Path) -> bool:
    has_journal = any(path.stat().st_size for path in journal_files(state_folder / JOURNAL_FOLDER))
    return has_journal or (state_folder / ENGINE_FILE).exists() or schema.revision(url) is not None


def _check_kind(manifest: Manifest, url: str) -> None:
    wanted = _POSTGRESQL_MEMBER if sqlite_file(url) is None else _SQLITE_MEMBER
    if wanted not in manifest.members:
        raise BackupRefused(f"the backup has no {wanted}: it was made of the other kind of catalogue")


def _put_in_place(folder: Path, url: str, state_folder: Path, aside: Path) -> None:
    """Renames only, and each is taken back when a later one fails; PostgreSQL, which can refuse, comes last."""
    file = sqlite_file(url)
    places = [
        (folder / ENGINE_FILE, state_folder / ENGINE_FILE),
        (folder / JOURNAL_FOLDER, state_folder / JOURNAL_FOLDER),
    ]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        places.append((folder / _SQLITE_MEMBER, file))
    with ExitStack() as undo:
        for source, target in places:
            # SQLite would take an old write-ahead log for the new file's own.
            for old in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm"))):
                _set_aside(old, aside, undo)
            if source.exists():
                _renamed(source, target, undo)
        if file is None:
            postgresql_dump.restore(address(url), folder / _POSTGRESQL_MEMBER)
        undo.pop_all()


def _set_aside(old: Path, aside: Path, undo: ExitStack) -> None:
    if old.exists():
        aside.mkdir(exist_ok=True)
        _renamed(old, aside / old.name, undo)


def _renamed(source: Path, target: Path, undo: ExitStack) -> None:
    """On another file system too the target appears whole."""
    part = target.with_name(f".{target.name}.restoring")
    shutil.move(source, part)
    part.rename(target)
    undo.callback(shutil.move, target, source)
