"""Transcribing over a yard: the catalogue, the files and the sound are real, the engine hears what it is told to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions, TranscriptionOptions
from connector.domain.recording import FlushPoint
from connector.domain.secret import Secret
from connector.domain.speech import Heard, Word
from connector.domain.transcript import Transcript
from connector.errors import ConnectorError, EngineRefused
from connector.ports.transcriber import ChannelSound
from connector.services.channel_sounds import FOLDER, ChannelSounds
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.transcribing import Transcribing
from connector.services.transcript_filing import TranscriptFiling
from tests.builders import MORNING, RECORDING
from tests.unit.audio.sound import RATE, wav
from tests.unit.services.test_channel_sounds import said
from tests.unit.services.yard import Yard

SECONDS = 4


class Engine:
    """Hears a sentence wherever there is voice, one after the other in each channel."""

    model = "tiny"

    def __init__(self) -> None:
        self.sentences = ["Hello my number is 4711 0815", "Thank you"]
        self.troubles: list[ConnectorError] = []
        self.refuses = ""
        self.heard: list[ChannelSound] = []
        self.language = "en"

    def check(self, locale: str) -> None:
        if self.refuses:
            raise EngineRefused(self.refuses)

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        self.heard.append(sound)
        assert sound.path.stat().st_size > RATE
        if self.troubles:
            raise self.troubles.pop(0)
        return [
            Heard(words=tuple(self._words(sentence, voices)), language=self.language, language_confidence=0.9)
            for sentence, voices in zip(self.sentences, sound.voices, strict=True)
        ]

    def _words(self, sentence: str, voices: Sequence[Any]) -> list[Word]:
        if not voices:
            return []
        start, end = voices[0].start_seconds, voices[-1].end_seconds
        texts = sentence.split()
        step = (end - start) / len(texts)
        return [Word(text, start + at * step, start + (at + 1) * step, 0.8) for at, text in enumerate(texts)]

    async def close(self) -> None: ...


class Desk:
    """Transcribing over a yard, with the engines that it may choose from."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.engines = {"local": Engine(), "cloud": Engine()}
        self.ledger = yard.catalogue.transcriptions
        self.fetching = Fetching(
            yard.catalogue.shipping, yard.destinations, FileLinks("https://c.example", Secret("k"), yard.clock)
        )
        sounds = ChannelSounds(yard.renderer, self.fetching, yard.workshop, yard.state)
        shipping, dues = yard.catalogue.shipping, yard.catalogue.dues
        filing = TranscriptFiling(shipping, dues, yard.sources, yard.destinations, yard.clock, yard.state)
        self.transcribing = Transcribing(
            self.ledger, shipping, dues, sounds, self, filing, yard.clock, draw=lambda: 0.5
        )

    def chosen(self, organisation: str, wished: str) -> tuple[str, Engine]:
        name = wished or "local"
        if name not in self.engines:
            raise EngineRefused(f"there is no speech engine {name!r}")
        return name, self.engines[name]

    @property
    def engine(self) -> Engine:
        return self.engines["local"]

    async def captured(self, **transcription: Any) -> None:
        end = MORNING + 4.1 + SECONDS
        over: dict[str, Any] = {"stopped_at": end, "flushes": (FlushPoint(at=end, frames=SECONDS * RATE),)}
        segments = self.yard.caller(**over), self.yard.agent(**over)
        for segment, seed in zip(segments, (1, 2), strict=True):
            wav(self.yard.spool / segment.path, said(seed))
        wished = TranscriptionOptions(enabled=True, **transcription)
        options = RecordingOptions(format=AudioFormat.WAV, channels=ChannelLayout.STEREO, transcription=wished)
        await self.yard.captured(*segments, options=options)

    async def run(self, attempt: int = 1) -> str:
        """Both steps; returns why the attempt ended early, or ""."""
        for _, step in self.transcribing.steps:
            try:
                await step(RECORDING, attempt)
            except ConnectorError as error:
                return str(error)
        return ""

    async def transcript(self) -> Transcript:
        found = await self.ledger.current((await self.yard.recording()).id)
        assert found is not None
        return found

    async def due(self) -> list[tuple[str, int, float]]:
        return [(one.kind, one.attempt, round(one.at - self.yard.clock.now())) for one in await self.yard.dues()]

    @property
    def left(self) -> list[Path]:
        return [path for path in (self.yard.state / FOLDER).rglob("*") if path.is_file()]
