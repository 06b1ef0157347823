"""Who talks with whom: pairs of legs that FreeSWITCH bridged. Pure.

A bridge is told by FreeSWITCH as soon as it carries early media, while the other phone still rings: it is a talk once
both have answered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connector.domain.events import BridgeEntered, BridgeLeft, CallEvent
from connector.domain.ids import BridgeId, ChannelId, derived_id
from connector.pbx.freeswitch.esl_event import EslEvent

Facts = tuple[CallEvent, ...]


@dataclass(slots=True)
class _Party:
    is_answered: bool = False
    #: With whom it is bridged; True once that was told.
    others: dict[ChannelId, bool] = field(default_factory=dict)


def bridge_of(one: ChannelId, other: ChannelId) -> BridgeId:
    """FreeSWITCH names no bridges: two legs' bridge is named for them, whoever of them is told first."""
    return BridgeId(derived_id("bridge", *sorted((one, other))))


def talking(legs: Mapping[ChannelId, EslEvent]) -> Iterator[tuple[ChannelId, ChannelId]]:
    """The bridged pairs among living legs, by their `uuid_dump`: both have to say so, for in a consultation a leg of an
    earlier bridge still says it is bridged with one who is elsewhere."""
    others = {leg: _bridged_to(dump) for leg, dump in legs.items()}
    seen: set[ChannelId] = set()
    for one, other in others.items():
        if other != one and others.get(other) == one and one not in seen:
            seen.add(other)
            yield one, other


def _bridged_to(dump: EslEvent) -> ChannelId:
    return ChannelId(dump.variable("bridge_to") or dump.variable("signal_bridge_to"))


class Talks:
    """A leg that nobody introduced is taken for answered: better a talk too early than none."""

    def __init__(self) -> None:
        self._parties: dict[ChannelId, _Party] = {}

    def __len__(self) -> int:
        return len(self._parties)

    def clear(self) -> None:
        self._parties.clear()

    def introduced(self, leg: ChannelId) -> None:
        self._parties.setdefault(leg, _Party())

    def is_answered(self, leg: ChannelId) -> bool:
        party = self._parties.get(leg)
        return party is None or party.is_answered

    def partner(self, leg: ChannelId) -> ChannelId:
        """With whom it was bridged last; "" for nobody."""
        party = self._parties.get(leg)
        return next(reversed(party.others), ChannelId("")) if party is not None else ChannelId("")

    def answered(self, leg: ChannelId) -> Facts:
        party = self._parties.get(leg)
        if party is None:
            return ()
        party.is_answered = True
        waiting = [other for other, was_told in party.others.items() if not was_told]
        return tuple(fact for other in waiting for fact in self._met(leg, other))

    def bridged(self, one: ChannelId, other: ChannelId) -> Facts:
        self._note(one, other, was_told=False)
        return self._met(one, other)

    def unbridged(self, one: ChannelId, other: ChannelId) -> Facts:
        was_told = self._forget_pair(one, other)
        if not was_told:
            return ()
        bridge = bridge_of(one, other)
        left = tuple(BridgeLeft(channel=leg, bridge=bridge) for leg in (one, other))
        # After a consultation the earlier bridge goes on, and nobody says so.
        return (*left, *(fact for leg in (one, other) for fact in self._back(leg)))

    def forget(self, leg: ChannelId) -> None:
        party = self._parties.pop(leg, None)
        for other in party.others if party is not None else ():
            if (its := self._parties.get(other)) is not None:
                its.others.pop(leg, None)

    def _met(self, one: ChannelId, other: ChannelId) -> Facts:
        if not (self.is_answered(one) and self.is_answered(other)):
            return ()
        self._note(one, other, was_told=True)
        bridge = bridge_of(one, other)
        return tuple(BridgeEntered(channel=leg, bridge=bridge) for leg in (one, other))

    def _back(self, leg: ChannelId) -> Facts:
        party, other = self._parties.get(leg), self.partner(leg)
        if party is None or not party.others.get(other):
            return ()
        return (BridgeEntered(channel=leg, bridge=bridge_of(leg, other)),)

    def _note(self, one: ChannelId, other: ChannelId, *, was_told: bool) -> None:
        for leg, its_other in ((one, other), (other, one)):
            if (party := self._parties.get(leg)) is not None:
                party.others[its_other] = was_told

    def _forget_pair(self, one: ChannelId, other: ChannelId) -> bool:
        """Whether it had been told, or nobody knows."""
        found = [
            party.others.pop(its_other, None)
            for leg, its_other in ((one, other), (other, one))
            if (party := self._parties.get(leg)) is not None
        ]
        return False not in found
