"""The engine's SQLite file: how it is opened, and that one process works on it.

Knows pragmas and locks; must not know what is in the file.
"""

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import sqlalchemy

from connector.errors import CatalogueUnavailable, NodeInUse

#: Rides out another process's writing; DBOS's own value.
_BUSY_MILLISECONDS = 30_000


def opened(url: sqlalchemy.URL, connections: int) -> sqlalchemy.Engine:
    """The file in WAL mode, with a sync per checkpoint of the WAL and not per transaction: power loss may cost the last
    moments, which reconciling makes good; the file stays whole."""
    try:
        with closing(sqlite3.connect(path_of(url))) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise _unopened(path_of(url), error) from error
    engine = sqlalchemy.create_engine(url, pool_size=connections, max_overflow=0, pool_timeout=30)
    sqlalchemy.event.listen(engine, "connect", _prepare)
    return engine


def path_of(url: sqlalchemy.URL) -> Path:
    """The file that the URL names."""
    return Path(url.database or "engine.db")


def claimed(url: sqlalchemy.URL) -> IO[str]:
    """A lock that lasts until it is closed or the process dies; a second process would run the work of the first one
    again."""
    path = path_of(url)
    try:
        lock = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise _unopened(path, error) from error
    try:
        # Record locks and not flock: a forked encoder process must not inherit the lock and outlive us with it.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise NodeInUse(
            f"another process works on {path}: stop it, or give this one its own state folder, or both PostgreSQL"
        ) from error
    return lock


def _unopened(path: Path, error: Exception) -> CatalogueUnavailable:
    return CatalogueUnavailable(f"the engine's file {path} cannot be opened ({error}): may we write in its folder?")


def _prepare(connection: Any, _record: object) -> None:
    # A writer takes its lock when its transaction begins: two that read first would fail each other.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
