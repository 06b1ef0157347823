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
    for fact in facts:
        match fact:
            case ChannelCreated(channel=channel):
                yield now - leg_headers.created_seconds(legs[channel]), fact
            case ChannelHeld(channel=channel):
                yield now - leg_headers.held_seconds(legs[channel]), fact
            case ChannelAnswered(channel=channel):
                yield now, replace(fact, since=now - leg_headers.answered_seconds(legs[channel]))
            case BridgeEntered(channel=channel):
                seconds = inside.get(channel, leg_headers.bridged_seconds(legs[channel]))
                yield now, replace(fact, since=now - seconds)
            case _:
                yield now, fact
