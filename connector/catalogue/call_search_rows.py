"""Looking calls up for people, each with all that belongs to it. Writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from sqlalchemy import Connection, RowMapping, Table

from connector.catalogue import call_ways, codec
from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.joined_calls import surviving, survivors
from connector.catalogue.people_tables import CALL_NOTES, CALL_TAGS
from connector.catalogue.recording_files import NO_COPIES, copies_of, files_of_calls, rows_of
from connector.catalogue.tables import CALLS, DUE, RECORDINGS
from connector.catalogue.transcription_rows import LISTED, NAMED, TRANSCRIPT, UNSPOKEN
from connector.domain.call import Call
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.products import SHIPPING
from connector.domain.spoken_words import asked
from connector.domain.states import RecordingState
from connector.domain.take import JOINED
from connector.domain.transcript import Transcript
from connector.ports.call_marks import Note
from connector.ports.call_search import CallFile, CallFilter, CallPart, CallPlace
from connector.ports.shipping_ledger import RecordingFile

_NOTE = RowCodec(Note)


class CallSearchRows:
    """The CallSearch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(
        self,
        wanted: CallFilter,
        *,
        limit: int,
        after: CallPlace | None = None,
        without: Collection[CallPart] = (),
    ) -> Sequence[CallFile]:
        if wanted.text is not None and not asked(wanted.text):
            return []

        def read(connection: Connection) -> list[CallFile]:
            if connection.dialect.name == "postgresql":
                # How many calls an organisation has decides which way is short: no plan fits all.
                connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
            return _files(connection, call_ways.rows(connection, wanted, limit, after), without)

        return await self._database.snapshot(read)

    async def call(self, call_id: CallId) -> CallFile | None:
        def read(connection: Connection) -> list[CallFile]:
            found = surviving(connection, call_id)
            files = _files(connection, rows_of(connection, CALLS, "id", [found.id] if found else []), ())
            return [replace(file, next_tries=_next_tries(connection, file)) for file in files]

        files = await self._database.snapshot(read)
        return files[0] if files else None


def _next_tries(connection: Connection, file: CallFile) -> dict[RecordingId, Moment]:
    ids = [one.recording.id for one in file.recordings]
    rows = [row for row in rows_of(connection, DUE, "recording_id", ids, "at") if row["kind"] == SHIPPING]
    # The first one is the one that stays.
    return {RecordingId(row["recording_id"]): row["at"] for row in reversed(rows)}


def _files(connection: Connection, rows: Sequence[RowMapping], without: Collection[CallPart]) -> list[CallFile]:
    calls = {row["id"]: codec.CALL.thing(row) for row in rows}
    part_of = survivors(connection, list(calls))
    belongings = _Belongings(connection, {id: calls[one] for id, one in part_of.items()}, without)
    return [belongings.file(call) for call in calls.values()]


class _Belongings:
    """What belongs to some calls, with one question to each table, and none about what nobody wants."""

    def __init__(self, connection: Connection, calls: Mapping[str, Call], without: Collection[CallPart]) -> None:
        """`calls`: under its own id and under those of the calls that it took up."""
        self._connection = connection
        self._calls = calls
        tags = self._rows(CALL_TAGS, "at", "tag")
        notes = self._rows(CALL_NOTES, "at", "id")
        self._tags = {id: [row["tag"] for row in found] for id, found in tags.items()}
        self._notes = {id: tuple(_NOTE.thing(row) for row in found) for id, found in notes.items()}
        found = rows_of(connection, RECORDINGS, "call_id", calls, "requested_at", "id")
        recordings = [row for row in found if not _went_on(row)]
        is_mute = CallPart.SOUND in without
        copies = NO_COPIES if is_mute else copies_of(connection, (row["id"] for row in recordings))
        self._recordings: dict[str, list[RecordingFile]] = defaultdict(list)
        for file in files_of_calls(connection, recordings, calls, {}, copies):
            self._recordings[file.call.id].append(file)
        self._transcripts = {one.recording_id: one for one in _transcripts(connection, calls, without)}

    def file(self, call: Call) -> CallFile:
        recordings = tuple(self._recordings[call.id])
        ids = [file.recording.id for file in recordings]
        tags = [call.tags, *(file.recording.options.tags or () for file in recordings), self._tags.get(call.id, ())]
        return CallFile(
            call=call,
            recordings=recordings,
            tags=tuple(dict.fromkeys(chain.from_iterable(tags))),
            notes=self._notes.get(call.id, ()),
            transcripts=tuple(self._transcripts[id] for id in ids if id in self._transcripts),
        )

    def _rows(self, table: Table, *order: str) -> dict[str, list[RowMapping]]:
        found: dict[str, list[RowMapping]] = defaultdict(list)
        for row in rows_of(self._connection, table, "call_id", self._calls, *order):
            found[self._calls[row["call_id"]].id].append(row)
        return found


def _transcripts(
    connection: Connection, call_ids: Collection[str], without: Collection[CallPart]
) -> Iterator[Transcript]:
    table, reading = (NAMED, UNSPOKEN) if CallPart.WORDS in without else (LISTED, TRANSCRIPT)
    return (reading.thing(row) for row in rows_of(connection, table, "call_id", call_ids))


def _went_on(row: RowMapping) -> bool:
    """As another recording, which stands for it."""
    return RecordingState(row["state"]) is RecordingState.ABSENT and str(row["reason"]).startswith(JOINED)
