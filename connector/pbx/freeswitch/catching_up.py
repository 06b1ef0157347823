"""Since when it has been as a roll call finds it: its facts, each with its own moment. Pure.

What starts a recorder stays stamped with now, and says beside it since when it is so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.domain.events import BridgeEntered, CallEvent, ChannelAnswered, ChannelCreated, ChannelHeld
from connector.domain.ids import ChannelId, Moment
from connector.pbx.freeswitch import leg_headers
from connector.pbx.freeswitch.roll_call import RollCall


def dated(facts: Iterable[CallEvent], found: RollCall, now: Moment) -> Iterator[tuple[Moment, CallEvent]]:
    """`facts` are what the roll call's answers tell as if it had just happened."""
    legs = {ChannelId(dump.channel): dump for dump in found.dumps}
    inside = {one.channel: one.inside_seconds for conference in found.conferences for one in conference.members}
    # One difference of the clocks for all of them: with one for each leg, who was asked about first would seem older.
    ahead = now - max((leg_headers.told_at(dump) for dump in found.dumps), default=0.0)

    def ours(theirs: float) -> Moment:
        return min(now, theirs + ahead) if theirs else now

    for fact in facts:
        match fact:
            case ChannelCreated(channel=channel):
                yield ours(leg_headers.created_at(legs[channel])), fact
            case ChannelHeld(channel=channel):
                yield ours(leg_headers.held_at(legs[channel])), fact
            case ChannelAnswered(channel=channel):
                yield now, replace(fact, since=ours(leg_headers.answered_at(legs[channel])))
            case BridgeEntered(channel=channel) if channel in inside:
                yield now, replace(fact, since=now - inside[channel])
            case BridgeEntered(channel=channel):
                yield now, replace(fact, since=ours(leg_headers.bridged_at(legs[channel])))
            case _:
                yield now, fact
