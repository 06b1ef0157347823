"""Who sits in which conference. A conference is a call of its own: its legs are the stays of its participants.

Knows bridges, channels and names; knows nothing of recorders or rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from connector.domain.call import Call, CallKind, CallState, Leg
from connector.domain.conversation import Conversation
from connector.domain.ids import BridgeId, CallId, ChannelId, Moment, derived_id

#: Whose stay in which conference is over.
Departure: TypeAlias = tuple[Conversation, ChannelId]
#: After a restart nobody knows whether somebody sits there himself or through a helper, until he is told again.
_UNKNOWN = ChannelId("")


@dataclass(slots=True)
class _Seat:
    conference: Conversation
    #: The channel that is in the bridge: the participant's own, or a helper channel that stands for it.
    through: ChannelId
    #: Told since the last reconnect.
    is_confirmed: bool = True


class Conferences:
    def __init__(self, pbx: str, node: str) -> None:
        self._pbx = pbx
        self._node = node
        self._by_id: dict[CallId, Conversation] = {}
        self._by_bridge: dict[BridgeId, Conversation] = {}
        self._seats: dict[ChannelId, _Seat] = {}
        self._helpers: dict[ChannelId, tuple[BridgeId, str]] = {}
        self._is_restated = False
        self._opened_so_far = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._by_id.values()))

    def of(self, channel: ChannelId) -> Conversation | None:
        """The conference that the channel is in."""
        seat = self._seats.get(channel)
        return seat.conference if seat else None

    def by_id(self, call: CallId) -> Conversation | None:
        return self._by_id.get(call)

    def named(self, name: str) -> Conversation | None:
        return next((one for one in self._by_id.values() if one.call.conference == name), None)

    def holds(self, bridge: BridgeId) -> bool:
        return bridge in self._by_bridge

    def adopted(self, call: Call) -> Conversation:
        """A conference that an earlier process knew. Its bridge is told when somebody in it is told again."""
        living = {leg.channel for leg in call.legs if leg.ended_at is None}
        conference = Conversation(call=call, channels=living)
        if call.state is CallState.LIVE:
            self._by_id[call.id] = conference
        for channel in living:
            self._seats[channel] = _Seat(conference, _UNKNOWN)
        return conference

    def recognised(self, bridge: BridgeId, channel: ChannelId, name: str) -> None:
        """This bridge may be the one of an adopted conference: of the one that the channel is in, or so called."""
        if bridge in self._by_bridge:
            return
        bound = {one.call.id for one in self._by_bridge.values()}
        loose = [one for one in self._by_id.values() if one.call.id not in bound]
        found = next((one for one in loose if channel in one.channels), None)
        if found is None and name:
            found = next((one for one in loose if one.call.conference == name), None)
        if found is not None:
            self._by_bridge[bridge] = found

    def entered(self, leg: Leg, bridge: BridgeId, name: str, through: ChannelId, at: Moment) -> Conversation | None:
        """The conference that somebody came into; None when he sits there already."""
        conference = self._by_bridge.get(bridge) or self._opened(bridge, name, at)
        seat = self._seats.get(leg.channel)
        if seat is not None and seat.conference is conference:
            seat.through, seat.is_confirmed, self._is_restated = through, True, True
            return None
        self._seats[leg.channel] = _Seat(conference, through)
        conference.channels.add(leg.channel)
        conference.added_leg(replace(leg, created_at=at, answered_at=at, ended_at=None, holds=()))
        if name and not conference.call.conference:
            conference.call = replace(conference.call, conference=name)
        return conference

    def vacated(self, channel: ChannelId, bridge: BridgeId, at: Moment) -> list[Departure]:
        """Nobody sits in two conferences: whoever comes into this one leaves another."""
        elsewhere = self.of(channel)
        is_here = elsewhere is None or elsewhere is self._by_bridge.get(bridge)
        return self._stood_up([] if is_here else [channel], at)

    def helper_entered(self, helper: ChannelId, bridge: BridgeId, name: str) -> None:
        self._helpers[helper] = (bridge, name)

    def helpers_among(self, channels: Iterable[ChannelId]) -> list[tuple[ChannelId, BridgeId, str]]:
        """Helper channels that sit in conferences for somebody else, with the conference's bridge and name."""
        return [(one, *self._helpers[one]) for one in sorted(channels) if one in self._helpers]

    def moved(self, channel: ChannelId, bridge: BridgeId, at: Moment) -> list[Departure]:
        """A channel entered that bridge, so it is in no other."""
        here = self._by_bridge.get(bridge)
        if self._helpers.get(channel, (bridge, ""))[0] != bridge:
            del self._helpers[channel]
        return self._stood_up(
            (one for one, seat in self._seats.items() if seat.conference is not here and seat.through == channel), at
        )

    def left(self, channel: ChannelId, bridge: BridgeId, at: Moment) -> list[Departure]:
        """Of a conference's bridge, or of the one in which a helper channel stands for the conference."""
        if bridge in self._by_bridge:
            self._helpers.pop(channel, None)
            return self._stood_up((one for one, seat in self._seats.items() if seat.through == channel), at)
        seat = self._seats.get(channel)
        return self._stood_up([channel] if seat is not None and seat.through != channel else [], at)

    def ended(self, channel: ChannelId, at: Moment) -> list[Departure]:
        self._helpers.pop(channel, None)
        return self._stood_up((one for one, seat in self._seats.items() if channel in {one, seat.through}), at)

    def doubted(self) -> None:
        """After a reconnect: whoever is told again still sits there."""
        self._is_restated = False
        for seat in self._seats.values():
            seat.is_confirmed = False

    def unconfirmed(self, at: Moment) -> list[Departure]:
        """Who left unseen: was not told again, while others were."""
        if not self._is_restated:
            return []
        return self._stood_up((one for one, seat in self._seats.items() if not seat.is_confirmed), at)

    def refreshed(self, leg: Leg) -> Conversation | None:
        """More became known of a participant; the conference that this changes."""
        seat = self._seats.get(leg.channel)
        known = seat.conference.leg(leg.channel) if seat else None
        if seat is None or known is None:
            return None
        seat.conference.changed_leg(replace(known, number=leg.number, name=leg.name, variables=leg.variables))
        return seat.conference

    def _opened(self, bridge: BridgeId, name: str, at: Moment) -> Conversation:
        # In one and the same moment the last may leave and somebody else come into the same bridge.
        self._opened_so_far += 1
        id = CallId(derived_id(self._pbx, bridge, f"{at:.6f}", str(self._opened_so_far)))
        call = Call(
            id=id,
            organisation="",
            pbx=self._pbx,
            node=self._node,
            kind=CallKind.CONFERENCE,
            conference=name,
            started_at=at,
            answered_at=at,
        )
        conference = self._by_id[id] = self._by_bridge[bridge] = Conversation(call=call)
        return conference

    def _stood_up(self, channels: Iterable[ChannelId], at: Moment) -> list[Departure]:
        departures = []
        for channel in tuple(channels):
            conference = self._seats.pop(channel).conference
            leg = conference.leg(channel)
            if leg is not None and leg.ended_at is None:
                conference.changed_leg(replace(leg, ended_at=max(at, leg.created_at)))
            conference.channels.discard(channel)
            departures.append((conference, channel))
            if not conference.channels:
                self._over(conference, at)
        return departures

    def _over(self, conference: Conversation, at: Moment) -> None:
        conference.call = replace(conference.call, state=CallState.ENDED, ended_at=at)
        self._by_id.pop(conference.call.id, None)
        self._by_bridge = {bridge: one for bridge, one in self._by_bridge.items() if one is not conference}
