"""Transcripts as rows: waiting, done with every word, made again beside what was heard before. Knows the state table;
knows nothing of engines, nor when a transcript's days are over."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, Connection, RowMapping, Select, bindparam, exists, func, insert, select, update

from connector.catalogue import codec
from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import RowCodec
from connector.catalogue.columns import without_index
from connector.catalogue.database import Database
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.hold_rows import ON_ITS_WAY_OUT, locked
from connector.catalogue.people_tables import EARLIER_TRANSCRIPTS, TRANSCRIPTS
from connector.catalogue.tables import DUE, RECORDINGS
from connector.catalogue.upsert import insert_or_ignore
from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.speech import Word
from connector.domain.states import TRANSCRIPTION, RecordingState, TranscriptionEvent, TranscriptionState, moved
from connector.domain.storable import storable
from connector.domain.transcript import TRANSCRIBING, Transcript
from connector.errors import IllegalTransition, NotFound

TRANSCRIPT: Final = RowCodec(Transcript, nested=("facts", "lines"))
#: All but the words, which are as long as everything else together.
LISTED: Final = select(*(TRANSCRIPTS.c[name] for name in TRANSCRIPT.columns)).subquery("listed")
#: That it is there, and nothing of what was said.
UNSPOKEN: Final = RowCodec(Transcript, left_out=("facts", "lines"))
NAMED: Final = select(*(TRANSCRIPTS.c[name] for name in UNSPOKEN.columns)).subquery("named")

_OPEN: Final = frozenset({TranscriptionState.WAITING, TranscriptionState.DONE})
_WORDS: Final = msgspec.json.Decoder(list[list[Word]])
#: What stays of a version when a newer one is made.
_KEPT: Final = tuple(column.name for column in EARLIER_TRANSCRIPTS.c)
#: What everybody knows from the row in `transcripts`, of its earlier versions, too.
_SHARED: Final = ("recording_id", "call_id", "organisation", "state", "expires_at")
_READ_EARLIER: Final = tuple(name for name in _KEPT if name != "words")

# Made once: making a statement costs as much as asking it. An update sets the columns that it is executed with.
_OF = TRANSCRIPTS.c.recording_id == bindparam("of_recording")
_OF_EARLIER = EARLIER_TRANSCRIPTS.c.recording_id == bindparam("of_recording")
_LISTED = select(LISTED).where(LISTED.c.recording_id == bindparam("of_recording"))
_LOCKED = (
    select(*(TRANSCRIPTS.c[name] for name in ("state", "version", "call_id", "engine", "wished_engine", "attempts")))
    .where(_OF)
    .with_for_update()
)
_SET = update(TRANSCRIPTS).where(_OF)
_KEEP = insert(EARLIER_TRANSCRIPTS).from_select(_KEPT, select(*(TRANSCRIPTS.c[name] for name in _KEPT)).where(_OF))
_EARLIER = (
    select(*(EARLIER_TRANSCRIPTS.c[name] for name in _READ_EARLIER))
    .where(_OF_EARLIER)
    .order_by(EARLIER_TRANSCRIPTS.c.version.desc())
)
_VERSION: BindParameter[int] = bindparam("of_version")
_SPOKEN = (
    select(TRANSCRIPTS.c.words)
    .where(_OF, TRANSCRIPTS.c.version == _VERSION)
    .union_all(
        select(EARLIER_TRANSCRIPTS.c.words).where(_OF_EARLIER, EARLIER_TRANSCRIPTS.c.version == _VERSION),
    )
)
_LAST_DUE = select(func.max(DUE.c.attempt)).where(
    DUE.c.recording_id == bindparam("of_recording"), DUE.c.kind == TRANSCRIBING
)
_RECORDING_LOCK = select(RECORDINGS.c.id).where(RECORDINGS.c.id == bindparam("of_recording")).with_for_update()
_WISHED = select(TRANSCRIPTS.c.wished_engine).where(_OF)
_ATTEMPTS = select(TRANSCRIPTS.c.attempts).where(_OF)


class TranscriptionRows:
    """The TranscriptionLedger."""

    def __init__(self, database: Database, now: Callable[[], Moment]) -> None:
        self._database = database
        self._now = now

    async def begun(self, transcript: Transcript) -> Transcript:
        id = transcript.recording_id

        def work(connection: Connection) -> Transcript:
            recording = locked(connection, id)
            found = _listed(connection, id)
            if found is not None:
                return found
            if RecordingState(recording["state"]) in ON_ITS_WAY_OUT:
                return replace(transcript, state=TranscriptionState.REMOVED, reason=recording["reason"])
            insertion = insert_or_ignore(connection.dialect.name, TRANSCRIPTS, "recording_id")
            connection.execute(insertion, TRANSCRIPT.row(_storable(transcript)))
            return transcript

        return await self._database.write(work)

    async def asked(self, transcript: Transcript, engine: str, now: Moment) -> None:
        id = transcript.recording_id

        def work(connection: Connection) -> None:
            recording = _hearable(connection, id)
            if _known(connection, id) is not None:
                raise IllegalTransition(f"the transcript of recording {id} is asked for already")
            connection.execute(insert(TRANSCRIPTS), TRANSCRIPT.row(_storable(transcript)) | {"wished_engine": engine})
            insert_dues(connection, [_next_due(connection, recording, now)])

        await self._database.write(work)

    async def current(self, recording_id: RecordingId) -> Transcript | None:
        return await self._database.read(lambda connection: _listed(connection, recording_id))

    async def done(self, transcript: Transcript, words: Sequence[Sequence[Word]], due: Sequence[Due] = ()) -> bool:
        heard = _heard(transcript, words)

        def work(connection: Connection) -> bool:
            row = _known(connection, transcript.recording_id)
            state = None if row is None else TranscriptionState(row["state"])
            if row is None or state is None or state is TranscriptionState.REMOVED:
                return False
            if state is TranscriptionState.DONE and transcript.version <= row["version"]:
                return True
            after = moved(TRANSCRIPTION, state, TranscriptionEvent.DONE)
            if state is TranscriptionState.DONE:
                connection.execute(_KEEP, {"of_recording": transcript.recording_id})
            _set(connection, transcript.recording_id, state=after.value, **heard)
            set_call_text(connection, row["call_id"])
            insert_dues(connection, due)
            return True

        return await self._database.write(work)

    async def failed(self, recording_id: RecordingId, reason: str, due: Sequence[Due] = ()) -> None:
        def work(connection: Connection) -> None:
            row = _known(connection, recording_id)
            state = None if row is None else TranscriptionState(row["state"])
            if state not in _OPEN:
                return
            columns = {"reason": storable(reason), "wished_engine": "", "attempts": 0}
            if state is TranscriptionState.WAITING:
                columns["made_at"] = self._now()
                columns["state"] = moved(TRANSCRIPTION, state, TranscriptionEvent.FAILED).value
            _set(connection, recording_id, **columns)
            insert_dues(connection, due)

        await self._database.write(work)

    async def postponed(self, recording_id: RecordingId, reason: str, due: Due) -> None:
        def work(connection: Connection) -> None:
            row = _known(connection, recording_id)
            if row is not None and row["state"] not in _OPEN:
                return
            # One that is DONE and wished by nobody has only its file to wait for.
            if row is not None and (row["state"] == TranscriptionState.WAITING or row["wished_engine"]):
                _set(connection, recording_id, reason=storable(reason), attempts=row["attempts"] + 1)
            insert_dues(connection, [due])

        await self._database.write(work)

    async def again(self, recording_id: RecordingId, engine: str, now: Moment) -> int:
        def work(connection: Connection) -> int:
            row = _known(connection, recording_id)
            if row is None:
                raise NotFound(f"there is no transcript of recording {recording_id}")
            recording = _hearable(connection, recording_id)
            state, version = _again(connection, recording_id, row)
            _set(connection, recording_id, state=state.value, attempts=0, wished_engine=engine or row["engine"])
            insert_dues(connection, [_next_due(connection, recording, now)])
            return version

        return await self._database.write(work)

    async def engine_wished(self, recording_id: RecordingId) -> str:
        return await self._asked(_WISHED, recording_id) or ""

    async def attempts(self, recording_id: RecordingId) -> int:
        return await self._asked(_ATTEMPTS, recording_id) or 0

    async def versions(self, recording_id: RecordingId) -> Sequence[Transcript]:
        def read(connection: Connection) -> list[Transcript]:
            row = connection.execute(_LISTED, {"of_recording": recording_id}).mappings().one_or_none()
            if row is None:
                return []
            shared = {name: row[name] for name in _SHARED} | {"reason": ""}
            earlier = connection.execute(_EARLIER, {"of_recording": recording_id}).mappings()
            return [TRANSCRIPT.thing(row), *(TRANSCRIPT.thing(dict(one) | shared) for one in earlier)]

        return await self._database.snapshot(read)

    async def words(self, recording_id: RecordingId, version: int) -> Sequence[Sequence[Word]]:
        wanted = {"of_recording": recording_id, "of_version": version}
        text = await self._database.read(lambda connection: connection.execute(_SPOKEN, wanted).scalar())
        return _WORDS.decode(text) if text else []

    async def stuck(self, node: str, limit: int) -> Sequence[Due]:
        is_due = exists().where(DUE.c.recording_id == RECORDINGS.c.id, without_index(DUE.c.kind) == TRANSCRIBING)
        waits = TRANSCRIPTS.c.state == TranscriptionState.WAITING.value
        wanted = (
            select(RECORDINGS.c.id, RECORDINGS.c.last_attempt)
            .join(TRANSCRIPTS, TRANSCRIPTS.c.recording_id == RECORDINGS.c.id)
            .where(RECORDINGS.c.node == node, waits, ~is_due)
            .order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return [
            Due(kind=TRANSCRIBING, subject=row.id, attempt=row.last_attempt + 1, node=node, at=self._now())
            for row in rows
        ]

    async def _asked(self, question: Select[Any], recording_id: RecordingId) -> Any:
        wanted = {"of_recording": recording_id}
        return await self._database.read(lambda connection: connection.execute(question, wanted).scalar_one_or_none())


def _listed(connection: Connection, recording_id: RecordingId) -> Transcript | None:
    row = connection.execute(_LISTED, {"of_recording": recording_id}).mappings().one_or_none()
    return None if row is None else TRANSCRIPT.thing(row)


def _hearable(connection: Connection, recording_id: RecordingId) -> RowMapping:
    recording = locked(connection, recording_id)
    if RecordingState(recording["state"]) in ON_ITS_WAY_OUT:
        raise IllegalTransition(f"recording {recording_id} is {recording['state']}: nothing is left to hear")
    return recording


def _next_due(connection: Connection, recording: RowMapping, now: Moment) -> Due:
    """Not one of those that are at hand: whoever has it may have passed the wish already."""
    last = connection.execute(_LAST_DUE, {"of_recording": recording["id"]}).scalar_one() or 0
    attempt = max(last, recording["last_attempt"]) + 1
    return Due(kind=TRANSCRIBING, subject=recording["id"], attempt=attempt, node=recording["node"], at=now)


def _known(connection: Connection, recording_id: RecordingId) -> RowMapping | None:
    """What decides; nobody else moves it until we are done. The recording first, as whoever removes it does."""
    of_it = {"of_recording": recording_id}
    connection.execute(_RECORDING_LOCK, of_it)
    return connection.execute(_LOCKED, of_it).mappings().one_or_none()


def _again(connection: Connection, recording_id: RecordingId, row: RowMapping) -> tuple[TranscriptionState, int]:
    """What it is from now on, and which version will be made."""
    state = TranscriptionState(row["state"])
    if state is not TranscriptionState.DONE:
        return moved(TRANSCRIPTION, state, TranscriptionEvent.RETRIED), row["version"]
    # A wish without a due row was lost: whoever asks again brings it back.
    if row["wished_engine"] and connection.execute(_LAST_DUE, {"of_recording": recording_id}).scalar_one() is not None:
        raise IllegalTransition(f"recording {recording_id} is being heard again already, by {row['wished_engine']!r}")
    return state, row["version"] + 1


def _set(connection: Connection, recording_id: RecordingId, **columns: object) -> None:
    connection.execute(_SET, columns | {"of_recording": recording_id})


def _heard(transcript: Transcript, words: Sequence[Sequence[Word]]) -> codec.Row:
    """The columns of a new version; nobody wishes it any more."""
    row = TRANSCRIPT.row(_storable(transcript))
    spoken = [[_short(word) for word in of_line] for of_line in words]
    names = (*(name for name in _READ_EARLIER if name != "recording_id"), "reason")
    return {name: row[name] for name in names} | {"words": codec.json_text(spoken), "wished_engine": "", "attempts": 0}


def _storable(transcript: Transcript) -> Transcript:
    """Engines answer what they like."""
    return replace(
        transcript,
        language=storable(transcript.language),
        model=storable(transcript.model),
        reason=storable(transcript.reason),
        lines=tuple(replace(line, text=storable(line.text)) for line in transcript.lines),
    )


def _short(word: Word) -> tuple[str, float, float, float | None]:
    confidence = None if word.confidence is None else round(word.confidence, 3)
    return storable(word.text), round(word.start_seconds, 3), round(word.end_seconds, 3), confidence
