"""The line between callreel and FreeSWITCH breaks, freezes or carries nonsense in the middle of calls, or callreel is
not let in: no call loses its recording, and health says what is wrong for as long as it is."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.freeswitch.daemon import Daemon, began, freeswitch_settings
from tests.freeswitch.going_through import CALLS, assert_all_recorded, said
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.line import Line
from tests.pbx.waiting import talking, until

CUT_SECONDS = 2.5
FLOOD = 5_000
FRAME = b"Content-Type: %s\nContent-Length: %d\n\n%s"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path_factory.mktemp("switch")) as switch:
        yield switch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(switch: ScriptedSwitch) -> Line:
    return Line(switch.port)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(switch: ScriptedSwitch, line: Line, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """Its way to the event socket is the line."""
    async with line.open() as port:
        daemon = Daemon(tmp_path_factory.mktemp("house") / "callreel", switch, port=port)
        try:
            yield await daemon.begin()
        finally:
            daemon.kill()


async def test_some_seconds_without_a_connection_cost_no_event_its_effect(
    daemon: Daemon, switch: ScriptedSwitch, line: Line
) -> None:
    async with AsyncExitStack() as cut:

        async def breaks() -> None:
            cut.enter_context(line.dead())

        async def mends() -> None:
            seen = daemon.resynchronisations
            await talking(CUT_SECONDS)
            await daemon.says("does not speak with us")
            await cut.aclose()
            await daemon.back(seen)

        await assert_all_recorded(daemon, switch, CALLS, breaks, mends)
    await daemon.is_well()


async def test_a_connection_that_froze_and_an_answer_that_never_comes_are_noticed_and_cost_no_recording(
    tmp_path: Path,
) -> None:
    """Two FreeSWITCHes, as both take their time. Of answers that are told apart by their order alone none can be
    trusted after one that is missing."""
    async with two_offices(tmp_path) as (office, branch, line, daemon):
        await daemon.begin()
        talk, on_hand = await office.call("+49301000", "2000")
        over, other = await office.call("+49301001", "2001")
        far, partner = await branch.call("+49301003", "2003")
        await talking(1.0)
        seen = daemon.resynchronisations
        branch.lies.replies_dropped = 1
        with line.frozen():
            await office.hang_up(over)
            await daemon.says("PBX office", "said nothing")
            await until(lambda: daemon.role.said("pbx lost", pbx="branch"), "that the other one is given up")
            late, answering = await office.call("+49301002", "2002")
        since = await daemon.back(seen + 1)
        await talking(2.0)
        for switch, caller in ((office, talk), (office, late), (branch, far)):
            await switch.hang_up(caller)
        await daemon.talk_is_whole(talk, on_hand)
        await daemon.talk_is_whole(far, partner)
        row = await daemon.arrived(over)
        daemon.assert_whole(row, left=[said(over)], right=[said(other)])
        row = await daemon.arrived(late)
        daemon.assert_whole(row, left=[said(late, since=since)], right=[said(answering, since=since)])
        await daemon.is_well()


async def test_refusals_are_said_and_need_no_restart_of_ours_once_they_are_mended(tmp_path: Path) -> None:
    """A wrong password at one, an address that is not let in at the other; calls that had begun before are recorded
    from then on."""
    async with two_offices(tmp_path) as (office, branch, line, daemon):
        office.change_password("another")
        branch.refuse_acl = True
        daemon.role.start()
        await asyncio.to_thread(daemon.role.until_said, "capture runs")
        calls = [await office.call("+49301000", "2000"), await branch.call("+49301001", "2001")]
        await daemon.says("PBX office", "login refused", "event_socket.conf.xml")
        await daemon.says("PBX branch", "refuses our address", "apply-inbound-acl")
        office.change_password("secret")
        branch.refuse_acl = False
        tries = line.tries
        since = await daemon.back(1)
        # It was not hammered: pauses of 2, 4, 8 ... seconds; the last try takes both connections.
        assert line.tries - tries <= 3
        await talking(2.0)
        for switch, (caller, _) in zip((office, branch), calls, strict=True):
            await switch.hang_up(caller)
        for caller, agent in calls:
            row = await daemon.arrived(caller)
            daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])
        await daemon.is_well()


@asynccontextmanager
async def two_offices(folder: Path) -> AsyncIterator[tuple[ScriptedSwitch, ScriptedSwitch, Line, Daemon]]:
    """Both at one callreel, which is not started yet; the first one by a line."""
    async with ScriptedSwitch(folder / "office") as office, ScriptedSwitch(folder / "branch") as branch:
        line = Line(office.port)
        async with line.open() as port:
            daemon = Daemon(folder / "callreel", office, port=port, others={"branch": freeswitch_settings(branch)})
            try:
                yield office, branch, line, daemon
            finally:
                daemon.kill()


NONSENSE = {
    "no header at all": b"\x00\xff\xfe\x80" * 4096 + b"\n\n",
    "a length that is none": b"Content-Type: text/event-json\nContent-Length: -7\n\n",
    "a length beyond all measure": b"Content-Type: text/event-json\nContent-Length: 99999999999999\n\n",
    "an answer that nobody asked for": FRAME % (b"api/response", 3, b"+OK"),
    "an event that is no JSON": FRAME % (b"text/event-json", 9, b'{"Event-N'),
    "an event that is a list": FRAME % (b"text/event-json", 7, b"[1,2,3]"),
    "an event with no strings in it": FRAME % (b"text/event-json", 42, b'{"Event-Name":7,"Unique-ID":{"a":[null]}}\n'),
    "an event that says nothing": FRAME % (b"text/event-json", 30, b'{"Event-Name":"RECORD_STOP"}\r\n'),
    "an event of a deep nest": FRAME % (b"text/event-json", 40_000, b"[" * 40_000),
    "another content": FRAME % (b"text/forged", 2, b"\xff\xff"),
}


async def test_nonsense_on_the_line_costs_no_recording(daemon: Daemon, switch: ScriptedSwitch) -> None:
    caller, agent = await switch.call("+49303000", "2300")
    await talking(0.5)
    calls = [(caller, agent)]
    for number, nonsense in enumerate(NONSENSE.values(), start=1):
        await until(lambda: switch.clients == 2, "both connections")
        await switch.forge(nonsense)
        calls.append(await switch.call(f"+4930200{number:02d}", f"21{number:02d}"))
        await talking(0.3)
    await until(lambda: switch.clients == 2, "both connections")
    await until(lambda: len(switch.running()) == 2 * len(calls), "the recorders of all calls")
    since = time.time()
    await talking(1.0)
    for caller, _ in calls:
        await switch.hang_up(caller)
    await daemon.talk_is_whole(*calls[0])
    for caller, agent in calls[1:]:
        row = await daemon.arrived(caller)
        daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])
    await daemon.is_well()


async def test_a_flood_of_other_peoples_events_costs_nothing(daemon: Daemon, switch: ScriptedSwitch) -> None:
    """Recorders, rooms, keys and orders that are none of ours, on legs that we follow and on others."""
    caller, agent = await switch.call("+49304000", "2400")
    await talking(1.0)
    flood(switch, agent)
    second, other = await switch.call("+49304001", "2401")
    flood(switch, other)
    await talking(2.0)
    for leg in (caller, second):
        await switch.hang_up(leg)
    await daemon.talk_is_whole(caller, agent)
    row = await daemon.arrived(second)
    # How long the flood took until its bridge was read depends on the machine.
    since = began(switch, second, other)
    daemon.assert_whole(row, left=[said(second, since=since)], right=[said(other, since=since)])
    assert not switch.running()
    await daemon.is_well()


def flood(switch: ScriptedSwitch, leg: Leg) -> None:
    theirs = {"Record-File-Path": f"{switch.recordings}/theirs/call.wav", "Record-Completion-Cause": "success-maxtime"}
    for number in range(FLOOD // 5):
        switch.exchange.fire_channel("RECORD_START", leg, theirs)
        switch.exchange.fire_channel("RECORD_STOP", leg, theirs)
        switch.exchange.fire_channel("DTMF", leg, {"DTMF-Digit": "5"})
        room = {"Action": "floor-change", "Conference-Name": f"room{number}", "Conference-Unique-ID": f"no-{number}"}
        switch.exchange.fire("CUSTOM", room, subclass="conference::maintenance")
        switch.exchange.fire("CUSTOM", {"CC-Action": "member-queue-count"}, subclass="callcenter::info")
