"""What capture writes: a batch of changes in one transaction, and what a node starts with. Knows rows, no journal."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, or_, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.tables import CALLS, COMMANDS, JOURNAL_POSITIONS, RECORDINGS, SEGMENTS
from connector.catalogue.upsert import execute_many, upsert, upsert_where
from connector.domain.call import Call, CallState
from connector.domain.decision import Change, CommandAnswered, Due
from connector.domain.recording import Recording, Segment
from connector.domain.states import IN_CAPTURE, CommandState
from connector.ports.call_ledger import JournalPosition, Unfinished

# Not IN: an executemany cannot expand its list.
_STILL_IN_CAPTURE = or_(*(RECORDINGS.c.state == state.value for state in sorted(IN_CAPTURE)))
_OF_RECORDING = (
    select(RECORDINGS.c.organisation).where(RECORDINGS.c.id == bindparam("owner")).correlate(None).scalar_subquery()
)
_SEGMENT_ORGANISATION = (("organisation", func.coalesce(_OF_RECORDING, "")),)
_ANSWER = (
    update(COMMANDS)
    .where(COMMANDS.c.id == bindparam("answered"), COMMANDS.c.state == CommandState.OPEN.value)
    .values(state=bindparam("new_state"), outcome=bindparam("new_outcome"))
)


class Pictures:
    """The last picture of each thing in a run of changes."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.calls: dict[str, Call] = {}
        self.recordings: dict[str, Recording] = {}
        self.segments: dict[str, Segment] = {}
        self.dues: dict[str, Due] = {}
        #: The first answer counts: a command is settled once.
        self.answers: dict[str, CommandAnswered] = {}
        for change in changes:
            self._note(change)

    def _note(self, change: Change) -> None:
        match change:
            case Call():
                self.calls[change.id] = change
            case Segment():
                self.segments[change.id] = change
            case Recording():
                self._note_recording(change)
            case Due():
                self.dues[change.id] = min(self.dues.get(change.id, change), change, key=lambda due: due.at)
            case CommandAnswered():
                self.answers.setdefault(change.command_id, change)

    def _note_recording(self, recording: Recording) -> None:
        known = self.recordings.get(recording.id)
        if known is None or known.state in IN_CAPTURE:
            self.recordings[recording.id] = recording


class CallRows:
    """The CallLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, node: str, changes: Sequence[Change], position: JournalPosition) -> None:
        # Rows are built before the transaction begins: nobody waits for SQLite's lock meanwhile.
        batch = _Batch(node, Pictures(changes), position)
        await self._database.write(batch.write)

    async def position(self, node: str) -> JournalPosition | None:
        wanted = select(JOURNAL_POSITIONS).where(JOURNAL_POSITIONS.c.node == node)
        row = await self._database.read(lambda connection: connection.execute(wanted).one_or_none())
        return None if row is None else JournalPosition(file=row.file, offset=row.offset_bytes)

    async def unfinished(self, node: str, pbx: str) -> Unfinished:
        return await self._database.snapshot(lambda connection: _unfinished(connection, node, pbx))


class _Batch:
    def __init__(self, node: str, pictures: Pictures, position: JournalPosition) -> None:
        self._calls = [codec.CALL.row(call) for call in pictures.calls.values()]
        self._recordings = [codec.RECORDING.row(recording) for recording in pictures.recordings.values()]
        self._segments = [
            codec.SEGMENT.row(segment) | {"owner": segment.recording_id} for segment in pictures.segments.values()
        ]
        self._dues = list(pictures.dues.values())
        self._answers = [
            {
                "answered": answer.command_id,
                "new_state": (CommandState.DONE if answer.is_done else CommandState.REFUSED).value,
                "new_outcome": answer.outcome,
            }
            for answer in pictures.answers.values()
        ]
        self._position = {"node": node, "file": position.file, "offset_bytes": position.offset}

    def write(self, connection: Connection) -> None:
        dialect = connection.dialect.name
        execute_many(connection, upsert(dialect, CALLS, codec.CALL.columns), self._calls)
        kept = upsert_where(dialect, RECORDINGS, codec.RECORDING.columns, _STILL_IN_CAPTURE)
        execute_many(connection, kept, self._recordings)
        owned = (*codec.SEGMENT.columns, "organisation")
        execute_many(connection, upsert(dialect, SEGMENTS, owned, _SEGMENT_ORGANISATION), self._segments)
        insert_dues(connection, self._dues)
        execute_many(connection, _ANSWER, self._answers)
        positions = upsert(dialect, JOURNAL_POSITIONS, ("node", "file", "offset_bytes"))
        execute_many(connection, positions, [self._position])


def _unfinished(connection: Connection, node: str, pbx: str) -> Unfinished:
    in_capture = _STILL_IN_CAPTURE & (RECORDINGS.c.node == node) & (RECORDINGS.c.pbx == pbx)
    # An ended call whose recording is still open belongs to it: somebody has to close that recording.
    is_live = (CALLS.c.state == CallState.LIVE.value) & CALLS.c.joined.is_(None)
    open_calls = select(RECORDINGS.c.call_id).where(in_capture)
    calls = select(CALLS).where(CALLS.c.node == node, CALLS.c.pbx == pbx, or_(is_live, CALLS.c.id.in_(open_calls)))
    open_recordings = select(RECORDINGS.c.id).where(in_capture)
    recordings = select(RECORDINGS).where(in_capture)
    segments = select(SEGMENTS).where(SEGMENTS.c.recording_id.in_(open_recordings))
    return Unfinished(
        calls=tuple(
            codec.CALL.thing(row)
            for row in connection.execute(calls.order_by(CALLS.c.started_at, CALLS.c.id)).mappings()
        ),
        recordings=tuple(
            codec.RECORDING.thing(row)
            for row in connection.execute(recordings.order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)).mappings()
        ),
        segments=tuple(
            codec.SEGMENT.thing(row)
            for row in connection.execute(segments.order_by(SEGMENTS.c.requested_at, SEGMENTS.c.id)).mappings()
        ),
    )
