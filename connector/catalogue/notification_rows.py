"""The outbox of notifications, as rows: what is added, what became of each try, what is ended, sent again, forgotten.

Knows states and the log of tries; knows no endpoint's settings and no HTTP.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, Integer, RowMapping, bindparam, delete, func, or_, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.notification_claims import FREE, Claims, waiting_endpoints
from connector.catalogue.notification_lists import IS_DEAD_TRIAL, backlogs, found, newest, unknown, wanted
from connector.catalogue.tables import ENDPOINTS, NOTIFICATION_ATTEMPTS, NOTIFICATIONS
from connector.catalogue.upsert import execute_many, insert_or_ignore, upsert
from connector.domain.ids import Moment
from connector.domain.notification import Attempt, Notification
from connector.domain.states import NOTIFICATION, NotificationEvent, NotificationState, moved
from connector.errors import IllegalTransition
from connector.ports.notification_ledger import Backlog, Disabled

#: Of one notification.
MOST_ATTEMPTS_KEPT = 50
#: How many ids one statement names.
_SLICE = 500

_WAITING = NotificationState.WAITING
_REPLAYABLE = [state for state in NotificationState if NotificationEvent.REPLAYED in NOTIFICATION[state]]
_FORGETTABLE = (NotificationState.DELIVERED.value, NotificationState.CANCELLED.value)
_DISABLED = codec.RowCodec(Disabled)

_ROW = select(NOTIFICATIONS).where(NOTIFICATIONS.c.id == bindparam("of_id")).with_for_update()
_SET = update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == bindparam("of_id"))
# In the order in which a claim takes them: two who lock many never wait for each other in a circle.
_WAITING_NUMBERS = (
    select(NOTIFICATIONS.c.number)
    .where(NOTIFICATIONS.c.state == _WAITING.value, NOTIFICATIONS.c.endpoint == bindparam("of_endpoint"))
    .order_by(NOTIFICATIONS.c.number)
    .with_for_update()
)
_LATER_NUMBERS = _WAITING_NUMBERS.where(NOTIFICATIONS.c.next_at > bindparam("now"))
_OLDER_NUMBERS = _WAITING_NUMBERS.where(NOTIFICATIONS.c.waiting_since < bindparam("older_than"))
_HURRY = update(NOTIFICATIONS).where(NOTIFICATIONS.c.number.in_(_LATER_NUMBERS))
_END = update(NOTIFICATIONS).where(NOTIFICATIONS.c.number.in_(_OLDER_NUMBERS))
_REPLAY = update(NOTIFICATIONS).where(
    NOTIFICATIONS.c.id.in_(bindparam("ids", expanding=True)), NOTIFICATIONS.c.state == bindparam("from_state")
)
_FORGET = delete(NOTIFICATIONS).where(
    NOTIFICATIONS.c.number.in_(
        select(NOTIFICATIONS.c.number)
        .where(
            or_(NOTIFICATIONS.c.state.in_(_FORGETTABLE), IS_DEAD_TRIAL),
            NOTIFICATIONS.c.settled_at < bindparam("settled_before"),
        )
        .limit(bindparam("most", type_=Integer))
    )
)

_OF_IT = NOTIFICATION_ATTEMPTS.c.notification_id == bindparam("of_id")
_LAST_NUMBER = select(func.coalesce(func.max(NOTIFICATION_ATTEMPTS.c.number), 0)).where(_OF_IT)
_FORGET_ATTEMPTS = delete(NOTIFICATION_ATTEMPTS).where(_OF_IT, NOTIFICATION_ATTEMPTS.c.number <= bindparam("up_to"))
_ENABLE = delete(ENDPOINTS).where(ENDPOINTS.c.name == bindparam("of_name"))


class NotificationRows:
    """The NotificationLedger."""

    def __init__(self, database: Database, now: Callable[[], Moment]) -> None:
        self._database = database
        self._now = now
        self._claims = Claims(database)

    async def add(self, notifications: Sequence[Notification]) -> int:
        rows = [codec.NOTIFICATION.row(one) | FREE | {"waiting_since": one.created_at} for one in notifications]
        return await self._database.write(lambda connection: _added(connection, rows)) if rows else 0

    async def claim(
        self, node: str, now: Moment, until: Moment, *, limit: int, per_endpoint: int, but: Collection[str]
    ) -> list[Notification]:
        return await self._claims.claim(node, now, until, limit=limit, per_endpoint=per_endpoint, but=but)

    async def unclaim(self, node: str, ids: Sequence[str] | None = None) -> None:
        await self._claims.unclaim(node, ids)

    async def delivered(self, id: str, *attempts: Attempt) -> None:
        columns = _settled(NotificationEvent.DELIVERED, _end_of(attempts[-1]), "")
        await self._database.write(lambda connection: _count_and_log(connection, id, attempts, columns))

    async def failed(self, id: str, *attempts: Attempt, next_at: Moment | None) -> None:
        last = attempts[-1]
        if next_at is None:
            columns = _settled(NotificationEvent.DIED, _end_of(last), last.reason)
        else:
            columns = FREE | {"reason": last.reason, "next_at": next_at}
        await self._database.write(lambda connection: _count_and_log(connection, id, attempts, columns))

    async def hurry(self, endpoint: str, now: Moment) -> int:
        wanted: codec.Row = {"of_endpoint": endpoint, "now": now, "next_at": now}
        return await self._database.write(lambda connection: connection.execute(_HURRY, wanted).rowcount)

    async def give_up(self, endpoint: str, waiting_since: Moment, reason: str) -> int:
        columns = _settled(NotificationEvent.DIED, self._now(), reason)
        return await self._database.write(lambda connection: _end(connection, endpoint, columns, waiting_since))

    async def cancel(self, endpoint: str, reason: str) -> int:
        columns = _settled(NotificationEvent.CANCELLED, self._now(), reason)
        return await self._database.write(lambda connection: _end(connection, endpoint, columns))

    async def endpoints_waiting(self) -> set[str]:
        return await self._database.read(waiting_endpoints)

    async def disable(self, endpoint: str, disabled: Disabled) -> None:
        row = _DISABLED.row(disabled) | {"name": endpoint}
        columns = _settled(NotificationEvent.CANCELLED, self._now(), disabled.reason)

        def work(connection: Connection) -> None:
            execute_many(connection, upsert(connection.dialect.name, ENDPOINTS, tuple(row)), [row])
            _end(connection, endpoint, columns)

        await self._database.write(work)

    async def enable(self, endpoint: str) -> None:
        await self._database.write(lambda connection: connection.execute(_ENABLE, {"of_name": endpoint}))

    async def disabled(self) -> Mapping[str, Disabled]:
        rows = await self._database.read(lambda connection: connection.execute(select(ENDPOINTS)).mappings().all())
        return {row["name"]: _DISABLED.thing(row) for row in rows}

    async def find(self, id: str) -> tuple[Notification, Sequence[Attempt]] | None:
        return await self._database.snapshot(lambda connection: found(connection, id))

    async def listed(
        self,
        *,
        states: Collection[NotificationState] = (),
        endpoint: str = "",
        recording_id: str = "",
        call_id: str = "",
        organisation: str | None = None,
        limit: int,
        before: str = "",
    ) -> list[Notification]:
        about = wanted(states, endpoint, recording_id, call_id, organisation)
        return await self._database.snapshot(lambda connection: newest(connection, about, limit=limit, before=before))

    async def replay(self, ids: Sequence[str], now: Moment) -> int:
        return await self._database.write(lambda connection: _replayed(connection, ids, now))

    async def backlogs(self) -> Mapping[str, Backlog]:
        return await self._database.read(backlogs)

    async def forget(self, settled_before: Moment, limit: int) -> int:
        wanted: codec.Row = {"settled_before": settled_before, "most": limit}
        return await self._database.write(lambda connection: connection.execute(_FORGET, wanted).rowcount)


def _added(connection: Connection, rows: Sequence[codec.Row]) -> int:
    statement = insert_or_ignore(connection.dialect.name, NOTIFICATIONS, "id")
    # Of an insert nobody asks the count otherwise.
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def _waiting_row(connection: Connection, notification_id: str) -> RowMapping:
    row = connection.execute(_ROW, {"of_id": notification_id}).mappings().one_or_none()
    if row is None:
        raise unknown(notification_id)
    if row["state"] != _WAITING:
        raise IllegalTransition(f"the notification {notification_id} is {row['state']}: nobody should have sent it")
    return row


def _end_of(attempt: Attempt) -> Moment:
    return attempt.at + attempt.seconds


def _settled(event: NotificationEvent, at: Moment, reason: str) -> codec.Row:
    """The columns of what waited until then."""
    return FREE | {"state": moved(NOTIFICATION, _WAITING, event).value, "settled_at": at, "reason": reason}


def _count_and_log(
    connection: Connection, notification_id: str, attempts: Sequence[Attempt], columns: codec.Row
) -> None:
    """One try, whatever the number of addresses."""
    row = _waiting_row(connection, notification_id)
    it = {"of_id": notification_id}
    # Not what the row counts: that begins anew with a replay, the log goes on.
    first = connection.execute(_LAST_NUMBER, it).scalar_one() + 1
    last = first + len(attempts) - 1
    for number, attempt in enumerate(attempts, start=first):
        tried = codec.ATTEMPT.row(attempt) | {"notification_id": notification_id, "number": number}
        connection.execute(NOTIFICATION_ATTEMPTS.insert(), tried)
    if last > MOST_ATTEMPTS_KEPT:
        connection.execute(_FORGET_ATTEMPTS, it | {"up_to": last - MOST_ATTEMPTS_KEPT})
    connection.execute(_SET, columns | it | {"attempts": row["attempts"] + 1})


def _end(connection: Connection, endpoint: str, columns: codec.Row, waiting_since: Moment = math.inf) -> int:
    of_endpoint: codec.Row = {"of_endpoint": endpoint, "older_than": waiting_since}
    return connection.execute(_END, columns | of_endpoint).rowcount


def _replayed(connection: Connection, ids: Sequence[str], now: Moment) -> int:
    count = 0
    columns: codec.Row = {"attempts": 0, "next_at": now, "waiting_since": now, "settled_at": None, "reason": ""}
    for state in _REPLAYABLE:
        after = moved(NOTIFICATION, state, NotificationEvent.REPLAYED)
        for start in range(0, len(ids), _SLICE):
            wanted = {"ids": list(ids[start : start + _SLICE]), "from_state": state.value, "state": after.value}
            count += connection.execute(_REPLAY, columns | wanted).rowcount
    return count
