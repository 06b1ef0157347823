"""Erasures as rows: what is wanted, which calls it is about, how far each is. Decides nothing."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, exists, false, func, or_, select, update

from connector.catalogue import codec
from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.forgetting import forget_person
from connector.catalogue.joined_calls import survivors
from connector.catalogue.people_tables import ERASED_CALLS, ERASURES, HOLDS, TRANSCRIPTS
from connector.catalogue.recording_files import recording_files, rows_of
from connector.catalogue.tables import CALLS, RECORDINGS, SEGMENTS
from connector.catalogue.upsert import execute_many, insert_or_ignore, upsert
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import TranscriptionState
from connector.ports.erasure_ledger import CallRemains, ErasedCall, Erasure, ErasureState, Progress

_ERASURE = RowCodec(Erasure)
_PROGRESS = RowCodec(Progress)
_ERASED_CALL = RowCodec(ErasedCall)
_SET = update(ERASURES).where(ERASURES.c.id == bindparam("of_erasure"))
_has_sources = (
    exists().where(SEGMENTS.c.recording_id == RECORDINGS.c.id),
    RECORDINGS.c.sources_removed == false(),
)


class ErasureRows:
    """The ErasureLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, erasure: Erasure, now: Moment) -> bool:
        row = _ERASURE.row(erasure) | {"noted_at": now}

        def work(connection: Connection) -> bool:
            insert = insert_or_ignore(connection.dialect.name, ERASURES, "id").returning(ERASURES.c.id)
            return connection.execute(insert, row).first() is not None

        return await self._database.write(work)

    async def find(self, erasure_id: str) -> tuple[Erasure, Progress] | None:
        wanted = select(ERASURES).where(ERASURES.c.id == erasure_id)
        row = await self._database.read(lambda connection: connection.execute(wanted).mappings().one_or_none())
        return None if row is None else (_ERASURE.thing(row), _PROGRESS.thing(row))

    async def unsettled(self, limit: int) -> Sequence[tuple[Erasure, Progress]]:
        wanted = select(ERASURES).where(ERASURES.c.settled_at.is_(None)).order_by(ERASURES.c.at, ERASURES.c.id)
        page = wanted.limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(page).mappings().all())
        return [(_ERASURE.thing(row), _PROGRESS.thing(row)) for row in rows]

    async def searched(self, erasure_id: str, at: Moment) -> None:
        await self._set(erasure_id, searched_at=at)

    async def settled(self, erasure_id: str, at: Moment) -> None:
        await self._set(erasure_id, settled_at=at, number="")

    async def note_calls(self, erasure_id: str, calls: Sequence[ErasedCall]) -> None:
        rows: list[codec.Row] = [_ERASED_CALL.row(call) | {"erasure_id": erasure_id} for call in calls]

        def work(connection: Connection) -> None:
            columns = ("erasure_id", *_ERASED_CALL.columns)
            execute_many(connection, upsert(connection.dialect.name, ERASED_CALLS, columns), rows)

        await self._database.write(work)

    async def erased_calls(
        self, erasure_id: str, limit: int, after: str = "", states: Sequence[ErasureState] = ()
    ) -> Sequence[ErasedCall]:
        wanted = select(ERASED_CALLS).where(ERASED_CALLS.c.erasure_id == erasure_id, ERASED_CALLS.c.call_id > after)
        if states:
            wanted = wanted.where(ERASED_CALLS.c.state.in_([state.value for state in states]))
        page = wanted.order_by(ERASED_CALLS.c.call_id).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(page).mappings().all())
        return [_ERASED_CALL.thing(row) for row in rows]

    async def counts(self, erasure_id: str) -> Mapping[ErasureState, int]:
        wanted = (
            select(ERASED_CALLS.c.state, func.count().label("how_many"))
            .where(ERASED_CALLS.c.erasure_id == erasure_id)
            .group_by(ERASED_CALLS.c.state)
        )
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return dict.fromkeys(ErasureState, 0) | {ErasureState(row.state): row.how_many for row in rows}

    async def calls_of_number(
        self, organisation: str | None, number: str, *, limit: int, after: str = "", before: Moment | None = None
    ) -> Sequence[CallId]:
        # Legs are JSON, as we have written it: nobody else's text can look like this within it.
        in_legs = (f'"{name}":{codec.json_text(number)}' for name in ("number", "dialled"))
        wanted = select(CALLS.c.id).where(
            CALLS.c.id > after,
            or_(
                CALLS.c.from_number == number,
                CALLS.c.to_number == number,
                *(CALLS.c.legs.contains(text, autoescape=True) for text in in_legs),
            ),
        )
        if organisation is not None:
            wanted = wanted.where(CALLS.c.organisation == organisation)
        if before is not None:
            wanted = wanted.where(CALLS.c.started_at <= before)
        page = wanted.order_by(CALLS.c.id).limit(limit)
        ids = await self._database.read(lambda connection: connection.execute(page).scalars().all())
        return [CallId(id) for id in ids]

    async def calls_of_call(self, call_id: str) -> Sequence[CallId]:
        def read(connection: Connection) -> list[CallId]:
            is_known = connection.execute(select(CALLS.c.id).where(CALLS.c.id == call_id)).first() is not None
            return [CallId(id) for id in survivors(connection, [call_id])] if is_known else []

        return await self._database.snapshot(read)

    async def remains(self, call_id: CallId) -> CallRemains | None:
        return await self._database.snapshot(lambda connection: _remains(connection, call_id))

    async def forget_person(self, call_id: CallId, number: str) -> None:
        await self._database.write(lambda connection: forget_person(connection, call_id, number))

    async def _set(self, erasure_id: str, **columns: object) -> None:
        said = columns | {"of_erasure": erasure_id}
        await self._database.write(lambda connection: connection.execute(_SET, said))


def _remains(connection: Connection, call_id: CallId) -> CallRemains | None:
    call = connection.execute(select(CALLS).where(CALLS.c.id == call_id)).mappings().one_or_none()
    if call is None:
        return None
    own = select(RECORDINGS).where(RECORDINGS.c.call_id == call_id).order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)
    rows = connection.execute(own).mappings().all()
    ids = [row["id"] for row in rows]
    with_sources = select(RECORDINGS.c.id).where(RECORDINGS.c.call_id == call_id, *_has_sources)
    is_there = TRANSCRIPTS.c.recording_id.in_(ids), TRANSCRIPTS.c.state != TranscriptionState.REMOVED.value
    spoken = select(TRANSCRIPTS.c.recording_id).where(*is_there)
    return CallRemains(
        call=codec.CALL.thing(call),
        files=tuple(recording_files(connection, rows)),
        holds={
            RecordingId(row["recording_id"]): row["reason"] for row in rows_of(connection, HOLDS, "recording_id", ids)
        },
        with_sources=frozenset(RecordingId(id) for id in connection.execute(with_sources).scalars()),
        with_transcript=frozenset(RecordingId(id) for id in connection.execute(spoken).scalars()),
    )
