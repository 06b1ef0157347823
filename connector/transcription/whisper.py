"""The Transcriber by Whisper on this machine: processes of their own, started when needed and ended when idle. Knows
neither numpy nor a model's inside.

A crash, a hang or the kernel's choice when memory is short costs one process and the job it was at, which comes again.
"""

import asyncio
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from connector.domain.speech import Heard
from connector.errors import EngineRefused, EngineUnreachable
from connector.ports.clock import Clock
from connector.ports.transcriber import ChannelSound
from connector.settings.transcription import WhisperSettings
from connector.transcription.models import ENGLISH, Model, available, find
from connector.transcription.pieces import heard_channels
from connector.transcription.whisper_messages import ERRORS, Answer, Channel, LanguageWanted, Request, WordsWanted
from connector.transcription.whisper_worker import WhisperWorker, WorkerDied

#: How long a channel may take: to load the model, and then three times as long as it sounds.
LEAST_LIMIT_SECONDS: Final = 20.0
LIMIT_FACTOR: Final = 3.0
MOST_DEATHS: Final = 3
_MOST_REMEMBERED: Final = 1000


class WhisperTranscriber:
    def __init__(
        self,
        settings: WhisperSettings,
        state: Path,
        clock: Clock,
        *,
        command: Sequence[str] = (),
        least_limit_seconds: float = LEAST_LIMIT_SECONDS,
    ) -> None:
        """`command`: another program instead of ours, that speaks as it does."""
        self._settings = settings
        self._state = state
        self._clock = clock
        self._is_ours = not command
        self._command = tuple(command) or (sys.executable, "-m", "connector.transcription.whisper_process")
        self._least_limit_seconds = least_limit_seconds
        self._places = asyncio.Semaphore(settings.workers)
        self._all: set[WhisperWorker] = set()
        self._idle: dict[WhisperWorker, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._deaths: dict[int, int] = {}
        self._is_closed = False

    @property
    def model(self) -> str:
        try:
            return " or ".join(model.name for model in available(self._settings.model, self._state))
        except EngineRefused:
            return self._settings.model

    def check(self, locale: str) -> None:
        self._model(locale)

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        found = [Heard()] * len(sound.voices)
        if not heard_channels(sound.voices):
            return found
        async with self._places:
            model = await asyncio.to_thread(self._model, locale)
            worker = await self._worker(model)
            try:
                await self._hear(worker, sound, model, locale, found)
            except WorkerDied as error:
                await self._discard(worker)
                raise self._misfortune(sound, str(error)) from error
            except tuple(ERRORS.values()):
                self._rest(worker)
                raise
            except BaseException:
                await self._discard(worker)
                raise
            self._rest(worker)
        self._deaths.pop(_sign(sound), None)
        return found

    def process_ids(self) -> set[int]:
        """Of the processes that live now."""
        return {worker.process_id for worker in self._all}

    async def close(self) -> None:
        self._is_closed = True
        for task in self._idle.values():
            task.cancel()
        self._idle.clear()
        workers, self._all = self._all, set()
        async with asyncio.TaskGroup() as leaving:
            for worker in workers:
                leaving.create_task(worker.end())

    def _model(self, locale: str) -> Model:
        if self._is_ours and find_spec("faster_whisper") is None:
            raise EngineRefused(
                "Whisper is not installed on this machine: scripts/install --with whisper-english (English) or "
                "--with whisper-base (99 languages)"
            )
        return find(self._settings.model, self._state, locale)

    async def _hear(
        self, worker: WhisperWorker, sound: ChannelSound, model: Model, locale: str, found: list[Heard]
    ) -> None:
        channels = heard_channels(sound.voices)
        language = model.called(locale) or ("" if model.is_multilingual else ENGLISH)
        confidence = None
        if not language:
            language, confidence = await self._language(worker, sound, model)
        for number in channels if language else ():
            wanted = WordsWanted(model, _channel(sound, number), language, self._settings.beam)
            answer = await self._asked(worker, sound, wanted)
            found[number] = Heard(words=answer.words, language=language, language_confidence=confidence)

    async def _language(self, worker: WhisperWorker, sound: ChannelSound, model: Model) -> tuple[str, float | None]:
        """Of whoever says most; what sounds like a voice and says nothing is music."""
        for number in heard_channels(sound.voices):
            learned = await self._asked(worker, sound, LanguageWanted(model, _channel(sound, number)))
            if learned.language:
                return learned.language, learned.language_confidence
        return "", None

    async def _asked(self, worker: WhisperWorker, sound: ChannelSound, request: Request) -> Answer:
        answer = await worker.ask(request, self._least_limit_seconds + LIMIT_FACTOR * sound.duration_seconds)
        if answer.error not in {"", *ERRORS}:
            raise WorkerDied(f"answered {answer.error!r}, which is no error of ours")
        if answer.error:
            raise ERRORS[answer.error](answer.message)
        return answer

    def _misfortune(self, sound: ChannelSound, reason: str) -> EngineRefused | EngineUnreachable:
        sign = _sign(sound)
        deaths = self._deaths.pop(sign, 0) + 1
        if deaths >= MOST_DEATHS:
            return EngineRefused(
                f"{sound.path.name} kills the engine, {deaths} times in a row; the last time the process {reason}: "
                "report it, or have another engine hear it"
            )
        self._deaths[sign] = deaths
        if len(self._deaths) > _MOST_REMEMBERED:
            del self._deaths[next(iter(self._deaths))]
        return EngineUnreachable(f"the process that heard {sound.path.name} {reason}: it is tried again")

    async def _worker(self, model: Model) -> WhisperWorker:
        """One that rests, if possible with that model, or a new one."""
        if self._is_closed:
            raise EngineUnreachable("the engine has been closed: it hears again when callreel runs again")
        for worker in sorted(self._idle, key=lambda worker: worker.model_folder != model.folder):
            self._idle.pop(worker).cancel()
            if worker.is_alive:
                return worker
            await self._discard(worker)
        worker = await WhisperWorker.start(self._command)
        self._all.add(worker)
        return worker

    def _rest(self, worker: WhisperWorker) -> None:
        if self._is_closed:
            return
        task = asyncio.create_task(self._end_when_idle(worker), name="whisper idle")
        self._idle[worker] = task
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _end_when_idle(self, worker: WhisperWorker) -> None:
        await self._clock.sleep_until(self._clock.now() + self._settings.idle_seconds)
        del self._idle[worker]
        await worker.end()
        self._all.discard(worker)

    async def _discard(self, worker: WhisperWorker) -> None:
        self._all.discard(worker)
        await worker.kill()


def _channel(sound: ChannelSound, number: int) -> Channel:
    return Channel(sound.path, number, len(sound.voices), tuple(sound.voices[number]))


def _sign(sound: ChannelSound) -> int:
    """Its file may be made anew, elsewhere, for each attempt."""
    return hash((sound.sample_rate, sound.duration_seconds, tuple(map(tuple, sound.voices))))
