"""Looking at notifications: one with its tries, lists of them, how it stands with each endpoint. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, func, not_, select

from connector.catalogue import codec
from connector.catalogue.tables import NOTIFICATION_ATTEMPTS, NOTIFICATIONS
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.states import NotificationState
from connector.errors import NotFound
from connector.ports.notification_ledger import Backlog

_ROW = select(NOTIFICATIONS).where(NOTIFICATIONS.c.id == bindparam("of_id"))
_NUMBER = select(NOTIFICATIONS.c.number).where(NOTIFICATIONS.c.id == bindparam("of_id"))
_ATTEMPTS = (
    select(NOTIFICATION_ATTEMPTS)
    .where(NOTIFICATION_ATTEMPTS.c.notification_id == bindparam("of_id"))
    .order_by(NOTIFICATION_ATTEMPTS.c.number)
)
_NEWEST = select(NOTIFICATIONS).order_by(NOTIFICATIONS.c.number.desc()).limit(bindparam("most", type_=Integer))
IS_DEAD_TRIAL = and_(NOTIFICATIONS.c.state == NotificationState.DEAD.value, NOTIFICATIONS.c.told == Told.TEST.value)
_BACKLOGS = (
    select(
        NOTIFICATIONS.c.endpoint,
        NOTIFICATIONS.c.state,
        func.count().label("count"),
        func.min(NOTIFICATIONS.c.created_at).label("oldest_at"),
    )
    .where(
        NOTIFICATIONS.c.state.in_([NotificationState.WAITING.value, NotificationState.DEAD.value]), not_(IS_DEAD_TRIAL)
    )
    .group_by(NOTIFICATIONS.c.endpoint, NOTIFICATIONS.c.state)
)


def unknown(notification_id: str) -> NotFound:
    return NotFound(f"no notification is called {notification_id!r}: callreel notifications list shows what there is")


def found(connection: Connection, notification_id: str) -> tuple[Notification, Sequence[Attempt]] | None:
    it = {"of_id": notification_id}
    row = connection.execute(_ROW, it).mappings().one_or_none()
    if row is None:
        return None
    attempts = connection.execute(_ATTEMPTS, it).mappings()
    return codec.NOTIFICATION.thing(row), [codec.ATTEMPT.thing(attempt) for attempt in attempts]


def wanted(
    states: Collection[NotificationState], endpoint: str, recording_id: str, call_id: str, organisation: str | None
) -> list[ColumnElement[bool]]:
    """What is not said is not asked for."""
    columns = NOTIFICATIONS.c
    about: list[ColumnElement[bool]] = []
    if states:
        about.append(columns.state.in_(sorted(state.value for state in states)))
    if endpoint:
        about.append(columns.endpoint == endpoint)
    if recording_id:
        about.append(columns.recording_id == recording_id)
    if call_id:
        about.append(columns.call_id == call_id)
    if organisation is not None:
        about.append(columns.organisation == organisation)
    return about


def newest(
    connection: Connection, about: Sequence[ColumnElement[bool]], *, limit: int, before: str
) -> list[Notification]:
    page = _NEWEST.where(*about)
    if before:
        page = page.where(NOTIFICATIONS.c.number < _number(connection, before))
    rows = connection.execute(page, {"most": limit}).mappings()
    return [codec.NOTIFICATION.thing(row) for row in rows]


def backlogs(connection: Connection) -> Mapping[str, Backlog]:
    known: dict[str, Backlog] = {}
    for row in connection.execute(_BACKLOGS).mappings():
        backlog = known.get(row["endpoint"], Backlog())
        if row["state"] == NotificationState.DEAD:
            backlog = replace(backlog, dead=row["count"])
        else:
            backlog = replace(backlog, waiting=row["count"], oldest_at=row["oldest_at"])
        known[row["endpoint"]] = backlog
    return known


def _number(connection: Connection, notification_id: str) -> int:
    number = connection.execute(_NUMBER, {"of_id": notification_id}).scalar_one_or_none()
    if number is None:
        raise unknown(notification_id)
    return int(number)
