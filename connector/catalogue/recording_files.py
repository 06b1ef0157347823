"""Everything about some recordings, read with one query per table. Knows how the rows hang together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, FromClause, RowMapping, Select, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from connector.catalogue import codec
from connector.catalogue.codec import RowCodec
from connector.catalogue.people_tables import HOLDS
from connector.catalogue.tables import ARTEFACTS, CALLS, DELIVERIES, RENDERINGS, SEGMENTS
from connector.domain.call import Call, CallState
from connector.domain.keeping import Hold, Keeping
from connector.domain.recording import Artefact, Delivery, Recording, Rendering, Segment
from connector.ports.shipping_ledger import RecordingFile

_HOLD = RowCodec(Hold)


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows of files and of their copies, by their recordings'."""

    artefacts: Mapping[str, Sequence[RowMapping]] = field(default_factory=dict)
    deliveries: Mapping[str, Sequence[RowMapping]] = field(default_factory=dict)


#: For whoever wants none.
NO_COPIES: Final = Copies()


def recording_files(connection: Connection, rows: Sequence[RowMapping]) -> list[RecordingFile]:
    """One file for each of these rows of `recordings`, in their order."""
    call_ids = {row["call_id"] for row in rows}
    calls = {row["id"]: codec.CALL.thing(row) for row in rows_of(connection, CALLS, "id", call_ids)}
    ids = [row["id"] for row in rows]
    segments = grouped("recording_id", rows_of(connection, SEGMENTS, "recording_id", ids, "requested_at", "id"))
    written = {id: tuple(codec.SEGMENT.thing(row) for row in found) for id, found in segments.items()}
    return files_of_calls(connection, rows, calls, written, copies_of(connection, ids))


def copies_of(connection: Connection, recording_ids: Iterable[str]) -> Copies:
    ids = list(recording_ids)
    artefacts = rows_of(connection, ARTEFACTS, "recording_id", ids, "kind")
    deliveries = rows_of(connection, DELIVERIES, "recording_id", ids, "destination", "kind")
    return Copies(grouped("recording_id", artefacts), grouped("recording_id", deliveries))


def with_copies(file: RecordingFile, row: RowMapping, copies: Copies) -> RecordingFile:
    """The same with its row, its artefacts and its deliveries as they are now."""
    id, rendering = file.recording.id, file.rendering
    if rendering is not None:
        rendering = replace(rendering, artefacts=_artefacts(copies.artefacts.get(id, ())))
    deliveries = _deliveries(copies.deliveries.get(id, ()))
    return replace(file, recording=codec.RECORDING.thing(row), rendering=rendering, deliveries=deliveries)


def files_of_calls(
    connection: Connection,
    rows: Sequence[RowMapping],
    calls: Mapping[str, Call],
    segments: Mapping[str, tuple[Segment, ...]],
    copies: Copies,
) -> list[RecordingFile]:
    """The same with what is known already: the calls by the ids in these rows, and the segments and copies, if anybody
    wants them, by their recordings'."""
    ids = [row["id"] for row in rows]
    renderings = grouped("recording_id", rows_of(connection, RENDERINGS, "recording_id", ids))
    holds = {row["recording_id"]: _HOLD.thing(row) for row in rows_of(connection, HOLDS, "recording_id", ids)}
    return [
        RecordingFile(
            recording=(recording := codec.RECORDING.thing(row)),
            call=calls.get(recording.call_id) or _lost_call(recording),
            segments=segments.get(recording.id, ()),
            rendering=_rendering(renderings[recording.id], copies.artefacts.get(recording.id, ())),
            deliveries=_deliveries(copies.deliveries.get(recording.id, ())),
            keeping=_keeping(row, holds.get(recording.id)),
        )
        for row in rows
    ]


def rows_of(
    connection: Connection, table: FromClause, column: str, values: Iterable[str], *order: str
) -> Sequence[RowMapping]:
    """Those with one of these values in that column; no values, no question."""
    wanted = list(values)
    if not wanted:
        return ()
    if len(wanted) == 1:
        return connection.execute(_of_one(table, column, order), {"value": wanted[0]}).mappings().all()
    question = _of(connection.dialect.name, table, column, order)
    return connection.execute(question, {"values": wanted}).mappings().all()


@cache
def _of(dialect: str, table: FromClause, column: str, order: tuple[str, ...]) -> Select[Any]:
    """Made once: making it costs as much as asking it."""
    found = select(table).order_by(*(table.c[name] for name in order))
    if dialect == "postgresql":
        # One parameter: psycopg reads a statement with hundreds of them longer than the database does.
        return found.where(table.c[column] == any_(bindparam("values", type_=ARRAY(Text))))
    return found.where(table.c[column].in_(bindparam("values", expanding=True)))


@cache
def _of_one(table: FromClause, column: str, order: tuple[str, ...]) -> Select[Any]:
    """What a single recording is asked for: a list of values is written into the statement's text each time."""
    found = select(table).order_by(*(table.c[name] for name in order))
    return found.where(table.c[column] == bindparam("value"))


def grouped(column: str, rows: Iterable[RowMapping]) -> dict[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _rendering(rows: Sequence[RowMapping], artefacts: Iterable[RowMapping]) -> Rendering | None:
    if not rows:
        return None
    return codec.RENDERING.thing(rows[0], artefacts=_artefacts(artefacts))


def _artefacts(rows: Iterable[RowMapping]) -> tuple[Artefact, ...]:
    return tuple(codec.ARTEFACT.thing(row) for row in rows)


def _deliveries(rows: Iterable[RowMapping]) -> tuple[Delivery, ...]:
    return tuple(codec.DELIVERY.thing(row) for row in rows)


def _keeping(row: RowMapping, hold: Hold | None) -> Keeping:
    return Keeping(
        expires_at=row["expires_at"],
        is_extended=row["is_extended"],
        is_reckoned=row["is_expiry_known"],
        removed_at=row["removed_at"],
        removed_by=row["removed_by"],
        hold=hold,
    )


def _lost_call(recording: Recording) -> Call:
    """A damaged journal line can take a call with it; its recording is still worth shipping."""
    return Call(
        id=recording.call_id,
        organisation=recording.organisation,
        pbx=recording.pbx,
        node=recording.node,
        state=CallState.ENDED,
        started_at=recording.requested_at,
    )
