"""Calls of many shapes that go through an outage at the same time, and the proof that each of them is one recording.

Knows phones and what callreel tells of itself; what breaks is the test's business.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.pbx.conversation import UNWRITTEN_SECONDS
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.outage import Act, Outage, through
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import FRAME_SECONDS, Voice, assert_complete
from tests.pbx.sounds import Noise, Silence
from tests.pbx.waiting import talking

TALK_SECONDS: Final = 1.5
EDGE_SECONDS: Final = 0.1
#: Before the number of who is called.
CALLERS: Final = "+49301"
#: They begin one after another: how a burst of starts is recorded is not the question here.
APART_SECONDS: Final = 0.1
#: Of what is said between the return of callreel and its first recorders.
COMING_BACK_SECONDS: Final = 0.3
#: The machine does much at once when a daemon starts: how exact a start is, is the claim of other tests.
START_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who spoke in a call, and who heard whom."""

    caller: Leg
    agents: tuple[Leg, ...]
    #: Wall clock: before that nobody can have recorded these.
    caller_from: float = 0.0
    agents_from: tuple[float, ...] = ()

    def assert_recorded(self, daemon: Daemon, row: dict[str, Any]) -> None:
        """Nothing is excused by a gap: what nobody can have recorded is not expected in the first place."""
        agents_from = self.agents_from or (0.0,) * len(self.agents)
        assert_complete(
            daemon.sound(row),
            left=[Voice.of(self.caller, heard_by=self.agents, between=(self.caller_from, self._written(self.caller)))],
            right=[
                Voice.of(agent, heard_by=self.caller, between=(begins, self._written(agent)))
                for agent, begins in zip(self.agents, agents_from, strict=True)
            ],
            lost_at_start_seconds=START_SECONDS,
        )

    def _written(self, leg: Leg) -> float:
        """Until when Asterisk has given all of it to a recorder, whoever hangs up."""
        return min(leg.ended_at, self.caller.ended_at) - UNWRITTEN_SECONDS - FRAME_SECONDS


Call = Callable[[Phone, str, Outage], Awaitable[Told]]


async def a_talk(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    await outage.comes()
    await outage.goes()
    return await _over(caller, agent)


async def a_hold_around_it(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    await agent.hold()
    await outage.comes()
    await outage.goes()
    await agent.resume()
    return await _over(caller, agent)


async def a_hold_that_begins_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    await outage.comes()
    await agent.hold()
    await outage.goes()
    await agent.resume()
    return await _over(caller, agent)


async def a_hold_that_ends_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    await agent.hold()
    await outage.comes()
    await agent.resume()
    await outage.goes()
    return await _over(caller, agent)


async def a_silence_on_both_sides(phones: Phone, name: str, outage: Outage) -> Told:
    """No file of this call grows meanwhile."""
    caller = await phones.call(f"passing_{name}", user="passing")
    agent = await phones.answered(name)
    await talking(TALK_SECONDS)
    # Which side of a hold a frame at its very edge is on is not known to 20 ms.
    caller.sound = agent.sound = Silence()
    await talking(EDGE_SECONDS)
    await caller.hold("inactive")
    await outage.comes()
    await outage.goes()
    await caller.resume()
    await talking(EDGE_SECONDS)
    caller.sound, agent.sound = Noise(caller.stream), Noise(agent.stream)
    return await _over(caller, agent)


async def a_transfer_that_rings_through_it(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    phones.manners["agent5"] = Manner(answers_after_seconds=None)
    await agent.transfer("205")
    second = await phones.incoming("agent5")
    await outage.comes()
    await outage.goes()
    second.answer()
    return await _over(caller, agent, second)


async def a_transfer_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    """Nobody was there to start the new agent's recorder; the caller's runs on."""
    caller, agent = await _talking(phones, name)
    await outage.comes()
    await agent.transfer("206")
    second = await phones.answered("agent6")
    await caller.heard_from(second.stream)
    await outage.goes()
    told = await _over(caller, agent, second)
    return Told(
        caller=told.caller,
        agents=told.agents,
        agents_from=(0.0, outage.ended + COMING_BACK_SECONDS),
    )


async def a_ringing_after_the_answer(phones: Phone, name: str, outage: Outage) -> Told:
    """Asterisk has answered and played its prompt, the agent still rings: between answer and bridge."""
    phones.manners[name] = Manner(answers_after_seconds=None)
    caller = await phones.call(f"announced_{name}", user=f"{CALLERS}{name}")
    agent = await phones.incoming(name)
    await outage.comes()
    await outage.goes()
    agent.answer()
    return await _over(caller, agent)


async def a_bridge_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    phones.manners[name] = Manner(answers_after_seconds=None)
    caller = await phones.call(f"announced_{name}", user=f"{CALLERS}{name}")
    agent = await phones.incoming(name)
    await outage.comes()
    agent.answer()
    await caller.heard_from(agent.stream)
    await outage.goes()
    return _unseen_before(outage, await _over(caller, agent))


async def a_call_begun_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    await outage.comes()
    caller, agent = await _talking(phones, name)
    await outage.goes()
    return _unseen_before(outage, await _over(caller, agent))


async def a_call_over_in_it(phones: Phone, name: str, outage: Outage) -> Told:
    caller, agent = await _talking(phones, name)
    await outage.comes()
    await caller.hang_up()
    await outage.goes()
    return Told(caller=caller, agents=(agent,))


#: Those in which nobody begins to talk while callreel is away.
SEEN: Final[tuple[Call, ...]] = (
    a_talk,
    a_hold_around_it,
    a_hold_that_begins_in_it,
    a_hold_that_ends_in_it,
    a_silence_on_both_sides,
    a_transfer_that_rings_through_it,
    a_ringing_after_the_answer,
    a_call_over_in_it,
)
CALLS: Final[tuple[Call, ...]] = (*SEEN, a_transfer_in_it, a_bridge_in_it, a_call_begun_in_it)


async def _talking(phones: Phone, name: str) -> tuple[Leg, Leg]:
    caller = await phones.call(f"to_{name}", user=f"{CALLERS}{name}")
    agent = await phones.answered(name)
    await caller.heard_from(agent.stream)
    await talking(TALK_SECONDS)
    return caller, agent


async def _over(caller: Leg, *agents: Leg) -> Told:
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Told(caller=caller, agents=agents)


def _unseen_before(outage: Outage, told: Told) -> Told:
    begins = outage.ended + COMING_BACK_SECONDS
    return Told(caller=told.caller, agents=told.agents, caller_from=begins, agents_from=(begins,) * len(told.agents))


async def assert_all_recorded(daemon: Daemon, phones: Phone, calls: Sequence[Call], breaks: Act, mends: Act) -> None:
    """Each call goes through it and is one recording, with everything that could be recorded in it."""
    known = {row["id"] for row in daemon.recordings()}
    ways = [
        partial(_later, call, phones, f"2{10 + number}", number * APART_SECONDS) for number, call in enumerate(calls)
    ]
    told = await through(ways, breaks, mends)
    rows = [row for row in await daemon.available(count=len(known) + len(calls)) if row["id"] not in known]
    troubles = []
    for call, one in zip(calls, told, strict=True):
        own = [row for row in rows if one.caller.user in str(row["legs"])]
        try:
            assert len(own) == 1, f"{len(own)} recordings"
            one.assert_recorded(daemon, own[0])
        except AssertionError as error:
            troubles.append(f"{call.__name__}: {error}")
    assert not troubles, "\n".join(troubles)


async def _later(call: Call, phones: Phone, name: str, seconds: float, outage: Outage) -> Told:
    await talking(seconds)
    return await call(phones, name, outage)
