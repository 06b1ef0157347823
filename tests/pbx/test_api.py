"""Calls of a real Asterisk under a client of the HTTP API: begun and ended from there, recorded from there. What is
stored is exactly what was said between the orders; the phones know."""

import asyncio
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.http_client import HttpClient, Reply, first_key
from tests.pbx import proof
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import DRIVER, Login, Wishes
from tests.pbx.daemon import NAME, Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import Recording, Voice, assert_complete, assert_length
from tests.pbx.waiting import talking, until, until_told

pytestmark = pytest.mark.asterisk

TALK_SECONDS = 1.5
#: Two recorders are muted one after the other, and their files are placed to 40 ms.
EDGE_SECONDS = 0.060
#: A test that is tried again has a call of its own.
NUMBERS = itertools.count(210)
COMPANY = "+493055500"
CUSTOMER = "+498912345"
#: What runs after each order; "" is nothing.
AFTERWARDS = {"start": "recording", "pause": "paused", "resume": "recording", "stop": ""}
OUTBOUND = {
    "pbx": NAME,
    "context": "phones",
    "numbers": ["+49X."],
    "endpoints": {"ep_1": "PJSIP/201@phones", "ep_busy": "PJSIP/busy@phones"},
    "caller_ids": [COMPANY],
}


@dataclass(frozen=True)
class Api:
    """As somebody elsewhere has it: an address and a key."""

    client: HttpClient

    async def ask(self, method: str, path: str, body: object = None) -> Reply:
        return await asyncio.to_thread(self.client.ask, method, path, body)

    async def done(self, method: str, path: str, body: object = None) -> Any:
        reply = await self.ask(method, path, body)
        assert reply.status in {200, 202}, reply.text
        return reply.body

    async def told(self, path: str, state: str) -> None:
        """The order is obeyed; what became of it is in the catalogue a moment later."""

        async def is_told() -> bool:
            reply = await self.ask("GET", path)
            return (reply.body["state"] if reply.status == 200 else "") == state

        await until_told(is_told, f"{path} {state or 'nothing'}")

    async def live_call(self, caller: Leg) -> str:
        """Its id, as soon as the API tells that it is talked."""

        async def found() -> list[Any]:
            calls = await self.done("GET", "/v1/calls?status=in_progress")
            return [call for call in calls["calls"] if call["from_number"] == caller.user]

        [call] = await until_told(found, f"the call of {caller.user}")
        return str(call["id"])

    async def placed(self, endpoint: str, **wish: Any) -> Any:
        """A call that the PBX shall place, once it is settled."""
        wanted = {"from_number": COMPANY, "to_number": CUSTOMER, "endpoint_id": endpoint, **wish}
        ordered = await self.done("POST", "/v1/outbound-calls", wanted)

        async def settled() -> Any:
            now = await self.done("GET", f"/v1/outbound-calls/{ordered['command_id']}")
            return now if now["status"] != "queued" else None

        return await until_told(settled, "what became of the call")


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(
        dialplan=f"\n[phones]\nexten => {CUSTOMER},1,Dial(PJSIP/customer@phones,30)\n",
        driver=Login(user=DRIVER.user, secret=DRIVER.secret, read=DRIVER.read, write=f"{DRIVER.write},originate"),
    )


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Nothing is recorded unless somebody wants it."""
    own = Daemon(tmp_path_factory.mktemp("daemon"), asterisk)
    own.settings["defaults"]["record"] = "no"
    own.settings["api"]["outbound"] = OUTBOUND
    own.write_settings()
    with own as running:
        yield running


@pytest.fixture
async def api(daemon: Daemon) -> Api:
    """With the key that the first start prints."""
    key = await until(lambda: first_key(daemon.role.log.read_text()), "the first key")
    return Api(HttpClient(f"http://{daemon.settings['api']['listen']}", key))


async def a_talk(phones: Phone, number: str) -> tuple[Leg, Leg]:
    caller = await phones.call(f"to_{number}", user=f"+4930{number}")
    agent = await phones.answered(number)
    await talked(caller, agent)
    return caller, agent


async def talked(caller: Leg, agent: Leg) -> None:
    await asyncio.gather(caller.heard_from(agent.stream), agent.heard_from(caller.stream))
    await talking(TALK_SECONDS)


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # an address of this machine
        content: bytes = answer.read()
        return content


def assert_between(moment: float, first: float, last: float) -> None:
    assert first - EDGE_SECONDS <= moment <= last + EDGE_SECONDS, (moment, first, last)


def said_between(recording: Recording, legs: tuple[Leg, Leg], begins: float, ends: float) -> list[str]:
    """Whose words of that time the recording holds, on any side."""
    voices = [Voice.of(leg) for leg in legs]
    return [
        f"{finding.voice.name} from {finding.voice.wall(run.source):.3f} to {finding.voice.wall(run.source_end):.3f}"
        for finding in proof.examine(recording, left=voices, right=voices).all
        for run in finding.runs
        if finding.voice.wall(run.source_end) > begins and finding.voice.wall(run.source) < ends
    ]


async def test_a_call_is_recorded_from_start_to_stop_without_what_was_said_in_the_pause(
    phones: Phone, daemon: Daemon, api: Api
) -> None:
    legs = caller, agent = await a_talk(phones, str(next(NUMBERS)))
    call = await api.live_call(caller)
    here = f"/v1/calls/{call}/recording"
    assert daemon.recordings(caller) == []
    assert (await api.ask("POST", f"{here}/pause")).status == 409
    moments: dict[str, tuple[float, float]] = {}
    for order in ("start", "pause", "resume", "stop"):
        asked = time.time()
        reply = await api.ask("POST", f"{here}/{order}", {"command_id": f"{order}-{call}"})
        moments[order] = (asked, time.time())
        assert (reply.status, reply.body["state"]) == (200, "done"), reply.text
        await api.told(f"{here}/current", AFTERWARDS[order])
        await talking(TALK_SECONDS)
    # The same order is the earlier one; the recording stays stopped.
    assert (await api.done("POST", f"{here}/start", {"command_id": f"start-{call}"}))["state"] == "done"
    await caller.hang_up()
    [row] = await daemon.available(caller)
    assert row["rule"].startswith("asked for by key ")
    assert_between(float(row["started_at"]), *moments["start"])
    assert_between(float(row["ended_at"]), *moments["stop"])
    [pause] = json.loads(row["pauses"])
    assert_between(pause["start"], *moments["pause"])
    assert_between(pause["end"], *moments["resume"])
    recording = daemon.sound(row)
    between = (float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04)
    assert_complete(
        recording,
        left=[Voice.of(caller, between=between)],
        right=[Voice.of(agent, between=between)],
        gaps=[(pause["start"] - EDGE_SECONDS, pause["end"] + EDGE_SECONDS)],
    )
    assert_length(recording, begins=float(row["started_at"]), ends=float(row["ended_at"]))
    assert not said_between(recording, legs, pause["start"] + EDGE_SECONDS, pause["end"] - EDGE_SECONDS)
    assert not said_between(recording, legs, 0.0, moments["start"][0] - EDGE_SECONDS)
    assert not said_between(recording, legs, moments["stop"][1] + EDGE_SECONDS, float("inf"))
    link = await api.done("GET", f"{here}?kind=stereo")
    assert await asyncio.to_thread(fetched, link["recording_url"]) == daemon.file(row).read_bytes()


async def test_a_placed_call_rings_the_phone_dials_the_number_and_is_recorded_as_it_was_told(
    phones: Phone, daemon: Daemon, api: Api
) -> None:
    placing = asyncio.create_task(api.placed("ep_1", recording_enabled=True, client_state="aGk="))
    agent, customer = await phones.answered("201"), await phones.answered("customer")
    placed = await placing
    assert (placed["status"], placed["reason"]) == ("answered", None)
    await talked(customer, agent)
    told = await api.done("GET", f"/v1/calls/{placed['call_id']}")
    assert (told["status"], told["direction"], told["to_number"]) == ("in_progress", "outbound", CUSTOMER)
    await agent.hang_up()
    [row] = [row for row in await daemon.settled(agent) if row["call_id"] == placed["call_id"]]
    assert row["state"] == "available", row["reason"]
    between = (float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04)
    voices = [Voice.of(leg, between=between) for leg in (customer, agent)]
    assert_complete(daemon.sound(row), left=voices[:1], right=voices[1:])


async def test_a_call_that_could_not_be_placed_says_why(phones: Phone, api: Api) -> None:
    phones.manners["busy"] = Manner(rejects_with=486)
    placed = await api.placed("ep_busy")
    assert (placed["status"], placed["call_id"]) == ("failed", None)
    assert "busy" in placed["reason"]
    assert (await api.ask("GET", "/v1/outbound-calls/nobodys")).status == 404
