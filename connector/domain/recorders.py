"""The recorders of one PBX: which recording each belongs to, whether it proved itself, when a recording is over.

Knows takes, segments and alarms; knows no rules. A recorder runs on each real channel from its first bridge to its end
and is never restarted while it works.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.alarms import Alarm, AlarmKind, Alarms
from connector.domain.call import Leg, Role, Verdict, stay
from connector.domain.conversation import Conversation
from connector.domain.events import RecorderFound, RecorderStarted
from connector.domain.ids import ChannelId, Moment, RecordingId, SegmentId, derived_id, found_segment_id
from connector.domain.options import RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.policy import Ruling
from connector.domain.recording import STALLED, FlushPoint, Heard, Recording, Segment, SegmentState
from connector.domain.roles import roles, wanted_of
from connector.domain.states import RecordingState
from connector.domain.take import ENDED_UNASKED, OPEN, Notes, Take

#: How many of the dialplan's recorders are remembered, so that one told again is not recorded again.
_REMEMBERED_FINDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureLimits:
    #: A recorder that has not proved itself by then is started anew.
    verify_seconds: float = 2.0
    #: How long the end of a file is waited for after its channel ended or it was told to stop.
    close_seconds: float = 5.0
    #: Within this time a "no" that comes with the second party makes a recording undone instead of shortened.
    regret_seconds: float = 0.5
    #: So long after a recorder ended unasked its channel's end may still be on its way to us.
    anew_seconds: float = 0.25


class Recorders:
    def __init__(self, directory: Directory, limits: CaptureLimits, alarms: Alarms) -> None:
        self.directory = directory
        self.limits = limits
        self._alarms = alarms
        self._takes: dict[RecordingId, Take] = {}
        self._take_of: dict[SegmentId, Take] = {}
        self._conversations: dict[RecordingId, Conversation] = {}
        self._found: OrderedDict[SegmentId, None] = OrderedDict()
        #: Recorders of the dialplan that nobody has told of since the last reconnect.
        self._doubted: set[SegmentId] = set()
        self.is_pbx_lost = False

    def __len__(self) -> int:
        return len(self._takes)

    def takes(self, conversation: Conversation) -> list[Take]:
        return [take for id in conversation.recordings if (take := self._takes.get(id)) is not None]

    def running(self, conversation: Conversation) -> Take | None:
        return next((take for take in self.takes(conversation) if take.is_running), None)

    def adopted(self, conversation: Conversation, recording: Recording, segments: list[Segment], now: Moment) -> None:
        """Go on with what an earlier process began."""
        take = Take(recording=recording, segments={segment.id: segment for segment in segments})
        conversation.recordings.append(recording.id)
        self._keep(take, conversation)
        take.is_ending = recording.ended_at is not None or not conversation.channels
        for segment in take.open_segments():
            kind = AlarmKind.CLOSE if take.is_ending else AlarmKind.VERIFY
            self._alarms.set(Alarm(now + self.limits.close_seconds, kind, segment.id))
        if recording.started_at is not None and recording.options.max_length_seconds:
            at = recording.started_at + recording.options.max_length_seconds
            self._alarms.set(Alarm(at, AlarmKind.MAX_LENGTH, take.id))
        if recording.state is RecordingState.PAUSED and recording.options.pause_max_seconds:
            at = recording.pauses[-1].start + recording.options.pause_max_seconds
            self._alarms.set(Alarm(at, AlarmKind.PAUSE_MAX, take.id))

    def begin(self, conversation: Conversation, options: RecordingOptions, rule: str, at: Moment, notes: Notes) -> None:
        """A new recording of this conversation, with a recorder on each party that is there."""
        id = RecordingId(derived_id(conversation.call.id, str(len(conversation.recordings)), f"{at:.6f}"))
        self._open(id, conversation, options, rule, at, notes)
        self.ensure(conversation, at, notes)

    def found(self, conversation: Conversation, event: RecorderFound, ruling: Ruling, at: Moment, notes: Notes) -> Take:
        """The dialplan's own recorder: of the recording that runs, or, as when it must not be, of one of its own."""
        pbx = conversation.call.pbx
        id = found_segment_id(pbx, event.path)
        take = self.running(conversation) if ruling.verdict.record else None
        if take is None:
            # Named for the file: told again after a crash, it is the same recording.
            recording = RecordingId(derived_id("found recording", pbx, event.path))
            take = self._open(recording, conversation, ruling.options, ruling.verdict.reason, at, notes)
            self._limit(take, at)
        role = roles(conversation.call.legs, self.directory).get(event.channel, Role.CALLER)
        take.found(id, event, role, at, notes)
        self._take_of[id] = take
        self._found[id] = None
        if len(self._found) > _REMEMBERED_FINDS:
            self._found.popitem(last=False)
        return take

    def knows_found(self, id: SegmentId) -> bool:
        """Whether that recorder of the dialplan was told before; then it is there still."""
        self._doubted.discard(id)
        return id in self._take_of or id in self._found

    def _open(
        self,
        id: RecordingId,
        conversation: Conversation,
        options: RecordingOptions,
        rule: str,
        at: Moment,
        notes: Notes,
    ) -> Take:
        call = conversation.call
        recording = Recording(
            id=id,
            call_id=call.id,
            organisation=call.organisation,
            pbx=call.pbx,
            node=call.node,
            rule=rule,
            options=options,
            destinations=(options.destination,) if options.destination else (),
            requested_at=at,
        )
        take = Take(recording=recording, segments={})
        notes.changed(recording)
        conversation.recordings.append(recording.id)
        self._keep(take, conversation)
        return take

    def ensure(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        """A recorder on each answered living leg that has none."""
        take = self.running(conversation)
        if take is None:
            return
        who = roles(conversation.call.legs, self.directory)
        legs = conversation.answered_legs()
        for leg in legs:
            role = who[leg.channel]
            for heard in wanted_of(take.recording.options, role, is_eldest=leg is legs[0]):
                if not self._has_recorder(take, conversation, leg, heard):
                    self._start(take, leg, role, heard, at, notes)

    def started(self, event: RecorderStarted, at: Moment, notes: Notes) -> None:
        id = event.segment
        take = self._take_of.get(id)
        if take is None:
            return
        is_first = take.recording.state is RecordingState.REQUESTED
        take.verified(take.segments[id], event, at, notes)
        if is_first:
            self._limit(take, at)
        has_left = self._conversations[take.id].is_conference and not self._is_there(take, take.segments[id])
        if has_left or not take.is_running:
            take.stop_recorder(take.segments[id], notes)

    def refused(self, id: SegmentId, reason: str, at: Moment, notes: Notes) -> None:
        """This try failed; the next one is made at once, until there were enough."""
        take = self._take_of.get(id)
        if take is None or take.segments[id].state is not SegmentState.WANTED:
            return
        take.refused(take.segments[id], at, reason, notes)
        self._start_anew(take, take.segments[id], at, notes)
        if not take.open_segments():
            self._end(take, at, notes)

    def unanswered(self, id: SegmentId, at: Moment, notes: Notes, reason: str = "") -> None:
        """Nobody said no for good. Tried again a few times, and anew once the PBX has told what lives."""
        take = self._take_of.get(id)
        if take is None or take.segments[id].state is not SegmentState.WANTED:
            return
        take.lost(take.segments[id], at, reason or "the PBX did not answer in time", notes)
        if not self.is_pbx_lost:
            self._start_anew(take, take.segments[id], at, notes)
        self._end_if_done(take, at, notes)

    def stalled(self, id: SegmentId, at: Moment, notes: Notes) -> None:
        """The file stopped growing: leave it as it is and go on in another."""
        take = self._take_of.get(id)
        if take is None or take.segments[id].state is not SegmentState.RUNNING:
            return
        take.stop_recorder(take.segments[id], notes)
        take.closed(take.segments[id], at, notes)
        take.failed(take.segments[id], STALLED, notes)
        self._start_anew(take, take.segments[id], at, notes)
        self._end_if_done(take, at, notes)

    def flushed(self, id: SegmentId, point: FlushPoint, notes: Notes) -> None:
        take = self._take_of.get(id)
        if take is not None:
            self._doubted.discard(id)
            take.flushed(take.segments[id], point, notes)

    def closed(self, id: SegmentId, at: Moment | None, notes: Notes, now: Moment, reason: str = "") -> None:
        """The file is complete; without `at` nobody saw when."""
        take = self._take_of.get(id)
        if take is None:
            return
        if take.is_running and take.segments[id].state in OPEN and self._is_there(take, take.segments[id]):
            # Its channel may have ended as well, and only be told a moment later.
            self._alarms.set(Alarm(now + self.limits.anew_seconds, AlarmKind.ANEW, id))
        take.closed(take.segments[id], at, notes, reason)
        self._end_if_done(take, now, notes)

    def held(self, conversation: Conversation, channel: ChannelId, at: Moment, notes: Notes) -> None:
        """In a conference the others go on."""
        for take in self.takes(conversation):
            take.held(at, notes, channel if conversation.is_conference else None)

    def unheld(self, conversation: Conversation, channel: ChannelId, at: Moment, notes: Notes) -> None:
        """Once nobody holds any more."""
        if conversation.is_conference or not any(
            leg.holds and leg.holds[-1].end is None for leg in conversation.live_legs()
        ):
            for take in self.takes(conversation):
                take.unheld(at, notes, channel if conversation.is_conference else None)

    def channel_ended(self, conversation: Conversation, channel: ChannelId, at: Moment) -> None:
        """Its files close by themselves; look after them when they do not."""
        for take in self.takes(conversation):
            for segment in take.segments_of(channel):
                self._alarms.set(Alarm(at + self.limits.close_seconds, AlarmKind.CLOSE, segment.id))

    def left(self, conference: Conversation, channel: ChannelId, at: Moment, notes: Notes) -> None:
        """A participant went: his recorder is stopped, for he may go on living elsewhere."""
        for take in self.takes(conference):
            for segment in take.open_segments():
                if segment.channel == channel and not self._is_there(take, segment):
                    take.stop_recorder(segment, notes)
        self.channel_ended(conference, channel, at)

    def conversation_ended(self, conversation: Conversation, at: Moment, notes: Notes) -> None:
        for take in self.takes(conversation):
            take.is_ending = True
            self._end_if_done(take, at, notes)

    def stop(self, take: Take, at: Moment, notes: Notes, discard_reason: str = "") -> None:
        take.stop(at, discard_reason, notes)
        for segment in take.open_segments():
            self._alarms.set(Alarm(at + self.limits.close_seconds, AlarmKind.CLOSE, segment.id))
        self._end_if_done(take, at, notes)

    def pause(self, take: Take, at: Moment, notes: Notes) -> None:
        take.pause(at, notes)
        limit = take.recording.options.pause_max_seconds
        if limit:
            self._alarms.set(Alarm(at + limit, AlarmKind.PAUSE_MAX, take.id))

    def joined(self, survivor: Conversation, at: Moment, notes: Notes) -> None:
        """One conversation is one recording: the elder running one takes the other's files over."""
        for take in self.takes(survivor):
            self._conversations[take.id] = survivor
            take.belongs_to(survivor.call.id, notes)
        running = sorted((take for take in self.takes(survivor) if take.is_running), key=_age)
        for other in running[1:]:
            running[0].joined(other, notes)
            for segment_id in other.segments:
                self._take_of[segment_id] = running[0]
            self._drop(other)
        self.ensure(survivor, at, notes)

    def resynchronised(self, alive: Mapping[SegmentId, RecorderStarted], at: Moment, notes: Notes) -> None:
        """The PBX says which recorders live: the others ended unseen, and are started anew where the party is there."""
        self.is_pbx_lost = False
        for take in tuple(self._takes.values()):
            conversation = self._conversations[take.id]
            for segment in take.open_segments():
                if segment.id in alive:
                    take.verified(segment, alive[segment.id], segment.requested_at, notes)
                    if take.is_ending or not self._is_there(take, segment):
                        take.stop_recorder(take.segments[segment.id], notes)
                elif segment.id == found_segment_id(take.recording.pbx, segment.path):
                    # The dialplan's are told by a fact of their own, a moment later.
                    self._doubted.add(segment.id)
                    self._alarms.set(Alarm(at + self.limits.verify_seconds, AlarmKind.CONFIRM, segment.id))
                elif segment.state is SegmentState.RUNNING:
                    take.closed(segment, None, notes)
                else:
                    take.lost(segment, at, "the recorder was not there after a reconnect", notes)
            take.unanswered.clear()
            self._end_if_done(take, at, notes)
            self.ensure(conversation, at, notes)

    def rang(self, alarm: Alarm, at: Moment, notes: Notes) -> None:
        """A moment that was waited for has come; what it was about may be over."""
        if alarm.kind is AlarmKind.VERIFY and self.is_pbx_lost:
            self.unanswered(SegmentId(alarm.subject), at, notes)
        elif alarm.kind is AlarmKind.VERIFY:
            self.refused(SegmentId(alarm.subject), "no file appeared in time", at, notes)
        elif alarm.kind is AlarmKind.CLOSE:
            self._close_unseen(SegmentId(alarm.subject), at, notes)
        elif alarm.kind is AlarmKind.ANEW:
            self._go_on(SegmentId(alarm.subject), at, notes)
        elif alarm.kind is AlarmKind.CONFIRM:
            self._give_up_unless_told(SegmentId(alarm.subject), at, notes)
        else:
            take = self._takes.get(RecordingId(alarm.subject))
            if take is None or not take.is_running:
                return
            if alarm.kind is AlarmKind.MAX_LENGTH:
                conversation = self._conversations[take.id]
                # Who joins later does not begin it again.
                conversation.ruled(Verdict(record=False, is_by_hand=True, reason="maxLength is reached"))
                notes.changed(conversation.call)
                self.stop(take, at, notes)
            elif self._pause_is_too_long(take, at):
                take.resume(at, notes)

    def _pause_is_too_long(self, take: Take, at: Moment) -> bool:
        limit = take.recording.options.pause_max_seconds or 0.0
        return take.recording.state is RecordingState.PAUSED and take.recording.pauses[-1].start + limit <= at

    def _close_unseen(self, id: SegmentId, at: Moment, notes: Notes) -> None:
        take = self._take_of.get(id)
        if take is None:
            return
        leg = self._stay(take, take.segments[id])
        self.closed(id, leg.ended_at if leg else None, notes, at)

    def _go_on(self, id: SegmentId, at: Moment, notes: Notes) -> None:
        """Somebody else stopped it, and its channel is still there."""
        take = self._take_of.get(id)
        if take is not None and take.is_running and self._is_there(take, take.segments[id]):
            take.failed(take.segments[id], ENDED_UNASKED, notes)
            self._start_anew(take, take.segments[id], at, notes)

    def _give_up_unless_told(self, id: SegmentId, at: Moment, notes: Notes) -> None:
        take = self._take_of.get(id)
        if take is not None and id in self._doubted:
            self._doubted.discard(id)
            take.closed(take.segments[id], None, notes)
            self.ensure(self._conversations[take.id], at, notes)
            self._end_if_done(take, at, notes)

    def _limit(self, take: Take, at: Moment) -> None:
        limit = take.recording.options.max_length_seconds
        if limit:
            self._alarms.set(Alarm(at + limit, AlarmKind.MAX_LENGTH, take.id))

    def _start(self, take: Take, leg: Leg, role: Role, heard: Heard, at: Moment, notes: Notes) -> None:
        segment = take.start_recorder(leg, role, at, notes, heard)
        if segment is not None:
            self._take_of[segment.id] = take
            self._alarms.set(Alarm(at + self.limits.verify_seconds, AlarmKind.VERIFY, segment.id))

    def _start_anew(self, take: Take, segment: Segment, at: Moment, notes: Notes) -> None:
        """In the same direction, while the party is there and has no other recorder."""
        conversation = self._conversations[take.id]
        leg = conversation.leg(segment.channel)
        if not take.is_running or leg is None or not self._is_there(take, segment):
            return
        if not self._has_recorder(take, conversation, leg, segment.heard):
            role = roles(conversation.call.legs, self.directory)[leg.channel]
            self._start(take, leg, role, segment.heard, at, notes)

    def _has_recorder(self, take: Take, conversation: Conversation, leg: Leg, heard: Heard) -> bool:
        """One of this stay: that of an earlier one is on its way out."""
        return any(
            segment.channel == leg.channel and segment.heard is heard and self._stay(take, segment) is leg
            for segment in take.open_segments()
        )

    def _stay(self, take: Take, segment: Segment) -> Leg | None:
        return stay(self._conversations[take.id].call.legs, segment.channel, segment.requested_at)

    def _is_there(self, take: Take, segment: Segment) -> bool:
        leg = self._stay(take, segment)
        return leg is not None and leg.ended_at is None

    def _end_if_done(self, take: Take, at: Moment, notes: Notes) -> None:
        if take.is_ending and not take.open_segments():
            self._end(take, at, notes)

    def _end(self, take: Take, at: Moment, notes: Notes) -> None:
        if not take.is_over:
            conversation = self._conversations[take.id]
            ends = [segment.stopped_at for segment in take.segments.values() if segment.stopped_at is not None]
            take.ended(max(ends, default=at), notes, roles(conversation.call.legs, self.directory))
        self._drop(take)

    def _keep(self, take: Take, conversation: Conversation) -> None:
        self._takes[take.id] = take
        self._conversations[take.id] = conversation
        self._take_of.update(dict.fromkeys(take.segments, take))

    def _drop(self, take: Take) -> None:
        self._takes.pop(take.id, None)
        self._conversations.pop(take.id, None)
        for id in take.segments:
            if self._take_of.get(id) is take:
                del self._take_of[id]
        self._doubted -= take.segments.keys()
        self._alarms.forget([take.id, *(id for id in take.segments if id not in self._take_of)])


def _age(take: Take) -> tuple[Moment, str]:
    return (take.recording.requested_at, take.id)
