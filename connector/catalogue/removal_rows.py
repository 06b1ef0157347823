"""Recordings on their way out, as rows: what goes, what is left where it is, what is tried again. Knows state tables;
decides nothing about days."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, RowMapping, bindparam, exists, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.hold_rows import ON_ITS_WAY_OUT, unheld
from connector.catalogue.tables import DELIVERIES, DUE, RECORDINGS
from connector.catalogue.transcript_ends import emptied
from connector.catalogue.upsert import execute_many
from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.notification import TELLING
from connector.domain.products import WITHDRAWING
from connector.domain.recording import Delivery
from connector.domain.states import (
    DELIVERY,
    RECORDING,
    DeliveryEvent,
    DeliveryState,
    RecordingEvent,
    RecordingState,
    moved,
)
from connector.domain.transcript import TRANSCRIBING
from connector.ports.keeping_ledger import Undeleted

#: Nobody may have deleted these yet.
_STAYED = (DeliveryState.UNDELETABLE.value, DeliveryState.DELETING.value)
_OF_STAYED = select(DELIVERIES.c.recording_id).where(DELIVERIES.c.state.in_(_STAYED))
_is_due = exists().where(DUE.c.recording_id == RECORDINGS.c.id, DUE.c.kind.not_in((TELLING, TRANSCRIBING)))
_SET = update(RECORDINGS).where(RECORDINGS.c.id == bindparam("of_recording"))
_DELIVERIES = select(DELIVERIES).where(DELIVERIES.c.recording_id == bindparam("of_recording")).with_for_update()
_DELIVERY_STATE = (
    update(DELIVERIES)
    .where(
        DELIVERIES.c.recording_id == bindparam("of_recording"),
        DELIVERIES.c.kind == bindparam("of_kind"),
        DELIVERIES.c.destination == bindparam("to_destination"),
    )
    .values(state=bindparam("new_state"))
)


class RemovalRows:
    """The KeepingLedger's removals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remove(
        self,
        recording_id: RecordingId,
        event: RecordingEvent,
        reason: str,
        now: Moment,
        *,
        by: str,
        is_left: Callable[[Delivery], bool] = lambda _: False,
    ) -> bool:
        def work(connection: Connection) -> bool:
            row = unheld(connection, recording_id)
            if RecordingState(row["state"]) in ON_ITS_WAY_OUT:
                if event is RecordingEvent.ERASED:
                    _take_up_left(connection, row, now)
                return False
            state = moved(RECORDING, RecordingState(row["state"]), event)
            said = {"state": state.value, "reason": reason, "removed_at": now, "removed_by": by}
            connection.execute(_SET, said | {"of_recording": recording_id})
            if event is RecordingEvent.EXPIRED:
                _leave(connection, recording_id, is_left)
            recording = codec.RECORDING.thing(row)
            if event is RecordingEvent.ERASED or recording.options.transcript_retention_days is None:
                emptied(connection, [recording_id], reason)
            insert_dues(connection, [_due(row, now)])
            return True

        return await self._database.write(work)

    async def take_up_undeleted(self, now: Moment, limit: int, after: str = "") -> Sequence[RecordingId]:
        wanted = (
            select(RECORDINGS)
            .where(
                RECORDINGS.c.id.in_(_OF_STAYED),
                RECORDINGS.c.id > after,
                RECORDINGS.c.state != RecordingState.REMOVING.value,
                ~_is_due,
            )
            .order_by(RECORDINGS.c.id)
            .limit(limit)
        )
        # Looked for without SQLite's lock: there may be very many.
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())

        def work(connection: Connection) -> None:
            for row in rows:
                _move_copies(connection, row["id"], lambda one: one.state is DeliveryState.UNDELETABLE)
            insert_dues(connection, [_due(row, now, _way_out(row)) for row in rows])

        if rows:
            await self._database.write(work)
        return [RecordingId(row["id"]) for row in rows]

    async def undeleted(self, limit: int, organisation: str | None = None) -> Sequence[Undeleted]:
        wanted = select(DELIVERIES).where(DELIVERIES.c.state == DeliveryState.UNDELETABLE.value)
        if organisation is not None:
            wanted = wanted.where(DELIVERIES.c.organisation == organisation)
        page = wanted.order_by(DELIVERIES.c.recording_id, DELIVERIES.c.destination, DELIVERIES.c.kind).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(page).mappings().all())
        return [Undeleted(delivery=codec.DELIVERY.thing(row), organisation=row["organisation"]) for row in rows]


def _way_out(row: RowMapping) -> str:
    """Of one that stays only the file of its transcript was to go."""
    return "remove" if row["state"] == RecordingState.REMOVED else WITHDRAWING


def _due(row: RowMapping, now: Moment, kind: str = "remove") -> Due:
    return Due(kind=kind, subject=row["id"], attempt=row["last_attempt"] + 1, node=row["node"], at=now)


def _leave(connection: Connection, recording_id: RecordingId, is_left: Callable[[Delivery], bool]) -> None:
    _move_copies(
        connection,
        recording_id,
        lambda one: DeliveryEvent.LEFT in DELIVERY[one.state] and bool(one.object_name) and is_left(one),
        DeliveryEvent.LEFT,
    )


def _take_up_left(connection: Connection, row: RowMapping, now: Moment) -> None:
    if _move_copies(connection, row["id"], lambda one: one.state is DeliveryState.LEFT):
        insert_dues(connection, [_due(row, now)])


def _move_copies(
    connection: Connection,
    recording_id: str,
    is_meant: Callable[[Delivery], bool],
    event: DeliveryEvent = DeliveryEvent.DELETING,
) -> int:
    rows = connection.execute(_DELIVERIES, {"of_recording": recording_id}).mappings().all()
    meant = [one for one in map(codec.DELIVERY.thing, rows) if is_meant(one)]
    changed: list[codec.Row] = [
        {
            "of_recording": one.recording_id,
            "of_kind": one.kind.value,
            "to_destination": one.destination,
            "new_state": moved(DELIVERY, one.state, event).value,
        }
        for one in meant
    ]
    execute_many(connection, _DELIVERY_STATE, changed)
    return len(meant)
