"""Calls of many shapes that go through an outage at the same time, and the proof that each of them is one recording.

Knows the scripted switch and what callreel tells of itself; what breaks is the test's business.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.freeswitch import proving
from tests.freeswitch.daemon import COMING_BACK_SECONDS, Daemon
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.outage import Act, Outage, through
from tests.pbx.proof import Voice
from tests.pbx.waiting import talking

TALK_SECONDS: Final = 1.0
#: The machine does much at once when a daemon starts.
START_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who spoke in a call; before `caller_from` and `agents_from` nobody can have recorded them."""

    caller: Leg
    agents: tuple[Leg, ...]
    caller_from: float = 0.0
    agents_from: tuple[float, ...] = ()

    def assert_recorded(self, daemon: Daemon, row: dict[str, Any]) -> None:
        agents_from = self.agents_from or (0.0,) * len(self.agents)
        daemon.assert_whole(
            row,
            left=[said(self.caller, since=self.caller_from)],
            right=[said(agent, since=begins) for agent, begins in zip(self.agents, agents_from, strict=True)],
            lost_at_start_seconds=START_SECONDS,
        )


def said(leg: Leg, *, since: float = 0.0, until: float = float("inf")) -> Voice:
    """From its first bridge on, between two times."""
    assert leg.bridged_frame is not None, f"{leg.number} never met anybody"
    last = leg.clock.frame() if leg.ended_frame is None else leg.ended_frame
    return proving.voice(leg, between=(max(since, leg.clock.wall(leg.bridged_frame)), min(until, leg.clock.wall(last))))


Call = Callable[[ScriptedSwitch, str, Outage], Awaitable[Told]]


async def a_talk(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(switch, name)
    await outage.comes()
    await outage.goes()
    return await _over(switch, caller, agent)


async def a_wideband_talk(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await switch.call(f"+49301{name}", f"2{name}", rate=16000)
    await talking(TALK_SECONDS)
    await outage.comes()
    await outage.goes()
    return await _over(switch, caller, agent)


async def a_hold_around_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(switch, name)
    await switch.hold(agent)
    await outage.comes()
    await outage.goes()
    await switch.unhold(agent)
    return await _over(switch, caller, agent)


async def a_hold_that_begins_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(switch, name)
    await outage.comes()
    await switch.hold(agent)
    await outage.goes()
    await switch.unhold(agent)
    return await _over(switch, caller, agent)


async def a_hold_that_ends_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(switch, name)
    await switch.hold(agent)
    await outage.comes()
    await switch.unhold(agent)
    await outage.goes()
    return await _over(switch, caller, agent)


async def a_silence_on_both_sides(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    """No file of this call grows meanwhile."""
    caller, agent = await _talking(switch, name)
    await switch.hold(agent)
    await switch.hold(caller)
    await outage.comes()
    await outage.goes()
    await switch.unhold(caller)
    await switch.unhold(agent)
    return await _over(switch, caller, agent)


async def a_transfer_that_rings_through_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(switch, name)
    second: list[Leg] = []

    async def rings(leg: Leg) -> None:
        second.append(await switch.dial(leg, f"25{name}"))

    switch.dialplan[f"5{name}"] = rings
    await switch.refer(agent, f"5{name}")
    await outage.comes()
    await outage.goes()
    await switch.answer(second[0])
    return await _over(switch, caller, agent, *second)


async def a_transfer_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    """Nobody was there to start the new agent's recorder; the caller's runs on."""
    caller, agent = await _talking(switch, name)
    await outage.comes()
    second = await switch.refer(agent, f"26{name}")
    assert second is not None
    await outage.goes()
    told = await _over(switch, caller, agent, second)
    return Told(caller=told.caller, agents=told.agents, agents_from=(0.0, outage.ended + COMING_BACK_SECONDS))


async def a_ringing(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller = await switch.inbound(f"+49301{name}", f"2{name}")
    agent = await switch.dial(caller, f"2{name}")
    await outage.comes()
    await outage.goes()
    await switch.answer(agent)
    await talking(TALK_SECONDS)
    return await _over(switch, caller, agent)


async def a_bridge_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    caller = await switch.inbound(f"+49301{name}", f"2{name}")
    agent = await switch.dial(caller, f"2{name}")
    await outage.comes()
    await switch.answer(agent)
    await outage.goes()
    return _unseen_before(outage, await _over(switch, caller, agent))


async def a_call_begun_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    await outage.comes()
    caller, agent = await _talking(switch, name)
    await outage.goes()
    return _unseen_before(outage, await _over(switch, caller, agent))


async def a_call_over_in_it(switch: ScriptedSwitch, name: str, outage: Outage) -> Told:
    """Its RECORD_STOPs are missed."""
    caller, agent = await _talking(switch, name)
    await outage.comes()
    await switch.hang_up(caller)
    await outage.goes()
    return Told(caller=caller, agents=(agent,))


#: Those in which nobody begins to talk while callreel is away.
SEEN: Final[tuple[Call, ...]] = (
    a_talk,
    a_wideband_talk,
    a_hold_around_it,
    a_hold_that_begins_in_it,
    a_hold_that_ends_in_it,
    a_silence_on_both_sides,
    a_transfer_that_rings_through_it,
    a_ringing,
    a_call_over_in_it,
)
CALLS: Final[tuple[Call, ...]] = (*SEEN, a_transfer_in_it, a_bridge_in_it, a_call_begun_in_it)


async def _talking(switch: ScriptedSwitch, name: str) -> tuple[Leg, Leg]:
    legs = await switch.call(f"+49301{name}", f"2{name}")
    await talking(TALK_SECONDS)
    return legs


async def _over(switch: ScriptedSwitch, caller: Leg, *agents: Leg) -> Told:
    await talking(TALK_SECONDS)
    await switch.hang_up(caller)
    return Told(caller=caller, agents=agents)


def _unseen_before(outage: Outage, told: Told) -> Told:
    begins = outage.ended + COMING_BACK_SECONDS
    return Told(caller=told.caller, agents=told.agents, caller_from=begins, agents_from=(begins,) * len(told.agents))


async def assert_all_recorded(
    daemon: Daemon, switch: ScriptedSwitch, calls: Sequence[Call], breaks: Act, mends: Act
) -> None:
    """Each call goes through it and is one recording, with everything that could be recorded in it."""
    known = len(daemon.recordings())
    ways = [partial(call, switch, f"{10 + known + number}") for number, call in enumerate(calls)]
    told = await through(ways, breaks, mends)
    await daemon.settled(count=known + len(calls))
    troubles = []
    for call, one in zip(calls, told, strict=True):
        try:
            one.assert_recorded(daemon, await daemon.arrived(one.caller))
        except AssertionError as error:
            gaps = [daemon.named_gaps(row) for row in daemon.of(one.caller.number) if row["state"] == "available"]
            troubles.append(f"{call.__name__}: {error}\n  gaps: {gaps}")
    assert not troubles, "\n".join(troubles)
    assert len(daemon.recordings()) == known + len(calls)
    assert not switch.running()
