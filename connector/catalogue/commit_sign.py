"""Whether anybody has written to an SQLite file since somebody last looked, for a hundredth of what a look costs; and a
glance at it for a tenth, for questions so small that another thread would take longer to be woken.

Knows SQLite's own count of commits; knows no table.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect(paramstyle="named")


@dataclass(frozen=True, slots=True)
class Sign:
    """Equal to another one when nobody has committed anything between them."""

    opening: int
    commits: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A question about a few rows that an index leads to, written down once."""

    text: str
    values: Mapping[str, object]

    @staticmethod
    def of(question: Select[Any]) -> "Glance":
        compiled = question.compile(dialect=_DIALECT)
        return Glance(str(compiled), compiled.params)


class CommitSign:
    """For one thread. It waits for no lock and holds none."""

    def __init__(self, file: Path) -> None:
        self._file = str(file.absolute())
        self._connection: sqlite3.Connection | None = None
        #: Device and inode of the file that is open.
        self._opened = (0, 0)
        #: SQLite counts for each connection anew.
        self._openings = 0

    def now(self) -> Sign | None:
        """None when it cannot be told: the file is not there, or is somebody's alone for a moment."""
        try:
            status = os.stat(self._file)
            connection = self._open((status.st_dev, status.st_ino))
            commits = connection.execute("PRAGMA data_version").fetchone()[0]
        except (OSError, sqlite3.Error):
            self.close()
            return None
        return Sign(self._openings, commits)

    def glance(self, at: Glance, values: Mapping[str, object]) -> list[dict[str, Any]] | None:
        """Rows by the names of their columns, of plain values only; None when it cannot be told without waiting."""
        try:
            status = os.stat(self._file)
            found = self._open((status.st_dev, status.st_ino)).execute(at.text, {**at.values, **values})
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]
        except (OSError, sqlite3.Error):
            self.close()
            return None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _open(self, file: tuple[int, int]) -> sqlite3.Connection:
        """To what lies there now: another file may have been put in its place."""
        if self._connection is None or file != self._opened:
            self.close()
            address = f"file:{quote(self._file)}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=0.0, isolation_level=None)
            self._opened = file
            self._openings += 1
        return self._connection
