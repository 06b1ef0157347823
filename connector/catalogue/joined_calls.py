"""Calls that turned out to be part of another one: which one is left, and which ones it took up. Reads only."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from connector.catalogue.tables import CALLS
from connector.domain.ids import CallId, Moment

#: No conversation is transferred so often; whatever stands in a damaged catalogue, we come to an end.
_MOST_TRANSFERS = 50

_CALL = select(CALLS.c.id, CALLS.c.organisation, CALLS.c.started_at, CALLS.c.joined).where(
    CALLS.c.id == bindparam("call")
)
_ABSORBED = select(CALLS.c.id, CALLS.c.joined).where(CALLS.c.joined.is_not(None))
_ABSORBED_BY = {
    "sqlite": _ABSORBED.where(CALLS.c.joined.in_(bindparam("calls", expanding=True))),
    "postgresql": _ABSORBED.where(CALLS.c.joined == any_(bindparam("calls", type_=ARRAY(Text)))),
}


class CallRow(NamedTuple):
    id: CallId
    organisation: str
    started_at: Moment
    joined: CallId | None


def surviving(connection: Connection, call_id: str) -> CallRow | None:
    """The call itself, or the one that it ended up in. None when unknown."""
    found = _row(connection, call_id)
    for _ in range(_MOST_TRANSFERS):
        other = None if found is None or found.joined is None else _row(connection, found.joined)
        if other is None:
            break
        found = other
    return found


def survivors(connection: Connection, call_ids: Sequence[str]) -> dict[str, CallId]:
    """These calls and all that ended up in them, each with the one of these that it is part of."""
    found = {one: CallId(one) for one in call_ids}
    newest = list(call_ids)
    for _ in range(_MOST_TRANSFERS):
        if not newest:
            break
        rows = connection.execute(_ABSORBED_BY[connection.dialect.name], {"calls": newest}).all()
        newest = [row.id for row in rows if row.id not in found]
        found |= {row.id: found[row.joined] for row in rows if row.id not in found}
    return found


def _row(connection: Connection, call_id: str) -> CallRow | None:
    row = connection.execute(_CALL, {"call": call_id}).one_or_none()
    return None if row is None else CallRow(*row)
