"""The Transcriber by Deepgram, or by a server that speaks as its /v1/listen: all channels in one request, each heard
apart. Knows what is asked, not what the answers look like."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiohttp.abc import AbstractResolver
from aiohttp.payload import BufferedReaderPayload

from connector.domain.speech import Heard
from connector.ports.clock import Clock
from connector.ports.transcriber import ChannelSound
from connector.settings.transcription import DeepgramSettings
from connector.transcription.channel_files import SoundFile, channel_file, whole_file
from connector.transcription.deepgram_answers import heard
from connector.transcription.languages import language_of, listed
from connector.transcription.pieces import Piece, heard_channels
from connector.transcription.posting import Question, SpeechServer
from connector.transcription.refusals import Answer

MOST_CHANNELS: Final = 20
#: Deepgram takes 2 GB. Nothing is packed before: it would cost a copy and processor time for each call, to spare a line
#: that carries an hour of stereo in less time than it is heard.
MOST_BYTES: Final = 1_900_000_000


class DeepgramTranscriber:
    def __init__(
        self,
        settings: DeepgramSettings,
        clock: Clock,
        names: AbstractResolver | None = None,
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`names`: where names are looked up, closed with this. `most_bytes`: no request holds more sound, unless one
        channel alone does."""
        self._settings = settings
        self._most_bytes = most_bytes
        self._server = SpeechServer(settings, clock, names, scheme="Token", path="/v1/listen")

    @property
    def model(self) -> str:
        return self._settings.model

    def check(self, locale: str) -> None:
        self._server.check(locale)

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        found = [Heard()] * len(sound.voices)
        for channels in self._groups(sound):
            async with _sound_file(sound, channels) as file:
                answer = await self._posted(file, locale)
            for channel, its in zip(channels, await self._read(answer, sound, len(channels)), strict=True):
                found[channel] = its
        return found

    async def close(self) -> None:
        await self._server.close()

    def _groups(self, sound: ChannelSound) -> list[list[int]]:
        """Channels that go together, each in its order. Silent ones stay here: each costs."""
        channels = sorted(heard_channels(sound.voices))
        channel_bytes = max(1, int(2 * sound.sample_rate * sound.duration_seconds))
        together = max(1, min(MOST_CHANNELS, self._most_bytes // channel_bytes))
        return [channels[begin : begin + together] for begin in range(0, len(channels), together)]

    async def _posted(self, file: SoundFile, locale: str) -> Answer:
        with await asyncio.to_thread(file.path.open, "rb") as content:
            answer = await self._server.answer(
                Question(
                    body=partial(BufferedReaderPayload, content),
                    size_bytes=file.size_bytes,
                    query=self._query(locale),
                    headers={"Content-Type": "audio/wav"},
                )
            )
        if not answer.is_good:
            raise self._server.refusal(answer)
        return answer

    async def _read(self, answer: Answer, sound: ChannelSound, channels: int) -> list[Heard]:
        try:
            # In a thread, for some are of 10 MB.
            return await asyncio.to_thread(heard, answer.content, channels, Piece(0.0, sound.duration_seconds))
        except ValueError as error:
            raise self._server.misread(answer, error) from error

    def _query(self, locale: str) -> dict[str, str]:
        asked = {"multichannel": "true", "utterances": "true", "punctuate": "true", "model": self.model}
        # Of most locales it knows the language alone, and what it does not know it refuses.
        language = listed(locale, self._settings.languages) or language_of(locale)
        return asked | ({"language": language} if language else {"detect_language": "true"})


@asynccontextmanager
async def _sound_file(sound: ChannelSound, channels: Sequence[int]) -> AsyncIterator[SoundFile]:
    """As it lies there, when all of it is wanted."""
    if len(channels) == len(sound.voices):
        yield await whole_file(sound)
        return
    async with channel_file(sound, channels, Piece(0.0, sound.duration_seconds)) as file:
        yield file
