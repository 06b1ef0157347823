"""FreeSWITCH's events to facts of the domain. Pure but for remembering what was told of each leg; decides nothing.

Whatever is missing, odd or out of order in an event, it never raises. RECORD_START and RECORD_STOP are not for here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from connector.domain.events import (
    BridgeEntered,
    CallEvent,
    ChannelAnswered,
    ChannelEnded,
    ChannelHeld,
    ChannelsLinked,
    ChannelUnheld,
    KeyPressed,
    VariableSet,
)
from connector.domain.ids import ChannelId, Moment
from connector.pbx.freeswitch import leg_headers, orders
from connector.pbx.freeswitch.census import Conference
from connector.pbx.freeswitch.conference_events import Rooms
from connector.pbx.freeswitch.esl_event import EslEvent, variable_in
from connector.pbx.freeswitch.orders import instruction
from connector.pbx.freeswitch.queue_events import callcenter_facts, fifo_facts
from connector.pbx.freeswitch.talks import Talks, talking
from connector.pbx.watched_variables import WatchedVariables

#: What has to be asked for, besides RECORD_START and RECORD_STOP.
EVENTS = (
    "CHANNEL_CREATE",
    "CHANNEL_ANSWER",
    "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_HANGUP_COMPLETE",
    "DTMF",
)
SUBCLASSES = ("conference::maintenance", "callcenter::info", "fifo::info", orders.SUBCLASS)

_MICROSECONDS = 1_000_000
#: The year 5138: beyond it a stamp is none.
_LAST_STAMP_DIGITS = 17

#: Of two hundred headers in each event nearly all are the same ones again, and none of them is watched.
_HEADERS_REMEMBERED = 4096

Facts = tuple[CallEvent, ...]


def stamp_of(event: EslEvent, received_at: Moment) -> Moment:
    """When it happened, on the PBX's clock."""
    text = event.get("Event-Date-Timestamp")
    if not (text.isascii() and text.isdigit() and len(text) <= _LAST_STAMP_DIGITS):
        return received_at
    return int(text) / _MICROSECONDS or received_at


@dataclass(slots=True)
class _Leg:
    """What was told of a leg."""

    linked: str
    sample_rate: int = leg_headers.NARROW
    is_answered: bool = False
    variables: dict[str, str] = field(default_factory=dict)


class Translation:
    def __init__(self, variables: frozenset[str] = frozenset()) -> None:
        self._watched = lru_cache(_HEADERS_REMEMBERED)(partial(_watched, WatchedVariables(variables)))
        self._legs: dict[ChannelId, _Leg] = {}
        self._talks = Talks()
        self._rooms = Rooms()
        self._translators: dict[str, Callable[[EslEvent, ChannelId], Facts]] = {
            "CHANNEL_CREATE": self._created,
            "CHANNEL_ANSWER": self._learned,
            "CHANNEL_BRIDGE": self._bridged,
            "CHANNEL_UNBRIDGE": self._unbridged,
            "CHANNEL_HOLD": self._held,
            "CHANNEL_UNHOLD": self._unheld,
            "CHANNEL_HANGUP_COMPLETE": self._ended,
            "DTMF": self._pressed,
        }
        self._subclasses: dict[str, Callable[[EslEvent], Facts]] = {
            "conference::maintenance": self._rooms.facts,
            "callcenter::info": callcenter_facts,
            "fifo::info": fifo_facts,
            orders.SUBCLASS: _ordered,
        }

    @property
    def channels(self) -> tuple[ChannelId, ...]:
        """The legs that live, by what was told so far."""
        return tuple(self._legs)

    def facts(self, event: EslEvent) -> Facts:
        """What the event tells, in order; nothing for events that are not ours."""
        channel = ChannelId(event.channel)
        if (told := self._subclasses.get(event.name)) is not None:
            return (*self._learned(event, channel), *told(event))
        translator = self._translators.get(event.name)
        return translator(event, channel) if translator is not None and channel else ()

    def rate_of(self, channel: ChannelId) -> int:
        """The sample rate of what the leg's phone says, as was told last: 8000 or 16000."""
        leg = self._legs.get(channel)
        return leg.sample_rate if leg is not None else leg_headers.NARROW

    def resynchronised(self, dumps: Iterable[EslEvent], conferences: Sequence[Conference] = ()) -> Facts:
        """What lives now, as if it had just happened: `uuid_dump` of every leg, and the rooms. The eldest leg first,
        and who talks with whom last: when that is told, all else is known."""
        by_channel = {ChannelId(dump.channel): dump for dump in dumps if dump.channel}
        legs = dict(sorted(by_channel.items(), key=lambda leg: leg_headers.seniority(leg[1])))
        for memory in (self._legs, self._talks, self._rooms):
            memory.clear()
        return (
            *(fact for channel, dump in legs.items() for fact in self._introduced(dump, channel)),
            *(fact for channel, dump in legs.items() for fact in self._learned(dump, channel)),
            *(fact for channel, dump in legs.items() for fact in _hold(dump, channel)),
            *(fact for one, other in talking(legs) for fact in self._met(self._talks.bridged(one, other))),
            *(
                self._rooms.entered(member.channel, conference.room, conference.name)
                for conference in conferences
                for member in conference.members
                # Who came after the count is told by events.
                if member.channel in legs
            ),
        )

    def _created(self, event: EslEvent, channel: ChannelId) -> Facts:
        return (*self._introduced(event, channel), *self._learned(event, channel))

    def _introduced(self, event: EslEvent, channel: ChannelId) -> Iterator[CallEvent]:
        created = leg_headers.created(event)
        self._legs.setdefault(channel, _Leg(created.linked))
        self._talks.introduced(channel)
        yield created
        if half := leg_headers.other_half(event):
            yield ChannelsLinked(channel=channel, other=half)
        origin = leg_headers.originator(event)
        # Rung for a leg that was told as of another call: after a transfer FreeSWITCH begins to count anew.
        if (its := self._legs.get(origin)) is not None and its.linked != created.linked:
            yield ChannelsLinked(channel=channel, other=origin)

    def _learned(self, event: EslEvent, channel: ChannelId) -> Facts:
        """What any event of a leg may show for the first time, the leg itself too: `show channels` is up to 0.3 s late,
        and so a leg may be older than our connection and yet not in the census."""
        leg = self._legs.get(channel)
        if leg is None:
            return self._created(event, channel) if channel and leg_headers.is_alive(event) else ()
        leg.sample_rate = leg_headers.rate(event) or leg.sample_rate
        variables = self._variables(event, channel, leg)
        if leg.is_answered or not leg_headers.is_answered(event):
            return variables
        leg.is_answered = True
        return (*variables, ChannelAnswered(channel=channel), *self._met(self._talks.answered(channel)))

    def _variables(self, event: EslEvent, channel: ChannelId, leg: _Leg) -> Facts:
        # Many events carry none at all; those that do have all.
        if not event.variable("uuid"):
            return ()
        now = {name: value for header, value in event.headers.items() if (name := self._watched(header))}
        changed = {name: value for name, value in now.items() if leg.variables.get(name) != value}
        unset = dict.fromkeys(leg.variables.keys() - now.keys(), "")
        leg.variables = now
        return tuple(VariableSet(channel=channel, name=name, value=value) for name, value in (changed | unset).items())

    def _bridged(self, event: EslEvent, channel: ChannelId) -> Facts:
        # The other leg's profile may still be that of an earlier bridge.
        other = ChannelId(event.get("Bridge-B-Unique-ID") or event.get("Other-Leg-Unique-ID"))
        learned = self._learned(event, channel)
        return (*learned, *self._met(self._talks.bridged(channel, other))) if other and other != channel else learned

    def _met(self, entered: Facts) -> Facts:
        """Two of different calls are of one before they talk: else a recording of its own would begin for the first."""
        met = [fact.channel for fact in entered if isinstance(fact, BridgeEntered)]
        pairs = zip(met[::2], met[1::2], strict=True)
        linked = [ChannelsLinked(channel=one, other=other) for one, other in pairs if not self._is_one_call(one, other)]
        return (*linked, *entered)

    def _is_one_call(self, one: ChannelId, other: ChannelId) -> bool:
        """As far as was told of both; a leg that nobody introduced is in no call."""
        its, others = self._legs.get(one), self._legs.get(other)
        return its is None or others is None or its.linked == others.linked

    def _unbridged(self, event: EslEvent, channel: ChannelId) -> Facts:
        # A bridge that carried no media ends without saying which.
        named = event.get("Bridge-B-Unique-ID") or self._talks.partner(channel) or event.get("Other-Leg-Unique-ID")
        return (*self._learned(event, channel), *(self._talks.unbridged(channel, ChannelId(named)) if named else ()))

    def _held(self, event: EslEvent, channel: ChannelId) -> Facts:
        return (*self._learned(event, channel), ChannelHeld(channel=channel))

    def _unheld(self, event: EslEvent, channel: ChannelId) -> Facts:
        return (*self._learned(event, channel), ChannelUnheld(channel=channel))

    def _pressed(self, event: EslEvent, channel: ChannelId) -> Facts:
        key = event.get("DTMF-Digit")
        return (*self._learned(event, channel), *((KeyPressed(channel=channel, key=key),) if key else ()))

    def _ended(self, event: EslEvent, channel: ChannelId) -> Facts:
        self._legs.pop(channel, None)
        self._talks.forget(channel)
        self._rooms.forget(channel)
        return (ChannelEnded(channel=channel, cause=event.get("Hangup-Cause")),)


def _watched(variables: WatchedVariables, header: str) -> str:
    written = variable_in(header)
    return variables.name(written) if written else ""


def _ordered(event: EslEvent) -> Facts:
    order = instruction(event)
    return (order,) if order is not None else ()


def _hold(dump: EslEvent, channel: ChannelId) -> Facts:
    if leg_headers.is_held(dump):
        return (ChannelHeld(channel=channel),)
    # Nobody may have seen the hold's end.
    return (ChannelUnheld(channel=channel),) if leg_headers.was_held(dump) else ()
