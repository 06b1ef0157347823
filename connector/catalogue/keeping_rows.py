"""When recordings end, as rows: reckoned, extended, over; and when the daily job ran. Decides nothing about days."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    select,
    true,
    update,
)

from connector.catalogue import codec
from connector.catalogue.columns import without_index
from connector.catalogue.database import Database
from connector.catalogue.hold_rows import HOLD, ON_ITS_WAY_OUT, HoldRows
from connector.catalogue.people_tables import HOLDS
from connector.catalogue.recording_files import rows_of
from connector.catalogue.removal_rows import RemovalRows
from connector.catalogue.tables import ABOUT, CALLS, DELIVERIES, RECORDINGS
from connector.catalogue.transcript_ends import TranscriptEnds
from connector.catalogue.upsert import execute_many, insert_or_ignore
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.keeping import Keeping
from connector.domain.retention import Ending
from connector.domain.states import IN_CAPTURE, RECORDING, DeliveryState, RecordingEvent, RecordingState
from connector.ports.keeping_ledger import Ended

_ENDS = tuple(state.value for state, events in RECORDING.items() if RecordingEvent.EXPIRED in events)
#: Whose end can be reckoned: there is something that ends.
_ENDED = tuple(
    state.value for state in RecordingState if state not in {*IN_CAPTURE, *ON_ITS_WAY_OUT, RecordingState.ABSENT}
)
_LAST_RUN = "retention_ran_at"

_is_held = exists().where(HOLDS.c.recording_id == RECORDINGS.c.id)
_waits = exists().where(
    DELIVERIES.c.recording_id == RECORDINGS.c.id, without_index(DELIVERIES.c.state) == DeliveryState.WAITING.value
)
_OF = RECORDINGS.c.id == bindparam("of_recording")
_SET = update(RECORDINGS).where(_OF)
_RECKON = (
    update(RECORDINGS)
    .where(_OF, RECORDINGS.c.is_extended == false())
    .values(expires_at=bindparam("ends_at"), is_expiry_known=True)
)
_ENDING = (
    select(
        RECORDINGS.c.id,
        RECORDINGS.c.call_id,
        RECORDINGS.c.organisation,
        RECORDINGS.c.expires_at,
        case((_is_held, "on hold"), (_waits, "a copy is still to be made"), else_="").label("stays"),
    )
    .where(RECORDINGS.c.state.in_(_ENDS))
    .order_by(RECORDINGS.c.expires_at, RECORDINGS.c.id)
)


class KeepingRows(HoldRows, RemovalRows, TranscriptEnds):
    """The KeepingLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keepings(self, recording_ids: Sequence[RecordingId]) -> Mapping[RecordingId, Keeping]:
        def read(connection: Connection) -> dict[RecordingId, Keeping]:
            holds = {row["recording_id"]: row for row in rows_of(connection, HOLDS, "recording_id", recording_ids)}
            rows = rows_of(connection, RECORDINGS, "id", recording_ids)
            return {RecordingId(row["id"]): keeping_of(row, holds.get(row["id"])) for row in rows}

        return await self._database.snapshot(read)

    async def without_expiry(self, limit: int, after: str = "") -> Sequence[Ended]:
        return await self._ended(limit, after, RECORDINGS.c.is_expiry_known == false())

    async def reckoned(self, organisation: str | None, limit: int, after: str = "") -> Sequence[Ended]:
        is_theirs = true() if organisation is None else RECORDINGS.c.organisation == organisation
        is_plain = and_(RECORDINGS.c.is_expiry_known == true(), RECORDINGS.c.is_extended == false(), ~_is_held)
        return await self._ended(limit, after, and_(is_plain, is_theirs))

    async def reckon(self, ends: Mapping[RecordingId, Moment | None]) -> None:
        rows = [{"of_recording": id, "ends_at": moment} for id, moment in ends.items()]
        await self._database.write(lambda connection: execute_many(connection, _RECKON, rows))

    async def extend(self, recording_id: RecordingId, expires_at: Moment | None) -> None:
        columns = {"expires_at": expires_at, "is_expiry_known": True, "is_extended": True}
        said = columns | {"of_recording": recording_id}
        await self._database.write(lambda connection: connection.execute(_SET, said))

    async def expired(self, now: Moment, limit: int) -> Sequence[Ending]:
        return await self._ending(_ENDING.where(RECORDINGS.c.expires_at <= now, ~_is_held, ~_waits).limit(limit))

    async def ending(self, until: Moment, limit: int, organisation: str | None = None) -> Sequence[Ending]:
        wanted = _ENDING.where(RECORDINGS.c.expires_at < until).limit(limit)
        if organisation is not None:
            wanted = wanted.where(RECORDINGS.c.organisation == organisation)
        return await self._ending(wanted)

    async def last_run(self) -> Moment | None:
        wanted = select(ABOUT.c.value).where(ABOUT.c.name == _LAST_RUN)
        value = await self._database.read(lambda connection: connection.execute(wanted).scalar_one_or_none())
        return None if value is None else float(value)

    async def claim_run(self, last: Moment | None, now: Moment) -> bool:
        def work(connection: Connection) -> bool:
            if last is None:
                first = insert_or_ignore(connection.dialect.name, ABOUT, "name").returning(ABOUT.c.name)
                return connection.execute(first, {"name": _LAST_RUN, "value": repr(now)}).first() is not None
            known = and_(ABOUT.c.name == _LAST_RUN, ABOUT.c.value == repr(last))
            return bool(connection.execute(update(ABOUT).where(known).values(value=repr(now))).rowcount)

        return await self._database.write(work)

    async def _ended(self, limit: int, after: str, wanted: ColumnElement[bool]) -> Sequence[Ended]:
        page = (
            select(RECORDINGS)
            .where(RECORDINGS.c.state.in_(_ENDED), RECORDINGS.c.id > after, wanted)
            .order_by(RECORDINGS.c.id)
            .limit(limit)
        )

        def read(connection: Connection) -> list[Ended]:
            rows = connection.execute(page).mappings().all()
            calls = {row["id"]: row for row in rows_of(connection, CALLS, "id", {row["call_id"] for row in rows})}
            return [
                Ended(
                    recording=codec.RECORDING.thing(row),
                    call=codec.CALL.thing(calls[row["call_id"]]) if row["call_id"] in calls else None,
                    keeping=keeping_of(row, None),
                )
                for row in rows
            ]

        return await self._database.snapshot(read)

    async def _ending(self, wanted: Select[Any]) -> Sequence[Ending]:
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return [
            Ending(
                recording_id=RecordingId(row.id),
                call_id=CallId(row.call_id),
                organisation=row.organisation,
                expires_at=row.expires_at,
                stays=row.stays,
            )
            for row in rows
        ]


def keeping_of(row: RowMapping, hold: RowMapping | None) -> Keeping:
    """Of a row of `recordings`."""
    return Keeping(
        expires_at=row["expires_at"],
        is_reckoned=row["is_expiry_known"],
        is_extended=row["is_extended"],
        hold=None if hold is None else HOLD.thing(hold),
        removed_at=row["removed_at"],
        removed_by=row["removed_by"],
    )
