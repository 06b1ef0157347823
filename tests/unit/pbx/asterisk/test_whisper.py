"""Sounds to one party: what is asked of Asterisk, and what is said when it cannot. By sound: tests/pbx."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from connector.domain.ids import ChannelId
from connector.errors import PbxRefused, PbxUnreachable
from connector.network.clock import SystemClock
from connector.pbx.asterisk import whisper as whispering
from connector.pbx.asterisk.ari import Ari
from connector.pbx.asterisk.whisper import Whisper
from tests.unit.pbx.asterisk.ari_server import AriServer

CALLER = ChannelId("pbx-1795250215.7")


class Manager:
    """The manager interface: keeps what was asked, answers as it was told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self._error = error

    async def act(self, action: str, fields: Mapping[str, str], limit_seconds: float = 2.0) -> object:
        self.asked.append((action, fields))
        if self._error is not None:
            raise self._error
        return None


@pytest.fixture
async def server() -> AsyncIterator[AriServer]:
    async with AriServer() as server:
        server.channels[CALLER] = "talks"
        yield server


@asynccontextmanager
async def by_ari(server: AriServer) -> AsyncIterator[Whisper]:
    ari = Ari("house", server.endpoint, clock=SystemClock())
    running = asyncio.create_task(ari.run())
    try:
        async with asyncio.timeout(10):
            await ari.up()
            yield Whisper("house", Manager(), ari)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await ari.close()


def snoops(server: AriServer) -> list[str]:
    return [text for text in server.channels.values() if text.startswith("whispers")]


async def test_by_ari_the_sound_goes_out_to_that_channel_and_nothing_stays(server: AriServer) -> None:
    played = []

    async def noted(playback: str, media: str) -> None:
        played.append((media, snoops(server)))
        await server.finish(playback, media)

    server.played = noted
    async with by_ari(server) as whisper:
        await whisper.play(CALLER, "custom/recorded")
    assert played == [("sound:custom/recorded", [f"whispers out to {CALLER} for callreel"])]
    assert list(server.channels) == [CALLER]


async def test_several_sounds_at_once_do_not_wait_for_each_other(server: AriServer) -> None:
    begun: list[tuple[str, str]] = []

    async def when_both_play(playback: str, media: str) -> None:
        begun.append((playback, media))
        if len(begun) == 2:
            for each in reversed(begun):
                await server.finish(*each)

    server.channels["other"] = "talks"
    server.played = when_both_play
    async with by_ari(server) as whisper, asyncio.TaskGroup() as tasks:
        tasks.create_task(whisper.play(CALLER, "beep"))
        tasks.create_task(whisper.play(ChannelId("other"), "beep"))
    assert list(server.channels) == [CALLER, "other"]


async def test_a_sound_that_asterisk_does_not_have_is_named_and_nothing_stays(server: AriServer) -> None:
    async with by_ari(server) as whisper:
        with pytest.raises(PbxRefused, match="has no sound 'missing'"):
            await whisper.play(CALLER, "missing")
    assert list(server.channels) == [CALLER]


async def test_a_channel_that_is_gone_is_refused_in_asterisks_words(server: AriServer) -> None:
    async with by_ari(server) as whisper:
        with pytest.raises(PbxRefused, match="Provided channel was not found"):
            await whisper.play(ChannelId("gone"), "beep")


async def test_a_call_that_ends_first_ends_the_sound(server: AriServer) -> None:
    async def hang_up(playback: str, _media: str) -> None:
        await server.tell({"type": "StasisEnd", "channel": {"id": playback.removesuffix("-sound")}})

    server.played = hang_up
    async with by_ari(server) as whisper:
        with pytest.raises(PbxRefused, match="ended before"):
            await whisper.play(CALLER, "beep")


async def test_an_end_that_was_not_heard_is_asked_for(server: AriServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unheard(_playback: str, _media: str) -> None:
        await server.drop()

    monkeypatch.setattr(whispering, "_LOOK_SECONDS", 0.01)
    server.played = unheard
    async with by_ari(server) as whisper:
        await whisper.play(CALLER, "beep")
    assert any("/playbacks/" in request for request in server.requests)
    assert list(server.channels) == [CALLER]


async def test_a_sound_without_end_is_cut(server: AriServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(_playback: str, _media: str) -> None:
        return

    monkeypatch.setattr(whispering, "LONGEST_SECONDS", 0.05)
    server.played = endless
    async with by_ari(server) as whisper:
        with pytest.raises(PbxRefused, match="was cut"):
            await whisper.play(CALLER, "beep")
    assert list(server.channels) == [CALLER]


async def test_a_helper_channel_that_never_comes_is_given_up(
    server: AriServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whispering, "_BEGIN_SECONDS", 0.02)
    server.tells_of_snoops = False
    async with by_ari(server) as whisper:
        with pytest.raises(PbxUnreachable, match="did not begin"):
            await whisper.play(CALLER, "beep")
    assert list(server.channels) == [CALLER]


async def test_without_a_connection_nothing_is_asked(server: AriServer) -> None:
    ari = Ari("house", server.endpoint, clock=SystemClock())
    with pytest.raises(PbxUnreachable, match="not connected"):
        await Whisper("house", Manager(), ari).play(CALLER, "beep")
    assert server.requests == []
    await ari.close()


async def test_what_a_killed_process_left_is_hung_up_and_nothing_else(server: AriServer) -> None:
    left = {"callreel-whisper-old": "left behind", "another": "talks"}

    async def meanwhile_somebody_tidies(playback: str, media: str) -> None:
        await whisper.tidy()
        assert len(snoops(server)) == 1
        await server.finish(playback, media)

    server.channels |= left
    server.played = meanwhile_somebody_tidies
    async with by_ari(server) as whisper:
        await whisper.play(CALLER, "beep")
    assert list(server.channels) == [CALLER, "another"]


async def test_without_ari_the_dialplan_plays_to_that_channel_only() -> None:
    manager = Manager()
    await Whisper("house", manager).play(CALLER, "custom/recorded")
    (asked,) = manager.asked
    assert asked[0] == "Originate"
    assert asked[1]["Channel"] == "Local/s@callreel-play/n"
    assert asked[1]["Data"] == f"{CALLER},uqWES"
    assert asked[1]["Variable"] == "CALLREEL_SOUND=custom/recorded"


@pytest.mark.parametrize(
    ("error", "mend"),
    [("Permission denied", "right `originate`"), ("Originate failed", r"include dialplan/asterisk/callreel\.conf")],
)
async def test_what_is_missing_without_ari_is_said(error: str, mend: str) -> None:
    with pytest.raises(PbxRefused, match=mend):
        await Whisper("house", Manager(PbxRefused(error))).play(CALLER, "beep")


async def test_an_answer_that_does_not_come_is_an_outage() -> None:
    with pytest.raises(PbxUnreachable, match="in time"):
        await Whisper("house", Manager(TimeoutError())).play(CALLER, "beep")


@pytest.mark.parametrize("sound", ["", "a b", "a,noanswer", "${SHELL(x)}", "a&b", "a\r\nX: y", "a|b", "bëp"])
async def test_what_is_no_name_of_a_sound_reaches_nobody(sound: str) -> None:
    manager = Manager()
    with pytest.raises(PbxRefused, match="no name of a sound"):
        await Whisper("house", manager).play(CALLER, sound)
    assert manager.asked == []
