"""How calls change hands on the scripted switch: the order of events is that of a real FreeSWITCH 1.10.12."""

import time
from collections.abc import Awaitable, Callable

import pytest
import soundfile

from tests.freeswitch import proving
from tests.freeswitch.client import connected
from tests.freeswitch.event import Event
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx import noise
from tests.pbx.waiting import talking, until

Shape = Callable[[ScriptedSwitch], Awaitable[None]]
_QUIET = {"CHANNEL_PROGRESS", "CHANNEL_DESTROY", "HEARTBEAT", "BACKGROUND_JOB"}
_SHORT = {"HANGUP_COMPLETE": "OVER", "CREATE": "NEW"}


def told(switch: ScriptedSwitch, since: int = 0) -> list[str]:
    """`NEW 1000`, `BRIDGE 1000 2000`: what was fired, about whom, and with whom."""
    return [line for event in list(switch.fired)[since:] if (line := _line(event))]


def _line(event: Event) -> str:
    if event.name in _QUIET:
        return ""
    name = event.name.removeprefix("CHANNEL_")
    if event.name == "CUSTOM":
        name = event.get("CC-Action") or event.get("FIFO-Action") or event.get("Action")
    who = _number(event, "Caller")
    if event.name == "CHANNEL_BRIDGE":
        return f"BRIDGE {who} {_number(event, 'Other-Leg')}"
    return f"{_SHORT.get(name, name)} {who}".strip()


def _number(event: Event, prefix: str) -> str:
    channel = event.get(f"{prefix}-Channel-Name")
    return channel.rpartition("/")[2].partition("@")[0]


async def recorded(switch: ScriptedSwitch, *legs: Leg) -> None:
    async with connected(switch.port, events="") as client:
        for leg in legs:
            path = switch.recordings / f"{leg.uuid}.wav"
            await client.ask(f"api uuid_record {leg.uuid} start {path} 0 {{RECORD_READ_ONLY=true}}")


async def caller_hangs_up(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.hang_up(a_leg)


async def callee_hangs_up(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.hang_up(b_leg)


async def caller_gives_up(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound("1000", "2000")
    await switch.dial(a_leg, "2000")
    await switch.hang_up(a_leg)


async def callee_is_busy(switch: ScriptedSwitch) -> None:
    await switch.reject(await switch.dial(await switch.inbound("1000", "2000"), "2000"))


async def second_bridge(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await switch.hang_up(b_leg, keep_other=True)
    await switch.answer(await switch.dial(a_leg, "3000"))


async def uuid_transfer(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.transfer(a_leg, "3000")


async def caller_transfers(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.refer(a_leg, "3000")


async def uuid_bridge(switch: ScriptedSwitch) -> None:
    _, b_leg = await switch.call("1000", "2000")
    _, d_leg = await switch.call("3000", "4000")
    await recorded(switch, b_leg, d_leg)
    await switch.bridge(b_leg, d_leg)


async def attended_transfer(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    consulted = await switch.attended_transfer(b_leg, "3000")
    await switch.complete_transfer(b_leg, consulted)


async def intercepted(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.intercept(a_leg, await switch.inbound("3000", "pickup"))


async def parked(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call("1000", "2000")
    await recorded(switch, b_leg, a_leg)
    await switch.park(a_leg)


async def valet(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound("1000", "park")
    await switch.answer(a_leg)
    await switch.valet_park(a_leg)
    await switch.valet_retrieve(await switch.inbound("3000", "6001"))


async def queued(switch: ScriptedSwitch) -> None:
    queue = switch.queue("sales@default")
    a_leg = await switch.inbound("1000", "sales")
    await queue.join(a_leg)
    first, second = await queue.offer(a_leg, "anna", "2001"), await queue.offer(a_leg, "bert", "2002")
    await queue.fail(a_leg, second)
    await queue.connect(a_leg, first)
    await queue.end(a_leg, first, hangs_up=first)


async def fifo(switch: ScriptedSwitch) -> None:
    line = switch.fifo()
    a_leg, agent = await switch.inbound("1000", "fifo"), await switch.inbound("2000", "serve")
    await line.push(a_leg)
    await line.consume(agent, a_leg)
    await line.end(agent, a_leg, hangs_up=a_leg)


async def held(switch: ScriptedSwitch) -> None:
    _, b_leg = await switch.call("1000", "2000")
    await switch.hold(b_leg)
    await switch.unhold(b_leg)


async def click_to_call(switch: ScriptedSwitch) -> None:
    agent = await switch.originate("2000", caller_number="1000")
    await switch.answer(agent)
    await switch.route(agent, "3000")


async def looped_back(switch: ScriptedSwitch) -> None:
    await switch.loopback(await switch.inbound("1000", "9"), "2000")


_CALL = "NEW 1000, NEW 2000, ANSWER 2000, ANSWER 1000, BRIDGE 1000 2000"
_RECORDED = f"{_CALL}, RECORD_START 2000, RECORD_START 1000"
ORDERS: dict[Shape, str] = {
    caller_hangs_up: f"{_RECORDED}, HANGUP 1000, HANGUP 2000, UNBRIDGE 1000, RECORD_STOP 2000, OVER 2000, "
    "RECORD_STOP 1000, OVER 1000",
    callee_hangs_up: f"{_RECORDED}, HANGUP 2000, RECORD_STOP 2000, OVER 2000, UNBRIDGE 1000, HANGUP 1000, "
    "RECORD_STOP 1000, OVER 1000",
    caller_gives_up: "NEW 1000, NEW 2000, HANGUP 1000, HANGUP 2000, OVER 1000, OVER 2000",
    callee_is_busy: "NEW 1000, NEW 2000, HANGUP 2000, OVER 2000, HANGUP 1000, OVER 1000",
    second_bridge: f"{_CALL}, HANGUP 2000, OVER 2000, UNBRIDGE 1000, NEW 3000, ANSWER 3000, BRIDGE 1000 3000",
    uuid_transfer: f"{_RECORDED}, HANGUP 2000, UNBRIDGE 1000, RECORD_STOP 2000, OVER 2000, NEW 3000, ANSWER 3000, "
    "BRIDGE 1000 3000",
    caller_transfers: f"{_RECORDED}, UNBRIDGE 1000, HANGUP 1000, RECORD_STOP 1000, OVER 1000, NEW 3000, ANSWER 3000, "
    "BRIDGE 2000 3000",
    uuid_bridge: f"{_CALL}, NEW 3000, NEW 4000, ANSWER 4000, ANSWER 3000, BRIDGE 3000 4000, RECORD_START 2000, "
    "RECORD_START 4000, UNBRIDGE 1000, HANGUP 1000, OVER 1000, UNBRIDGE 3000, HANGUP 3000, OVER 3000, BRIDGE 2000 4000",
    attended_transfer: f"{_RECORDED}, NEW 3000, ANSWER 3000, BRIDGE 2000 3000, HANGUP 2000, PARK 3000, UNBRIDGE 2000, "
    "UNPARK 3000, UNBRIDGE 1000, RECORD_STOP 2000, OVER 2000, BRIDGE 3000 1000",
    intercepted: f"{_RECORDED}, NEW 3000, ANSWER 3000, HANGUP 2000, UNBRIDGE 1000, RECORD_STOP 2000, OVER 2000, "
    "BRIDGE 3000 1000",
    parked: f"{_RECORDED}, HANGUP 2000, UNBRIDGE 1000, RECORD_STOP 2000, OVER 2000, PARK 1000",
    valet: "NEW 1000, ANSWER 1000, hold 1000, NEW 3000, ANSWER 3000, bridge 1000, exit 1000, BRIDGE 3000 1000",
    queued: "NEW 1000, ANSWER 1000, member-queue-start 1000, members-count, agent-state-change, agent-offering, "
    "NEW 2001, members-count, agent-state-change, agent-offering, NEW 2002, HANGUP 2002, OVER 2002, bridge-agent-fail, "
    "agent-state-change, ANSWER 2001, bridge-agent-start 2001, BRIDGE 1000 2001, agent-state-change, HANGUP 2001, "
    "OVER 2001, UNBRIDGE 1000, HANGUP 1000, OVER 1000, bridge-agent-end 2001, member-queue-end 1000, "
    "agent-state-change",
    fifo: "NEW 1000, NEW 2000, ANSWER 1000, push 1000, ANSWER 2000, consumer_start 2000, caller_pop 1000, "
    "consumer_pop 2000, channel-consumer-start 2000, bridge-consumer-start 2000, bridge-caller-start 1000, "
    "BRIDGE 2000 1000, HANGUP 1000, OVER 1000, UNBRIDGE 2000, channel-consumer-stop 2000, bridge-consumer-stop 2000, "
    "bridge-caller-stop 1000, consumer_stop 2000, HANGUP 2000, OVER 2000",
    held: f"{_CALL}, HOLD 2000, UNHOLD 2000",
    click_to_call: "NEW 2000, ANSWER 2000, NEW 3000, ANSWER 3000, BRIDGE 2000 3000",
    looped_back: "NEW 1000, NEW 2000-a, NEW 2000-b, NEW 2000, ANSWER 2000, ANSWER 2000-a, ANSWER 2000-b, "
    "BRIDGE 2000-b 2000, ANSWER 1000, BRIDGE 1000 2000-a",
}


@pytest.mark.parametrize("shape", ORDERS, ids=lambda shape: shape.__name__)
async def test_a_shape_is_told_in_the_order_of_the_real_one(switch: ScriptedSwitch, shape: Shape) -> None:
    await shape(switch)
    assert ", ".join(told(switch)) == ORDERS[shape]


async def test_a_recording_stays_with_its_leg_over_a_transfer(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call("1000", "2000")
    path = switch.recordings / "a.wav"
    async with connected(switch.port) as client:
        await client.ask(f"api uuid_record {a_leg.uuid} start {path} 0 {{RECORD_STEREO=true}}")
        begun = time.time()
        await talking(0.2)
        third = await switch.transfer(a_leg, "3000")
        assert third is not None
        await talking(0.2)
        await switch.hang_up(a_leg)
    samples, _ = soundfile.read(path, dtype="int16")
    assert {run.stream for run in noise.runs(samples[:, 1])} >= {third.stream}
    proving.assert_said(
        path,
        left=a_leg,
        right=[],
        between=(begun + 0.02, time.time()),
        also_right={run.stream for run in noise.runs(samples[:, 1])},
    )


async def test_a_call_through_loopback_is_heard_on_both_real_legs(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound("1000", "9")
    phone = await switch.loopback(a_leg, "2000")
    paths = [switch.recordings / f"{leg.number}.wav" for leg in (a_leg, phone)]
    async with connected(switch.port) as client:
        for leg, path in zip((a_leg, phone), paths, strict=True):
            await client.ask(f"api uuid_record {leg.uuid} start {path} 0 {{RECORD_STEREO=true}}")
        begun = time.time()
        await talking(0.3)
        between = begun + 0.02, time.time()
        await switch.hang_up(a_leg)
        await until(lambda: not list(switch.legs), "all four legs to end")
    for (left, right), path in zip(((a_leg, phone), (phone, a_leg)), paths, strict=True):
        proving.assert_said(path, left=left, right=right, between=between)


async def test_exported_variables_reach_the_b_leg_and_set_ones_do_not(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound(variables={"from_dialplan": "yes"})
    await switch.execute(a_leg, "set", "only=a")
    await switch.execute(a_leg, "export", "both=ab")
    await switch.execute(a_leg, "export", "nolocal:other=b")
    b_leg = await switch.dial(a_leg, "2000")
    first, second = (event for event in switch.fired if event.name == "CHANNEL_CREATE")
    assert first.get("variable_from_dialplan") == ""
    assert [a_leg.text(name) for name in ("from_dialplan", "only", "both", "other")] == ["yes", "a", "ab", ""]
    assert [b_leg.text(name) for name in ("from_dialplan", "only", "both", "other")] == ["", "", "ab", "b"]
    assert second.get("variable_other") == "b"


async def test_a_transfer_comes_to_the_dialplan(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()

    async def lobby(leg: Leg) -> None:
        await switch.join(leg, "lobby")

    switch.dialplan["700"] = lobby
    async with connected(switch.port) as client:
        assert await client.ask(f"api uuid_transfer {a_leg.uuid} 700") == "+OK\n"
        entered = await client.event("conference::maintenance", Action="add-member")
    assert entered.channel == a_leg.uuid
    assert a_leg.is_alive
