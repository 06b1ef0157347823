"""DeepgramTranscriber keeps the promises, and those that have to do with many channels in one request."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.ports.transcriber import ChannelSound, Transcriber
from connector.settings.transcription import DeepgramSettings
from connector.transcription.deepgram import DeepgramTranscriber
from tests.clocks import SimulatedClock
from tests.contract.transcription.suite import AGENT, CALLER, HERE, Opening, TranscriberContract, assert_heard
from tests.speech_servers import troubles
from tests.speech_servers.deepgram_server import CONFIDENCE, DeepgramServer
from tests.speech_servers.tones import WORDS, sentence


class TestDeepgram(TranscriberContract):
    @pytest.fixture
    async def server(self) -> AsyncIterator[DeepgramServer]:
        async with DeepgramServer().running() as server:
            yield server

    def made(self, clock: SimulatedClock, **said: Any) -> Transcriber:
        return DeepgramTranscriber(DeepgramSettings(**said), clock)

    async def test_a_language_that_was_found_comes_with_how_sure_it_is(
        self, engine: Transcriber, server: DeepgramServer, sound: ChannelSound
    ) -> None:
        server.language = "fr"
        heard = await engine.hear(sound, "")
        assert [(channel.language, channel.language_confidence) for channel in heard] == [("fr", 0.5), ("fr", 0.5)]
        heard = await engine.hear(sound, "en")
        assert [(channel.language, channel.language_confidence) for channel in heard] == [("", None), ("", None)]

    async def test_all_channels_go_in_one_request_as_they_lie(
        self, engine: Transcriber, server: DeepgramServer, sound: ChannelSound
    ) -> None:
        await engine.hear(sound, "en")
        (asked,) = server.asked
        assert asked.size_bytes == sound.path.stat().st_size
        assert dict(asked.fields) == {
            "multichannel": "true",
            "utterances": "true",
            "punctuate": "true",
            "model": "nova-3",
            "language": "en",
        }

    async def test_a_language_is_named_as_the_list_has_it(
        self, server: DeepgramServer, opening: Opening, sound: ChannelSound
    ) -> None:
        engine = opening(server.url, key=Secret(server.key), languages=["de", "en-GB", "en"])
        for locale, named in (("en-gb", "en-GB"), ("en-US", "en"), ("de-AT", "de"), ("en", "en")):
            await engine.hear(sound, locale)
            assert server.asked[-1].field("language") == named
        await engine.close()

    async def test_what_stands_in_the_query_of_its_url_stays_there(
        self, server: DeepgramServer, opening: Opening, sound: ChannelSound
    ) -> None:
        engine = opening(f"{server.url}?tier=nova&punctuate=false", key=Secret(server.key))
        # The server does not know it; so it has come.
        assert "{'tier'}" in await self.refused(engine, sound, server)
        await engine.close()

    async def test_its_confidence_is_that_of_each_word(self, engine: Transcriber, sound: ChannelSound) -> None:
        caller, agent = await engine.hear(sound, "en")
        assert {word.confidence for word in (*caller.words, *agent.words)} == {CONFIDENCE}

    async def test_more_channels_than_it_takes_go_in_several_requests(
        self, engine: Transcriber, server: DeepgramServer, tmp_path: Path
    ) -> None:
        channels = [sentence(WORDS[index % len(WORDS)], 0.3 + index / 50) for index in range(45)]
        channels[7] = []
        heard = await engine.hear(self.spoken(tmp_path, *channels, seconds=2.0), "en")
        for one, said in zip(heard, channels, strict=True):
            assert_heard(one, said)
        assert [len(asked.hearing.channels) for asked in server.asked] == [20, 20, 4]

    async def test_a_file_larger_than_it_takes_goes_channel_by_channel(
        self, server: DeepgramServer, clock: SimulatedClock, sound: ChannelSound
    ) -> None:
        settings = DeepgramSettings(url=server.url, key=Secret(server.key), allow_private=HERE)
        engine = DeepgramTranscriber(settings, clock, most_bytes=120_000)
        caller, agent = await engine.hear(sound, "en")
        assert_heard(caller, CALLER)
        assert_heard(agent, AGENT)
        assert [len(asked.hearing.channels) for asked in server.asked] == [1, 1]
        await engine.close()

    async def test_an_answer_of_other_channels_than_were_sent_is_refused(
        self, engine: Transcriber, server: DeepgramServer, sound: ChannelSound
    ) -> None:
        server.trouble = troubles.says(b'{"results": {"channels": [{"alternatives": []}]}}')
        assert "1 channels instead of 2" in await self.refused(engine, sound, server)
