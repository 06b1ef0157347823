"""Due rows: added with the state that causes them, read when their time has come, deleted when the engine has them."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, case, delete, func, literal, or_, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.onlooker import Glance, Sign
from connector.catalogue.tables import DUE, NODES, RECORDINGS
from connector.catalogue.upsert import execute_many, insert_into
from connector.domain.decision import Due
from connector.domain.ids import Moment
from connector.domain.notification import TELLING
from connector.domain.transcript import TRANSCRIBING

_COUNT_ATTEMPT = (
    update(RECORDINGS)
    .where(RECORDINGS.c.id == bindparam("about"), RECORDINGS.c.last_attempt < bindparam("this_attempt"))
    .values(last_attempt=bindparam("this_attempt"))
)
_COUNTED_APART = frozenset({TRANSCRIBING, TELLING})
_FORWARDED = delete(DUE).where(DUE.c.id == bindparam("held"))
_OURS = or_(DUE.c.node.is_(None), DUE.c.node == bindparam("of_node"))
_FALLEN = select(DUE).where(DUE.c.at <= bindparam("now"), _OURS).order_by(DUE.c.at, DUE.c.id)
_NEXT = select(DUE.c.at).where(_OURS).order_by(DUE.c.at).limit(1)
_HEARD = select(NODES.c.node).where(NODES.c.seen_at >= bindparam("before"))
_LEFT = (
    select(DUE.c.node, func.count())
    .where(DUE.c.at < bindparam("before"), DUE.c.node.is_not(None), DUE.c.node.not_in(_HEARD))
    .group_by(DUE.c.node)
)


def recording_of(due: Due) -> str:
    """A subject is a recording's id, or begins with it: recording-1/stereo/archive."""
    return due.subject.partition("/")[0]


@cache
def _questions(of: frozenset[str], but: frozenset[str]) -> tuple[Glance, Glance]:
    """What has fallen due of these kinds, and when the next one does."""
    # Each by itself: a list of values would be written into the statement each time.
    named = [literal(kind) for kind in sorted(of or but)]
    kinds = [DUE.c.kind.in_(named)] if of else [DUE.c.kind.not_in(named)] if but else []
    fallen = _FALLEN.where(*kinds).limit(bindparam("most", type_=Integer))
    return Glance(fallen), Glance(_NEXT.where(*kinds))


@cache
def _at_the_earlier(dialect: str) -> Any:
    insert = insert_into(dialect, DUE)
    earlier = case((insert.excluded.at < DUE.c.at, insert.excluded.at), else_=DUE.c.at)
    return insert.on_conflict_do_update(index_elements=["id"], set_={"at": earlier})


def insert_dues(connection: Connection, dues: Sequence[Due]) -> None:
    """Within the caller's transaction; of a row that waits already the earlier moment holds: several things may share
    one attempt, and the hastiest must not wait for the others."""
    rows = [codec.DUE.row(due) | {"id": due.id, "recording_id": recording_of(due)} for due in dues]
    execute_many(connection, _at_the_earlier(connection.dialect.name), rows)
    # What is only heard or told is counted by itself: the numbers tell one shipping from the next.
    counted = [due for due in dues if due.kind not in _COUNTED_APART]
    attempts = [{"about": recording_of(due), "this_attempt": due.attempt} for due in counted]
    execute_many(connection, _COUNT_ATTEMPT, attempts)


class DueRows:
    """The Dues."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: By node and kinds: when the next falls due, unless something is written.
        self._next_at: dict[object, tuple[Sign, Moment]] = {}

    async def add(self, dues: Sequence[Due]) -> None:
        if dues:
            await self._database.write(lambda connection: insert_dues(connection, dues))

    async def any_fallen(self, node: str, now: Moment, *, of: Collection[str] = (), but: Collection[str] = ()) -> bool:
        sign, about = self._database.sign(), (node, frozenset(of), frozenset(but))
        if sign is None:
            # It would have to be asked each time, and walk past what waits for other nodes.
            return bool(await self.fallen(node, now, 1, of=of, but=but))
        known = self._next_at.get(about)
        if known is None or known[0] != sign:
            known = self._next_at[about] = sign, await self._next_of(*about)
        return known[1] <= now

    async def _next_of(self, node: str, of: frozenset[str], but: frozenset[str]) -> Moment:
        _, following = _questions(of, but)
        found = await self._database.rows(following, {"of_node": node})
        return float(found[0]["at"]) if found else math.inf

    async def fallen(
        self, node: str, now: Moment, limit: int, *, of: Collection[str] = (), but: Collection[str] = ()
    ) -> list[Due]:
        fallen, _ = _questions(frozenset(of), frozenset(but))
        values = {"of_node": node, "now": now, "most": limit}
        return [codec.DUE.thing(row) for row in await self._database.rows(fallen, values)]

    async def forwarded(self, dues: Sequence[Due]) -> None:
        rows: list[codec.Row] = [{"held": due.id} for due in dues]
        if rows:
            await self._database.write(lambda connection: execute_many(connection, _FORWARDED, rows))

    async def waiting(self) -> int:
        count = select(func.count()).select_from(DUE)
        return await self._database.read(lambda connection: connection.execute(count).scalar_one())

    async def left(self, before: Moment) -> Mapping[str, int]:
        rows = await self._database.read(lambda connection: connection.execute(_LEFT, {"before": before}).all())
        return {str(node): int(count) for node, count in rows}
