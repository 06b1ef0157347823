"""Legal holds, as rows; and the lock on a recording that finds none. Decides nothing about who may release one."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, bindparam, delete, select, update

from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.people_tables import HOLDS
from connector.catalogue.tables import RECORDINGS
from connector.catalogue.upsert import insert_or_ignore
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.keeping import Hold
from connector.domain.states import RecordingState
from connector.errors import NoLongerThere, NotFound, OnHold

HOLD = RowCodec(Hold)
ON_ITS_WAY_OUT = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})

_LOCKED = select(RECORDINGS).where(RECORDINGS.c.id == bindparam("of_recording")).with_for_update()
_REASON = select(HOLDS.c.reason).where(HOLDS.c.recording_id == bindparam("of_recording"))


class HoldRows:
    """The KeepingLedger's holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, hold: Hold) -> bool:
        def work(connection: Connection) -> bool:
            row = locked(connection, hold.recording_id)
            if RecordingState(row["state"]) in ON_ITS_WAY_OUT:
                raise NoLongerThere(f"recording {hold.recording_id} is {row['state']}: a hold comes too late")
            insert = insert_or_ignore(connection.dialect.name, HOLDS, "recording_id").returning(HOLDS.c.recording_id)
            is_new = connection.execute(insert, HOLD.row(hold)).first() is not None
            if not is_new:
                taken_back = update(HOLDS).where(HOLDS.c.recording_id == hold.recording_id)
                connection.execute(taken_back.values(release_by="", release_at=None))
            return is_new

        return await self._database.write(work)

    async def ask_release(self, recording_id: RecordingId, by: str, at: Moment) -> Hold | None:
        of_it = HOLDS.c.recording_id == recording_id

        def work(connection: Connection) -> Hold | None:
            row = connection.execute(select(HOLDS).where(of_it).with_for_update()).mappings().one_or_none()
            if row is None:
                raise NotFound(f"nothing holds recording {recording_id}")
            if row["release_by"] and row["release_by"] != by:
                connection.execute(delete(HOLDS).where(of_it))
                return None
            if not row["release_by"]:
                connection.execute(update(HOLDS).where(of_it).values(release_by=by, release_at=at))
            return HOLD.thing(connection.execute(select(HOLDS).where(of_it)).mappings().one())

        return await self._database.write(work)

    async def holds(self, organisation: str | None, limit: int, after: str = "") -> Sequence[tuple[Hold, CallId]]:
        wanted = (
            select(HOLDS, RECORDINGS.c.call_id)
            .join(RECORDINGS, RECORDINGS.c.id == HOLDS.c.recording_id)
            .where(HOLDS.c.recording_id > after)
            .order_by(HOLDS.c.recording_id)
            .limit(limit)
        )
        if organisation is not None:
            wanted = wanted.where(HOLDS.c.organisation == organisation)
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        return [(HOLD.thing(row), CallId(row["call_id"])) for row in rows]


def locked(connection: Connection, recording_id: RecordingId) -> RowMapping:
    row = connection.execute(_LOCKED, {"of_recording": recording_id}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no recording {recording_id!r}")
    return row


def unheld(connection: Connection, recording_id: RecordingId) -> RowMapping:
    """Its row, locked: whoever wants to hold it waits until we are done."""
    row = locked(connection, recording_id)
    held = connection.execute(_REASON, {"of_recording": recording_id}).one_or_none()
    if held is not None:
        raise OnHold(f"recording {recording_id} is on legal hold{f': {held.reason}' if held.reason else ''}")
    return row
