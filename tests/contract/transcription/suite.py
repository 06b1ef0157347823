"""The conformance suite: the promises of ports.transcriber, kept towards servers that behave and towards those that do
not. What is heard is judged by the sound itself."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from connector.domain.secret import Secret
from connector.domain.speech import Heard, Voice
from connector.errors import BrokenAudio, EngineRefused, EngineUnreachable, SourceMissing
from connector.ports.transcriber import ChannelSound, Transcriber
from tests.clocks import SimulatedClock
from tests.speech_servers import troubles
from tests.speech_servers.server import SpeechServer
from tests.speech_servers.tones import Said, sentence, write_sound
from tests.storage_servers.authority import Authority

HERE = ("127.0.0.1/32",)
#: A tone has no sharper edge for a server that looks at hundredths.
EXACT_SECONDS = 0.025
CALLER = sentence("hello this is the agent", 0.5)
AGENT = sentence("calling about your order number", 3.0)


class Opening(Protocol):
    """Opens an engine at an address; what is not said is as it has to be."""

    def __call__(
        self,
        url: str,
        *,
        key: Secret | None = ...,
        languages: Sequence[str] = ...,
        allow_private: Sequence[str] = ...,
        ca: str = ...,
        timeout_seconds: float = ...,
    ) -> Transcriber: ...


def bare(heard: Heard) -> list[str]:
    return [re.sub(r"\W", "", word.text).lower() for word in heard.words]


def assert_heard(heard: Heard, said: Sequence[Said]) -> None:
    """These words, at their times on the recording's clock."""
    assert bare(heard) == [one.word for one in said]
    for word, one in zip(heard.words, said, strict=True):
        assert word.start_seconds == pytest.approx(one.start_seconds, abs=EXACT_SECONDS)
        assert word.end_seconds == pytest.approx(one.end_seconds, abs=EXACT_SECONDS)


class TranscriberContract:
    """Give it a fixture `server`, which runs, and `made`."""

    def made(self, clock: SimulatedClock, **said: Any) -> Transcriber:
        """The engine under test with these settings."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> SimulatedClock:
        return SimulatedClock()

    @pytest.fixture
    def opening(self, clock: SimulatedClock) -> Opening:
        def opened(
            url: str,
            *,
            key: Secret | None = None,
            languages: Sequence[str] = (),
            allow_private: Sequence[str] = HERE,
            ca: str = "",
            timeout_seconds: float = 60.0,
        ) -> Transcriber:
            networks = tuple(allow_private)
            said = {"url": url, "key": key, "allow_private": networks, "ca": ca, "timeout_seconds": timeout_seconds}
            return self.made(clock, languages=tuple(languages), **said)

        return opened

    @pytest.fixture
    async def engine(self, server: SpeechServer, opening: Opening) -> AsyncIterator[Transcriber]:
        made = opening(server.url, key=Secret(server.key))
        yield made
        await made.close()

    @pytest.fixture
    def sound(self, tmp_path: Path) -> ChannelSound:
        return self.spoken(tmp_path, CALLER, AGENT)

    def spoken(self, folder: Path, *channels: Sequence[Said], seconds: float = 6.0, rate: int = 8000) -> ChannelSound:
        (folder / "work").mkdir(exist_ok=True)
        return write_sound(folder / "work" / "sound.wav", channels, duration_seconds=seconds, sample_rate=rate)

    async def refused(self, engine: Transcriber, sound: ChannelSound, server: SpeechServer) -> str:
        """What is said of it: whose fault it is, and never the key."""
        with pytest.raises(EngineRefused) as refusal:
            await engine.hear(sound, "en")
        return self._said(refusal.value, server)

    async def unreachable(self, engine: Transcriber, sound: ChannelSound, server: SpeechServer) -> EngineUnreachable:
        with pytest.raises(EngineUnreachable) as refusal:
            await engine.hear(sound, "en")
        self._said(refusal.value, server)
        return refusal.value

    def _said(self, error: BaseException, server: SpeechServer) -> str:
        assert server.host in str(error)
        chained: BaseException | None = error
        while chained is not None:
            assert "hush" not in f"{chained!s} {chained!r}"
            chained = chained.__cause__ or (None if chained.__suppress_context__ else chained.__context__)
        return str(error)

    # What is heard

    @pytest.mark.parametrize("rate", [8000, 16000])
    async def test_each_channel_is_heard_apart_and_on_the_recordings_clock(
        self, engine: Transcriber, tmp_path: Path, rate: int
    ) -> None:
        caller, agent = await engine.hear(self.spoken(tmp_path, CALLER, AGENT, rate=rate), "en")
        assert_heard(caller, CALLER)
        assert_heard(agent, AGENT)

    async def test_the_sound_arrives_as_it_is(self, engine: Transcriber, server: SpeechServer, tmp_path: Path) -> None:
        await engine.hear(self.spoken(tmp_path, CALLER, AGENT, seconds=6.5, rate=16000), "en")
        for asked in server.asked:
            assert asked.hearing.sample_rate == 16000
            assert asked.hearing.duration_seconds == 6.5
            assert asked.hearing.format == "WAV"

    async def test_one_channel_is_enough(self, engine: Transcriber, tmp_path: Path) -> None:
        (heard,) = await engine.hear(self.spoken(tmp_path, AGENT), "en")
        assert_heard(heard, AGENT)

    async def test_both_may_speak_at_once(self, engine: Transcriber, tmp_path: Path) -> None:
        other = sentence("thanks bye", 0.6)
        caller, agent = await engine.hear(self.spoken(tmp_path, CALLER, other), "en")
        assert_heard(caller, CALLER)
        assert_heard(agent, other)

    async def test_words_are_written_as_the_engine_writes_them(self, engine: Transcriber, sound: ChannelSound) -> None:
        caller, _ = await engine.hear(sound, "en")
        assert [word.text for word in caller.words] == ["Hello", "this", "is", "the", "agent."]

    async def test_a_channel_without_voice_is_sent_to_nobody(
        self, engine: Transcriber, server: SpeechServer, tmp_path: Path
    ) -> None:
        heard = await engine.hear(self.spoken(tmp_path, [], AGENT, []), "en")
        assert [bool(channel.words) for channel in heard] == [False, True, False]
        assert_heard(heard[1], AGENT)
        assert sum(len(asked.hearing.channels) for asked in server.asked) == 1

    async def test_where_nobody_speaks_nobody_is_asked(
        self, engine: Transcriber, server: SpeechServer, tmp_path: Path
    ) -> None:
        silent = self.spoken(tmp_path, [], [])
        assert await engine.hear(silent, "en") == [Heard(), Heard()]
        click = replace(silent, voices=((Voice(0.5, 0.75),), ()))
        assert await engine.hear(click, "") == [Heard(), Heard()]
        assert server.requests == 0

    async def test_everybody_in_a_conference_is_heard(self, engine: Transcriber, tmp_path: Path) -> None:
        channels = [sentence(word, 0.5 + index / 5) for index, word in enumerate(["hello", "this", "is", "the", "bye"])]
        heard = await engine.hear(self.spoken(tmp_path, *channels), "en")
        assert len(heard) == 5
        for one, said in zip(heard, channels, strict=True):
            assert_heard(one, said)

    async def test_who_was_heard_to_say_nothing_has_said_nothing(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, tmp_path: Path
    ) -> None:
        noise = write_sound(tmp_path / "noise.wav", [[], []], duration_seconds=6.0)
        heard = await engine.hear(replace(sound, path=noise.path), "en")
        assert [channel.words for channel in heard] == [(), ()]
        assert server.asked != []

    # Languages

    @pytest.mark.parametrize("locale", ["en-US", "EN", "en_AU"])
    async def test_the_language_is_asked_for_by_its_own_name(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, locale: str
    ) -> None:
        await engine.hear(sound, locale)
        assert {asked.field("language") for asked in server.asked} == {"en"}

    @pytest.mark.parametrize("locale", ["", "und"])
    async def test_a_language_that_nobody_said_is_found_out(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, locale: str
    ) -> None:
        server.language = "de"
        heard = await engine.hear(sound, locale)
        assert [channel.language for channel in heard] == ["de", "de"]
        assert server.asked[0].field("language") is None

    def test_only_what_an_engine_is_said_not_to_know_is_refused_beforehand(
        self, server: SpeechServer, opening: Opening
    ) -> None:
        knowing = opening(server.url, languages=["en", "pt-BR"])
        for locale in ("", "en", "en-GB", "EN_us", "pt-BR", "pt-br", "pt"):
            knowing.check(locale)
        for locale in ("de", "de-DE", "pt-PT"):
            with pytest.raises(EngineRefused, match=rf"127\.0\.0\.1 does not hear {locale}.*en, pt-BR"):
                knowing.check(locale)
        opening(server.url).check("de-DE")

    # Servers that have no time

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
    async def test_a_server_that_is_busy_or_broken_is_asked_again_later(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, status: int
    ) -> None:
        server.trouble = troubles.refuses(status, '{"error": {"message": "The engine is overloaded"}}')
        error = await self.unreachable(engine, sound, server)
        assert error.retry_after_seconds is None
        assert f"({status}, 'The engine is overloaded')" in str(error)
        server.trouble = None
        assert_heard((await engine.hear(sound, "en"))[0], CALLER)

    @pytest.mark.parametrize("status", [429, 503])
    async def test_how_long_it_wants_to_be_left_alone_is_told(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, clock: SimulatedClock, status: int
    ) -> None:
        at = format_datetime(datetime.fromtimestamp(clock.now() + 90, UTC), usegmt=True)
        for said, seconds in (("17", 17.0), (at, 90.0), ("soon", None)):
            server.trouble = troubles.refuses(status, headers={"Retry-After": said})
            assert (await self.unreachable(engine, sound, server)).retry_after_seconds == seconds

    async def test_a_server_that_is_silent_is_not_waited_for_for_ever(
        self, server: SpeechServer, opening: Opening, tmp_path: Path
    ) -> None:
        server.trouble = troubles.silent(asyncio.Event())
        engine = opening(server.url, timeout_seconds=0.2)
        # It is given time for all that it has to take before.
        sound = self.spoken(tmp_path, sentence("bye", 0.2), seconds=1.0)
        assert "no whole answer within" in str(await self.unreachable(engine, sound, server))
        await engine.close()

    @pytest.mark.parametrize("trouble", [troubles.cut_off(), troubles.hangs_up()], ids=["cut", "without a word"])
    async def test_a_line_that_breaks_is_an_outage(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, trouble: troubles.Trouble
    ) -> None:
        server.trouble = trouble
        await self.unreachable(engine, sound, server)

    async def test_nobody_at_the_port_is_an_outage(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound
    ) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            engine = opening(f"http://127.0.0.1:{reserved.getsockname()[1]}/v1")
            assert "refuses the connection" in str(await self.unreachable(engine, sound, server))
        await engine.close()

    # Servers that say no

    @pytest.mark.parametrize(
        ("status", "remedy"),
        [
            *((400, "`url` and `model`"), (402, "credit"), (403, "may its key use the model"), (404, "is its `url`")),
            *((405, "is its `url`"), (413, "larger files"), (415, "take WAV"), (422, "`url` and `model`")),
            (301, "elsewhere"),
        ],
    )
    async def test_a_no_for_good_says_who_and_what_and_what_to_do(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, status: int, remedy: str
    ) -> None:
        server.trouble = troubles.refuses(status, json.dumps({"err_msg": "We would rather not", "request_id": "1"}))
        said = await self.refused(engine, sound, server)
        assert remedy in said
        assert str(status) in said
        assert ("We would rather not" in said) == (status != 301)

    async def test_a_key_that_is_not_taken_is_in_no_message(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound
    ) -> None:
        engine = opening(server.url, key=Secret("sk-hush/other"))
        assert "mend the engine's `key`" in await self.refused(engine, sound, server)
        for status, before in ((400, 140), (403, 100), (500, 100)):
            echo = {"error": {"message": f"{' ' * 500} {'x' * before} no sk-hush/other here"}}
            # And once as it goes on the wire, in JSON that is broken off.
            body = json.dumps(echo) if status != 403 else json.dumps(echo).replace("/", "\\/")[:-1]
            server.trouble = troubles.refuses(status, body)
            with pytest.raises((EngineRefused, EngineUnreachable)) as refusal:
                await engine.hear(sound, "en")
            assert "sk-h" not in str(refusal.value)
        await engine.close()

    @pytest.mark.parametrize("key", [Secret("sk-hush\r\nX-Other: 1"), Secret("sk-hush-schlüssel-\u20ac")])
    async def test_a_key_that_cannot_be_sent_is_in_no_message(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound, key: Secret
    ) -> None:
        engine = opening(server.url, key=key)
        await self.refused(engine, sound, server)
        await engine.close()

    async def test_without_a_key_none_is_sent(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound
    ) -> None:
        engine = opening(server.url, key=None)
        assert "401" in await self.refused(engine, sound, server)
        await engine.close()

    async def test_a_proxy_that_takes_no_file_so_large_is_no_riddle(
        self, engine: Transcriber, server: SpeechServer, tmp_path: Path
    ) -> None:
        server.trouble = troubles.stops_reading(413)
        with pytest.raises((EngineRefused, EngineUnreachable), match=r"larger files|takes no files so large"):
            await engine.hear(self.spoken(tmp_path, CALLER, AGENT, seconds=500.0), "en")

    # What is no answer

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<!doctype html><title>Sign in</title>",
            b'{"text": "hello this',
            b"\xff\xfe\x00garbage\x00",
            b"[]",
            b"null",
            b'"hello"',
            b"{}",
            b'{"text": 5, "words": {}, "results": 1}',
            b'{"error": "no such route"}',
            b'{"x":' * 50_000,
            b"[" * 1_000_000,
            b'{"results": {"channels": "two"}, "segments": [["a"]]}',
            b'{"text": "hello", "results": {"channels": []}, "words": [{"word": "a", "start": NaN, "end": 1}]}',
        ],
        ids=lambda content: content[:20].decode(errors="replace"),
    )
    async def test_what_cannot_be_understood_is_refused_and_quoted_shortly(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound, content: bytes
    ) -> None:
        server.trouble = troubles.says(content, "text/html")
        said = await self.refused(engine, sound, server)
        assert server.path in said
        assert len(said) < 500
        assert said.isprintable()

    async def test_a_page_is_quoted(self, engine: Transcriber, server: SpeechServer, sound: ChannelSound) -> None:
        server.trouble = troubles.says(b"<html>\n <title>Sign in</title>", "text/html")
        assert "no JSON, '<html> <title>Sign in</title>'" in await self.refused(engine, sound, server)

    async def test_ten_megabytes_of_json_are_an_answer(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound
    ) -> None:
        server.padded_to_bytes = 10_000_000
        caller, agent = await engine.hear(sound, "en")
        assert_heard(caller, CALLER)
        assert_heard(agent, AGENT)

    async def test_an_answer_without_end_is_not_read_to_its_end(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound
    ) -> None:
        server.trouble = troubles.pours(b" " * (1 << 20), 1000)
        assert "more than 64 MB" in await self.refused(engine, sound, server)

    # Where sound may go

    async def test_nobody_follows_where_a_server_points(
        self, engine: Transcriber, server: SpeechServer, sound: ChannelSound
    ) -> None:
        for status in (301, 302, 303, 307, 308):
            server.trouble = troubles.refuses(status, headers={"Location": f"{server.url}/elsewhere"})
            before = server.requests
            assert "elsewhere" in await self.refused(engine, sound, server)
            assert server.requests == before + 1

    async def test_a_private_address_is_asked_only_when_that_is_allowed(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound
    ) -> None:
        for host in ("127.0.0.1", "localhost", "127.1"):
            engine = opening(f"http://{host}:{server.port}{server.path}", allow_private=())
            with pytest.raises(EngineRefused, match="allow_private"):
                await engine.hear(sound, "en")
            await engine.close()
        assert server.requests == 0

    async def test_without_tls_no_sound_leaves_for_the_public(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound
    ) -> None:
        engine = opening("http://1.1.1.1/v1/listen")
        with pytest.raises(EngineRefused, match="https"):
            await engine.hear(sound, "en")
        await engine.close()

    async def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
        self, server: SpeechServer, opening: Opening, sound: ChannelSound, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path / "authority")
        async with type(server)().running(authority.serving()) as secure:
            trusting = opening(secure.url, key=Secret(secure.key), ca=str(authority.ca_file))
            assert_heard((await trusting.hear(sound, "en"))[0], CALLER)
            await trusting.close()
            wary = opening(secure.url, key=Secret(secure.key))
            assert "not trusted" in await self.refused(wary, sound, secure)
            await wary.close()
            blind = opening(secure.url, key=Secret(secure.key), ca=str(tmp_path / "none.pem"))
            with pytest.raises(EngineRefused, match="mend `ca`"):
                await blind.hear(sound, "en")
            await blind.close()
            assert secure.requests == len(secure.asked)

    # What is left behind

    async def test_nothing_is_left_beside_the_sound(
        self, engine: Transcriber, server: SpeechServer, tmp_path: Path
    ) -> None:
        sound = self.spoken(tmp_path, CALLER, [], AGENT)
        for trouble in (None, troubles.refuses(500), troubles.says(b"")):
            server.trouble = trouble
            with pytest.raises((EngineRefused, EngineUnreachable)) if trouble else contextlib.nullcontext():
                await engine.hear(sound, "en")
            assert list(sound.path.parent.iterdir()) == [sound.path]
        asked = asyncio.Event()
        server.trouble = troubles.silent(asked)
        hearing = asyncio.create_task(_heard(engine, sound))
        await asked.wait()
        assert len(list(sound.path.parent.iterdir())) == 2
        hearing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hearing
        assert list(sound.path.parent.iterdir()) == [sound.path]

    @pytest.mark.parametrize(
        ("spoil", "kind"),
        [
            (lambda path: path.write_bytes(b"no sound at all, whatever its name"), BrokenAudio),
            (lambda path: write_sound(path, [CALLER], duration_seconds=6.0), BrokenAudio),
            (lambda path: write_sound(path, [CALLER, AGENT], duration_seconds=6.0, sample_rate=16000), BrokenAudio),
            (lambda path: path.unlink(), SourceMissing),
        ],
        ids=["no sound", "fewer channels", "another rate", "gone"],
    )
    async def test_what_is_no_such_sound_is_sent_to_nobody(
        self,
        engine: Transcriber,
        server: SpeechServer,
        sound: ChannelSound,
        spoil: Callable[[Path], Any],
        kind: type[Exception],
    ) -> None:
        spoil(sound.path)
        with pytest.raises(kind):
            await engine.hear(sound, "en")
        assert server.requests == 0

    async def test_several_are_heard_at_once(self, engine: Transcriber, sound: ChannelSound) -> None:
        for caller, agent in await asyncio.gather(*(engine.hear(sound, "en") for _ in range(5))):
            assert_heard(caller, CALLER)
            assert_heard(agent, AGENT)

    async def test_it_may_be_closed_twice_and_before_it_was_asked(self, server: SpeechServer, opening: Opening) -> None:
        engine = opening(server.url)
        await engine.close()
        await engine.close()

    def test_it_says_what_it_listens_with(self, server: SpeechServer, opening: Opening) -> None:
        assert opening(server.url).model == server.model


async def _heard(engine: Transcriber, sound: ChannelSound) -> Sequence[Heard]:
    return await engine.hear(sound, "en")
