"""callcenter::info and fifo::info: who waits in which queue, and which agent he got. Pure."""

from connector.domain.events import AgentConnected, CallEvent, ChannelsLinked, QueueEntered
from connector.domain.ids import ChannelId
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.leg_headers import number

Facts = tuple[CallEvent, ...]


def callcenter_facts(event: EslEvent) -> Facts:
    queue, waiting = event.get("CC-Queue"), ChannelId(event.get("CC-Member-Session-UUID"))
    if not waiting:
        return ()
    match event.get("CC-Action"):
        case "member-queue-start" | "member-queue-resume":
            return (QueueEntered(channel=waiting, queue=queue),)
        case "bridge-agent-start":
            agent = ChannelId(event.get("CC-Agent-UUID") or event.channel)
            return _connected(waiting, agent, queue, event.get("CC-Agent"))
    return ()


def fifo_facts(event: EslEvent) -> Facts:
    queue, channel = event.get("FIFO-Name"), ChannelId(event.channel)
    match event.get("FIFO-Action"):
        case "push" if channel:
            return (QueueEntered(channel=channel, queue=queue),)
        case "consumer_pop" if event.get("FIFO-Caller-UUID"):
            # Told of the consumer's leg; a fifo knows its agents by nothing but that.
            return _connected(ChannelId(event.get("FIFO-Caller-UUID")), channel, queue, number(event))
    return ()


def _connected(waiting: ChannelId, agent_leg: ChannelId, queue: str, agent: str) -> Facts:
    # The agent was rung for himself: only the bridge, which comes later, would make one call of both.
    linked = (ChannelsLinked(channel=waiting, other=agent_leg),) if agent_leg else ()
    return (*linked, AgentConnected(channel=waiting, queue=queue, agent=agent))
