"""Looks at an SQLite file beside those who work in it: whether anybody has written since the last look, for a hundredth
of what a question costs, and small questions for a tenth.

Knows SQLite's own count of commits, and what a look may cost who must not wait; knows no table.
"""

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

#: What a glance may take. Whoever asks does nothing else meanwhile.
LONGEST_GLANCE_SECONDS = 0.002
#: How often that is looked at: after so many of SQLite's own instructions.
_INSTRUCTIONS = 1000
#: Nothing is wrong with the file: it only takes too long, or waits for somebody.
_PASSING = frozenset({sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY})

_DIALECT = sqlite.dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class Sign:
    """Equal to another one when nobody has committed anything between them."""

    opening: int
    commits: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A question for a few rows of plain values, to which an index leads. Written down once."""

    question: Select[Any]
    text: str = field(init=False)
    #: Those that the question brings along.
    values: Mapping[str, object] = field(init=False)

    def __post_init__(self) -> None:
        compiled = self.question.compile(dialect=_DIALECT)
        brought = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        object.__setattr__(self, "text", str(compiled))
        object.__setattr__(self, "values", brought)


class Onlooker:
    """For one thread. It waits for no lock, and holds none longer than one glance."""

    def __init__(self, file: Path) -> None:
        self._file = str(file.absolute())
        self._connection: sqlite3.Connection | None = None
        #: Device and inode of the file that is open.
        self._opened = (0, 0)
        #: SQLite counts for each connection anew.
        self._openings = 0
        #: When the look that goes on now has to end.
        self._until = 0.0

    def sign(self) -> Sign | None:
        """None when it cannot be told: the file is not there, or is somebody's alone for a moment."""
        try:
            commits = self._open().execute("PRAGMA data_version").fetchone()[0]
        except (OSError, sqlite3.Error):
            self.close()
            return None
        return Sign(self._openings, commits)

    def rows(self, glance: Glance, values: Mapping[str, object]) -> list[dict[str, Any]] | None:
        """By the names of their columns; None when it cannot be told without waiting."""
        try:
            found = self._open().execute(glance.text, {**glance.values, **values})
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]
        except sqlite3.ProgrammingError:
            # A fault of ours: it must be loud.
            raise
        except (OSError, sqlite3.DatabaseError) as error:
            if not isinstance(error, sqlite3.Error) or error.sqlite_errorcode not in _PASSING:
                self.close()
            return None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _open(self) -> sqlite3.Connection:
        """To what lies there now, for one look: another file may have been put in its place."""
        self._until = time.monotonic() + LONGEST_GLANCE_SECONDS
        status = os.stat(self._file)
        file = (status.st_dev, status.st_ino)
        if self._connection is None or file != self._opened:
            self.close()
            address = f"file:{quote(self._file)}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=0.0, isolation_level=None)
            self._connection.set_progress_handler(self._is_too_long, _INSTRUCTIONS)
            self._opened = file
            self._openings += 1
        return self._connection

    def _is_too_long(self) -> bool:
        return time.monotonic() > self._until
