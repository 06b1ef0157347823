"""How transcripts end, as rows: with their recordings, or after days of their own. Decides nothing about days."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, exists, false, func, select, update

from connector.catalogue import codec
from connector.catalogue.call_texts import set_call_text
from connector.catalogue.database import Database
from connector.catalogue.people_tables import EARLIER_TRANSCRIPTS, HOLDS, TRANSCRIPTS
from connector.catalogue.tables import RECORDINGS
from connector.catalogue.transcript_files import withdraw
from connector.catalogue.upsert import execute_many
from connector.domain.ids import Moment, RecordingId
from connector.domain.options import RecordingOptions
from connector.domain.recording import Delivery
from connector.domain.states import TRANSCRIPTION, TranscriptionEvent, TranscriptionState

#: With words, or soon with words.
_ENDS = tuple(state.value for state, events in TRANSCRIPTION.items() if TranscriptionEvent.REMOVED in events)
_is_held = exists().where(HOLDS.c.recording_id == TRANSCRIPTS.c.recording_id)
_NOTHING = {
    "language": "",
    "language_confidence": None,
    "confidence": None,
    "facts": None,
    "lines": "[]",
    "words": "[]",
}
_RECKON = (
    update(TRANSCRIPTS)
    .where(TRANSCRIPTS.c.recording_id == bindparam("of_recording"))
    .values(expires_at=bindparam("ends_at"), is_expiry_known=True)
)


class TranscriptEnds:
    """The KeepingLedger's transcripts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remove_transcripts(
        self,
        recording_ids: Collection[RecordingId],
        reason: str,
        is_left: Callable[[Delivery], bool] = lambda _: False,
    ) -> int:
        def work(connection: Connection) -> int:
            gone = emptied(connection, recording_ids, reason)
            withdraw(connection, gone, is_left)
            return len(gone)

        return await self._database.write(work)

    async def transcripts_without_expiry(self, limit: int) -> Sequence[tuple[RecordingId, Moment, RecordingOptions]]:
        ended_at = func.coalesce(RECORDINGS.c.ended_at, RECORDINGS.c.requested_at)
        wanted = (
            select(RECORDINGS, ended_at.label("over_at"))
            .join(TRANSCRIPTS, TRANSCRIPTS.c.recording_id == RECORDINGS.c.id)
            .where(TRANSCRIPTS.c.is_expiry_known == false(), TRANSCRIPTS.c.state == TranscriptionState.DONE.value)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        return [(RecordingId(row["id"]), row["over_at"], codec.RECORDING.thing(row).options) for row in rows]

    async def reckon_transcripts(self, ends: Mapping[RecordingId, Moment | None]) -> None:
        rows = [{"of_recording": id, "ends_at": moment} for id, moment in ends.items()]
        await self._database.write(lambda connection: execute_many(connection, _RECKON, rows))

    async def expired_transcripts(self, now: Moment, limit: int) -> Sequence[RecordingId]:
        wanted = (
            select(TRANSCRIPTS.c.recording_id)
            .where(TRANSCRIPTS.c.state.in_(_ENDS), TRANSCRIPTS.c.expires_at <= now, ~_is_held)
            .order_by(TRANSCRIPTS.c.expires_at)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return [RecordingId(row) for row in rows]


def emptied(connection: Connection, recording_ids: Collection[RecordingId], reason: str) -> list[RecordingId]:
    """Within the caller's transaction: no word is left, of no version; of which recordings. Those on hold keep theirs.
    Who had heard it is still known."""
    meant = (TRANSCRIPTS.c.recording_id.in_(recording_ids), TRANSCRIPTS.c.state.in_(_ENDS), ~_is_held)
    # Nobody makes another version of one of them until we are done.
    found = connection.execute(
        select(TRANSCRIPTS.c.recording_id, TRANSCRIPTS.c.call_id).where(*meant).with_for_update()
    )
    call_of = {row.recording_id: row.call_id for row in found}
    removed = {"state": TranscriptionState.REMOVED.value, "reason": reason, "wished_engine": "", "attempts": 0}
    connection.execute(update(TRANSCRIPTS).where(TRANSCRIPTS.c.recording_id.in_(call_of)).values(removed | _NOTHING))
    connection.execute(delete(EARLIER_TRANSCRIPTS).where(EARLIER_TRANSCRIPTS.c.recording_id.in_(call_of)))
    for call_id in dict.fromkeys(call_of.values()):
        set_call_text(connection, call_id)
    return [RecordingId(id) for id in call_of]
