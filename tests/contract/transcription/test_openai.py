"""OpenaiTranscriber keeps the promises, and those that have to do with how servers of its kind differ."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.domain.speech import Voice
from connector.ports.transcriber import ChannelSound, Transcriber
from connector.settings.transcription import OpenaiSettings
from connector.transcription.openai_api import OpenaiTranscriber
from tests.clocks import SimulatedClock
from tests.contract.transcription.suite import (
    AGENT,
    CALLER,
    HERE,
    TranscriberContract,
    assert_heard,
    bare,
)
from tests.speech_servers import troubles
from tests.speech_servers.openai_server import LOGPROB, PROBABILITY, Manner, OpenaiServer
from tests.speech_servers.tones import sentence, write_sound


class TestOpenai(TranscriberContract):
    @pytest.fixture
    async def server(self) -> AsyncIterator[OpenaiServer]:
        async with OpenaiServer().running() as server:
            yield server

    def made(self, clock: SimulatedClock, **said: Any) -> Transcriber:
        return OpenaiTranscriber(OpenaiSettings(**said), clock)

    async def test_another_language_than_was_asked_for_is_told(
        self, engine: Transcriber, server: OpenaiServer, sound: ChannelSound
    ) -> None:
        server.language = "fr"
        heard = await engine.hear(sound, "en")
        assert [channel.language for channel in heard] == ["fr", "fr"]
        assert_heard(heard[0], CALLER)
        assert {asked.field("language") for asked in server.asked} == {"en"}

    async def test_words_and_sentences_are_asked_for(
        self, engine: Transcriber, server: OpenaiServer, sound: ChannelSound
    ) -> None:
        await engine.hear(sound, "en")
        assert server.asked[0].fields == [
            ("model", "whisper-1"),
            ("language", "en"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
        ]

    async def test_a_language_is_found_out_once_from_whoever_says_most(
        self, engine: Transcriber, server: OpenaiServer, tmp_path: Path
    ) -> None:
        server.language = "de"
        channels = [sentence("hello", 0.5), sentence("calling about your order number", 1.0), sentence("bye", 4.0)]
        heard = await engine.hear(self.spoken(tmp_path, *channels), "")
        assert [asked.field("language") for asked in server.asked] == [None, "de", "de"]
        assert [len(asked.hearing.channels[0]) for asked in server.asked] == [5, 1, 1]
        assert [bare(channel) for channel in heard] == [[one.word for one in said] for said in channels]

    async def test_no_language_is_found_out_from_whoever_says_nothing(
        self, engine: Transcriber, server: OpenaiServer, tmp_path: Path
    ) -> None:
        server.language = "de"
        sound = self.spoken(tmp_path, [], sentence("hello this is the agent", 0.5))
        music = replace(sound, voices=((Voice(0.0, 6.0),), sound.voices[1]))
        assert [channel.language for channel in await engine.hear(music, "")] == ["", "de"]
        assert [asked.field("language") for asked in server.asked] == [None, None]

    @pytest.mark.parametrize(
        ("manner", "confidence"),
        [
            (Manner.OPENAI, math.exp(LOGPROB)),
            (Manner.SPEACHES, PROBABILITY),
            (Manner.VLLM, None),
            (Manner.LOCALAI, None),
            (Manner.TEXT_ONLY, None),
        ],
    )
    async def test_however_a_server_tells_it_the_words_are_had(
        self,
        engine: Transcriber,
        server: OpenaiServer,
        sound: ChannelSound,
        manner: Manner,
        confidence: float | None,
    ) -> None:
        server.manner = manner
        for heard, said in zip(await engine.hear(sound, "en"), (CALLER, AGENT), strict=True):
            assert bare(heard) == [one.word for one in said]
            assert {word.confidence for word in heard.words} == {confidence}
            assert heard.words[-1].text.endswith(".")
            # Evenly over the voice is right to half a second in a sentence of two.
            for word, one in zip(heard.words, said, strict=True):
                assert word.start_seconds == pytest.approx(one.start_seconds, abs=0.3)

    async def test_a_server_without_times_is_asked_twice_once_and_again_after_an_hour(
        self, engine: Transcriber, server: OpenaiServer, sound: ChannelSound, clock: SimulatedClock
    ) -> None:
        server.manner = Manner.TEXT_ONLY
        await engine.hear(sound, "en")
        assert server.requests == 3
        await engine.hear(sound, "en")
        assert server.requests == 5
        server.manner = Manner.OPENAI
        await clock.advance(3601.0)
        caller, _ = await engine.hear(sound, "en")
        assert_heard(caller, CALLER)
        assert server.requests == 7

    async def test_a_server_that_knows_sentences_only_is_asked_for_these(
        self, engine: Transcriber, server: OpenaiServer, sound: ChannelSound
    ) -> None:
        server.manner = Manner.SENTENCES_ONLY
        caller, _ = await engine.hear(sound, "en")
        assert bare(caller) == [one.word for one in CALLER]
        assert {word.confidence for word in caller.words} == {math.exp(LOGPROB)}
        assert server.requests == 3

    async def test_an_account_without_credit_is_not_asked_again(
        self, engine: Transcriber, server: OpenaiServer, sound: ChannelSound
    ) -> None:
        server.trouble = troubles.refuses(429, '{"error": {"message": "no quota", "code": "insufficient_quota"}}')
        assert "credit" in await self.refused(engine, sound, server)

    # Long sound

    async def test_long_sound_is_cut_where_nobody_speaks_and_put_together_again(
        self, server: OpenaiServer, clock: SimulatedClock, tmp_path: Path
    ) -> None:
        caller = [*sentence("hello this is the agent", 0.5), *sentence("about your order", 20.0)]
        agent = [one for start in range(0, 60, 4) for one in sentence("calling about your order number", start + 1.0)]
        sound = self.spoken(tmp_path, caller, agent, seconds=62.0)
        engine = OpenaiTranscriber(
            OpenaiSettings(url=server.url, key=Secret(server.key), allow_private=HERE), clock, longest_seconds=10.0
        )
        heard = await engine.hear(sound, "en")
        assert_heard(heard[0], caller)
        assert_heard(heard[1], agent)
        assert max(asked.hearing.duration_seconds for asked in server.asked) <= 10.0
        # Of what is silent nothing was sent.
        assert len([asked for asked in server.asked if not asked.hearing.channels[0]]) == 0
        await engine.close()

    async def test_half_an_hour_goes_in_files_that_every_server_takes(
        self, engine: Transcriber, server: OpenaiServer, tmp_path: Path
    ) -> None:
        said = [one for start in range(100, 1800, 200) for one in sentence("hello this is the agent", start)]
        sound = write_sound(tmp_path / "half_an_hour.wav", [said], duration_seconds=1800.0)
        (heard,) = await engine.hear(sound, "en")
        assert_heard(heard, said)
        assert len(server.asked) > 3
        assert sum(asked.hearing.duration_seconds for asked in server.asked) == pytest.approx(1800.0)

    async def test_the_language_of_long_sound_is_found_out_once(
        self, server: OpenaiServer, clock: SimulatedClock, tmp_path: Path
    ) -> None:
        server.language = "fr"
        sound = self.spoken(tmp_path, [*sentence("hello this is the agent", 1.0), *sentence("bye", 14.0)], seconds=15.0)
        engine = OpenaiTranscriber(
            OpenaiSettings(url=server.url, key=Secret(server.key), allow_private=HERE), clock, longest_seconds=10.0
        )
        (heard,) = await engine.hear(sound, "")
        assert [asked.field("language") for asked in server.asked] == [None, "fr"]
        assert heard.language == "fr"
        await engine.close()

    async def test_sound_of_a_high_rate_goes_in_shorter_files(
        self, engine: Transcriber, server: OpenaiServer, tmp_path: Path
    ) -> None:
        said = [*sentence("hello this is the agent", 1.0), *sentence("thanks bye", 290.0)]
        sound = write_sound(tmp_path / "high.wav", [said], duration_seconds=300.0, sample_rate=48000)
        (heard,) = await engine.hear(sound, "en")
        assert_heard(heard, said)
        assert [asked.size_bytes < 24_000_000 for asked in server.asked] == [True, True]
