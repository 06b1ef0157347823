"""A connection to SQLite or PostgreSQL: addresses, pragmas, transactions. Knows no table.

The one place where a driver's exceptions become ours.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connector.catalogue.bell import Bell
from connector.catalogue.onlooker import Glance, Onlooker, Sign
from connector.errors import CatalogueUnavailable, ConfigError

Answer = TypeVar("Answer")

#: How long a statement waits for another's lock. Short: capture keeps its journal meanwhile and asks again.
LOCK_WAIT_SECONDS = 1.0
CONNECT_WAIT_SECONDS = 3
_SQLITE_CONNECTIONS = 4
#: No statement of ours takes this long in a catalogue that is well.
STATEMENT_SECONDS = 20

#: The execution option that says how a transaction begins on SQLite; without it there is none.
BEGIN = "callreel_begin"
WRITES = {BEGIN: "BEGIN IMMEDIATE"}

_SQLITE = {"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"}
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg_async"}
#: Faults of ours, not of the catalogue's health: these must be loud.
_OUR_FAULTS = (IntegrityError, DataError, ProgrammingError)


def address(url: str) -> URL:
    """The URL with the driver that we use; anything but SQLite and PostgreSQL is the operator's mistake."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("the catalogue's URL is none: sqlite:///path or postgresql://user@host/name") from error
    if parsed.drivername in _SQLITE:
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigError("the catalogue needs a file: sqlite:////var/lib/callreel/catalogue.db")
        return parsed.set(drivername="sqlite")
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError(f"the catalogue cannot be kept in {parsed.drivername!r}: use sqlite:///path or postgresql://…")


def sqlite_file(url: str) -> Path | None:
    """Where the catalogue lies; None when it is in PostgreSQL."""
    parsed = address(url)
    return Path(str(parsed.database)) if parsed.drivername == "sqlite" else None


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Locked, full, absent, cut off: all of them mean that the catalogue cannot answer now."""
    try:
        yield
    except _OUR_FAULTS:
        raise
    except DBAPIError as error:
        raise CatalogueUnavailable(f"the catalogue {name} cannot answer now: {_first_line(error.orig)}") from error
    except (PoolTimeout, sqlite3.Error, OSError) as error:
        raise CatalogueUnavailable(f"the catalogue {name} cannot answer now: {_first_line(error)}") from error


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), "no reason given")


class _Transactions(Protocol):
    """Where a transaction runs."""

    def run(self, work: Callable[[Connection], Answer], options: dict[str, str]) -> Awaitable[Answer]: ...

    async def close(self) -> None: ...


class _InThreads:
    """SQLite's driver blocks. A whole transaction goes into a thread: a hop for each statement costs more than SQLite
    itself does. Each thread keeps its connection: to take one from a pool and give it back costs as much as a question.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(_SQLITE_CONNECTIONS, thread_name_prefix="catalogue")
        self._own = threading.local()

    def run(self, work: Callable[[Connection], Answer], options: dict[str, str]) -> Awaitable[Answer]:
        return asyncio.get_running_loop().run_in_executor(self._threads, self._transaction, work, options)

    async def close(self) -> None:
        # A connection goes with its thread.
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    def _transaction(self, work: Callable[[Connection], Answer], options: dict[str, str]) -> Answer:
        connection = self._connection(options)
        try:
            answer = work(connection)
            if options is WRITES:
                connection.commit()
            else:
                connection.rollback()
        except BaseException:
            # Whatever is wrong with it: the next one begins afresh.
            self._own.connection = None
            connection.close()
            raise
        return answer

    def _connection(self, options: dict[str, str]) -> Connection:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._engine.connect()
        return connection.execution_options(**{BEGIN: "", **options})


class _InTheLoop:
    """PostgreSQL's driver waits in our loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, work: Callable[[Connection], Answer], options: dict[str, str]) -> Answer:
        async with self._engine.connect() as connection:
            if options:
                await connection.execution_options(**options)
            answer = await connection.run_sync(work)
            if options is WRITES:
                await connection.commit()
            return answer

    async def close(self) -> None:
        await self._engine.dispose()


class Database:
    """Each method runs its function in one transaction, in the driver's world."""

    def __init__(self, transactions: _Transactions, name: str, file: Path | None) -> None:
        self._transactions = transactions
        self._name = name
        self._file = file
        self._onlooker = Onlooker(file) if file is not None else None

    @staticmethod
    def open(url: str) -> "Database":
        parsed = address(url)
        file = sqlite_file(url)
        transactions = _InTheLoop(_postgresql_engine(parsed)) if file is None else _InThreads(_sqlite_engine(parsed))
        return Database(transactions, parsed.render_as_string(hide_password=True), file)

    def sign(self) -> Sign | None:
        """For who asks the same again and again: as long as it stays the same, so do all answers. None when that cannot
        be told; on PostgreSQL it never can."""
        return self._onlooker.sign() if self._onlooker is not None else None

    def bell(self, name: str) -> Bell | None:
        """For rows of one kind, which are asked for again and again; None on PostgreSQL."""
        return Bell(self._file, name) if self._file is not None else None

    async def rows(self, glance: Glance, values: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
        """Of a question so small that on SQLite the way through a thread is most of it."""
        seen = self._onlooker.rows(glance, values) if self._onlooker is not None else None
        if seen is not None:
            return seen
        return await self.read(
            lambda connection: [dict(row) for row in connection.execute(glance.question, values).mappings()]
        )

    async def read(self, question: Callable[[Connection], Answer]) -> Answer:
        """For one statement: SQLite is spared a BEGIN."""
        return await self._run(question, {})

    async def snapshot(self, question: Callable[[Connection], Answer]) -> Answer:
        """For several statements, which all see the same moment."""
        options = {BEGIN: "BEGIN"} if self._file is not None else {"isolation_level": "REPEATABLE READ"}
        return await self._run(question, options)

    async def write(self, work: Callable[[Connection], Answer]) -> Answer:
        """Everything that the function wrote is there afterwards, or nothing when it raised."""
        return await self._run(work, WRITES)

    async def _run(self, work: Callable[[Connection], Answer], options: dict[str, str]) -> Answer:
        with self._translated():
            return await self._transactions.run(work, options)

    async def close(self) -> None:
        if self._onlooker is not None:
            self._onlooker.close()
        await self._transactions.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        # Open connections would go on writing to a file that is deleted, and be lost with it.
        if self._file is not None and not self._file.exists():
            raise CatalogueUnavailable(f"the catalogue {self._name} is not there: restore it, or run callreel migrate")
        with translated(self._name):
            yield


def _sqlite_engine(url: URL) -> Engine:
    # mode=rw: a catalogue that is not there is an error, not a new empty file.
    file = f"file:{quote(str(Path(str(url.database)).absolute()))}"
    engine = create_engine(
        URL.create("sqlite", database=file, query={"mode": "rw", "uri": "true"}),
        hide_parameters=True,
        pool_size=_SQLITE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=LOCK_WAIT_SECONDS,
        connect_args={"timeout": LOCK_WAIT_SECONDS},
    )
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def _sqlite_connected(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes late and deferred: ours is in begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_sqlite(connection: Connection) -> None:
    """What writes takes the lock at once: to read first and write then fails under WAL when another wrote between."""
    statement = connection.get_execution_options().get(BEGIN)
    if statement:
        connection.exec_driver_sql(statement)


def _postgresql_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=4,
        max_overflow=4,
        pool_timeout=CONNECT_WAIT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_WAIT_SECONDS,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
            "keepalives_idle": 10,
            "application_name": "callreel",
        },
    )
    event.listen(engine.sync_engine, "connect", _postgresql_connected)
    return engine


def _postgresql_connected(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {round(LOCK_WAIT_SECONDS * 1000)}")
    cursor.execute(f"SET statement_timeout = {STATEMENT_SECONDS * 1000}")
    cursor.close()
    connection.commit()
