"""Which channels belong to one conversation, whatever bridges, transfers and pickups they went through.

Knows channels and identity; knows nothing of recorders or rules.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from connector.domain.call import Asked, Call, CallKind, CallState, Leg, Verdict
from connector.domain.events import BridgeKind, ChannelCreated
from connector.domain.ids import BridgeId, CallId, ChannelId, Moment, RecordingId, derived_id

#: How many ended channels are remembered, so that a late event does not bring one back to life.
_REMEMBERED_ENDS = 2000


@dataclass(slots=True)
class Conversation:
    """A live call, its channels (helper channels of the PBX too) and its recordings by id."""

    call: Call
    channels: set[ChannelId] = field(default_factory=set)
    #: The PBX's own names for it; more than one after a transfer or pickup.
    linked: set[str] = field(default_factory=set)
    recordings: list[RecordingId] = field(default_factory=list)

    @property
    def is_stopped_by_hand(self) -> bool:
        return self.call.verdict is not None and self.call.verdict.is_by_hand

    @property
    def is_conference(self) -> bool:
        return self.call.kind is CallKind.CONFERENCE

    @property
    def first_leg(self) -> Leg | None:
        """Who dialled; in a conference, who came first."""
        return min(self.call.legs, key=lambda leg: leg.created_at, default=None)

    def leg(self, channel: ChannelId) -> Leg | None:
        """The channel's present or last leg."""
        return next((leg for leg in reversed(self.call.legs) if leg.channel == channel), None)

    def live_legs(self) -> Iterator[Leg]:
        return (leg for leg in self.call.legs if leg.ended_at is None)

    def answered_legs(self) -> list[Leg]:
        """Those who can be heard now, the eldest first."""
        living = [leg for leg in self.live_legs() if leg.answered_at is not None]
        return sorted(living, key=lambda leg: leg.created_at)

    def changed_leg(self, leg: Leg) -> None:
        """Put the new picture of a leg in its place."""
        known = self.leg(leg.channel)
        self.call = replace(self.call, legs=tuple(leg if old is known else old for old in self.call.legs))

    def added_leg(self, leg: Leg) -> None:
        legs = sorted((*self.call.legs, leg), key=lambda leg: leg.created_at)
        self.call = replace(self.call, legs=tuple(legs))

    def ruled(self, verdict: Verdict) -> None:
        self.call = replace(self.call, verdict=verdict)


class Conversations:
    """Union-find by merging: the older conversation takes the younger one's channels."""

    def __init__(self, pbx: str, node: str) -> None:
        self._pbx = pbx
        self._node = node
        self._by_id: dict[CallId, Conversation] = {}
        self._by_channel: dict[ChannelId, Conversation] = {}
        self._by_linked: dict[str, Conversation] = {}
        self._bridges: dict[BridgeId, set[ChannelId]] = {}
        self._talks: set[BridgeId] = set()
        self._bridges_of: dict[ChannelId, set[BridgeId]] = {}
        self._ended: OrderedDict[ChannelId, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(tuple(self._by_id.values()))

    def of(self, channel: ChannelId) -> Conversation | None:
        return self._by_channel.get(channel)

    def by_id(self, call: CallId) -> Conversation | None:
        return self._by_id.get(call)

    def by_linked(self, linked: str) -> Conversation | None:
        return self._by_linked.get(linked)

    def has_ended(self, channel: ChannelId) -> bool:
        return channel in self._ended

    def revived(self, channel: ChannelId) -> None:
        """It may have ended, but it lives again."""
        self._ended.pop(channel, None)

    def opened(self, event: ChannelCreated, at: Moment) -> Conversation:
        """The conversation that a new channel belongs to by its linked id, or a new one."""
        conversation = self._by_linked.get(event.linked)
        if conversation is None:
            call_id = CallId(derived_id(self._pbx, event.channel, f"{at:.6f}"))
            call = Call(id=call_id, organisation="", pbx=self._pbx, node=self._node, started_at=at)
            conversation = Conversation(call=call)
            self._by_id[call_id] = conversation
            self._name(conversation, event.linked)
        self._take_in(conversation, event.channel)
        return conversation

    def adopted(self, call: Call) -> Conversation:
        """A call that an earlier process knew."""
        conversation = Conversation(call=call)
        self._by_id[call.id] = conversation
        for leg in call.legs:
            self._name(conversation, leg.linked)
            if leg.ended_at is None:
                self._take_in(conversation, leg.channel)
        return conversation

    def met(self, channel: ChannelId, bridge: BridgeId, kind: BridgeKind) -> list[ChannelId]:
        """Note that the channel is in this bridge and in no other; returns whom it talks with there."""
        for earlier in self._bridges_of.get(channel, set()) - {bridge}:
            self.parted(channel, earlier)
        inside = self._bridges.setdefault(bridge, set())
        inside.add(channel)
        self._bridges_of.setdefault(channel, set()).add(bridge)
        if kind is BridgeKind.TALK:
            self._talks.add(bridge)
        return sorted(inside - {channel}) if kind is BridgeKind.TALK else []

    def talks(self, channel: ChannelId) -> bool:
        """Whether it is in a bridge where people talk with each other."""
        return any(bridge in self._talks for bridge in self._bridges_of.get(channel, ()))

    def parted(self, channel: ChannelId, bridge: BridgeId) -> None:
        self._bridges_of.get(channel, set()).discard(bridge)
        inside = self._bridges.get(bridge)
        if inside is not None:
            inside.discard(channel)
            if not inside:
                del self._bridges[bridge]
                self._talks.discard(bridge)

    def joined(self, one: Conversation, other: Conversation) -> tuple[Conversation, Conversation]:
        """Make two conversations one: (the survivor, the one that is no more). The elder survives."""
        if self._age(other) < self._age(one):
            one, other = other, one
        known = {leg.channel for leg in one.call.legs}
        others = (leg for leg in other.call.legs if leg.channel not in known)
        legs = sorted((*one.call.legs, *others), key=lambda leg: leg.created_at)
        answered = [moment for moment in (one.call.answered_at, other.call.answered_at) if moment is not None]
        one.call = replace(
            one.call,
            legs=tuple(legs),
            queue=one.call.queue or other.call.queue,
            answered_at=min(answered, default=None),
            organisation=one.call.organisation or other.call.organisation,
            verdict=one.call.verdict or other.call.verdict,
            wanted=one.call.wanted or other.call.wanted,
            consent=max(one.call.consent, other.call.consent, key=_was_answered),
        )
        for channel in other.channels:
            self._take_in(one, channel)
        one.recordings += other.recordings
        for linked in other.linked:
            self._name(one, linked)
        self._by_id.pop(other.call.id, None)
        return one, other

    def _age(self, conversation: Conversation) -> tuple[Moment, int]:
        """A PBX's clock may be coarse: of two that began in one moment, the elder is the one that was told first."""
        first = min((leg.created_at for leg in conversation.call.legs), default=conversation.call.started_at)
        return (first, list(self._by_id).index(conversation.call.id))

    def closed(self, channel: ChannelId, at: Moment) -> Conversation | None:
        """The channel is gone: its conversation, when it was of one. It may have no channel left now."""
        conversation = self._by_channel.pop(channel, None)
        for bridge in self._bridges_of.pop(channel, set()).copy():
            self.parted(channel, bridge)
        self._ended[channel] = None
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)
        if conversation is None:
            return None
        conversation.channels.discard(channel)
        leg = conversation.leg(channel)
        if leg is not None and leg.ended_at is None:
            conversation.changed_leg(replace(leg, ended_at=max(at, leg.created_at)))
        if not conversation.channels:
            conversation.call = replace(conversation.call, state=CallState.ENDED, ended_at=at)
        return conversation

    def forget(self, conversation: Conversation) -> None:
        """Drop an ended conversation from memory."""
        self._by_id.pop(conversation.call.id, None)
        for linked in conversation.linked:
            self._by_linked.pop(linked, None)

    def _name(self, conversation: Conversation, linked: str) -> None:
        conversation.linked.add(linked)
        self._by_linked[linked] = conversation

    def _take_in(self, conversation: Conversation, channel: ChannelId) -> None:
        conversation.channels.add(channel)
        self._by_channel[channel] = conversation


def _was_answered(asked: Asked | None) -> int:
    return 0 if asked is None else 1 if asked.at is None else 2
