"""What waits, was refused, and was stored last, as sums over rows. Knows rows; decides nothing and writes nothing."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, not_, select

from connector.catalogue.database import Database
from connector.catalogue.notification_lists import IS_DEAD_TRIAL
from connector.catalogue.tables import DELIVERIES, DUE, NOTIFICATIONS, RECORDINGS
from connector.domain.states import DeliveryState, NotificationState
from connector.ports.health_ledger import Copies, Queue, Standing

#: Which are open, and whose reason is told: the first that there is.
_OPEN: Final = {
    DeliveryState.REFUSED.value: ("refused", "reason"),
    DeliveryState.GAVE_UP.value: ("gave_up", "reason"),
    DeliveryState.WAITING.value: ("waiting", "reason"),
    DeliveryState.UNDELETABLE.value: ("undeletable", "undeletable_reason"),
}
#: Without their reasons: from the index alone, however many there are.
_COPIES: Final = (
    select(DELIVERIES.c.destination, DELIVERIES.c.state, func.count().label("copies"))
    .where(DELIVERIES.c.state.in_(list(_OPEN)))
    .group_by(DELIVERIES.c.destination, DELIVERIES.c.state)
)
_REASONS: Final = select(DELIVERIES.c.reason).where(
    DELIVERIES.c.state == bindparam("as_it_is"), DELIVERIES.c.destination == bindparam("there")
)
#: Of so many copies one says why; those that nobody has tried yet do not.
_LOOKED_AT: Final = 100
_STORED_LAST: Final = select(func.max(DELIVERIES.c.stored_at)).where(DELIVERIES.c.destination == bindparam("there"))
_QUEUES: Final = (
    select(DUE.c.kind, func.count().label("waiting"), func.min(DUE.c.at).label("oldest_at"))
    .outerjoin(RECORDINGS, RECORDINGS.c.id == DUE.c.recording_id)
    .group_by(DUE.c.kind)
    .order_by(DUE.c.kind)
)
_NOTIFICATIONS: Final = (
    select(NOTIFICATIONS.c.state, func.count().label("notifications"))
    .where(
        NOTIFICATIONS.c.state.in_([NotificationState.WAITING.value, NotificationState.DEAD.value]), not_(IS_DEAD_TRIAL)
    )
    .group_by(NOTIFICATIONS.c.state)
)


class HealthRows:
    """The HealthLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, organisation: str | None, destinations: Collection[str]) -> Standing:
        def read(connection: Connection) -> Standing:
            told = _among(_NOTIFICATIONS, NOTIFICATIONS.c.organisation, organisation)
            counted = {row.state: row.notifications for row in connection.execute(told)}
            queues = _among(_QUEUES, RECORDINGS.c.organisation, organisation)
            return Standing(
                copies=_copies(connection, organisation, destinations),
                queues=[Queue(**row) for row in connection.execute(queues).mappings()],
                notifications_waiting=counted.get(NotificationState.WAITING.value, 0),
                notifications_dead=counted.get(NotificationState.DEAD.value, 0),
            )

        return await self._database.snapshot(read)


def _copies(connection: Connection, organisation: str | None, destinations: Collection[str]) -> Mapping[str, Copies]:
    whose = DELIVERIES.c.organisation
    rows = connection.execute(_among(_COPIES, whose, organisation)).mappings().all()
    found = {name: Copies() for name in (*destinations, *(row["destination"] for row in rows))}
    for row in sorted(rows, key=lambda row: [*_OPEN].index(row["state"])):
        known = found[row["destination"]]
        count, why = _OPEN[row["state"]]
        reason = getattr(known, why) or _reason(connection, row["state"], row["destination"], organisation)
        said: dict[str, Any] = {count: row["copies"], why: reason}
        found[row["destination"]] = replace(known, **said)
    last = _STORED_LAST if organisation is None else _STORED_LAST.where(whose == organisation)
    return {
        name: replace(copies, stored_last=connection.execute(last, {"there": name}).scalar())
        for name, copies in found.items()
    }


def _reason(connection: Connection, state: str, destination: str, organisation: str | None) -> str:
    of_them = _REASONS if organisation is None else _REASONS.where(DELIVERIES.c.organisation == organisation)
    some = of_them.limit(_LOOKED_AT).subquery()
    asked = {"as_it_is": state, "there": destination}
    return connection.execute(select(func.max(some.c.reason)), asked).scalar() or ""


def _among(wanted: Select[Any], whose: ColumnElement[str], organisation: str | None) -> Select[Any]:
    """Of the few that are open, those of the organisation: by its own index SQLite would read all that it ever had."""
    return wanted if organisation is None else wanted.where(func.coalesce(whose, "") == organisation)
