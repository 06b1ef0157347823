"""Who of a call's legs is the caller and who serves, hence which side of the recording each one is on."""

from collections.abc import Sequence
from dataclasses import replace

from connector.domain.call import Call, CallKind, Direction, Leg, Role, Side
from connector.domain.ids import ChannelId
from connector.domain.options import Beginning, RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.recording import Heard

SIDES = {Role.CALLER: Side.LEFT, Role.AGENT: Side.RIGHT}


def side_of(role: Role, heard: Heard) -> Side:
    """A voice is on its own side; what it heard is the others'."""
    return SIDES[role] if heard is Heard.RX else SIDES[role].other


def wanted_of(options: RecordingOptions, role: Role, *, is_eldest: bool) -> tuple[Heard, ...]:
    """What was played to a party is kept for prompts, and where somebody is recorded without another party."""
    with_prompts = options.prompts and role is Role.CALLER
    is_from_answer = is_eldest and options.record_from is Beginning.ANSWER
    return (Heard.RX, Heard.TX) if with_prompts or is_from_answer else (Heard.RX,)


def roles(legs: Sequence[Leg], directory: Directory) -> dict[ChannelId, Role]:
    """Outside is the caller, inside the agent, whoever dialled; where all are of one kind, who dialled first is the
    caller."""
    outside = {leg.channel for leg in legs if not directory.is_internal(leg)}
    if outside and outside != {leg.channel for leg in legs}:
        return {leg.channel: Role.CALLER if leg.channel in outside else Role.AGENT for leg in legs}
    first = min(legs, key=lambda leg: leg.created_at, default=None)
    return {leg.channel: Role.CALLER if first and leg.channel == first.channel else Role.AGENT for leg in legs}


def direction(legs: Sequence[Leg], directory: Directory) -> Direction:
    """As the organisation sees it: in from outside, out from inside, or among its own."""
    if len(legs) < 2:
        return Direction.UNKNOWN
    first = min(legs, key=lambda leg: leg.created_at)
    inside = [directory.is_internal(leg) for leg in legs]
    if all(inside):
        return Direction.INTERNAL
    return Direction.OUTBOUND if directory.is_internal(first) else Direction.INBOUND


def described(call: Call, directory: Directory, member: str = "") -> Call:
    """The call with what its legs say: direction, numbers, organisation, agent."""
    if call.kind is CallKind.CONFERENCE:
        return described_conference(call, directory)
    if not call.legs:
        return call
    first = min(call.legs, key=lambda leg: leg.created_at)
    others = [leg for leg in call.legs if leg is not first]
    organisation = call.organisation or _organisation(call, directory)
    found = roles(call.legs, directory)
    agents = [leg for leg in call.legs if found[leg.channel] is Role.AGENT]
    serving = next((leg for leg in reversed(agents) if leg.answered_at is not None), agents[-1] if agents else None)
    agent_id, agent_name = directory.agent(organisation, serving, member) if serving else ("", "")
    return replace(
        call,
        organisation=organisation,
        direction=direction(call.legs, directory),
        from_number=first.number,
        to_number=first.dialled or next((leg.number for leg in others), ""),
        agent_id=agent_id or call.agent_id,
        agent_name=agent_name or (call.agent_name if not agent_id or agent_id == call.agent_id else ""),
    )


def described_conference(call: Call, directory: Directory) -> Call:
    """The conference as its first participant makes it: whose it is, and where it was dialled from."""
    if not call.legs:
        return call
    first = min(call.legs, key=lambda leg: leg.created_at)
    is_inside = directory.is_internal(first)
    organisation = call.organisation or directory.organisation(call.pbx, first) or ""
    agent_id, agent_name = directory.agent(organisation, first) if is_inside else ("", "")
    return replace(
        call,
        organisation=organisation,
        direction=Direction.INTERNAL if is_inside else Direction.INBOUND,
        from_number=first.number,
        to_number=call.conference,
        agent_id=agent_id,
        agent_name=agent_name,
    )


def _organisation(call: Call, directory: Directory) -> str:
    return next((name for leg in call.legs if (name := directory.organisation(call.pbx, leg))), "")
