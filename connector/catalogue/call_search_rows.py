"""Looking calls up for people, each with all that belongs to it. Knows how a page is walked to; writes nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, or_, select

from connector.catalogue import codec
from connector.catalogue.call_conditions import conditions
from connector.catalogue.call_texts import FOUND_WORDS, first_number, matching, number_of
from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.joined_calls import surviving, survivors
from connector.catalogue.people_tables import CALL_NOTES, CALL_TAGS, CALL_TEXTS
from connector.catalogue.recording_files import files_of_calls, rows_of
from connector.catalogue.tables import CALLS, DUE, RECORDINGS
from connector.catalogue.transcription_rows import LISTED, TRANSCRIPT
from connector.domain.call import Call
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.products import SHIPPING
from connector.domain.spoken_words import asked
from connector.domain.states import RecordingState
from connector.domain.take import JOINED
from connector.ports.call_marks import Note
from connector.ports.call_search import CallFile, CallFilter, CallPlace
from connector.ports.shipping_ledger import RecordingFile

_NOTE = RowCodec(Note)

#: PostgreSQL looks for a word in so many texts, the newest, before it asks the index where all of them are.
_WALKED = 5_000
_WALKED_CALLS = 20_000


class CallSearchRows:
    """The CallSearch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(self, wanted: CallFilter, *, limit: int, after: CallPlace | None = None) -> Sequence[CallFile]:
        if wanted.text is not None and not asked(wanted.text):
            return []

        def read(connection: Connection) -> list[CallFile]:
            if connection.dialect.name == "postgresql":
                # How many calls an organisation has decides which way is short: no plan fits all.
                connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
            return _files(connection, _rows(connection, wanted, limit, after))

        return await self._database.snapshot(read)

    async def call(self, call_id: CallId) -> CallFile | None:
        def read(connection: Connection) -> list[CallFile]:
            found = surviving(connection, call_id)
            files = _files(connection, rows_of(connection, CALLS, "id", [found.id] if found else []))
            return [replace(file, next_tries=_next_tries(connection, file)) for file in files]

        files = await self._database.snapshot(read)
        return files[0] if files else None


def _next_tries(connection: Connection, file: CallFile) -> dict[RecordingId, Moment]:
    ids = [one.recording.id for one in file.recordings]
    rows = [row for row in rows_of(connection, DUE, "recording_id", ids, "at") if row["kind"] == SHIPPING]
    # The first one is the one that stays.
    return {RecordingId(row["recording_id"]): row["at"] for row in reversed(rows)}


def _rows(connection: Connection, wanted: CallFilter, limit: int, after: CallPlace | None) -> Sequence[RowMapping]:
    """Of `calls`. The first way that fills the page, else what the last one finds, which finds all."""
    found: Sequence[RowMapping] = ()
    for way in _ways(connection, wanted, after):
        found = connection.execute(way.limit(limit)).mappings().all()
        if len(found) == limit:
            break
    return found


def _ways(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> list[Select[Any]]:
    is_postgresql = connection.dialect.name == "postgresql"
    if wanted.text is None:
        recent = _recent(connection, wanted, after) if is_postgresql else None
        return [_page(connection, one, after) for one in (recent, wanted) if one is not None]
    if not is_postgresql:
        return [_through_words(connection, wanted, after)]
    # How often words occur together is nothing that PostgreSQL could know: it is not left to choose.
    return [_newest_texts(connection, wanted, after), _through_index(connection, wanted, after)]


def _recent(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> CallFilter | None:
    """The same of the newest calls alone: what a filter leaves over, PostgreSQL guesses far too low, and then reads all
    calls where the newest would do. None: there is nothing to guess, or there are no more calls."""
    walk = CallFilter(
        organisation=wanted.organisation, started_after=wanted.started_after, started_before=wanted.started_before
    )
    if wanted == walk:
        return None
    moments = select(CALLS.c.started_at).where(*_span_of_calls(wanted, after)).order_by(CALLS.c.started_at.desc())
    last = connection.execute(moments.offset(_WALKED_CALLS).limit(1)).scalar_one_or_none()
    return None if last is None else replace(wanted, started_after=last)


def _page(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> Select[Any]:
    """Backwards through the index of the organisation's calls by time."""
    about = [*_span_of_calls(wanted, after), *conditions(wanted, connection.dialect.name)]
    return select(CALLS).where(*about).order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())


def _span_of_calls(wanted: CallFilter, after: CallPlace | None) -> list[ColumnElement[bool]]:
    columns = CALLS.c
    about: list[ColumnElement[bool]] = []
    if wanted.organisation is not None:
        about.append(columns.organisation == wanted.organisation)
    if wanted.started_after is not None:
        about.append(columns.started_at >= wanted.started_after)
    if wanted.started_before is not None:
        about.append(columns.started_at < wanted.started_before)
    if after is not None:
        # The first one is for the index, which an OR alone would not use.
        is_before = or_(columns.started_at < after.started_at, columns.id < after.call_id)
        about += [columns.started_at <= after.started_at, is_before]
    return about


def _through_words(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> Select[Any]:
    """SQLite: backwards through the places of the words, whose numbers are in the order of time."""
    number, dialect = FOUND_WORDS.c.rowid, connection.dialect.name
    about = matching(dialect, FOUND_WORDS.c.call_words, wanted.text or "", wanted.organisation)
    joined = [number == CALL_TEXTS.c.number, CALLS.c.id == CALL_TEXTS.c.call_id]
    wished = select(CALLS).where(about, *joined, *_span(connection, number, wanted, after))
    return wished.where(*conditions(wanted, dialect)).order_by(number.desc())


def _newest_texts(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> Select[Any]:
    """PostgreSQL: backwards through the organisation's texts, for words that are in many of them."""
    is_theirs = [] if wanted.organisation is None else [CALL_TEXTS.c.organisation == wanted.organisation]
    walked = select(CALL_TEXTS.c.number, CALL_TEXTS.c.call_id, CALL_TEXTS.c.words).where(
        *is_theirs, *_span(connection, CALL_TEXTS.c.number, wanted, after)
    )
    newest = walked.order_by(CALL_TEXTS.c.number.desc()).limit(_WALKED).subquery()
    about = matching("postgresql", newest.c.words, wanted.text or "", None)
    wished = select(CALLS).where(about, CALLS.c.id == newest.c.call_id, *conditions(wanted, "postgresql"))
    return wished.order_by(newest.c.number.desc())


def _through_index(connection: Connection, wanted: CallFilter, after: CallPlace | None) -> Select[Any]:
    """PostgreSQL: all texts that have the words, by their index, sorted afterwards."""
    # Of a sum there is no index: nothing is walked.
    number = CALL_TEXTS.c.number + 0
    about = matching("postgresql", CALL_TEXTS.c.words, wanted.text or "", wanted.organisation)
    wished = select(CALLS).where(about, CALLS.c.id == CALL_TEXTS.c.call_id, *_span(connection, number, wanted, after))
    return wished.where(*conditions(wanted, "postgresql")).order_by(number.desc())


def _span(
    connection: Connection, number: ColumnElement[int], wanted: CallFilter, after: CallPlace | None
) -> list[ColumnElement[bool]]:
    about: list[ColumnElement[bool]] = []
    if wanted.started_after is not None:
        about.append(number >= first_number(wanted.started_after))
    if wanted.started_before is not None:
        about.append(number < first_number(wanted.started_before))
    if after is not None:
        known = number_of(connection, after.call_id)
        about.append(number < (first_number(after.started_at) if known is None else known))
    return about


def _files(connection: Connection, rows: Sequence[RowMapping]) -> list[CallFile]:
    calls = {row["id"]: codec.CALL.thing(row) for row in rows}
    part_of = survivors(connection, list(calls))
    belongings = _Belongings(connection, {id: calls[one] for id, one in part_of.items()})
    return [belongings.file(call) for call in calls.values()]


class _Belongings:
    """What belongs to some calls, with one question to each table."""

    def __init__(self, connection: Connection, calls: Mapping[str, Call]) -> None:
        """`calls`: under its own id and under those of the calls that it took up."""
        self._connection = connection
        self._calls = calls
        tags = self._rows(CALL_TAGS, "at", "tag")
        notes = self._rows(CALL_NOTES, "at", "id")
        self._tags = {id: [row["tag"] for row in found] for id, found in tags.items()}
        self._notes = {id: tuple(_NOTE.thing(row) for row in found) for id, found in notes.items()}
        recordings = rows_of(connection, RECORDINGS, "call_id", calls, "requested_at", "id")
        self._recordings: dict[str, list[RecordingFile]] = defaultdict(list)
        for file in files_of_calls(connection, [row for row in recordings if not _went_on(row)], calls, {}):
            self._recordings[file.call.id].append(file)
        transcripts = (TRANSCRIPT.thing(row) for row in rows_of(connection, LISTED, "call_id", calls))
        self._transcripts = {one.recording_id: one for one in transcripts}

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


def _went_on(row: RowMapping) -> bool:
    """As another recording, which stands for it."""
    return RecordingState(row["state"]) is RecordingState.ABSENT and str(row["reason"]).startswith(JOINED)
