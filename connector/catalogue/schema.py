"""The catalogue's schema: is it the one we work with, and how it becomes it. Knows revisions, no row.

Synchronous: this runs before a role starts, never beside a call.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, select, text
from sqlalchemy.pool import NullPool

from connector import __version__
from connector.catalogue.database import WRITES, address, begin_sqlite, sqlite_file, translated
from connector.catalogue.tables import ABOUT
from connector.catalogue.upsert import upsert
from connector.errors import CatalogueMismatch

MIGRATIONS = Path(__file__).parent / "migrations"
#: Two nodes that start at once migrate one after the other.
_MIGRATION_LOCK = 0x63616C6C7265656C
#: How long a migration waits for the others to let go of an SQLite catalogue.
_MIGRATION_WAIT_SECONDS = 10.0
_NEEDED = "callreel_version"

log = logging.getLogger(__name__)
# Alembic's own lines say at every check what ours says when something happens.
logging.getLogger("alembic").setLevel(logging.WARNING)


def check(url: str, *, scripts: Path = MIGRATIONS) -> None:
    """Raise CatalogueMismatch, with what to do, unless the catalogue is the one that this version works with."""
    known = _scripts(scripts)
    head = known.get_current_head()
    name = address(url).render_as_string(hide_password=True)
    if not _exists(url):
        raise CatalogueMismatch(f"there is no catalogue at {name}: run callreel migrate")
    with _connected(url) as connection:
        found = _revision(connection)
        if found == head:
            return
        if found is None:
            raise CatalogueMismatch(f"the catalogue {name} is empty: run callreel migrate")
        if not _is_known(known, found):
            raise CatalogueMismatch(_too_new(connection, name, found))
        raise CatalogueMismatch(
            f"the catalogue {name} is of revision {found}, callreel {__version__} works with {head}: "
            "run callreel migrate"
        )


def upgrade(url: str, backup_folder: Path, *, scripts: Path = MIGRATIONS) -> Path | None:
    """Bring the catalogue to the newest revision, whole or not at all. An SQLite catalogue that holds anything is
    copied first; returns the copy. A newer catalogue than ours is refused."""
    known = _scripts(scripts)
    file = sqlite_file(url)
    if file is not None:
        _prepare(file)
    with _connected(url) as connection:
        connection.execution_options(**WRITES)
        with connection.begin():
            _lock(connection)
            found = _revision(connection)
            if found == known.get_current_head():
                return None
            if found is not None and not _is_known(known, found):
                name = address(url).render_as_string(hide_password=True)
                raise CatalogueMismatch(_too_new(connection, name, found))
            copy = _copied(file, backup_folder, found) if file is not None and found is not None else None
            _migrate(connection, known, scripts)
    log.info("catalogue migrated", extra={"before": found, "now": known.get_current_head(), "copy": str(copy or "")})
    return copy


def revision(url: str) -> str | None:
    """The catalogue's revision; None when there is none."""
    if not _exists(url):
        return None
    with _connected(url) as connection:
        return _revision(connection)


def knows(revision: str) -> bool:
    """Whether this version can work with that revision, or migrate it."""
    return _is_known(_scripts(MIGRATIONS), revision)


def _migrate(connection: Connection, known: ScriptDirectory, scripts: Path) -> None:
    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    head = known.get_revision("head")
    needed = {"name": _NEEDED, "value": getattr(head.module, "since_version", __version__)}
    connection.execute(upsert(connection.dialect.name, ABOUT, ("name", "value")), [needed])


def _prepare(file: Path) -> None:
    with translated(str(file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=_MIGRATION_WAIT_SECONDS)) as connection:
            # The file remembers it.
            connection.execute("PRAGMA journal_mode=WAL")


def _copied(file: Path, backup_folder: Path, found: str) -> Path:
    backup_folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = backup_folder / f"catalogue-{found}-{stamp}.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        # One file, nothing beside it.
        target.execute("PRAGMA journal_mode=DELETE")
    log.info("catalogue copied before its migration", extra={"copy": str(copy)})
    return copy


def _too_new(connection: Connection, name: str, found: str) -> str:
    needed = connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == _NEEDED)).scalar_one_or_none()
    return (
        f"the catalogue {name} (revision {found}) is newer than callreel {__version__}: "
        f"install callreel {needed or 'a later version'} or later, or restore the copy made before its migration"
    )


def _config(scripts: Path) -> Config:
    config = Config()
    # A percent sign begins an interpolation in Alembic's own configuration.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts(scripts: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(scripts))


def _is_known(known: ScriptDirectory, revision: str) -> bool:
    return any(script.revision == revision for script in known.walk_revisions())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _exists(url: str) -> bool:
    file = sqlite_file(url)
    return file is None or file.exists()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parsed = address(url)
    is_sqlite = parsed.drivername == "sqlite"
    wait = {"timeout": _MIGRATION_WAIT_SECONDS} if is_sqlite else {"connect_timeout": 5}
    engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True, connect_args=wait)
    if is_sqlite:
        event.listen(engine, "connect", _without_driver_transactions)
        event.listen(engine, "begin", begin_sqlite)
    name = parsed.render_as_string(hide_password=True)
    with translated(name), engine.connect() as connection:
        yield connection


def _without_driver_transactions(connection: Any, _record: object) -> None:
    connection.isolation_level = None
