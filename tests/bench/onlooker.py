"""Another process that reads the catalogue while it is written, and one that holds its lock. Standard library only."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any, Final

from tests.bench.tool import BenchBroken

_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 30.0

#: What happens to a call and its recording, in the columns that hold the moment at which it happened.
_MOMENTS: Final = (
    ("calls", "started_at"),
    ("recordings", "requested_at"),
    ("recordings", "started_at"),
    ("calls", "ended_at"),
    ("recordings", "ended_at"),
)


@dataclass(slots=True)
class Sight:
    """How old changes were when another process could read them, in seconds."""

    delays: list[float] = field(default_factory=list)

    def share(self, share: float) -> float:
        ordered = sorted(self.delays)
        if not ordered:
            raise BenchBroken("the onlooker saw no change in the catalogue")
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Onlooker:
    """Its own process; `sight` ends it and says what it saw."""

    def __init__(self, commands: Any, answers: Any) -> None:
        self._commands = commands
        self._answers = answers

    def sight(self) -> Sight:
        self._commands.put("enough")
        try:
            seen = self._answers.get(timeout=_ANSWER_SECONDS)
        except Empty:
            raise BenchBroken("the process that reads the catalogue does not answer") from None
        assert isinstance(seen, Sight)
        return seen


@contextmanager
def onlooker(catalogue: Path) -> Iterator[Onlooker]:
    """Looks on from now on."""
    context = get_context("spawn")
    commands, answers = context.Queue(), context.Queue()
    process = context.Process(target=_look_on, args=(catalogue, commands, answers), daemon=True)
    process.start()
    try:
        yield Onlooker(commands, answers)
    finally:
        process.terminate()
        process.join()


def hold_lock(catalogue: Path, seconds: float) -> None:
    """Hold the catalogue's write lock for so long, from this process."""
    with closing(sqlite3.connect(catalogue, isolation_level=None, timeout=5.0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")


class _Watch:
    """One column, row after row: calls of a load begin and end in the order of their rows."""

    def __init__(self, table: str, column: str) -> None:
        self._question = f"SELECT rowid, {column} FROM {table} WHERE rowid > ? ORDER BY rowid"
        self._row = 0

    def look(self, connection: sqlite3.Connection) -> Iterator[float]:
        """The age of each moment that can be read now and could not before."""
        for row, moment in connection.execute(self._question, (self._row,)):
            if moment is None:
                return
            self._row = row
            yield time.time() - moment


def _look_on(catalogue: Path, commands: Any, answers: Any) -> None:
    sight = Sight()
    watches = [_Watch(table, column) for table, column in _MOMENTS]
    with closing(sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True, isolation_level=None)) as connection:
        while True:
            for watch in watches:
                sight.delays.extend(watch.look(connection))
            with suppress(Empty):
                commands.get(timeout=_POLL_SECONDS)
                answers.put(sight)
                return
