"""Channels and bridges that another ARI application owns: AMI tells of them like of any other, and they are recorded.

The recorders are started here by hand, as a driver would: at BridgeEnter, on each channel.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import soundfile

from tests.pbx import noise
from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.manager import Manager, Packet
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete

pytestmark = pytest.mark.asterisk

OTHER = "switchboard"
LIMIT_SECONDS = 20.0


@pytest.fixture
async def manager(pbx: Asterisk) -> AsyncIterator[Manager]:
    """With the driver's rights, which have to be enough."""
    async with Manager(pbx.ports.ami, pbx.driver) as manager:
        yield manager


@dataclass
class Application:
    """Somebody else's program: takes the channels that come into Stasis and does with them what it likes."""

    session: aiohttp.ClientSession
    websocket: aiohttp.ClientWebSocketResponse

    async def channel(self) -> str:
        """The next one that comes to it."""
        async for message in self.websocket:
            event = message.json()
            if event["type"] == "StasisStart":
                return str(event["channel"]["id"])
        raise AssertionError("Asterisk closed the application's connection")

    async def do(self, method: str, path: str, **query: str) -> dict[str, str]:
        async with self.session.request(method, f"/ari/{path}", params=query) as response:
            assert response.status < 300, await response.text()
            return await response.json() if response.status == 200 else {}


@pytest.fixture
async def application(pbx: Asterisk) -> AsyncIterator[Application]:
    login = aiohttp.encode_basic_auth(pbx.driver.user, pbx.driver.secret)
    address = f"http://127.0.0.1:{pbx.ports.http}"
    async with (
        aiohttp.ClientSession(address, headers={"Authorization": login}) as session,
        session.ws_connect("/ari/events", params={"app": OTHER}) as websocket,
    ):
        yield Application(session, websocket)


async def two_in_a_bridge(
    phone: Phone, manager: Manager, application: Application, kind: str
) -> tuple[Leg, Leg, list[Packet]]:
    """A caller in Stasis, an agent dialled by the application, both in its bridge; and their BridgeEnter events."""
    caller = await phone.call(f"stasis_{OTHER}")
    first = await application.channel()
    await application.do("POST", "bridges/theirs", type=kind, name="a name of theirs")
    await application.do("POST", "bridges/theirs/addChannel", channel=first)
    agent_channel = await application.do(
        "POST", "channels", endpoint="PJSIP/agent1@phones", app=OTHER, originator=first, timeout="10"
    )
    agent = await phone.answered("agent1")
    assert await application.channel() == agent_channel["id"]
    await application.do("POST", "bridges/theirs/addChannel", channel=agent_channel["id"])
    events = [await manager.told("BridgeEnter", Uniqueid=channel) for channel in (first, agent_channel["id"])]
    return caller, agent, events


@pytest.mark.parametrize("kind", ["mixing", "mixing,proxy_media"])
async def test_a_call_that_another_application_owns_is_recorded_like_any_other(
    pbx: Asterisk, phone: Phone, manager: Manager, application: Application, kind: str
) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        caller, agent, events = await two_in_a_bridge(phone, manager, application, kind)
        for event in events:
            assert event["BridgeUniqueid"] == "theirs"
            assert event["BridgeCreator"] == "Stasis"
            assert event["BridgeName"] == "a name of theirs"
            place = pbx.recording_folder / f"{event['Uniqueid']}.wav"
            await manager.act("MixMonitor", {"Channel": event["Uniqueid"], "Options": f"r({place})i(X)"})
        await caller.heard_from(agent.stream, seconds=2)
        await agent.heard_from(caller.stream)
        await caller.hang_up()
        await application.do("DELETE", "bridges/theirs")
        await application.do("DELETE", f"channels/{events[1]['Uniqueid']}")
        await pbx.idle()
    for leg, event in zip((caller, agent), events, strict=True):
        samples, _ = soundfile.read(pbx.recording_folder / f"{event['Uniqueid']}.wav", dtype="int16")
        (said,) = noise.runs(samples)
        assert said.stream == leg.stream
        assert said.length >= 1.9 * 8000
    assert {packet["BridgeCreator"] for packet in manager.all("BridgeLeave")} == {"Stasis"}


async def test_a_holding_bridge_of_another_application_says_that_it_is_one(
    phone: Phone, manager: Manager, application: Application
) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        await phone.call(f"stasis_{OTHER}")
        channel = await application.channel()
        await application.do("POST", "bridges/waiting", type="holding")
        await application.do("POST", "bridges/waiting/addChannel", channel=channel)
        entered = await manager.told("BridgeEnter", Uniqueid=channel)
        await application.do("DELETE", "bridges/waiting")
    assert entered["BridgeTechnology"] == "holding_bridge"
    assert entered["BridgeCreator"] == "Stasis"


async def test_callreel_records_it_from_the_bridge_to_its_end(
    pbx: Asterisk, phone: Phone, manager: Manager, application: Application, tmp_path: Path
) -> None:
    with Daemon(tmp_path / "callreel", pbx) as daemon:
        caller, agent, events = await two_in_a_bridge(phone, manager, application, "mixing")
        await caller.heard_from(agent.stream, seconds=2)
        await agent.heard_from(caller.stream)
        await caller.hang_up()
        await application.do("DELETE", f"channels/{events[1]['Uniqueid']}")
        recording = await daemon.recorded(caller)
        await application.do("DELETE", "bridges/theirs")
    assert_complete(recording, left=[Voice.of(caller, heard_by=agent)], right=[Voice.of(agent, heard_by=caller)])
