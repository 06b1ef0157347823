"""Looking recordings and their transcripts up for people. Knows filters and pages; writes nothing."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select

from connector.catalogue.database import Database
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.catalogue.recording_files import recording_files
from connector.catalogue.tables import CALLS, RECORDINGS
from connector.catalogue.transcription_rows import LISTED, TRANSCRIPT
from connector.domain.ids import RecordingId
from connector.domain.states import RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from connector.ports.search_ledger import RecordingFilter, TranscriptFilter
from connector.ports.shipping_ledger import RecordingFile


class SearchRows:
    """The SearchLedger. A recording's time is when it was asked for: those that never started have one too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recordings(
        self, wanted: RecordingFilter, *, limit: int, after: RecordingId | None = None
    ) -> Sequence[RecordingFile]:
        conditions = [*_about_recording(wanted), *_about_call(wanted)]
        if after is not None:
            conditions.append(_older_than(after))
        page = (
            select(RECORDINGS)
            .where(*conditions)
            .order_by(RECORDINGS.c.requested_at.desc(), RECORDINGS.c.id.desc())
            .limit(limit)
        )

        def read(connection: Connection) -> list[RecordingFile]:
            return recording_files(connection, connection.execute(page).mappings().all())

        return await self._database.snapshot(read)

    async def counts(self, organisation: str | None = None) -> dict[str, int]:
        return await self._counts(RECORDINGS, RecordingState.AVAILABLE, organisation)

    async def transcripts(
        self, wanted: TranscriptFilter, *, limit: int, after: RecordingId | None = None
    ) -> Sequence[Transcript]:
        conditions = _about_transcript(wanted)
        if after is not None:
            conditions.append(_older_than(after))
        page = (
            select(LISTED)
            .join(RECORDINGS, RECORDINGS.c.id == LISTED.c.recording_id)
            .where(*conditions)
            .order_by(RECORDINGS.c.requested_at.desc(), RECORDINGS.c.id.desc())
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(page).mappings().all())
        return [TRANSCRIPT.thing(row) for row in rows]

    async def transcript_counts(self, organisation: str | None = None) -> dict[str, int]:
        return await self._counts(TRANSCRIPTS, TranscriptionState.DONE, organisation)

    async def _counts(self, table: Table, commonest: StrEnum, organisation: str | None) -> dict[str, int]:
        """The commonest state is what is left: SQLite counts all rows at once ten times as quickly as by state."""
        others = table.c.state.in_([state.value for state in type(commonest) if state is not commonest])
        everything = select(func.count()).select_from(table)
        by_state = select(table.c.state, func.count().label("how_many")).where(others).group_by(table.c.state)
        if organisation is not None:
            everything, by_state = (one.where(table.c.organisation == organisation) for one in (everything, by_state))

        def read(connection: Connection) -> dict[str, int]:
            counted = {row.state: row.how_many for row in connection.execute(by_state)}
            left: int = connection.execute(everything).scalar_one() - sum(counted.values())
            return counted | ({commonest.value: left} if left else {})

        return await self._database.snapshot(read)


def _about_transcript(wanted: TranscriptFilter) -> list[ColumnElement[bool]]:
    columns = LISTED.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.organisation is not None:
        conditions.append(columns.organisation == wanted.organisation)
    if wanted.states:
        conditions.append(columns.state.in_([state.value for state in wanted.states]))
    if wanted.made_after is not None:
        conditions.append(columns.made_at >= wanted.made_after)
    return conditions


def _about_recording(wanted: RecordingFilter) -> list[ColumnElement[bool]]:
    columns = RECORDINGS.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.organisation is not None:
        conditions.append(columns.organisation == wanted.organisation)
    if wanted.states:
        conditions.append(columns.state.in_([state.value for state in wanted.states]))
    if wanted.started_after is not None:
        conditions.append(columns.requested_at >= wanted.started_after)
    if wanted.started_before is not None:
        conditions.append(columns.requested_at < wanted.started_before)
    if wanted.call_id is not None:
        conditions.append(columns.call_id == wanted.call_id)
    if wanted.id_begins_with is not None:
        conditions.append(columns.id.startswith(wanted.id_begins_with, autoescape=True))
    return conditions


def _about_call(wanted: RecordingFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.number is not None:
        numbers = (CALLS.c.from_number, CALLS.c.to_number)
        conditions.append(or_(*(number.contains(wanted.number, autoescape=True) for number in numbers)))
    if wanted.agent is not None:
        conditions.append(or_(CALLS.c.agent_id == wanted.agent, CALLS.c.agent_name == wanted.agent))
    if not conditions:
        return []
    return [select(CALLS.c.id).where(CALLS.c.id == RECORDINGS.c.call_id, *conditions).exists()]


def _older_than(after: RecordingId) -> ColumnElement[bool]:
    last = RECORDINGS.alias("last")
    moment = select(last.c.requested_at).where(last.c.id == after).scalar_subquery()
    same_moment = and_(RECORDINGS.c.requested_at == moment, RECORDINGS.c.id < after)
    return or_(RECORDINGS.c.requested_at < moment, same_moment)
