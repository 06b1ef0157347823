"""From a recording's sound to who said what: hear, write down, file. Each step may run again; no recording waits for
any of them.

Speaks to ports only. Must not know which engine it is, nor how turns are found.
"""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.languages import is_language, language_of_locale
from connector.domain.masking import masked
from connector.domain.notification import telling
from connector.domain.products import keeps_sound
from connector.domain.speech import Heard, SpokenChannel, Word
from connector.domain.states import RecordingEvent, RecordingState, TranscriptionState
from connector.domain.talk import talk_facts
from connector.domain.transcript import TRANSCRIBING, Transcript
from connector.domain.turns import Turn, language_of, turns
from connector.errors import CatalogueUnavailable, ConnectorError, EngineUnreachable, NoRoom, is_passing
from connector.network.backoff import next_try
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.engine import Step
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.ports.transcriber import Transcribers
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.services.channel_sounds import ChannelSounds, MadeSound
from connector.services.guarding import Postponed, guarded
from connector.services.transcript_filing import TranscriptFiling

log = logging.getLogger(__name__)

#: A full disk of our own is looked at this often; it never becomes final.
_ROOM_SECONDS = 30.0
_CATALOGUE_SECONDS = 5.0
_MIXED = "everybody is on one channel: who speaks cannot be told apart"
#: Rounds of the next starts find the rest.
_TAKEN_UP = 1000
_GONE = frozenset({RecordingState.ABSENT, RecordingState.REMOVING, RecordingState.REMOVED})


class Transcribing:
    def __init__(
        self,
        ledger: TranscriptionLedger,
        shipping: ShippingLedger,
        dues: Dues,
        sounds: ChannelSounds,
        transcribers: Transcribers,
        filing: TranscriptFiling,
        clock: Clock,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._shipping = shipping
        self._dues = dues
        self._sounds = sounds
        self._transcribers = transcribers
        self._filing = filing
        self._clock = clock
        self._draw = draw

    @property
    def steps(self) -> list[tuple[str, Step]]:
        return guarded((("hear", self.hear), ("file", self.file)), self._stumbled)

    async def begin(self, node: str) -> int:
        """After a crash: sound that nobody hears any more goes, and transcripts that wait without a due row fall due;
        returns how many."""
        await self._sounds.clear()
        stuck = await self._ledger.stuck(node, _TAKEN_UP)
        await self._dues.add(stuck)
        return len(stuck)

    async def hear(self, subject: str, attempt: int) -> None:
        """WAITING becomes DONE, or FAILED with the reason; one that is DONE gets a newer version when it is wished."""
        file = await self._shipping.file(RecordingId(subject))
        if file is None or file.recording.state in _GONE:
            return
        known = await self._begun(file)
        wished = await self._ledger.engine_wished(file.recording.id)
        is_made_again = known.state is TranscriptionState.DONE and wished != ""
        if known.state is not TranscriptionState.WAITING and not is_made_again:
            return
        try:
            made, words = await self._heard(file, replace(known, version=known.version + is_made_again), wished)
        except CatalogueUnavailable:
            raise
        except ConnectorError as error:
            await self._give_way(file, attempt, error)
            return
        if await self._written_down(made, words):
            log.info("transcribed", extra=_facts(file) | {"engine": made.engine, "words": str(made.word_count)})

    async def _written_down(self, made: Transcript, words: Sequence[Sequence[Word]]) -> bool:
        """No: it was removed meanwhile. What was heard is not heard again because the catalogue cannot be written now:
        to hear it may cost hours, or money."""
        while True:
            try:
                return await self._ledger.done(made, words)
            except CatalogueUnavailable as error:
                facts = {"recording_id": made.recording_id, "call_id": made.call_id, "hint": str(error)}
                log.warning("transcript waits for the catalogue", extra=facts)
                await self._clock.sleep_until(self._clock.now() + _CATALOGUE_SECONDS)

    async def _begun(self, file: RecordingFile) -> Transcript:
        """Whoever retries a recording that was only to be heard wants it heard."""
        known = await self._ledger.begun(_waiting(file))
        is_words_only = not keeps_sound(file.recording.options) and file.recording.state is RecordingState.CAPTURED
        if known.state is TranscriptionState.FAILED and is_words_only:
            await self._ledger.again(known.recording_id, "", self._clock.now())
            return replace(known, state=TranscriptionState.WAITING)
        return known

    async def file(self, subject: str, attempt: int) -> None:
        transcript = await self._ledger.current(RecordingId(subject))
        if transcript is not None and transcript.state is TranscriptionState.DONE:
            await self._filing.file(transcript, attempt)

    async def _heard(
        self, file: RecordingFile, known: Transcript, wished: str
    ) -> tuple[Transcript, list[Sequence[Word]]]:
        options = file.recording.options.transcription
        name, engine = self._transcribers.chosen(file.recording.organisation, wished or options.engine or "")
        engine.check(options.locale or "")
        try:
            made = await self._sounds.made(file)
            heard = await engine.hear(made.sound, options.locale or "")
        finally:
            await self._sounds.drop(file.recording.id)
        spoken = turns(_channels(made, heard))
        if options.mask_digits:
            spoken = masked(spoken, language_of(heard)[0])
        written = _written(known, options.locale or "", made, heard, spoken)
        found = replace(written, engine=name, model=engine.model, made_at=self._clock.now())
        return found, [turn.words for turn in spoken]

    async def _give_way(self, file: RecordingFile, attempt: int, error: ConnectorError) -> None:
        """A passing trouble comes again; what is not heard by then is FAILED, until somebody asks for it again."""
        tries = await self._ledger.attempts(file.recording.id) + 1
        wait = self._wait(tries, error) if is_passing(error) else None
        if wait is None:
            await self._fail(file, str(error))
            return
        due = self._due(file, attempt + 1, wait)
        await self._ledger.postponed(file.recording.id, str(error), due)
        log.warning("transcript postponed", extra=_facts(file) | {"hint": str(error), "seconds": wait})
        raise Postponed(f"recording {file.recording.id}: {error}") from error

    def _wait(self, tries: int, error: ConnectorError) -> float | None:
        if isinstance(error, NoRoom):
            return _ROOM_SECONDS
        wait = next_try(tries, self._draw())
        wished = error.retry_after_seconds if isinstance(error, EngineUnreachable) else None
        return wait if wait is None or wished is None else max(wait, wished)

    async def _fail(self, file: RecordingFile, reason: str) -> None:
        await self._ledger.failed(file.recording.id, reason)
        log.error("no transcript", extra=_facts(file) | {"hint": reason})
        if not keeps_sound(file.recording.options) and file.recording.state is RecordingState.CAPTURED:
            # Nothing of it is anywhere else: it stays here, among the recordings that failed, for the days of its plan.
            due = [telling(file.recording.id, "unheard", self._clock.now())]
            await self._shipping.moved(
                file.recording.id, RecordingEvent.UNUSABLE, reason=f"no transcript could be made: {reason}", due=due
            )

    async def _stumbled(self, subject: str, attempt: int, reason: str) -> None:
        file = await self._shipping.file(RecordingId(subject))
        if file is None:
            return
        wait = next_try(await self._ledger.attempts(file.recording.id) + 1, self._draw())
        if wait is None:
            await self._fail(file, reason)
        else:
            await self._ledger.postponed(file.recording.id, reason, self._due(file, attempt + 1, wait))

    def _due(self, file: RecordingFile, attempt: int, wait: float) -> Due:
        recording = file.recording
        return Due(
            kind=TRANSCRIBING, subject=recording.id, attempt=attempt, node=recording.node, at=self._clock.now() + wait
        )


def _waiting(file: RecordingFile) -> Transcript:
    recording = file.recording
    return Transcript(recording_id=recording.id, call_id=recording.call_id, organisation=recording.organisation)


def _channels(made: MadeSound, heard: Sequence[Heard]) -> list[SpokenChannel]:
    return [
        SpokenChannel(label=label, voice=tuple(voice), words=one.words)
        for label, voice, one in zip(made.labels, made.sound.voices, heard, strict=True)
    ]


def _written(
    known: Transcript, locale: str, made: MadeSound, heard: Sequence[Heard], spoken: Sequence[Turn]
) -> Transcript:
    language, sureness = language_of(heard)
    confidences = [word.confidence for turn in spoken for word in turn.words if word.confidence is not None]
    voices = list(zip(made.labels, made.sound.voices, strict=True))
    return replace(
        known,
        state=TranscriptionState.DONE,
        reason=_MIXED if made.is_mixed else "",
        language=language or (language_of_locale(locale) if is_language(locale) else ""),
        language_confidence=sureness,
        confidence=fmean(confidences) if confidences else None,
        facts=talk_facts(voices, made.sound.duration_seconds),
        lines=tuple(turn.line for turn in spoken),
    )


def _facts(file: RecordingFile) -> dict[str, str]:
    recording = file.recording
    return {"recording_id": recording.id, "call_id": recording.call_id, "organisation": recording.organisation}
