"""Sounds to one party of a real call, proved by sound: who hears it, who does not, what the recorder has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import soundfile

from connector.domain.ids import ChannelId
from connector.domain.secret import Secret
from connector.errors import PbxRefused
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ari import Ari
from connector.pbx.asterisk.whisper import Whisper
from connector.settings import Endpoint
from tests.pbx import noise
from tests.pbx.asterisk import ROOT, Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.leg import Leg
from tests.pbx.manager import Manager
from tests.pbx.phone import Manner, Phone
from tests.pbx.sounds import Silence

pytestmark = pytest.mark.asterisk

#: The prompt is a second long; a first or last frame may be lost.
PROMPT_SAMPLES = 8000
LOST_SAMPLES = 320
LIMIT_SECONDS = 20.0


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(dialplan=f'\n#include "{ROOT}/dialplan/asterisk/callreel.conf"\n')


@pytest.fixture
async def manager(pbx: Asterisk) -> AsyncIterator[Manager]:
    async with Manager(pbx.ports.ami, pbx.admin) as manager:
        yield manager


@asynccontextmanager
async def whispering(way: str, pbx: Asterisk, manager: Manager) -> AsyncIterator[Whisper]:
    if way == "by dialplan":
        yield Whisper("house", manager)
        return
    login = Secret(pbx.driver.secret)
    ari = Ari(
        "house",
        Endpoint(user=pbx.driver.user, password=login, host="127.0.0.1", port=pbx.ports.http),
        clock=SystemClock(),
    )
    running = asyncio.create_task(ari.run())
    try:
        await ari.up()
        yield Whisper("house", manager, ari)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await ari.close()


def prompt(pbx: Asterisk) -> str:
    return str(pbx.folder / "sounds" / "prompt")


def of(leg: Leg, stream: int) -> int:
    """How many samples of that stream the leg heard."""
    return sum(run.length for _, run in leg.heard() if run.stream == stream)


async def quiet_call(phone: Phone, manager: Manager, agent_name: str) -> tuple[Leg, Leg, ChannelId]:
    """A call whose agent says nothing, so that what is mixed into it is found exactly; and the caller's channel."""
    phone.manners[agent_name] = Manner(sound=Silence())
    seen = len(manager.events)
    caller = await phone.call(f"to_{agent_name}")
    agent = await phone.answered(agent_name)
    await agent.heard_from(caller.stream)
    entered = [packet for packet in manager.events[seen:] if packet.get("Event") == "BridgeEnter"]
    channel = next(each["Uniqueid"] for each in entered if each["Uniqueid"] == each["Linkedid"])
    return caller, agent, ChannelId(channel)


@pytest.mark.parametrize("way", ["by ari", "by dialplan"])
async def test_one_party_hears_it_the_other_does_not_and_the_recorder_takes_no_notice(
    way: str, pbx: Asterisk, phone: Phone, manager: Manager
) -> None:
    caller, agent, channel = await quiet_call(phone, manager, "agent1")
    place = pbx.recording_folder / f"{way[3:]}.wav"
    await manager.act("MixMonitor", {"Channel": channel, "Options": f"r({place})i(X)"})
    async with asyncio.timeout(LIMIT_SECONDS), whispering(way, pbx, manager) as whisper:
        await agent.heard_from(caller.stream, seconds=0.3)
        await whisper.play(channel, prompt(pbx))
        await agent.heard_from(caller.stream, seconds=1.5)
        assert of(caller, noise.PROMPT) >= PROMPT_SAMPLES - LOST_SAMPLES
        assert of(agent, noise.PROMPT) == 0
        helpers = [name for name in await pbx.channels() if not name.startswith("PJSIP/")]
        assert helpers == []
    assert not caller.ended.is_set()
    assert not agent.ended.is_set()
    (heard,) = [run for _, run in agent.heard()]
    assert heard.stream == caller.stream
    await caller.hang_up()
    await pbx.idle()
    samples, _ = soundfile.read(place, dtype="int16")
    (recorded,) = noise.runs(samples)
    assert recorded.stream == caller.stream
    assert recorded.length >= 1.8 * 8000


@pytest.mark.parametrize("way", ["by ari", "by dialplan"])
async def test_many_are_played_to_at_once(way: str, pbx: Asterisk, phone: Phone, manager: Manager) -> None:
    calls = [await quiet_call(phone, manager, f"agent{number}") for number in range(1, 5)]
    async with asyncio.timeout(LIMIT_SECONDS), whispering(way, pbx, manager) as whisper:
        async with asyncio.TaskGroup() as tasks:
            for _, _, channel in calls:
                tasks.create_task(whisper.play(channel, prompt(pbx)))
        await calls[-1][1].heard_from(calls[-1][0].stream, seconds=1.5)
    for caller, agent, _ in calls:
        assert of(caller, noise.PROMPT) >= PROMPT_SAMPLES - LOST_SAMPLES
        assert of(agent, noise.PROMPT) == 0
        assert not caller.ended.is_set()


async def test_the_beep_and_a_sound_that_is_not_there(pbx: Asterisk, phone: Phone, manager: Manager) -> None:
    _, _, channel = await quiet_call(phone, manager, "agent1")
    async with asyncio.timeout(LIMIT_SECONDS), whispering("by ari", pbx, manager) as whisper:
        await whisper.play(channel, "beep")
        with pytest.raises(PbxRefused, match="has no sound 'custom/nothing'"):
            await whisper.play(channel, "custom/nothing")
        with pytest.raises(PbxRefused, match="404"):
            await whisper.play(ChannelId("1.1"), "beep")


async def test_a_call_that_ends_first_ends_the_sound_and_leaves_nothing(
    pbx: Asterisk, phone: Phone, manager: Manager
) -> None:
    caller, _, channel = await quiet_call(phone, manager, "agent1")
    async with asyncio.timeout(LIMIT_SECONDS), whispering("by ari", pbx, manager) as whisper:
        playing = asyncio.create_task(whisper.play(channel, prompt(pbx)))
        await caller.heard_from(noise.PROMPT)
        await caller.hang_up()
        with pytest.raises(PbxRefused):
            await playing
    await pbx.idle()


async def test_what_a_killed_process_left_goes_with_the_next_connection(
    pbx: Asterisk, phone: Phone, manager: Manager
) -> None:
    caller, agent, channel = await quiet_call(phone, manager, "agent1")
    async with whispering("by ari", pbx, manager) as whisper:
        assert whisper._ari is not None
        await whisper._ari.request(
            "channels", "snoopChannelWithId", channelId=channel, snoopId="callreel-whisper-x", whisper="out",
            app="callreel",
        )  # fmt: skip
        assert any(name.startswith("Snoop/") for name in await pbx.channels())
    async with asyncio.timeout(LIMIT_SECONDS), whispering("by ari", pbx, manager) as whisper:
        await whisper.tidy()
        await manager.told("Hangup", Uniqueid="callreel-whisper-x")
        await agent.heard_from(caller.stream)


async def test_without_the_right_or_the_snippet_it_says_what_to_do(
    pbx: Asterisk, phone: Phone, manager: Manager
) -> None:
    _, _, channel = await quiet_call(phone, manager, "agent1")
    async with Manager(pbx.ports.ami, pbx.driver) as least:
        with pytest.raises(PbxRefused, match="right `originate`"):
            await Whisper("house", least).play(channel, "beep")
    await pbx.cli("dialplan remove context callreel-play")
    try:
        with pytest.raises(PbxRefused, match=r"callreel\.conf"):
            await Whisper("house", manager).play(channel, "beep")
    finally:
        await pbx.cli("dialplan reload")
