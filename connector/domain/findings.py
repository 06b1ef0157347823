"""Recorders that the dialplan started by itself ("must record"): whose recording each belongs to.

Of a living call they are told at once; those of a call that came and went without us arrive one after another, and are
waited for. Knows conversations, rulings and recorders; knows no bridge.
"""

from dataclasses import dataclass, field, replace

from connector.domain.alarms import Alarm, AlarmKind, Alarms
from connector.domain.beginnings import Beginnings
from connector.domain.call import Call, CallState, Leg, Wanted
from connector.domain.conversation import Conversation, Conversations
from connector.domain.events import RecorderFound
from connector.domain.ids import CallId, ChannelId, Moment, derived_id, found_segment_id
from connector.domain.recorders import Recorders
from connector.domain.roles import described
from connector.domain.rulings import MUST_RECORD, Rulings
from connector.domain.take import Notes

#: So long nothing more of a call may have been told for it to be taken as told whole.
_QUIET_SECONDS = 2.0


@dataclass(slots=True)
class _Unseen:
    """What was told of one call, and until when more is waited for; None: since a moment ago."""

    told: dict[str, tuple[Moment, RecorderFound]] = field(default_factory=dict)
    until: Moment | None = None


class Findings:
    def __init__(
        self,
        pbx: str,
        node: str,
        conversations: Conversations,
        rulings: Rulings,
        beginnings: Beginnings,
        recorders: Recorders,
        alarms: Alarms,
    ) -> None:
        self._pbx = pbx
        self._node = node
        self._conversations = conversations
        self._rulings = rulings
        self._beginnings = beginnings
        self._recorders = recorders
        self._alarms = alarms
        self._unseen: dict[str, _Unseen] = {}
        #: Of channels that ring: where nobody answers there is nothing to record.
        self._ringing: dict[ChannelId, dict[str, tuple[Moment, RecorderFound]]] = {}

    def lives(self, conversation: Conversation, event: RecorderFound, at: Moment, notes: Notes) -> None:
        """It runs now, or was just told late. Told again it changes nothing."""
        leg = conversation.leg(event.channel)
        if self._recorders.knows_found(found_segment_id(self._pbx, event.path)):
            return
        if leg is not None and leg.answered_at is None:
            self._ringing.setdefault(event.channel, {})[event.path] = (at, event)
        else:
            self._take_in(conversation, [(at, event)], at, notes)

    def answered(self, conversation: Conversation, channel: ChannelId, at: Moment, notes: Notes) -> None:
        told = [
            (start, event)
            for start, event in self._ringing.pop(channel, {}).values()
            # One that was told as over meanwhile has its place already.
            if not self._recorders.knows_found(found_segment_id(self._pbx, event.path))
        ]
        if told:
            self._take_in(conversation, told, at, notes)

    def gone(self, channel: ChannelId) -> None:
        """It is over; maybe nobody had answered."""
        self._ringing.pop(channel, None)

    def ended(self, event: RecorderFound, at: Moment, notes: Notes) -> None:
        """Nobody will tell anything else of its channel. Its stamp is long past: the wait begins with the next alarm
        that rings."""
        id = found_segment_id(self._pbx, event.path)
        if self._recorders.knows_found(id):
            if event.ended_at is not None:
                self._recorders.closed(id, event.ended_at, notes, event.ended_at)
            return
        unseen = self._unseen.setdefault(event.linked, _Unseen())
        unseen.told[event.path] = (at, event)
        unseen.until = None
        self._alarms.set(Alarm(at, AlarmKind.FOUND, event.linked))

    def rang(self, linked: str, at: Moment, notes: Notes) -> None:
        unseen = self._unseen.get(linked)
        if unseen is None:
            return
        if unseen.until is None:
            unseen.until = at + _QUIET_SECONDS
            self._alarms.set(Alarm(unseen.until, AlarmKind.FOUND, linked))
        elif unseen.until <= at:
            del self._unseen[linked]
            self._settle(linked, sorted(unseen.told.values(), key=_order), at, notes)

    def _settle(self, linked: str, told: list[tuple[Moment, RecorderFound]], at: Moment, notes: Notes) -> None:
        # One that was told as living meanwhile has its place already.
        told = [
            (start, event if event.ended_at is not None else replace(event, ended_at=at))
            for start, event in told
            if not self._recorders.knows_found(found_segment_id(self._pbx, event.path))
        ]
        if not told:
            return
        living = self._conversations.by_linked(linked)
        conversation = living or self._past(told)
        earliest = min(start for start, _ in told)
        for start, event in told:
            if conversation.leg(event.channel) is None:
                # Whom the call is named for was there first, whoever's sound begins first.
                conversation.added_leg(_leg(event, earliest if event.channel == event.linked else start))
        conversation.call = described(conversation.call, self._recorders.directory)
        notes.changed(conversation.call)
        self._take_in(conversation, told, at, notes)
        if living is None:
            self._recorders.conversation_ended(conversation, at, notes)

    def _take_in(
        self, conversation: Conversation, told: list[tuple[Moment, RecorderFound]], now: Moment, notes: Notes
    ) -> None:
        """To the recording that runs, or to one of its own; what must not be recorded is stopped and removed."""
        first = told[0][0]
        if not conversation.call.is_wanted:
            how = conversation.call.wanted.options if conversation.call.wanted else ""
            conversation.call = replace(conversation.call, wanted=Wanted(by=MUST_RECORD, options=how))
        ruling = self._beginnings.lawful(conversation, self._rulings.of(conversation, first), first, notes)
        conversation.ruled(ruling.verdict)
        notes.changed(conversation.call)
        for start, event in told:
            take = self._recorders.found(conversation, event, ruling, start, notes)
            if event.ended_at is not None:
                id = found_segment_id(self._pbx, event.path)
                self._recorders.closed(id, event.ended_at, notes, now)
            if not ruling.verdict.record:
                self._recorders.stop(take, now, notes, discard_reason=ruling.verdict.reason)

    def _past(self, told: list[tuple[Moment, RecorderFound]]) -> Conversation:
        """A call that is over. Named for its first file, so that it is the same when told again after a crash."""
        start, first = told[0]
        end = max(event.ended_at or start for _, event in told)
        caller = ChannelId(first.linked)
        # Who dialled is one of them, or somebody of whom nothing is recorded.
        unheard = Leg(channel=caller, linked=first.linked, created_at=start, answered_at=start, ended_at=end)
        call = Call(
            id=CallId(derived_id("found call", self._pbx, first.path)),
            organisation="",
            pbx=self._pbx,
            node=self._node,
            state=CallState.ENDED,
            started_at=start,
            answered_at=start,
            ended_at=end,
            legs=() if any(event.channel == caller for _, event in told) else (unheard,),
        )
        return Conversation(call=call)


def _leg(event: RecorderFound, start: Moment) -> Leg:
    return Leg(
        channel=event.channel,
        linked=event.linked,
        number=event.number,
        device=event.device,
        dialled=event.dialled,
        context=event.context,
        sample_rate=event.sample_rate,
        created_at=start,
        answered_at=start,
        ended_at=event.ended_at,
    )


def _order(told: tuple[Moment, RecorderFound]) -> tuple[bool, Moment, str]:
    start, event = told
    return (event.channel != event.linked, start, event.path)
