"""What the recorders of one channel hold together, each moment once. Knows wall time; nothing of sides and frames of a
result.

A channel has several recorders when one was started anew (watchdog) or when the dialplan's own was adopted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.domain.call import Span
from connector.domain.coverage import Interval, merged, overlaps, without
from connector.domain.file_clock import DRIFT_SECONDS, HOLE_SECONDS, Hole, Placement, Slip, Stretch, placed
from connector.domain.ids import Moment
from connector.domain.recording import MISSED, Segment, SegmentState

NO_RECORDER = "no recorder ran on this channel"

_LOST = {
    SegmentState.WANTED: "the recorder never started",
    SegmentState.REFUSED: "the recorder was refused",
    SegmentState.LOST: "the file is lost",
}
_EMPTY = "the file holds no sound"
_UNUSABLE = "the file is missing or unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """One segment on the wall clock. A lost file is one hole, with the reason that it is lost for."""

    segment: Segment
    placement: Placement
    #: Until when its channel should have been recorded.
    until: Moment

    @property
    def sure_end(self) -> Moment:
        """A lost file, of which nobody saw the end either, makes the recording no longer."""
        is_sure = bool(self.placement.stretches) or self.segment.stopped_at == self.placement.end
        return self.placement.end if is_sure else self.placement.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of a segment's file that is to be heard."""

    segment: Segment
    stretch: Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Passages never sound at the same time; absences are the time of the channel's life that no file holds."""

    recorders: tuple[Recorder, ...]
    passages: tuple[Passage, ...]
    absences: tuple[Hole, ...]
    duplicate_frames: int

    @property
    def intervals(self) -> list[Interval]:
        return merged(passage.stretch.interval for passage in self.passages)


def recorder(
    segment: Segment,
    frames: int | None,
    gone_at: Moment | None = None,
    shift_seconds: float = 0.0,
    slips: Sequence[Slip] = (),
    own_holds: Sequence[Span] = (),
) -> Recorder:
    """Without frames the file is lost; its channel, which held for `own_holds`, is there until `gone_at`."""
    if frames is None or frames <= 0:
        placement = _lost(segment, gone_at, is_empty=frames is not None)
        return Recorder(segment=segment, placement=placement, until=placement.end)
    placement = placed(segment, frames, gone_at, shift_seconds, slips, own_holds)
    until = placement.end
    if segment.state is SegmentState.LOST and gone_at is not None:
        until = max(until, gone_at)
    return Recorder(segment=segment, placement=placement, until=until)


def track(recorders: Iterable[Recorder], taken: Iterable[Interval] = ()) -> Track:
    """The earlier recorder is heard, a later one where the earlier ones have nothing; nobody in the taken time."""
    ordered = sorted(recorders, key=lambda recorder: (recorder.placement.start, recorder.segment.id))
    passages: list[Passage] = []
    covered, duplicates = merged(taken), 0
    for index, recorder in enumerate(ordered):
        closed = [*covered, *_shared_holes(ordered[:index], recorder)]
        heard = [part for stretch in recorder.placement.stretches for part in stretch.without(merged(closed))]
        passages += (Passage(segment=recorder.segment, stretch=part) for part in heard)
        duplicates += sum(s.frames for s in recorder.placement.stretches) - sum(part.frames for part in heard)
        covered = merged([*covered, *(part.interval for part in heard)])
    return Track(
        recorders=tuple(ordered),
        passages=tuple(sorted(passages, key=lambda passage: (passage.stretch.start, passage.stretch.source_frame))),
        absences=tuple(_absences(ordered, covered)),
        duplicate_frames=duplicates,
    )


def _lost(segment: Segment, gone_at: Moment | None, *, is_empty: bool) -> Placement:
    start = segment.requested_at if segment.started_at is None else segment.started_at
    ends = [segment.stopped_at, gone_at] if segment.state is SegmentState.CLOSED else [gone_at, segment.stopped_at]
    end = next((moment for moment in ends if moment is not None and moment > start), start)
    reason = segment.reason or (_EMPTY if is_empty else _LOST.get(segment.state, _UNUSABLE))
    hole = Hole(start=start, end=end, uncertain_seconds=0.0, reason=reason)
    # Where nothing else explains the time of one that never was, it is time without a recorder.
    return Placement(start=start, end=end, stretches=(), holes=() if segment.reason == MISSED else (hole,))


def _shared_holes(earlier: Sequence[Recorder], later: Recorder) -> list[Interval]:
    """Holes of earlier recorders that the later one has too, at another place: its frames do not belong there."""
    own = later.placement.holes
    holes = [hole for recorder in earlier if recorder.placement.stretches for hole in recorder.placement.holes]
    return [hole.interval for hole in holes if _seconds(hole) < DRIFT_SECONDS or any(_is_same(hole, o) for o in own)]


def _is_same(hole: Hole, other: Hole) -> bool:
    return overlaps(hole.interval, other.interval) and abs(_seconds(hole) - _seconds(other)) < DRIFT_SECONDS


def _seconds(hole: Hole) -> float:
    return hole.end - hole.start


def _absences(recorders: Sequence[Recorder], covered: Iterable[Interval]) -> list[Hole]:
    """Each named once: by what the files tell, and where none tells anything, as time without a recorder."""
    told = list(covered)
    absences: list[Hole] = []
    life = Hole(
        start=min(recorder.placement.start for recorder in recorders),
        end=max(recorder.until for recorder in recorders),
        uncertain_seconds=0.0,
        reason=NO_RECORDER,
    )
    for hole in (*(hole for recorder in recorders for hole in recorder.placement.holes), life):
        rests = [rest for rest in without([hole.interval], told) if rest[1] - rest[0] >= HOLE_SECONDS]
        absences += (
            Hole(start=start, end=end, uncertain_seconds=hole.uncertain_seconds, reason=hole.reason)
            for start, end in rests
        )
        told.append(hole.interval)
    return absences
