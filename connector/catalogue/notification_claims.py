"""Which notifications a node may send now: what is due, free, and behind no other. Knows nothing of tries.

Asked several times a second, beside thousands of rows that wait for endpoints which do not answer.
"""

import math
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Select,
    String,
    all_,
    bindparam,
    exists,
    func,
    select,
    true,
    update,
)

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.onlooker import Sign
from connector.catalogue.tables import NOTIFICATIONS
from connector.domain.ids import Moment
from connector.domain.notification import Notification
from connector.domain.states import NotificationState

#: What nobody holds.
FREE: codec.Row = {"claimed_by": "", "claimed_until": 0.0}

_NOW = bindparam("now", type_=Double)
_ONE = NOTIFICATIONS.alias("one")
_EARLIER = NOTIFICATIONS.alias("earlier")
_IS_BEHIND = exists().where(
    _EARLIER.c.recording_id == _ONE.c.recording_id,
    # A test of the endpoint is of no recording.
    _EARLIER.c.recording_id != "",
    _EARLIER.c.endpoint == _ONE.c.endpoint,
    # Not as the index has it: by that one PostgreSQL would look at all that waits for the endpoint, for each row anew.
    _EARLIER.c.state.concat("") == NotificationState.WAITING.value,
    _EARLIER.c.number < _ONE.c.number,
)
_HELD = (NOTIFICATIONS.c.claimed_until > 0.0, NOTIFICATIONS.c.claimed_by == bindparam("of_node"))
_CLAIM = update(NOTIFICATIONS).where(NOTIFICATIONS.c.number.in_(bindparam("numbers", expanding=True)))
_UNCLAIM_ALL = update(NOTIFICATIONS).where(*_HELD).values(FREE)
_UNCLAIM = _UNCLAIM_ALL.where(NOTIFICATIONS.c.id.in_(bindparam("ids", expanding=True)))
_NEXT_FREE = select(func.min(NOTIFICATIONS.c.claimed_until)).where(NOTIFICATIONS.c.claimed_until > _NOW)


def _endpoints() -> CTE:
    """Each endpoint for which anything waits, by one leap in the index from each to the next, and a null at the end."""
    waits = NOTIFICATIONS.c.state == NotificationState.WAITING.value
    names = select(func.min(NOTIFICATIONS.c.endpoint).label("name")).where(waits).cte("endpoints", recursive=True)
    next_name = select(func.min(NOTIFICATIONS.c.endpoint)).where(waits, NOTIFICATIONS.c.endpoint > names.c.name)
    return names.union_all(select(next_name.scalar_subquery()).where(names.c.name.is_not(None)))


_ENDPOINTS = _endpoints()
_NAMES = select(_ENDPOINTS.c.name).where(_ENDPOINTS.c.name.is_not(None))
_IS_NAME = _ENDPOINTS.c.name.is_not(None)
_IS_WANTED = _ENDPOINTS.c.name.not_in(bindparam("but", expanding=True))
# A thousand parameters would cost its driver more than the whole question.
_IS_WANTED_OF_ARRAY = _ENDPOINTS.c.name != all_(bindparam("but", type_=ARRAY(String)))
_OF_ENDPOINT = (_ONE.c.state == NotificationState.WAITING.value, _ONE.c.endpoint == _ENDPOINTS.c.name)
_DUE = (
    select(_ONE)
    .where(*_OF_ENDPOINT, _ONE.c.next_at <= _NOW, _ONE.c.claimed_until <= _NOW, ~_IS_BEHIND)
    .order_by(_ONE.c.next_at, _ONE.c.number)
    .limit(bindparam("per_endpoint", type_=Integer))
    .correlate(_ENDPOINTS)
)
_NEXT_AT = select(func.min(_ONE.c.next_at)).where(*_OF_ENDPOINT, _ONE.c.next_at > _NOW).correlate(_ENDPOINTS)
_NEXT_DUE = select(func.min(_NEXT_AT.scalar_subquery())).select_from(_ENDPOINTS).where(_IS_NAME, _IS_WANTED)


@cache
def _due_rows(dialect: str) -> Select[Any]:
    """In no order; takes no lock."""
    return _of_each_endpoint(_DUE, dialect)


@cache
def _rows_to_claim(dialect: str) -> Select[Any]:
    """The oldest first. What another node claims at this moment is passed over (on SQLite nobody else does)."""
    rows = _of_each_endpoint(_DUE.with_for_update(skip_locked=True), dialect)
    return rows.order_by(rows.selected_columns.next_at, rows.selected_columns.number)


def _of_each_endpoint(due_of_one: Select[Any], dialect: str) -> Select[Any]:
    due: FromClause
    is_wanted: ColumnElement[bool] = _IS_WANTED
    if dialect == "postgresql":
        is_wanted = _IS_WANTED_OF_ARRAY
        due = due_of_one.lateral("due")
        together = _ENDPOINTS.join(due, true())
    else:
        due = NOTIFICATIONS.alias("due")
        together = _ENDPOINTS.join(due, due.c.number.in_(due_of_one.with_only_columns(_ONE.c.number)))
    return select(due).select_from(together).where(_IS_NAME, is_wanted).limit(bindparam("most", type_=Integer))


def waiting_endpoints(connection: Connection) -> set[str]:
    return set(connection.execute(_NAMES).scalars())


class Claims:
    """Of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: When there was none but of these endpoints: until something is written, there is none before that moment.
        self._none_due: tuple[Sign | None, frozenset[str], Moment] = (None, frozenset(), 0.0)

    async def claim(
        self, node: str, now: Moment, until: Moment, *, limit: int, per_endpoint: int, but: Collection[str]
    ) -> list[Notification]:
        left_out = frozenset(but)
        sign = self._database.sign()
        if self._is_known_to_be_none(sign, left_out, now):
            return []
        asked: codec.Row = {"now": now, "per_endpoint": per_endpoint, "most": limit, "but": sorted(left_out)}
        # First without the lock that a claim takes of SQLite: most often there is nothing.
        if sign is not None and not await self._database.read(lambda connection: _is_any_due(connection, asked)):
            await self._remember_none(sign, left_out, asked)
            return []
        claim: codec.Row = {"claimed_by": node, "claimed_until": until}
        return await self._database.write(lambda connection: _claimed(connection, asked, claim))

    async def unclaim(self, node: str, ids: Sequence[str] | None) -> None:
        wanted: codec.Row = {"of_node": node} if ids is None else {"of_node": node, "ids": list(ids)}
        statement = _UNCLAIM_ALL if ids is None else _UNCLAIM
        await self._database.write(lambda connection: connection.execute(statement, wanted))

    def _is_known_to_be_none(self, sign: Sign | None, left_out: frozenset[str], now: Moment) -> bool:
        at_sign, but_of, before = self._none_due
        return sign is not None and sign == at_sign and but_of <= left_out and now < before

    async def _remember_none(self, sign: Sign, left_out: frozenset[str], asked: codec.Row) -> None:
        next_at = await self._database.read(lambda connection: _next_moment(connection, asked))
        self._none_due = (sign, left_out, next_at)


def _is_any_due(connection: Connection, asked: codec.Row) -> bool:
    return connection.execute(_due_rows(connection.dialect.name), asked | {"most": 1}).first() is not None


def _claimed(connection: Connection, asked: codec.Row, claim: codec.Row) -> list[Notification]:
    rows = connection.execute(_rows_to_claim(connection.dialect.name), asked).mappings().all()
    if rows:
        connection.execute(_CLAIM.values(claim), {"numbers": [row["number"] for row in rows]})
    return [codec.NOTIFICATION.thing(row) for row in rows]


def _next_moment(connection: Connection, asked: codec.Row) -> Moment:
    """Not later than when the next is due or free again, if nobody writes."""
    wanted = {"now": asked["now"], "but": asked["but"]}
    moments = (connection.execute(_NEXT_DUE, wanted).scalar(), connection.execute(_NEXT_FREE, wanted).scalar())
    return min((moment for moment in moments if moment is not None), default=math.inf)
