"""Where the frames of one file sit on the wall clock. Knows one segment and its stamps, nothing of other files.

A file's time stands still exactly while neither direction of its channel carries frames (a hole). So the seconds that
the file is behind the wall clock can only grow, and where they grow there is a hole. The rule, with the measurements
behind it, stands in docs/decisions/0003-one-clock.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from connector.domain.call import Span
from connector.domain.coverage import Interval
from connector.domain.ids import Moment
from connector.domain.recording import STALLED, Segment

#: The least by which a file must fall behind to be a hole: flush points lie within -31 to +12 ms, stamps within 25 ms.
HOLE_SECONDS = 0.06
#: Below this nobody was silent on purpose: clocks drift by up to 20 ms in 4 minutes, and single frames get lost.
DRIFT_SECONDS = 0.2
#: A stop stamp that leaves the frames so much too little time is no stop of this file.
_CONTRADICTION_SECONDS = 1.0

BOTH_SILENT = "both sides silent on the wire"
ON_HOLD = "on hold, both sides silent on the wire"
DRIFT = "the file fell behind the clock: drift or lost frames"
#: Holes in which nobody sent anything: no sound is missing there.
QUIET = frozenset({BOTH_SILENT, ON_HOLD})
NOTHING_MORE = "nothing more was written to the file"
DISK_FULL = "the PBX could not write it: its disk was full"


class GapKind(StrEnum):
    MISSING = "missing"
    HOLD = "hold"
    QUIET = "quiet"


def gap_kind(reason: str) -> GapKind:
    """For programs, which read no reasons."""
    if reason not in QUIET:
        return GapKind.MISSING
    return GapKind.HOLD if reason == ON_HOLD else GapKind.QUIET


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """`frames` frames of a file, from `source_frame` on, without a break from the moment `start` on."""

    source_frame: int
    frames: int
    start: Moment
    sample_rate: int

    @property
    def end(self) -> Moment:
        return self.start + self.frames / self.sample_rate

    @property
    def interval(self) -> Interval:
        return (self.start, self.end)

    def index(self, moment: Moment) -> int:
        """How many frames of the stretch lie before the moment."""
        return min(max(round((moment - self.start) * self.sample_rate), 0), self.frames)

    def without(self, taken: Sequence[Interval]) -> list["Stretch"]:
        """What is left outside of the taken intervals, which are sorted and do not overlap."""
        left, begin = [], 0
        for start, end in (*taken, (self.end, self.end)):
            upto = self.index(start)
            if upto > begin:
                left.append(self._part(begin, upto))
            begin = max(begin, self.index(end))
        return left

    def _part(self, begin: int, end: int) -> "Stretch":
        return Stretch(
            source_frame=self.source_frame + begin,
            frames=end - begin,
            start=self.start + begin / self.sample_rate,
            sample_rate=self.sample_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Time in which nothing was written; it begins within `uncertain_seconds` of `start`."""

    start: Moment
    end: Moment
    uncertain_seconds: float
    reason: str

    @property
    def interval(self) -> Interval:
        return (self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One file on the wall clock: every frame in exactly one stretch, both in the order of time."""

    start: Moment
    end: Moment
    stretches: tuple[Stretch, ...]
    holes: tuple[Hole, ...]

    def moment_of(self, frame: int) -> Moment:
        """When that frame was on the wire; a frame that the file does not hold is counted on from the last one."""
        last = self.start
        for stretch in self.stretches:
            last = stretch.start + (frame - stretch.source_frame) / stretch.sample_rate
            if frame < stretch.source_frame + stretch.frames:
                break
        return last

    def frame_at(self, moment: Moment) -> int:
        """Which frame sounds at the moment, or next after it; outside of the file, counted on at its rate."""
        around = [stretch for stretch in self.stretches if stretch.end > moment] or self.stretches[-1:]
        if not around:
            return 0
        ahead = round((moment - around[0].start) * around[0].sample_rate)
        is_in_a_hole = ahead < 0 and around[0] is not self.stretches[0]
        return around[0].source_frame + (0 if is_in_a_hole else ahead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """Before `frame` the file lacks sound of so many seconds: another file holds it."""

    frame: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Anchor:
    """When `frame` frames were written, the file was `behind` seconds behind the wall clock."""

    frame: int
    behind: float


@dataclass(frozen=True, slots=True)
class _Bracket:
    """Between two anchors the file fell `seconds` further behind; it began at `at` with frame `first`."""

    first: int
    last: int
    at: Moment
    seconds: float

    def slack(self, sample_rate: int) -> float:
        return (self.last - self.first) / sample_rate

    def end(self, sample_rate: int) -> Moment:
        return self.at + self.seconds + self.slack(sample_rate)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Before `frame` the file's time stood still for `seconds`."""

    frame: int
    seconds: float
    uncertain_seconds: float
    reason: str


def placed(
    segment: Segment,
    frames: int,
    ended_at: Moment | None = None,
    shift_seconds: float = 0.0,
    slips: Sequence[Slip] = (),
    own_holds: Sequence[Span] = (),
) -> Placement:
    """Every frame of the file on the wall clock, whatever stamps are missing or contradict each other. `own_holds` are
    those of the segment's channel; the segment has everybody's.

    `ended_at` is when the channel was found gone, in place of a missing stop stamp. It may be long after the fact, so
    that it only says how much of a hold the file missed, and never lengthens the file.
    """
    frames = max(frames, 0)
    rate = segment.sample_rate
    start = _start(segment, frames)
    stop = _trusted_stop(segment.stopped_at, start, frames / rate)
    end = stop if stop is not None else _trusted_stop(ended_at, start, frames / rate)
    cuts: list[_Cut] = []
    for bracket in _brackets(_anchors(segment, frames, start, end, slips), start, rate, slips):
        is_open = stop is None and bracket.last == frames
        held = _held(bracket, segment, own_holds, rate)
        cuts += _located(bracket, segment, held, rate, frames, is_open=is_open)
    cuts += (_Cut(slip.frame, slip.seconds, 0.0, DRIFT) for slip in slips if 0 < slip.frame < frames)
    return _placement(_united(cuts, rate), frames, start + shift_seconds, rate)


def lean(segment: Segment, frames: int, slips: Sequence[Slip] = ()) -> float | None:
    """By how much a file lies after its start stamp where its two stamps are not as far apart as what it holds: the
    recorder missed its first frame, its stop came late, or it fell behind on its way. In the middle none of them is far
    off. None where they say nothing: one is missing or not to be believed, or a hole has taken what they differ by."""
    start, rate = _start(segment, frames), segment.sample_rate
    stop = _trusted_stop(segment.stopped_at, start, frames / rate)
    if stop is None or not _is_stamped(segment):
        return None
    apart = stop - start - frames / rate - _slipped(slips, frames)
    has_hole = any(_brackets(_anchors(segment, frames, start, stop, slips), start, rate, slips))
    return None if has_hole or abs(apart) > HOLE_SECONDS else apart / 2


def _start(segment: Segment, frames: int) -> Moment:
    """The start stamp, else the latest moment that contradicts nothing that is known."""
    if _is_stamped(segment) and segment.started_at is not None:
        return segment.started_at
    rate = segment.sample_rate
    latest = [point.at - point.frames / rate for point in segment.flushes if 0 < point.frames <= frames]
    if segment.stopped_at is not None:
        latest.append(segment.stopped_at - frames / rate)
    if segment.started_at is None:
        return min(segment.requested_at, *latest) if latest else segment.requested_at
    # Nobody saw it begin: a file waits until there is sound.
    return max(segment.started_at, min(latest, default=segment.started_at))


def _is_stamped(segment: Segment) -> bool:
    """Whether somebody saw it begin."""
    return segment.started_at not in {None, segment.requested_at}


def _trusted_stop(stop: Moment | None, start: Moment, seconds: float) -> Moment | None:
    if stop is None or stop < start or stop - start < seconds - _CONTRADICTION_SECONDS:
        return None
    return stop


def _anchors(segment: Segment, frames: int, start: Moment, end: Moment | None, slips: Sequence[Slip]) -> list[_Anchor]:
    """What known slips do not explain, by frame and never falling: a later point that is less behind shows that the
    earlier one was told late."""
    rate = segment.sample_rate
    # What a full disk still takes are the oldest of the frames that wait.
    whole = (point for point in segment.flushes if not point.is_torn)
    seen = [(point.frames, point.at) for point in whole if 0 < point.frames <= frames]
    if end is not None:
        seen.append((frames, end))
    anchors: list[_Anchor] = []
    least = float("inf")
    for frame, at in sorted(seen, reverse=True):
        least = min(least, at - start - frame / rate - _slipped(slips, frame))
        anchors.append(_Anchor(frame, max(least, 0.0)))
    return [_Anchor(0, 0.0), *reversed(anchors)]


def _brackets(anchors: Sequence[_Anchor], start: Moment, rate: int, slips: Sequence[Slip]) -> Iterator[_Bracket]:
    level = 0.0
    for before, after in pairwise(anchors):
        if after.behind - level > HOLE_SECONDS:
            at = start + before.frame / rate + level + _slipped(slips, before.frame)
            settled = _settled(anchors, after.behind)
            yield _Bracket(before.frame, after.frame, at, settled - level)
            level = settled


def _slipped(slips: Sequence[Slip], frame: int) -> float:
    return sum(slip.seconds for slip in slips if slip.frame < frame)


def _settled(anchors: Sequence[_Anchor], behind: float) -> float:
    """What the anchors after a hole agree on in the end: the first one is as inexact as each of them."""
    return max(anchor.behind for anchor in anchors if anchor.behind - behind <= HOLE_SECONDS)


def _held(bracket: _Bracket, segment: Segment, own_holds: Sequence[Span], rate: int) -> list[Interval]:
    """Which holds stopped the file there: that of who holds, or that of whom he holds as well. So the channel's own
    ones, when they are long enough."""
    own = _within(bracket, own_holds, rate)
    is_told = sum(end - start for start, end in own) >= bracket.seconds - HOLE_SECONDS
    return own if is_told else _within(bracket, segment.holds, rate)


def _within(bracket: _Bracket, holds: Iterable[Span], rate: int) -> list[Interval]:
    bracket_end = bracket.end(rate)
    spans = sorted((span.start, bracket_end if span.end is None else span.end) for span in holds)
    held = [(max(start, bracket.at), min(end, bracket_end)) for start, end in spans]
    return [(start, end) for start, end in held if end - start > 0]


def _located(
    bracket: _Bracket, segment: Segment, held: Sequence[Interval], rate: int, frames: int, *, is_open: bool
) -> list[_Cut]:
    """The bracket's hole, in the holds as far as they go, else in the middle of what is possible."""
    torn = [point.frames for point in segment.flushes if point.is_torn and point.frames <= bracket.last]
    if torn and torn[-1] >= bracket.first:
        return [_Cut(torn[-1], bracket.seconds, 0.0, DISK_FULL)]
    cuts = _in_holds(bracket, held, rate)
    if not cuts and segment.reason == STALLED and bracket.last == frames:
        # Its phone spoke on: the last frames came at once, and then nothing more.
        cuts.append(_Cut(frames, bracket.seconds, bracket.slack(rate), NOTHING_MORE))
    rest = bracket.seconds - sum(cut.seconds for cut in cuts)
    if cuts and rest <= HOLE_SECONDS:
        last = cuts[-1]
        cuts[-1] = _Cut(last.frame, last.seconds + rest, last.uncertain_seconds, last.reason)
    elif not is_open:
        first = cuts[-1].frame if cuts else bracket.first
        cuts.append(_somewhere(first, bracket, rest, rate, frames))
    # With nothing but a late look at the channel's end, time after the last frame is none of this file's.
    return [cut for cut in cuts if not (is_open and cut.frame == frames)]


def _in_holds(bracket: _Bracket, held: Sequence[Interval], rate: int) -> list[_Cut]:
    spare = sum(end - start for start, end in held) - bracket.seconds
    uncertain = spare if spare > HOLE_SECONDS else 0.0
    cuts: list[_Cut] = []
    frame, at, rest = bracket.first, bracket.at, bracket.seconds
    for start, end in held:
        ahead = min(max(round((start - at) * rate), 0), bracket.last - frame)
        frame, at = frame + ahead, at + ahead / rate
        seconds = min(rest, end - at)
        if seconds > 0:
            cuts.append(_Cut(frame, seconds, uncertain, ON_HOLD))
            at, rest = at + seconds, rest - seconds
    return cuts


def _somewhere(first: int, bracket: _Bracket, seconds: float, rate: int, frames: int) -> _Cut:
    frame = first + (bracket.last - first) // 2
    reason = BOTH_SILENT if seconds >= DRIFT_SECONDS else DRIFT
    return _Cut(frame, seconds, bracket.slack(rate), NOTHING_MORE if frame == frames else reason)


def _united(cuts: Sequence[_Cut], rate: int) -> list[_Cut]:
    """By frame. A hold in which the file's clock was read has a hole before that moment and one after it: they are one,
    and the few frames between them were said before it. So is the time after a file's last frame."""
    united: list[_Cut] = []
    for cut in sorted(cuts, key=lambda cut: cut.frame):
        before = united[-1] if united else None
        if before and _is_one_hole(before, cut, rate):
            uncertain = max(before.uncertain_seconds, cut.uncertain_seconds)
            united[-1] = _Cut(cut.frame, before.seconds + cut.seconds, uncertain, cut.reason)
        else:
            united.append(cut)
    return united


def _is_one_hole(before: _Cut, cut: _Cut, rate: int) -> bool:
    if before.reason != cut.reason:
        return False
    is_held = cut.reason == ON_HOLD and cut.frame - before.frame <= HOLE_SECONDS * rate
    return is_held or (cut.reason == NOTHING_MORE and cut.frame == before.frame)


def _placement(cuts: Sequence[_Cut], frames: int, start: Moment, rate: int) -> Placement:
    stretches: list[Stretch] = []
    holes: list[Hole] = []
    frame, at = 0, start
    for cut in (*cuts, _Cut(frames, 0.0, 0.0, "")):
        if cut.frame > frame:
            stretches.append(Stretch(source_frame=frame, frames=cut.frame - frame, start=at, sample_rate=rate))
            frame, at = cut.frame, stretches[-1].end
        if cut.seconds > 0:
            end = at + cut.seconds
            holes.append(Hole(start=at, end=end, uncertain_seconds=cut.uncertain_seconds, reason=cut.reason))
            at = end
    return Placement(start=start, end=at, stretches=tuple(stretches), holes=tuple(holes))
