"""All files of a recording on one clock: who sounds when, on which row, and what is missing. Pure arithmetic on events
and frame counts: it has seen no file.

The rule and its figures: docs/decisions/0003-one-clock.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from connector.domain.assembly import AssemblyPlan, Blank, Piece
from connector.domain.call import Call, CallKind, Role, Span, closed_spans, stay
from connector.domain.coverage import Interval, merged, seconds_before, without
from connector.domain.file_clock import HOLE_SECONDS, Placement, Slip, placed
from connector.domain.ids import Moment
from connector.domain.leaning import moves
from connector.domain.options import PauseBehavior
from connector.domain.recording import MOVED, Gap, Heard, Recording, Segment
from connector.domain.rows import RowTrack, arranged
from connector.domain.tracks import Recorder, recorder

_DEFAULT_RATE = 8000
#: Stamps place one file in another within -22 to +28 ms; shared sound is looked for in twice that.
_WINDOW_SECONDS = 0.05
#: Less sound in common proves nothing: 175 ms were enough when measured.
_SHARED_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two files that hold the same sound: by their stamps the start of `second` sounds at `expected_frames` of `first`
    (negative: before it began), within `window_frames`. `second` is the one whose place is corrected."""

    first: str
    second: str
    expected_frames: int
    window_frames: int
    sample_rate: int
    #: So much of `second` runs beside `first` without a hole that is known: there they may be followed. 0 when `first`
    #: is no record of what the other heard.
    frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """From wall time to the result's: what is cut out takes no time."""

    origin: Moment
    end: Moment
    cuts: Sequence[Interval]
    sample_rate: int

    def seconds(self, moment: Moment) -> float:
        inside = min(max(moment, self.origin), self.end)
        return inside - self.origin - seconds_before(inside, self.cuts)

    def frame(self, moment: Moment) -> int:
        return round(self.seconds(moment) * self.sample_rate)


def plan(
    recording: Recording,
    call: Call,
    segments: Iterable[Segment],
    frames: Mapping[str, int],
    *,
    rates: Mapping[str, int] | None = None,
    shifts: Mapping[str, float] | None = None,
    beside: Mapping[str, str] | None = None,
    slips: Mapping[str, Sequence[Slip]] | None = None,
    rate: int | None = None,
) -> AssemblyPlan:
    """Where every frame goes. By segment id: the frames (and rates) that the files really hold, a file without is lost;
    the seconds by which shared sound corrects a segment's place, the segment in whose file that sound was found, and
    what it shows to be missing.

    Every frame of every file that sounds is in exactly one piece, or counted as duplicate, or as cut.
    """
    surveyed = _surveyed(segments, rates or {}, is_swapped=bool(recording.options.swap))
    lacking = slips or {}
    moved = moves(surveyed, frames, shifts or {}, beside or {}, lacking)
    recorders = [
        recorder(
            segment,
            _own_frames(segment, frames.get(segment.id), own_holds),
            _gone_at(segment, recording, call),
            moved.get(segment.id, 0.0),
            lacking.get(segment.id, ()),
            own_holds,
        )
        for segment in surveyed
        for own_holds in ([hold for leg in call.legs if leg.channel == segment.channel for hold in leg.holds],)
    ]
    rows = arranged(recorders, recording, call)
    used = [own for of_row in rows.tracks for own in of_row.track.recorders]
    rates_used = [own.segment.sample_rate for own in used if own.placement.stretches]
    clock = _clock(recording, used, rate or recording.options.sample_rate or max(rates_used, default=_DEFAULT_RATE))
    pieces = _pieces(rows.tracks, clock)
    length = max([clock.frame(clock.end), *(piece.at_frame + piece.frames_at(clock.sample_rate) for piece in pieces)])
    held = sum(stretch.frames for own in used for stretch in own.placement.stretches)
    duplicates = sum(of_row.track.duplicate_frames for of_row in rows.tracks)
    return AssemblyPlan(
        sample_rate=clock.sample_rate,
        frames=length,
        pieces=pieces,
        blanks=_blanks(recording, clock, length),
        gaps=_gaps(rows.tracks, clock),
        channels=rows.channels,
        sides=rows.sides,
        duplicate_frames=duplicates,
        cut_frames=held - duplicates - sum(piece.frames for piece in pieces),
    )


def matches(
    segments: Iterable[Segment],
    frames: Mapping[str, int] | None = None,
    rates: Mapping[str, int] | None = None,
    kind: CallKind = CallKind.CALL,
) -> tuple[Match, ...]:
    """What shared sound can place exactly: the recorders of one channel in each other, and the agents' in what the
    caller heard. With `frames` the expected places know of holes without an event too. In a conference everybody hears
    a mix, made a little later: only the recorders of one channel are matched.

    What is `first` somewhere is `second` in earlier matches only: shifts can be found in this order.
    """
    placements = [
        (segment, placed(segment, held))
        for segment in _surveyed(segments, rates or {}, is_swapped=False)
        if (held := _frames_by_stamps(segment) if frames is None else _own_frames(segment, frames.get(segment.id)) or 0)
        > 0
    ]
    placements.sort(key=lambda one: (one[1].start, one[0].id))
    if kind is CallKind.CONFERENCE:
        placements = [one for one in placements if one[0].heard is Heard.RX]
    heard_by_caller = [one for one in placements if one[0].heard is Heard.TX and one[0].role is Role.CALLER]
    agents = [one for one in placements if one[0].heard is Heard.RX and one[0].role is Role.AGENT]
    same_channel = [(one, other) for one, other in combinations(placements, 2) if _are_of_one(one[0], other[0])]
    of_caller = [pair for pair in same_channel if pair[0][0].heard is Heard.TX]
    of_phones = [pair for pair in same_channel if pair[0][0].heard is Heard.RX]
    found = [_match(one, other) for one, other in of_caller]
    found += [_followed(one, other) for one, other in product(heard_by_caller, agents)]
    found += [_match(one, other) for one, other in of_phones]
    return tuple(match for match in found if match is not None)


def shift_of(
    match: Match,
    found_frames: int,
    shifts: Mapping[str, float] | None = None,
    slips: Mapping[str, Sequence[Slip]] | None = None,
) -> float:
    """By how many seconds `match.second` is misplaced; the others are those found so far, maybe of `match.first`."""
    before = sum(slip.seconds for slip in (slips or {}).get(match.first, ()) if slip.frame <= found_frames)
    return (shifts or {}).get(match.first, 0.0) + before + (found_frames - match.expected_frames) / match.sample_rate


def slips_of(match: Match, found_frames: int, steps: Iterable[tuple[int, int]]) -> dict[str, list[Slip]]:
    """Which file lacks sound where. A step: from that frame of `second` on its sound stands so many frames later in
    `first` than before (negative: earlier)."""
    slips: dict[str, list[Slip]] = {match.first: [], match.second: []}
    place = found_frames
    for frame, later in steps:
        if later > 0:
            slips[match.second].append(Slip(frame=frame, seconds=later / match.sample_rate))
        else:
            slips[match.first].append(Slip(frame=frame + place + later, seconds=-later / match.sample_rate))
        place += later
    return slips


def _are_of_one(one: Segment, other: Segment) -> bool:
    return (one.channel, one.heard) == (other.channel, other.heard)


def _own_frames(segment: Segment, frames: int | None, own_holds: Iterable[Span] = ()) -> int | None:
    """Without what was written from another leg: a file that was moved has no other sign of where that begins."""
    if frames is None or segment.reason != MOVED or segment.stopped_at is None or segment.started_at is None:
        return frames
    flushed = max(segment.flushes, key=lambda point: point.frames, default=None)
    at, before = (flushed.at, flushed.frames) if flushed else (segment.started_at, 0)
    held = [(span.start, segment.stopped_at if span.end is None else span.end) for span in own_holds]
    seconds = sum(end - start for start, end in without([(at, segment.stopped_at)], held))
    return min(frames, before + round(seconds * segment.sample_rate))


def _frames_by_stamps(segment: Segment) -> int:
    """How long the file should be when nobody has looked at it yet."""
    flushed = max(segment.flushes, key=lambda point: point.frames, default=None)
    at, frames = (flushed.at, flushed.frames) if flushed else (segment.started_at, 0)
    if at is None or segment.stopped_at is None:
        return frames
    return frames + max(0, round((segment.stopped_at - at) * segment.sample_rate))


def _match(first: tuple[Segment, Placement], second: tuple[Segment, Placement]) -> Match | None:
    (one, placement), (other, placement_of_other) = first, second
    shared = min(placement.end, placement_of_other.end) - max(placement.start, placement_of_other.start)
    if one.sample_rate != other.sample_rate or shared < _SHARED_SECONDS:
        return None
    return Match(
        first=one.id,
        second=other.id,
        expected_frames=placement.frame_at(placement_of_other.start),
        window_frames=round(_WINDOW_SECONDS * one.sample_rate),
        sample_rate=one.sample_rate,
    )


def _followed(first: tuple[Segment, Placement], second: tuple[Segment, Placement]) -> Match | None:
    match = _match(first, second)
    if match is None:
        return None
    ends = (stretch.source_frame + stretch.frames for stretch in first[1].stretches)
    end = next((end for end in ends if end > match.expected_frames), 0)
    return replace(match, frames=max(0, min(end - match.expected_frames, second[1].stretches[0].frames)))


def _surveyed(segments: Iterable[Segment], rates: Mapping[str, int], *, is_swapped: bool) -> list[Segment]:
    """Each segment once, as its file really is, on the side where it is wanted."""
    known = {segment.id: segment for segment in segments}
    return [
        replace(
            segment,
            sample_rate=rates.get(segment.id) or segment.sample_rate,
            side=segment.side.other if is_swapped else segment.side,
        )
        for segment in sorted(known.values(), key=lambda segment: segment.id)
    ]


def _gone_at(segment: Segment, recording: Recording, call: Call) -> Moment | None:
    leg = stay(call.legs, segment.channel, segment.requested_at)
    ends = [moment for moment in (leg.ended_at if leg else None, recording.ended_at) if moment is not None]
    return min(ends, default=None)


def _clock(recording: Recording, used: Sequence[Recorder], sample_rate: int) -> _Clock:
    """It begins with the earliest recorder and ends when the last one is known to have stopped."""
    sure = [own for own in used if own.placement.stretches or own.segment.started_at is not None]
    asked_at = recording.requested_at if recording.started_at is None else recording.started_at
    origin = min((own.placement.start for own in sure), default=asked_at)
    end = max((own.sure_end for own in sure), default=origin)
    cuts = _pauses(recording, origin, end) if recording.options.pause_behavior is PauseBehavior.SKIP else []
    return _Clock(origin=origin, end=end, cuts=cuts, sample_rate=sample_rate)


def _pauses(recording: Recording, origin: Moment, end: Moment) -> list[Interval]:
    spans = closed_spans(recording.pauses, end)
    return merged((max(span.start, origin), min(end if span.end is None else span.end, end)) for span in spans)


def _pieces(tracks: Iterable[RowTrack], clock: _Clock) -> tuple[Piece, ...]:
    pieces = [piece for of_row in tracks for piece in _track_pieces(of_row, clock)]
    return tuple(sorted(pieces, key=lambda piece: (piece.at_frame, piece.row, piece.source, piece.source_frame)))


def _track_pieces(of_row: RowTrack, clock: _Clock) -> list[Piece]:
    """Places are rounded, but never into the piece before."""
    pieces: list[Piece] = []
    free = 0
    for passage in of_row.track.passages:
        for part in passage.stretch.without(clock.cuts):
            piece = Piece(
                source=passage.segment.id,
                source_rate=part.sample_rate,
                source_frame=part.source_frame,
                frames=part.frames,
                row=of_row.row,
                at_frame=max(clock.frame(part.start), free),
            )
            pieces.append(piece)
            free = piece.at_frame + piece.frames_at(clock.sample_rate)
    return pieces


def _blanks(recording: Recording, clock: _Clock, length: int) -> tuple[Blank, ...]:
    """Pauses that keep their time are silent whatever the files hold: muting a recorder takes effect a little late."""
    if recording.options.pause_behavior is PauseBehavior.SKIP:
        return ()
    spans = _pauses(recording, clock.origin, clock.end)
    blanks = [
        Blank(start_frame=clock.frame(start), end_frame=min(clock.frame(end) + 1, length)) for start, end in spans
    ]
    return tuple(blank for blank in blanks if blank.start_frame < blank.end_frame)


def _gaps(tracks: Iterable[RowTrack], clock: _Clock) -> tuple[Gap, ...]:
    """Silence of what was played is no gap."""
    gaps = [
        Gap(
            side=of_row.side,
            party=of_row.party,
            start_seconds=round(clock.seconds(absence.start), 3),
            end_seconds=round(clock.seconds(absence.end), 3),
            uncertain_seconds=round(absence.uncertain_seconds, 3),
            reason=absence.reason,
        )
        for of_row in tracks
        if of_row.heard is Heard.RX
        for absence in of_row.track.absences
    ]
    real = [gap for gap in gaps if gap.end_seconds - gap.start_seconds >= HOLE_SECONDS]
    return tuple(sorted(real, key=lambda gap: (gap.start_seconds, gap.side, gap.end_seconds, gap.party, gap.reason)))
