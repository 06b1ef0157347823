"""Queues: mod_callcenter and mod_fifo, with the events they fire. Knows no socket.

Measured on 1.10.12 (names in the source, too): the agent's leg is an originate of the queue's own with a call of its
own until the bridge; bridge-agent-start comes on the agent's leg, before the member's CHANNEL_BRIDGE; offering and fail
are about no leg; the ends come on both legs after their reports. CC-Member-Session-UUID is the member's leg. In a fifo
the consumer's leg tells the bridge, after bridge-consumer-start.
"""

import time
import uuid
from typing import TYPE_CHECKING, Final

from tests.freeswitch import bridges, channel_variables
from tests.freeswitch.legs import Leg, Playing
from tests.freeswitch.transfers import custom

if TYPE_CHECKING:
    from tests.freeswitch.telephony import Telephony

CALLCENTER: Final = "callcenter::info"
FIFO: Final = "fifo::info"


class Callcenter:
    """`await queue.join(leg)`; `agent = await queue.offer(leg, "agent1", "2001")`; `await queue.connect(leg, agent)`;
    `await queue.end(leg, agent, hangs_up=agent)`; or `fail`, or `abandon`."""

    def __init__(self, telephony: "Telephony", name: str) -> None:
        self.name = name
        self._telephony = telephony
        self._members: dict[str, dict[str, str]] = {}
        self._agents: dict[str, dict[str, str]] = {}

    async def join(self, leg: Leg) -> None:
        """It is answered and hears music."""
        exchange = self._telephony.exchange
        bridges.answer(exchange, leg)
        channel_variables.execute(leg, "callcenter", self.name)
        member = {
            "CC-Member-UUID": str(uuid.uuid4()),
            "CC-Member-Session-UUID": leg.uuid,
            "CC-Member-CID-Name": leg.caller_name,
            "CC-Member-CID-Number": leg.caller_number,
        }
        self._members[leg.uuid] = member | {"CC-Member-Joined-Time": _epoch()}
        leg.variables |= {"cc_side": "member", "cc_queue": self.name, "cc_member_uuid": member["CC-Member-UUID"]}
        leg.playing = Playing(bridges.MUSIC, exchange.catch_up(leg))
        self._tell("member-queue-start", member, leg)

    async def offer(self, leg: Leg, agent: str, number: str) -> Leg:
        """The agent's phone rings: an originate of the queue's, which has no other leg and a call of its own."""
        member = self._members[leg.uuid]
        self._tell("members-count", {"CC-Count": str(len(self._members)), "CC-Selection": "Single-Queue"})
        custom(self._telephony.exchange, CALLCENTER, _state(agent, "Receiving"))
        facts = {"CC-Agent": agent, "CC-Agent-Type": "callback", "CC-Agent-System": "single_box", **_known(member)}
        self._tell("agent-offering", facts)
        variables = {
            "cc_side": "agent",
            "cc_queue": self.name,
            "cc_agent": agent,
            "cc_member_uuid": member["CC-Member-UUID"],
            "cc_member_session_uuid": leg.uuid,
        }
        other = await self._telephony.originate(
            number, variables=variables, caller_name=leg.caller_name, caller_number=leg.caller_number
        )
        bridges.ring(self._telephony.exchange, other)
        self._agents[other.uuid] = {"CC-Agent": agent, "CC-Agent-System": "single_box", "CC-Agent-UUID": other.uuid}
        self._agents[other.uuid]["CC-Agent-Called-Time"] = _epoch()
        return other

    async def connect(self, leg: Leg, agent_leg: Leg) -> None:
        """The agent answers: it is the agent's leg that tells bridge-agent-start, before CHANNEL_BRIDGE."""
        exchange = self._telephony.exchange
        bridges.answer(exchange, agent_leg)
        agent = self._agents[agent_leg.uuid]
        agent["CC-Agent-Answered-Time"] = _epoch()
        self._tell("bridge-agent-start", {**agent, **self._members[leg.uuid]}, agent_leg)
        leg.variables |= {"cc_agent": agent["CC-Agent"], "cc_agent_uuid": agent_leg.uuid}
        bridges.bridge(exchange, leg, agent_leg)
        custom(exchange, CALLCENTER, _state(agent["CC-Agent"], "In a queue call"))

    async def fail(self, leg: Leg, agent_leg: Leg, cause: str = "NO_ANSWER") -> None:
        """The agent does not answer, or another one was faster (LOSE_RACE)."""
        agent = self._agents.pop(agent_leg.uuid)
        bridges.hang_up(self._telephony.exchange, agent_leg, cause)
        agent.pop("CC-Agent-UUID")
        facts = {"CC-Hangup-Cause": cause, **agent, "CC-Agent-Aborted-Time": _epoch(), **self._members[leg.uuid]}
        self._tell("bridge-agent-fail", facts)
        custom(self._telephony.exchange, CALLCENTER, _state(agent["CC-Agent"], "Waiting"))

    async def end(self, leg: Leg, agent_leg: Leg, *, hangs_up: Leg) -> None:
        """One of both hangs up, and the queue reports, after the legs' own reports."""
        member, agent = self._members.pop(leg.uuid), self._agents.pop(agent_leg.uuid)
        bridges.hang_up(self._telephony.exchange, hangs_up)
        over = {"CC-Hangup-Cause": "SUCCESS", **agent, "CC-Agent-Bridged": "true"}
        self._tell("bridge-agent-end", {**over, "CC-Bridge-Terminated-Time": _epoch(), **member}, agent_leg)
        left = {"CC-Hangup-Cause": "SUCCESS", "CC-Cause": "Terminated", **agent}
        self._tell("member-queue-end", {**left, "CC-Member-Leaving-Time": _epoch(), **member}, leg)
        custom(self._telephony.exchange, CALLCENTER, _state(agent["CC-Agent"], "Waiting"))

    async def abandon(self, leg: Leg) -> None:
        """The member gives up."""
        member = self._members.pop(leg.uuid)
        bridges.hang_up(self._telephony.exchange, leg)
        facts = {"CC-Member-Leaving-Time": _epoch(), "CC-Cause": "Cancel", "CC-Cancel-Reason": "BREAK_OUT"}
        self._tell("member-queue-end", {**facts, **member})

    def _tell(self, action: str, facts: dict[str, str], leg: Leg | None = None) -> None:
        facts = {"CC-Queue": self.name, "CC-Action": action, **facts}
        custom(self._telephony.exchange, CALLCENTER, facts, leg)


class Fifo:
    """`await fifo.push(caller)`; `await fifo.consume(agent_leg, caller)`: the consumer's leg tells the bridge;
    `await fifo.end(agent_leg, caller, hangs_up=caller)`."""

    def __init__(self, telephony: "Telephony", name: str) -> None:
        self.name = name
        self._telephony = telephony

    async def push(self, leg: Leg) -> None:
        """It waits with music."""
        exchange = self._telephony.exchange
        bridges.answer(exchange, leg)
        channel_variables.execute(leg, "fifo", f"{self.name} in")
        leg.playing = Playing(bridges.MUSIC, exchange.catch_up(leg))
        self._tell("push", leg, {"FIFO-Slot": "0"})

    async def consume(self, agent: Leg, caller: Leg) -> None:
        """The agent's phone called for it."""
        exchange = self._telephony.exchange
        bridges.answer(exchange, agent)
        channel_variables.execute(agent, "fifo", f"{self.name} out nowait")
        self._tell("consumer_start", agent)
        self._tell("caller_pop", caller)
        self._tell("consumer_pop", agent, {"FIFO-Caller-UUID": caller.uuid})
        agent.variables |= {"fifo_role": "consumer", "fifo_bridge_uuid": caller.uuid}
        caller.variables |= {"fifo_role": "caller", "fifo_bridge_uuid": agent.uuid, "fifo_target": agent.uuid}
        self._tell("channel-consumer-start", agent, {"FIFO-Type": "onhook"})
        self._tell("bridge-consumer-start", agent)
        self._tell("bridge-caller-start", caller)
        bridges.bridge(exchange, agent, caller)

    async def end(self, agent: Leg, caller: Leg, *, hangs_up: Leg) -> None:
        bridges.hang_up(self._telephony.exchange, hangs_up, keep_other=hangs_up is caller)
        self._tell("channel-consumer-stop", agent, {"FIFO-Type": "onhook"})
        self._tell("bridge-consumer-stop", agent)
        self._tell("bridge-caller-stop", caller)
        self._tell("consumer_stop", agent)
        bridges.hang_up(self._telephony.exchange, agent)

    def _tell(self, action: str, leg: Leg, facts: dict[str, str] | None = None) -> None:
        facts = {"FIFO-Name": self.name, "FIFO-Action": action, **(facts or {})}
        custom(self._telephony.exchange, FIFO, facts, leg)


def _state(agent: str, state: str) -> dict[str, str]:
    """A CUSTOM event of mod_callcenter about no leg at all."""
    return {"CC-Agent": agent, "CC-Action": "agent-state-change", "CC-Agent-State": state}


def _known(member: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in member.items() if name != "CC-Member-Joined-Time"}


def _epoch() -> str:
    return str(int(time.time()))
