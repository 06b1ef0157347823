"""The Transcriber by OpenAI, or by any server that speaks as its /v1/audio/transcriptions: each channel posted apart,
so that who speaks is known. Knows what is asked, not what the answers look like."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import BinaryIO, Final

from aiohttp import FormData
from aiohttp.abc import AbstractResolver

from connector.domain.ids import Moment
from connector.domain.speech import Heard, Voice
from connector.ports.clock import Clock
from connector.ports.transcriber import ChannelSound
from connector.settings.transcription import OpenaiSettings
from connector.transcription.channel_files import SoundFile, channel_file
from connector.transcription.languages import language_of
from connector.transcription.openai_answers import Detail, heard, plainer
from connector.transcription.pieces import Piece, heard_channels, pieces
from connector.transcription.posting import Question, SpeechServer
from connector.transcription.refusals import Answer

#: OpenAI takes 25 MB, and with some models 1400 s; vLLM 600 s as it is delivered.
LONGEST_SECONDS: Final = 590.0
MOST_BYTES: Final = 24_000_000
#: After that a server that could not tell times is asked for them again: it may be another by then.
_PLAIN_SECONDS: Final = 3600.0


class OpenaiTranscriber:
    def __init__(
        self,
        settings: OpenaiSettings,
        clock: Clock,
        names: AbstractResolver | None = None,
        *,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        """`names`: where names are looked up, closed with this. `longest_seconds`: no request holds more sound."""
        self._settings = settings
        self._clock = clock
        self._longest_seconds = longest_seconds
        self._detail = Detail.WORDS
        self._plain_until: Moment = 0.0
        self._server = SpeechServer(settings, clock, names, scheme="Bearer", path="/v1/audio/transcriptions")

    @property
    def model(self) -> str:
        return self._settings.model

    def check(self, locale: str) -> None:
        self._server.check(locale)

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        language = language_of(locale)
        channels = [Heard()] * len(sound.voices)
        for channel in heard_channels(sound.voices):
            channels[channel] = await self._channel(sound, channel, language)
            # It is found out once for a call, from whoever says most.
            language = language or _learned(channels[channel])
        return channels

    async def close(self) -> None:
        await self._server.close()

    async def _channel(self, sound: ChannelSound, channel: int, language: str) -> Heard:
        voices = sound.voices[channel]
        longest_seconds = min(self._longest_seconds, MOST_BYTES / (2 * sound.sample_rate))
        found: list[Heard] = []
        for piece in pieces(voices, sound.duration_seconds, longest_seconds):
            async with channel_file(sound, [channel], piece) as file:
                found.append(await self._heard(file, piece, voices, language))
            language = language or _learned(found[-1])
        return _joined(found)

    async def _heard(self, file: SoundFile, piece: Piece, voices: Sequence[Voice], language: str) -> Heard:
        answer = await self._answer(file, language)
        try:
            # In a thread, for some are of 10 MB.
            return await asyncio.to_thread(heard, answer.content, piece, voices)
        except ValueError as error:
            raise self._server.misread(answer, error) from error

    async def _answer(self, file: SoundFile, language: str) -> Answer:
        detail = self._detail if self._clock.now() < self._plain_until else Detail.WORDS
        while not (answer := await self._posted(file, language, detail)).is_good:
            instead = plainer(detail, answer.status, answer.content)
            if instead is None:
                raise self._server.refusal(answer)
            detail = self._detail = instead
            self._plain_until = self._clock.now() + _PLAIN_SECONDS
        return answer

    async def _posted(self, file: SoundFile, language: str, detail: Detail) -> Answer:
        with await asyncio.to_thread(file.path.open, "rb") as content:
            form = partial(_form, content, self.model, language, detail)
            return await self._server.answer(Question(body=form, size_bytes=file.size_bytes, query={}, headers={}))


def _form(content: BinaryIO, model: str, language: str, detail: Detail) -> FormData:
    form = FormData()
    form.add_field("file", content, filename="channel.wav", content_type="audio/wav")
    form.add_field("model", model)
    if language:
        form.add_field("language", language)
    for name, value in detail.fields:
        form.add_field(name, value)
    return form


def _learned(heard: Heard) -> str:
    """Servers name a language for music, too."""
    return heard.language if heard.words else ""


def _joined(pieces: Sequence[Heard]) -> Heard:
    first = next((piece for piece in pieces if _learned(piece)), Heard())
    return Heard(
        words=tuple(word for piece in pieces for word in piece.words),
        language=first.language,
        language_confidence=first.language_confidence,
    )
