"""Who comes into a conference and who leaves it, and what that means for the conference's recording.

Knows seats, legs and recorders; a participant's own call is none of its business.
"""

from collections.abc import Iterable

from connector.domain.alarms import Alarm, AlarmKind, Alarms
from connector.domain.beginnings import Beginnings
from connector.domain.call import CallState, Leg
from connector.domain.conferences import Conferences, Departure
from connector.domain.conversation import Conversation, Conversations
from connector.domain.events import BridgeEntered
from connector.domain.ids import BridgeId, ChannelId, Moment
from connector.domain.latecomers import missed
from connector.domain.recorders import Recorders
from connector.domain.roles import described
from connector.domain.take import Notes

#: What the alarm is about that looks after the seats when a reconnect is over.
SEATS = "seats in conferences"


class Attendance:
    def __init__(
        self,
        conversations: Conversations,
        conferences: Conferences,
        beginnings: Beginnings,
        recorders: Recorders,
        alarms: Alarms,
    ) -> None:
        self._conversations = conversations
        self._conferences = conferences
        self._beginnings = beginnings
        self._recorders = recorders
        self._alarms = alarms

    def entered(self, event: BridgeEntered, own: Conversation, at: Moment, notes: Notes) -> None:
        """A channel of the call `own` came into a conference's bridge."""
        self._conferences.recognised(event.bridge, event.channel, event.name)
        self._depart(self._conferences.moved(event.channel, event.bridge, at), at, notes)
        leg = own.leg(event.channel)
        if leg is not None:
            self._seat(leg, event.bridge, event.name, event.channel, at, notes, since=event.since)
        else:
            self._conferences.helper_entered(event.channel, event.bridge, event.name)
            self._seat_represented(own, at, notes)
            if self.is_all_of(own):
                self._beginnings.conferring(own, at, notes)

    def is_all_of(self, conversation: Conversation) -> bool:
        """Whether nobody of that call talks elsewhere than in a conference: then rules record only the conference."""
        legs = conversation.answered_legs()
        return bool(legs) and all(self._conferences.of(leg.channel) is not None for leg in legs)

    def entered_elsewhere(self, event: BridgeEntered, own: Conversation, at: Moment, notes: Notes) -> None:
        """It is in another bridge now; there may be a helper channel that takes part in a conference for it."""
        self._depart(self._conferences.moved(event.channel, event.bridge, at), at, notes)
        self._seat_represented(own, at, notes)

    def left(self, channel: ChannelId, bridge: BridgeId, at: Moment, notes: Notes) -> None:
        self._depart(self._conferences.left(channel, bridge, at), at, notes)

    def ended(self, channel: ChannelId, at: Moment, notes: Notes) -> None:
        self._depart(self._conferences.ended(channel, at), at, notes, is_alive=False)

    def refreshed(self, leg: Leg, notes: Notes) -> None:
        conference = self._conferences.refreshed(leg)
        if conference is not None:
            self._describe(conference, notes)

    def resynchronised(self, alive: frozenset[ChannelId], at: Moment, notes: Notes) -> None:
        for conference in self._conferences:
            for channel in sorted(conference.channels - alive):
                self.ended(channel, at, notes)
        if len(self._conferences):
            self._conferences.doubted()
            self._alarms.set(Alarm(at + self._recorders.limits.verify_seconds, AlarmKind.CONFIRM, SEATS))

    def rang(self, at: Moment, notes: Notes) -> None:
        """Who was not told again after the reconnect left unseen."""
        self._depart(self._conferences.unconfirmed(at), at, notes)

    def _seat_represented(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        """Who talks with a helper channel that is in a conference takes part in it."""
        for helper, bridge, name in self._conferences.helpers_among(conversation.channels):
            for leg in conversation.answered_legs():
                if self._conversations.talks(leg.channel):
                    self._seat(leg, bridge, name, helper, at, notes)

    def _seat(
        self,
        leg: Leg,
        bridge: BridgeId,
        name: str,
        through: ChannelId,
        at: Moment,
        notes: Notes,
        since: Moment | None = None,
    ) -> None:
        self._depart(self._conferences.vacated(leg.channel, bridge, at), at, notes)
        conference = self._conferences.entered(leg, bridge, name, through, at if since is None else min(since, at))
        if conference is not None:
            self._describe(conference, notes)
            missed(self._recorders, conference, leg.channel, since, at, notes)
            self._beginnings.met(conference, at, notes)

    def _describe(self, conference: Conversation, notes: Notes) -> None:
        conference.call = described(conference.call, self._recorders.directory)
        notes.changed(conference.call)

    def _depart(self, departures: Iterable[Departure], at: Moment, notes: Notes, *, is_alive: bool = True) -> None:
        for conference, channel in departures:
            notes.changed(conference.call)
            if is_alive:
                self._recorders.left(conference, channel, at, notes)
            else:
                self._recorders.channel_ended(conference, channel, at)
            if conference.call.state is CallState.ENDED:
                self._recorders.conversation_ended(conference, at, notes)
