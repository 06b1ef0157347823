"""Insert-or-update and insert-or-ignore in the two dialects, many rows at a time. Knows no table by name."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_Insert: TypeAlias = sqlite.Insert | postgresql.Insert


def insert_into(dialect: str, table: Table) -> _Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def upsert(
    dialect: str, table: Table, columns: tuple[str, ...], computed: tuple[tuple[str, ColumnElement[Any]], ...] = ()
) -> _Insert:
    """Write the given and the computed columns; a row with the same primary key takes them over."""
    return _replacing(insert_into(dialect, table).values(dict(computed)), table, columns)


@cache
def upsert_where(dialect: str, table: Table, columns: tuple[str, ...], where: ColumnElement[bool]) -> _Insert:
    """An upsert that leaves those rows alone that do not fulfil the condition."""
    return _replacing(insert_into(dialect, table), table, columns, where)


@cache
def insert_or_ignore(dialect: str, table: Table, key: str) -> _Insert:
    return insert_into(dialect, table).on_conflict_do_nothing(index_elements=[key])


def execute_many(connection: Connection, statement: Any, rows: Sequence[Mapping[str, object]]) -> None:
    """One executemany; no rows, no statement."""
    if rows:
        connection.execute(statement, rows)


def _replacing(
    insert: _Insert, table: Table, columns: tuple[str, ...], where: ColumnElement[bool] | None = None
) -> _Insert:
    keys = [column.name for column in table.primary_key]
    taken_over = {name: insert.excluded[name] for name in columns if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=taken_over, where=where)
