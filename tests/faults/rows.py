"""The catalogue of a house under test, looked at from outside: SQL of its own, so that nothing is proven by itself."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row


@dataclass(frozen=True)
class Rows:
    """`url` of SQLite or PostgreSQL. A catalogue that cannot be read now has no rows."""

    url: str
    #: By recording: the name of the call that it was first seen in.
    began_in: dict[str, str] = field(default_factory=dict)

    def ask(self, question: str) -> list[dict[str, Any]]:
        try:
            return self._sqlite(question) if self.url.startswith("sqlite") else self._postgresql(question)
        except (sqlite3.OperationalError, psycopg.OperationalError):
            return []

    def change(self, statement: str) -> None:
        """What an administrator or the years would have changed."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as file, file:
                file.execute(statement)
        else:
            with psycopg.connect(self.url) as server:
                server.execute(statement.encode())

    def recording(self, call: str) -> dict[str, Any]:
        """The recording that began in the call of that name; {} when there is none (yet)."""
        return next(iter(self.recordings(call)), {})

    def recordings(self, call: str) -> list[dict[str, Any]]:
        """All of them, the newest first. Those of a call that joined another one belong to that one from then on."""
        wanted = "SELECT r.*, c.legs FROM recordings r JOIN calls c ON c.id = r.call_id ORDER BY r.requested_at DESC"
        rows = self.ask(wanted)
        for row in rows:
            if f'"{call}-caller"' in row.pop("legs"):
                self.began_in.setdefault(row["id"], call)
        return [row for row in rows if self.began_in.get(row["id"]) == call]

    def states(self) -> dict[str, str]:
        return {row["id"]: row["state"] for row in self.ask("SELECT id, state FROM recordings")}

    def segments(self, recording: str) -> list[dict[str, Any]]:
        return self.ask(f"SELECT * FROM segments WHERE recording_id = '{recording}' ORDER BY requested_at, id")

    def deliveries(self, recording: str) -> list[dict[str, Any]]:
        return self.ask(f"SELECT * FROM deliveries WHERE recording_id = '{recording}' ORDER BY kind")

    def _sqlite(self, question: str) -> list[dict[str, Any]]:
        file = self.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(question)]

    def _postgresql(self, question: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row, connect_timeout=2) as connection:
            return list(connection.execute(question.replace("%", "%%").encode(), ()))
