"""Decides for one PBX: which channels are one call, whether it is recorded, and what each recorder should do.

Pure and synchronous: `handle(event, at)` gives the changes to keep, the commands to send and when to look again. No
event, in whatever order, twice or never, makes it raise: what does not fit the present state changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.domain import events
from connector.domain.alarms import Alarm, AlarmKind, Alarms
from connector.domain.attendance import SEATS, Attendance
from connector.domain.beginnings import Beginnings
from connector.domain.call import Call, CallKind, CallState, Leg, Span, closed_spans
from connector.domain.conferences import Conferences
from connector.domain.consent import is_consent
from connector.domain.conversation import Conversation, Conversations
from connector.domain.decision import Decision
from connector.domain.events import CallEvent
from connector.domain.findings import Findings
from connector.domain.ids import CallId, ChannelId, Moment
from connector.domain.latecomers import missed
from connector.domain.obedience import Obedience
from connector.domain.organisation import Directory
from connector.domain.policy import Policy
from connector.domain.recorders import CaptureLimits, Recorders
from connector.domain.recording import MOVED, FlushPoint, Recording, Segment
from connector.domain.roles import described
from connector.domain.rulings import Rulings
from connector.domain.take import Notes


class Director:
    def __init__(
        self,
        pbx: str,
        node: str,
        directory: Directory,
        policies: Mapping[str, Policy],
        limits: CaptureLimits = CaptureLimits(),  # noqa: B008  # frozen
    ) -> None:
        self._directory = directory
        self._alarms = Alarms()
        self._conversations = Conversations(pbx, node)
        self._conferences = Conferences(pbx, node)
        self._recorders = Recorders(directory, limits, self._alarms)
        self._rulings = Rulings(directory, policies)
        self._beginnings = Beginnings(self._rulings, self._recorders)
        self._attendance = Attendance(
            self._conversations, self._conferences, self._beginnings, self._recorders, self._alarms
        )
        self._findings = Findings(
            pbx, node, self._conversations, self._rulings, self._beginnings, self._recorders, self._alarms
        )
        self._obedience = Obedience(self._rulings, self._beginnings, self._recorders)
        self._handlers: dict[type, Callable[[Any, Moment, Notes], None]] = {
            events.ChannelCreated: self._channel_created,
            events.ChannelAnswered: self._channel_answered,
            events.CallerIdentified: self._caller_identified,
            events.BridgeEntered: self._bridge_entered,
            events.BridgeLeft: self._bridge_left,
            events.ChannelsLinked: self._channels_linked,
            events.QueueEntered: self._queue_entered,
            events.AgentConnected: self._agent_connected,
            events.ChannelHeld: self._channel_held,
            events.ChannelUnheld: self._channel_unheld,
            events.VariableSet: self._variable_set,
            events.KeyPressed: self._key_pressed,
            events.ChannelEnded: self._channel_ended,
            events.RecorderStarted: self._recorder_started,
            events.RecorderFound: self._recorder_found,
            events.RecorderRefused: self._recorder_refused,
            events.RecorderFlushed: self._recorder_flushed,
            events.RecorderStalled: self._recorder_stalled,
            events.RecorderClosed: self._recorder_closed,
            events.CommandTimedOut: self._command_timed_out,
            events.PbxResynchronised: self._pbx_resynchronised,
            events.PbxLost: self._pbx_lost,
            events.InstructionGiven: self._instruction_given,
        }

    @property
    def live_calls(self) -> int:
        """Conferences among them."""
        return len(self._conversations) + len(self._conferences)

    @property
    def live_recordings(self) -> int:
        return len(self._recorders)

    def knows(self, call: CallId) -> bool:
        """Whether that call is live here."""
        return self._by_id(call) is not None

    def hears(self, channel: ChannelId) -> bool:
        """Whether that channel is known here and lives."""
        return self._conversations.of(channel) is not None

    def follow(self, directory: Directory, policies: Mapping[str, Policy]) -> None:
        """Other rules from now on; what is decided already stays."""
        self._directory = directory
        self._rulings.follow(directory, policies)
        self._recorders.directory = directory

    def adopt(
        self, calls: Sequence[Call], recordings: Sequence[Recording], segments: Sequence[Segment], now: Moment
    ) -> Decision:
        """Go on where earlier processes stopped; the PBX's resynchronisation says what has ended meanwhile. Calls with
        a channel in common are one: a process without its memory began it anew."""
        notes = Notes()
        by_call: dict[CallId, Conversation] = {}
        same: list[tuple[Conversation, Conversation]] = []
        for call in sorted(calls, key=lambda call: call.started_at):
            if call.kind is CallKind.CONFERENCE:
                by_call[call.id] = self._conferences.adopted(call)
                continue
            living = [leg.channel for leg in call.legs if leg.ended_at is None]
            known = {other.call.id: other for channel in living if (other := self._conversations.of(channel))}
            by_call[call.id] = self._conversations.adopted(call)
            same += [(other, by_call[call.id]) for other in known.values()]
        for recording in sorted(recordings, key=lambda recording: recording.requested_at):
            conversation = by_call.get(recording.call_id)
            if conversation is not None:
                own = [segment for segment in segments if segment.recording_id == recording.id]
                self._recorders.adopted(conversation, recording, own, now)
        for one, other in same:
            self._unite(one, other, now, notes)
        for conversation in by_call.values():
            if conversation.call.state is CallState.ENDED:
                self._conversations.forget(conversation)
        return Decision(changes=notes.changes, commands=tuple(notes.commands), wake_at=self._alarms.next_at)

    def handle(self, event: CallEvent, at: Moment) -> Decision:
        notes = Notes()
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, at, notes)
        # A find is stamped with its beginning, long ago: no moment that anything was waiting for.
        for alarm in self._alarms.rung(at) if not isinstance(event, events.RecorderFound) else ():
            self._rang(alarm, at, notes)
        return Decision(changes=notes.changes, commands=tuple(notes.commands), wake_at=self._alarms.next_at)

    # What happens to channels

    def _channel_created(self, event: events.ChannelCreated, at: Moment, notes: Notes) -> None:
        if event.is_back:
            self._conversations.revived(event.channel)
        if self._conversations.has_ended(event.channel):
            return
        if self._conversations.of(event.channel) is not None:
            self._better_known(event, notes)
            return
        conversation = self._conversations.opened(event, at)
        if event.is_local:
            return
        leg = Leg(
            channel=event.channel,
            linked=event.linked,
            number=event.number,
            name=event.name,
            device=event.device,
            dialled=event.dialled,
            context=event.context,
            sample_rate=event.sample_rate,
            created_at=at,
        )
        conversation.call = replace(conversation.call, legs=(*conversation.call.legs, leg))
        self._describe(conversation, notes)

    def _channel_answered(self, event: events.ChannelAnswered, at: Moment, notes: Notes) -> None:
        conversation, leg = self._find(event.channel)
        if conversation is not None and leg is not None and leg.answered_at is None:
            self._answered(conversation, leg, at if event.since is None else event.since, notes)
            self._describe(conversation, notes)
            self._beginnings.answered(conversation, at, notes)

    def _caller_identified(self, event: events.CallerIdentified, at: Moment, notes: Notes) -> None:
        conversation, leg = self._find(event.channel)
        if conversation is not None and leg is not None:
            self._changed(conversation, replace(leg, number=event.number, name=event.name or leg.name), notes)

    def _bridge_entered(self, event: events.BridgeEntered, at: Moment, notes: Notes) -> None:
        if self._conversations.has_ended(event.channel):
            return
        if self._conversations.of(event.channel) is None:
            # Its creation was never told, or got lost: better a call without a number than no recording.
            self._channel_created(events.ChannelCreated(channel=event.channel, linked=event.channel), at, notes)
        # Once a conference, always one: what is told again after a reconnect may not say so.
        kind = events.BridgeKind.CONFERENCE if self._conferences.holds(event.bridge) else event.kind
        for other in self._conversations.met(event.channel, event.bridge, kind):
            self._join(event.channel, other, at, notes)
        conversation, leg = self._find(event.channel)
        if conversation is None:
            return
        if leg is not None and leg.answered_at is None and kind is not events.BridgeKind.HOLDING:
            self._answered(conversation, leg, at, notes)
        self._describe(conversation, notes)
        if kind is events.BridgeKind.CONFERENCE:
            self._attendance.entered(event, conversation, at, notes)
            self._beginnings.answered(conversation, at, notes)
        else:
            self._attendance.entered_elsewhere(event, conversation, at, notes)
        if kind is events.BridgeKind.TALK and not self._attendance.is_all_of(conversation):
            missed(self._recorders, conversation, event.channel, event.since, at, notes)
            self._beginnings.met(conversation, at, notes)

    def _bridge_left(self, event: events.BridgeLeft, at: Moment, notes: Notes) -> None:
        self._conversations.parted(event.channel, event.bridge)
        self._attendance.left(event.channel, event.bridge, at, notes)

    def _channels_linked(self, event: events.ChannelsLinked, at: Moment, notes: Notes) -> None:
        self._join(event.channel, event.other, at, notes)

    def _queue_entered(self, event: events.QueueEntered, at: Moment, notes: Notes) -> None:
        conversation, _ = self._find(event.channel)
        if conversation is not None:
            conversation.call = replace(conversation.call, queue=event.queue)
            self._describe(conversation, notes)

    def _agent_connected(self, event: events.AgentConnected, at: Moment, notes: Notes) -> None:
        conversation, _ = self._find(event.channel)
        if conversation is not None:
            conversation.call = replace(conversation.call, queue=event.queue or conversation.call.queue)
            self._describe(conversation, notes, member=event.agent)

    def _channel_held(self, event: events.ChannelHeld, at: Moment, notes: Notes) -> None:
        conversation, leg = self._find(event.channel)
        if conversation is not None and leg is not None and (not leg.holds or leg.holds[-1].end is not None):
            conversation.changed_leg(replace(leg, holds=(*leg.holds, Span(start=at))))
            for concerned in self._all_of(event.channel):
                self._recorders.held(concerned, event.channel, at, notes)
            notes.changed(conversation.call)

    def _channel_unheld(self, event: events.ChannelUnheld, at: Moment, notes: Notes) -> None:
        conversation, leg = self._find(event.channel)
        if conversation is not None and leg is not None and leg.holds:
            conversation.changed_leg(replace(leg, holds=closed_spans(leg.holds, at)))
            for concerned in self._all_of(event.channel):
                self._recorders.unheld(concerned, event.channel, at, notes)
            notes.changed(conversation.call)

    def _variable_set(self, event: events.VariableSet, at: Moment, notes: Notes) -> None:
        conversation, leg = self._find(event.channel)
        if conversation is not None and leg is not None:
            others = tuple((name, value) for name, value in leg.variables if name != event.name)
            self._changed(conversation, replace(leg, variables=(*others, (event.name, event.value))), notes)
            self._beginnings.answered(conversation, at, notes)
            if is_consent(event.name):
                self._key_pressed(events.KeyPressed(channel=event.channel, key=event.value), at, notes)

    def _key_pressed(self, event: events.KeyPressed, at: Moment, notes: Notes) -> None:
        for conversation in self._all_of(event.channel):
            self._beginnings.pressed(conversation, event.channel, event.key, at, notes)

    def _channel_ended(self, event: events.ChannelEnded, at: Moment, notes: Notes) -> None:
        self._attendance.ended(event.channel, at, notes)
        self._findings.gone(event.channel)
        conversation = self._conversations.closed(event.channel, at)
        if conversation is None:
            return
        notes.changed(conversation.call)
        self._recorders.channel_ended(conversation, event.channel, at)
        if not conversation.channels:
            self._conversations.forget(conversation)
            self._recorders.conversation_ended(conversation, at, notes)

    # What became of recorders

    def _recorder_started(self, event: events.RecorderStarted, at: Moment, notes: Notes) -> None:
        self._recorders.started(event, at, notes)

    def _recorder_found(self, event: events.RecorderFound, at: Moment, notes: Notes) -> None:
        is_alive = self._conversations.of(event.channel) is not None
        if event.ended_at is not None or self._conversations.has_ended(event.channel):
            # A channel that rings for long has a file that looks as if it had been left behind.
            if not is_alive:
                self._findings.ended(event, at, notes)
            return
        if not is_alive:
            created = events.ChannelCreated(
                channel=event.channel,
                linked=event.linked,
                number=event.number,
                device=event.device,
                dialled=event.dialled,
                context=event.context,
                sample_rate=event.sample_rate,
            )
            self._channel_created(created, at, notes)
        conversation = self._conversations.of(event.channel)
        if conversation is not None:
            self._findings.lives(conversation, event, at, notes)

    def _recorder_refused(self, event: events.RecorderRefused, at: Moment, notes: Notes) -> None:
        self._recorders.refused(event.segment, event.reason, at, notes)

    def _recorder_flushed(self, event: events.RecorderFlushed, at: Moment, notes: Notes) -> None:
        point = FlushPoint(at=at, frames=event.frames, is_torn=event.is_torn)
        self._recorders.flushed(event.segment, point, notes)

    def _recorder_stalled(self, event: events.RecorderStalled, at: Moment, notes: Notes) -> None:
        self._recorders.stalled(event.segment, at, notes)

    def _recorder_closed(self, event: events.RecorderClosed, at: Moment, notes: Notes) -> None:
        self._recorders.closed(event.segment, at, notes, at, MOVED if event.is_moved else "")

    def _command_timed_out(self, event: events.CommandTimedOut, at: Moment, notes: Notes) -> None:
        self._recorders.unanswered(event.segment, at, notes, event.reason)

    # What comes from outside the call

    def _pbx_resynchronised(self, event: events.PbxResynchronised, at: Moment, notes: Notes) -> None:
        alive = frozenset(event.channels)
        for conversation in self._conversations:
            for channel in sorted(conversation.channels - alive):
                self._channel_ended(events.ChannelEnded(channel=channel, cause="ended unseen"), at, notes)
        self._attendance.resynchronised(alive, at, notes)
        self._recorders.resynchronised({one.segment: one for one in event.recorders}, at, notes)

    def _pbx_lost(self, _event: events.PbxLost, _at: Moment, _notes: Notes) -> None:
        self._recorders.is_pbx_lost = True

    def _instruction_given(self, event: events.InstructionGiven, at: Moment, notes: Notes) -> None:
        self._obedience.obey(event, self._meant(event), at, notes)

    def _meant(self, order: events.InstructionGiven) -> Conversation | None:
        """Which call or conference an instruction is about."""
        if order.conference == "*":
            return self._conferences.of(order.channel) if order.channel is not None else None
        if order.conference:
            return self._conferences.named(order.conference)
        if order.channel is not None:
            return self._conversations.of(order.channel)
        return self._by_id(order.call) if order.call is not None else None

    # Small change

    def _rang(self, alarm: Alarm, at: Moment, notes: Notes) -> None:
        if alarm.kind is AlarmKind.FOUND:
            self._findings.rang(alarm.subject, at, notes)
        elif alarm.subject == SEATS:
            self._attendance.rang(at, notes)
        else:
            self._recorders.rang(alarm, at, notes)

    def _by_id(self, call: CallId) -> Conversation | None:
        return self._conversations.by_id(call) or self._conferences.by_id(call)

    def _all_of(self, channel: ChannelId) -> list[Conversation]:
        """The channel's own call, and the conference that it is in."""
        both = (self._conversations.of(channel), self._conferences.of(channel))
        return [one for one in both if one is not None]

    def _find(self, channel: ChannelId) -> tuple[Conversation | None, Leg | None]:
        conversation = self._conversations.of(channel)
        return conversation, conversation.leg(channel) if conversation else None

    def _describe(self, conversation: Conversation, notes: Notes, member: str = "") -> None:
        conversation.call = described(conversation.call, self._directory, member)
        if conversation.call.legs:
            notes.changed(conversation.call)

    def _changed(self, conversation: Conversation, leg: Leg, notes: Notes) -> None:
        conversation.changed_leg(leg)
        self._describe(conversation, notes)
        self._attendance.refreshed(leg, notes)

    def _better_known(self, event: events.ChannelCreated, notes: Notes) -> None:
        """A channel that something else was told of before its creation."""
        conversation, leg = self._find(event.channel)
        if conversation is None or leg is None or event.is_local:
            return
        fuller = replace(leg, number=leg.number or event.number, name=leg.name or event.name)
        if not leg.device:
            # Told again of a known one, these are where it is now, not where it began.
            fuller = replace(fuller, device=event.device, dialled=event.dialled, context=event.context)
        if fuller != leg:
            self._changed(conversation, fuller, notes)

    def _answered(self, conversation: Conversation, leg: Leg, at: Moment, notes: Notes) -> None:
        conversation.changed_leg(replace(leg, answered_at=at))
        if conversation.call.answered_at is None:
            conversation.call = replace(conversation.call, answered_at=at)
        self._findings.answered(conversation, leg.channel, at, notes)

    def _join(self, channel: ChannelId, other: ChannelId, at: Moment, notes: Notes) -> None:
        one, two = self._conversations.of(channel), self._conversations.of(other)
        if one is not None and two is not None and one is not two:
            self._unite(one, two, at, notes)

    def _unite(self, one: Conversation, two: Conversation, at: Moment, notes: Notes) -> None:
        survivor, absorbed = self._conversations.joined(one, two)
        gone = replace(absorbed.call, state=CallState.ENDED, ended_at=at, joined=survivor.call.id)
        notes.changed(gone)
        self._describe(survivor, notes)
        self._recorders.joined(survivor, at, notes)
