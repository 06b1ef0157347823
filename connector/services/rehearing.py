"""A recording is heard again, or for the first time, because somebody asks for it. Knows who may hear whose sound, and
no engine.

What becomes of it is transcribing's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.access import Access
from connector.domain.ids import RecordingId
from connector.domain.products import keeps_sound
from connector.domain.states import IN_CAPTURE, RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from connector.errors import BadRequest, Conflict, IllegalTransition, NoLongerThere, NotFound
from connector.ports.call_search import CallFile
from connector.ports.clock import Clock
from connector.ports.shipping_ledger import RecordingFile
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.services.absences import chosen
from connector.services.lookup import Lookup
from connector.services.ordering import Audited

_GONE: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
_SOUNDLESS: Final = frozenset({RecordingState.ABSENT, RecordingState.FAILED_CAPTURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    recording_id: RecordingId
    #: The version that will be made.
    version: int
    engine: str


class Rehearing:
    def __init__(
        self,
        ledger: TranscriptionLedger,
        lookup: Lookup,
        engines: Callable[[str], Sequence[str]],
        auditing: Audited,
        clock: Clock,
    ) -> None:
        """`engines`: those that may hear an organisation's sound as of now, the usual one first."""
        self._ledger = ledger
        self._lookup = lookup
        self._engines = engines
        self._auditing = auditing
        self._clock = clock

    async def again(self, access: Access, call_id: str, recording: str | None, engine: str) -> Asked:
        """`engine` empty: the one that heard it, or was wished for it, as long as it may; else the usual one. Raises
        NotFound, BadRequest for an engine that may not, Conflict while it is being heard or cannot be yet,
        NoLongerThere."""
        call = await self._lookup.call(access, call_id)
        file = chosen(call, recording or "")
        if file is None:
            raise NotFound(f"call {call.call.id} has no recording: there is nothing to hear")
        known = call.transcript(file.recording.id)
        _check(file, known)
        name = self._engine(file, known, engine)
        await self._auditing.done(
            access,
            "transcript.asked",
            subject=file.recording.id,
            organisation=file.recording.organisation,
            call_id=call.call.id,
            engine=name,
        )
        version = await self._asked(call, file, known, name)
        return Asked(recording_id=file.recording.id, version=version, engine=name)

    def _engine(self, file: RecordingFile, known: Transcript | None, wished: str) -> str:
        organisation = file.recording.organisation
        allowed = self._engines(organisation)
        if wished and wished not in allowed:
            raise BadRequest(
                f"engine {wished[:100]!r} may not hear the sound of {organisation!r}: {', '.join(allowed)} may",
                pointer="/engine",
            )
        usual = (known.engine if known is not None else "", file.recording.options.transcription.engine or "")
        return wished or next((one for one in usual if one in allowed), allowed[0])

    async def _asked(self, call: CallFile, file: RecordingFile, known: Transcript | None, engine: str) -> int:
        recording, now = file.recording, self._clock.now()
        try:
            if known is not None:
                return await self._ledger.again(recording.id, engine, now)
            first = Transcript(recording_id=recording.id, call_id=call.call.id, organisation=recording.organisation)
            await self._ledger.asked(first, engine, now)
        except IllegalTransition as error:
            raise Conflict(f"{error}: look at it again") from error
        return first.version


def _check(file: RecordingFile, known: Transcript | None) -> None:
    """Whether there is anything to hear, and nobody hears it now."""
    recording = file.recording
    state = None if known is None else known.state
    if recording.state in _GONE:
        raise NoLongerThere(f"recording {recording.id} is {recording.state}: nothing is left to hear")
    if known is not None and state is TranscriptionState.REMOVED:
        raise NoLongerThere(f"the transcript of recording {recording.id} was removed: {known.reason}")
    if state is TranscriptionState.WAITING:
        raise Conflict(f"the transcript of recording {recording.id} is being made: wait for it")
    if state is TranscriptionState.DONE and not keeps_sound(recording.options):
        raise NoLongerThere(f"the sound of recording {recording.id} was not kept: only its words are")
    if recording.state in IN_CAPTURE:
        raise Conflict(f"recording {recording.id} is {recording.state} still: ask again when it is over")
    if recording.state in _SOUNDLESS:
        raise Conflict(f"recording {recording.id} is {recording.state}, it has no sound: {recording.reason}")
