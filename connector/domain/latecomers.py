"""Who came into a running recording while nobody listened: what was said until now is in no file, and is named.

Knows takes and legs; knows no rules, and starts no recorder.
"""

from connector.domain.call import stay
from connector.domain.conversation import Conversation
from connector.domain.ids import ChannelId, Moment
from connector.domain.recorders import Recorders
from connector.domain.roles import roles
from connector.domain.take import Notes


def missed(
    recorders: Recorders,
    conversation: Conversation,
    channel: ChannelId,
    since: Moment | None,
    at: Moment,
    notes: Notes,
) -> None:
    """It is there since that moment, and is told only now; None for who was told in time."""
    take, leg = recorders.running(conversation), conversation.leg(channel)
    if since is None or take is None or leg is None or leg.ended_at is not None:
        return
    legs = conversation.call.legs
    known = [one for one in take.segments_of(channel) if stay(legs, channel, one.requested_at) is leg]
    # The recorder of whoever is told first may have brought his along.
    if all(segment.requested_at >= at for segment in known):
        take.missed(leg, roles(legs, recorders.directory)[channel], since, at, notes)
