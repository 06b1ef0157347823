"""One recording while the PBX writes it: its segments, pauses and end. The Director says when, this says what.

Pictures only: each method notes the changed pictures and the commands; time and rules come from outside.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.domain.call import Leg, Role, Span, closed_spans
from connector.domain.decision import Change, Due
from connector.domain.events import RecorderFound, RecorderStarted
from connector.domain.flushes import JITTER_SECONDS, noted
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId, SegmentId, derived_id
from connector.domain.notification import telling
from connector.domain.options import Beginning
from connector.domain.pbx_commands import MuteRecorder, PbxCommand, StartRecorder, StopRecorder, UnmuteRecorder
from connector.domain.products import works
from connector.domain.recording import MISSED, STALLED, FlushPoint, Heard, Recording, Segment, SegmentState
from connector.domain.roles import side_of
from connector.domain.states import IN_CAPTURE, RECORDING, RecordingEvent, RecordingState, moved

#: How often in a row a recorder may be refused, or end without having grown, before its channel is given up.
STARTS_PER_CHANNEL = 3
ENDED_UNASKED = "the recorder ended though nobody here asked for it"
#: How the reason of a recording begins that went on as another one.
JOINED = "joined "

_FAILED = frozenset({STALLED, ENDED_UNASKED})
OPEN = frozenset({SegmentState.WANTED, SegmentState.RUNNING})


class Notes:
    """What one decision collects: the last picture of each thing, and the commands in order."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str], Change] = {}
        self.commands: list[PbxCommand] = []

    def changed(self, thing: Change) -> None:
        key = thing.command_id if hasattr(thing, "command_id") else thing.id
        self._changes[type(thing).__name__, key] = thing

    def wanted(self, command: PbxCommand) -> None:
        self.commands.append(command)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self._changes.values())


@dataclass(slots=True)
class Take:
    recording: Recording
    segments: dict[SegmentId, Segment]
    #: Stop was asked for, or the call is over; only the files' ends are missing.
    is_ending: bool = False
    #: A pause that was asked for before any recorder had proved itself.
    pause_since: Moment | None = None
    #: How often the PBX has not even said no since it last told what lives.
    unanswered: Counter[tuple[ChannelId, Heard]] = field(default_factory=Counter)

    @property
    def id(self) -> RecordingId:
        return self.recording.id

    @property
    def is_paused(self) -> bool:
        return self.recording.state is RecordingState.PAUSED or self.pause_since is not None

    @property
    def is_over(self) -> bool:
        return self.recording.state not in IN_CAPTURE

    @property
    def is_running(self) -> bool:
        return not self.is_over and not self.is_ending

    def open_segments(self) -> list[Segment]:
        return [segment for segment in self.segments.values() if segment.state in OPEN]

    def segments_of(self, channel: ChannelId) -> list[Segment]:
        return [segment for segment in self.segments.values() if segment.channel == channel]

    @property
    def is_of_one_party(self) -> bool:
        """Recorded from the answer on, and nobody has joined yet."""
        is_alone = len({segment.channel for segment in self.segments.values()}) <= 1
        return is_alone and self.recording.options.record_from is Beginning.ANSWER

    def start_recorder(self, leg: Leg, role: Role, at: Moment, notes: Notes, heard: Heard = Heard.RX) -> Segment | None:
        """Ask for a recorder on this leg; None when it was tried often enough."""
        earlier = [segment for segment in self.segments_of(leg.channel) if segment.heard is heard]
        failures = _failures_in_a_row([one for one in earlier if one.requested_at >= leg.created_at])
        if max(failures, self.unanswered[leg.channel, heard]) >= STARTS_PER_CHANNEL:
            return None
        segment = self._next_segment(leg, role, heard, at)
        self._put(segment, notes)
        notes.wanted(
            StartRecorder(
                call=segment.call_id,
                segment=segment.id,
                channel=leg.channel,
                path=segment.path,
                sample_rate=segment.sample_rate,
                heard=heard,
            )
        )
        if self.is_paused:
            notes.wanted(MuteRecorder(call=segment.call_id, segment=segment.id, channel=leg.channel))
        return segment

    def missed(self, leg: Leg, role: Role, since: Moment, at: Moment, notes: Notes) -> None:
        """Nobody recorded this party until now: written down, so that the time can be named."""
        began = self.recording.requested_at if self.recording.started_at is None else self.recording.started_at
        if max(since, began) < at:
            segment = self._next_segment(leg, role, Heard.RX, max(since, began))
            self._put(replace(segment, state=SegmentState.LOST, reason=MISSED, stopped_at=at), notes)

    def _next_segment(self, leg: Leg, role: Role, heard: Heard, at: Moment) -> Segment:
        earlier = [segment for segment in self.segments_of(leg.channel) if segment.heard is heard]
        id = SegmentId(derived_id(self.id, leg.channel, heard, str(len(earlier))))
        return Segment(
            id=id,
            recording_id=self.id,
            call_id=self.recording.call_id,
            channel=leg.channel,
            role=role,
            side=side_of(role, heard),
            heard=heard,
            path=f"{self.id}_{id}_{heard}.wav",
            sample_rate=leg.sample_rate,
            requested_at=at,
        )

    def found(self, id: SegmentId, told: RecorderFound, role: Role, at: Moment, notes: Notes) -> None:
        """A recorder that the dialplan started belongs to this recording."""
        segment = Segment(
            id=id,
            recording_id=self.id,
            call_id=self.recording.call_id,
            channel=told.channel,
            role=role,
            side=side_of(role, told.heard),
            heard=told.heard,
            path=told.path,
            sample_rate=told.sample_rate,
            state=SegmentState.RUNNING,
            requested_at=at,
            started_at=at,
        )
        self._put(segment, notes)
        self._runs_since(at, notes)
        if self.is_paused:
            notes.wanted(MuteRecorder(call=segment.call_id, segment=segment.id, channel=segment.channel))

    def verified(self, segment: Segment, proof: RecorderStarted, at: Moment, notes: Notes) -> None:
        """The recorder's file is there; it may be another than the one that was asked for."""
        if segment.state is not SegmentState.WANTED:
            return
        running = replace(
            segment,
            state=SegmentState.RUNNING,
            started_at=at,
            path=proof.path or segment.path,
            sample_rate=proof.sample_rate or segment.sample_rate,
        )
        self._put(running, notes)
        self._runs_since(at, notes)

    def _runs_since(self, at: Moment, notes: Notes) -> None:
        if self.recording.state is RecordingState.REQUESTED:
            self._move(RecordingEvent.VERIFIED, notes, started_at=at)
            if self.pause_since is not None:
                self._pause_from(self.pause_since, notes)
                self.pause_since = None
        elif self.recording.started_at is None or at < self.recording.started_at:
            self._change(notes, started_at=at)

    def refused(self, segment: Segment, at: Moment, reason: str, notes: Notes) -> None:
        if segment.state is SegmentState.WANTED:
            self._put(replace(segment, state=SegmentState.REFUSED, reason=reason, stopped_at=at), notes)

    def lost(self, segment: Segment, at: Moment, reason: str, notes: Notes) -> None:
        """Nobody refused it, and it is not there: maybe the command never left."""
        if segment.state is SegmentState.WANTED:
            self.unanswered[segment.channel, segment.heard] += 1
            self._put(replace(segment, state=SegmentState.LOST, reason=reason, stopped_at=at), notes)

    def failed(self, segment: Segment, reason: str, notes: Notes) -> None:
        """Why a recorder that ran is started anew."""
        self._put(replace(segment, reason=reason), notes)

    def flushed(self, segment: Segment, point: FlushPoint, notes: Notes) -> None:
        if segment.state is not SegmentState.RUNNING or segment.started_at is None:
            return
        segment = self._begun(segment, point, notes)
        flushes = noted(segment.flushes, point, segment.sample_rate, segment.started_at)
        known = segment.flushes
        grown = replace(segment, flushes=flushes)
        # Only a hole's bracket is news; the running last point would be a change each two seconds of each call.
        if len(flushes) > max(len(known), 2) or point.is_torn:
            self._put(grown, notes)
        else:
            self.segments[segment.id] = grown

    def _begun(self, segment: Segment, point: FlushPoint, notes: Notes) -> Segment:
        """Of a recorder that nobody saw begin, the dialplan's above all, whose file waits while the phone rings: where
        its first sound is, as the first frames tell."""
        began = point.at - point.frames / segment.sample_rate
        start = segment.started_at
        if segment.flushes or point.is_torn or start != segment.requested_at or began <= start + JITTER_SECONDS:
            return segment
        self._put(replace(segment, started_at=began), notes)
        starts = [one.started_at for one in self.segments.values() if one.started_at is not None]
        self._change(notes, started_at=min(starts))
        return self.segments[segment.id]

    def held(self, at: Moment, notes: Notes, channel: ChannelId | None = None) -> None:
        """Somebody holds: the likely place of holes in every file of the conversation, whoever pressed the button; with
        `channel` only in its own."""
        for segment in self.open_segments():
            if channel not in {None, segment.channel}:
                continue
            if not segment.holds or segment.holds[-1].end is not None:
                self._put(replace(segment, holds=(*segment.holds, Span(start=at))), notes)

    def unheld(self, at: Moment, notes: Notes, channel: ChannelId | None = None) -> None:
        for segment in self.open_segments():
            if segment.holds and channel in {None, segment.channel}:
                self._put(replace(segment, holds=closed_spans(segment.holds, at)), notes)

    def closed(self, segment: Segment, at: Moment | None, notes: Notes, reason: str = "") -> None:
        """The file is complete, or its channel ended and nothing will write to it any more; without `at` nobody saw
        when."""
        if segment.state not in OPEN:
            return
        if segment.state is SegmentState.WANTED:
            self.verified(segment, RecorderStarted(segment=segment.id), segment.requested_at, notes)
            segment = self.segments[segment.id]
        holds = segment.holds if at is None else closed_spans(segment.holds, at)
        reason = reason or segment.reason
        self._put(replace(segment, state=SegmentState.CLOSED, reason=reason, stopped_at=at, holds=holds), notes)

    def stop_recorder(self, segment: Segment, notes: Notes) -> None:
        notes.wanted(StopRecorder(call=segment.call_id, segment=segment.id, channel=segment.channel))

    def stop(self, at: Moment, discard_reason: str, notes: Notes) -> None:
        """Stop every recorder; the recording ends when their files are closed. Written down, so that a restart before
        that still ends it, and still discards it."""
        self.is_ending = True
        self._change(notes, ended_at=at, reason=discard_reason)
        for segment in self.open_segments():
            self.stop_recorder(segment, notes)

    def pause(self, at: Moment, notes: Notes) -> None:
        """Mute at once, whether the recorders have proved themselves or not: what is said now must not be kept."""
        if self.recording.state is RecordingState.REQUESTED:
            self.pause_since = at
        else:
            self._pause_from(at, notes)
        for segment in self.open_segments():
            notes.wanted(MuteRecorder(call=segment.call_id, segment=segment.id, channel=segment.channel))

    def resume(self, at: Moment, notes: Notes) -> None:
        if self.pause_since is not None:
            self._change(notes, pauses=(*self.recording.pauses, Span(start=self.pause_since, end=at)))
            self.pause_since = None
        else:
            self._move(RecordingEvent.RESUMED, notes, pauses=closed_spans(self.recording.pauses, at))
        for segment in self.open_segments():
            notes.wanted(UnmuteRecorder(call=segment.call_id, segment=segment.id, channel=segment.channel))

    def belongs_to(self, call: CallId, notes: Notes) -> None:
        """Its call turned out to be another, elder one."""
        if self.recording.call_id != call:
            self._change(notes, call_id=call)
            for segment in list(self.segments.values()):
                self._put(replace(segment, call_id=call), notes)

    def joined(self, other: "Take", notes: Notes) -> None:
        """Take over another recording's segments: its conversation turned out to be ours."""
        for segment in other.segments.values():
            self._put(replace(segment, recording_id=self.id, call_id=self.recording.call_id), notes)
        self._change(notes, pauses=tuple(sorted(self.recording.pauses + other.recording.pauses, key=_start)))
        starts = [start for start in (self.recording.started_at, other.recording.started_at) if start is not None]
        if self.recording.state is RecordingState.REQUESTED and other.recording.started_at is not None:
            self._move(RecordingEvent.VERIFIED, notes)
        self._change(notes, started_at=min(starts, default=None))
        other.end(RecordingEvent.JOINED, f"{JOINED}{self.id}", self.recording.ended_at, notes)

    def ended(self, at: Moment, notes: Notes, roles: Mapping[ChannelId, Role]) -> None:
        """Every file is closed or given up: what became of the recording, and what falls due."""
        for segment in list(self.segments.values()):
            role = roles.get(segment.channel, segment.role)
            side = side_of(role, segment.heard)
            if (role, side) != (segment.role, segment.side):
                self._put(replace(segment, role=role, side=side), notes)
        self._change(notes, pauses=closed_spans(self.recording.pauses, at))
        states = {segment.state for segment in self.segments.values()}
        if self.recording.reason:
            self.end(RecordingEvent.DISCARDED, self.recording.reason, at, notes)
            self._due("remove", at, notes)
        elif SegmentState.CLOSED in states:
            self.end(RecordingEvent.CLOSED, "", at, notes)
            for kind in works(self.recording.options):
                self._due(kind, at, notes)
        elif self.recording.state is not RecordingState.REQUESTED:
            self.end(RecordingEvent.SOURCE_LOST, self._reasons() or "the PBX's files are lost", at, notes)
        elif states & {SegmentState.REFUSED, SegmentState.LOST}:
            self.end(RecordingEvent.REFUSED, self._reasons(), at, notes)
        else:
            self.end(RecordingEvent.CALL_ENDED_FIRST, "the call ended before a recorder ran", at, notes)
        if self.recording.state is not RecordingState.REMOVING:
            notes.changed(telling(self.id, self.recording.state, at))

    def _reasons(self) -> str:
        return "; ".join(sorted({segment.reason for segment in self.segments.values() if segment.reason}))

    def _pause_from(self, at: Moment, notes: Notes) -> None:
        self._move(RecordingEvent.PAUSED, notes, pauses=(*self.recording.pauses, Span(start=at)))

    def _put(self, segment: Segment, notes: Notes) -> None:
        self.segments[segment.id] = segment
        notes.changed(segment)

    def _change(self, notes: Notes, **columns: object) -> None:
        changed = replace(self.recording, **columns)  # type: ignore[arg-type]  # names checked by replace itself
        if changed != self.recording:
            self.recording = changed
            notes.changed(changed)

    def _move(self, event: RecordingEvent, notes: Notes, **columns: object) -> None:
        self._change(notes, state=moved(RECORDING, self.recording.state, event), **columns)

    def end(self, event: RecordingEvent, reason: str, at: Moment | None, notes: Notes) -> None:
        self._move(event, notes, reason=reason, ended_at=at)

    def _due(self, kind: str, at: Moment, notes: Notes) -> None:
        notes.changed(Due(kind=kind, subject=self.id, node=self.recording.node, at=at))


def _failures_in_a_row(segments: Sequence[Segment]) -> int:
    """Of the latest ones. What our own restart cut short is neither a failure nor a success."""
    failures = 0
    for segment in reversed(segments):
        is_failure = segment.state is SegmentState.REFUSED or (segment.reason in _FAILED and not segment.flushes)
        if not is_failure and segment.state is not SegmentState.LOST:
            break
        failures += is_failure
    return failures


def _start(span: Span) -> Moment:
    return span.start
