"""Where the frames of one file sit on the wall clock."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.call import Span
from connector.domain.file_clock import (
    BOTH_SILENT,
    DISK_FULL,
    DRIFT,
    HOLE_SECONDS,
    NOTHING_MORE,
    ON_HOLD,
    GapKind,
    Placement,
    Slip,
    gap_kind,
    lean,
    placed,
)
from connector.domain.recording import STALLED, FlushPoint, Segment
from tests.unit.domain.test_flushes import JITTER, a_file, jitters, silences
from tests.unit.domain.written_files import T0, Written, a_segment

moments = st.one_of(st.none(), st.floats(-50, 100).map(lambda seconds: T0 + seconds))
points = st.lists(
    st.builds(FlushPoint, at=st.floats(-20, 100).map(lambda s: T0 + s), frames=st.integers(-10, 600_000)), max_size=8
).map(tuple)
spans = st.lists(st.builds(Span, start=st.floats(-20, 100).map(lambda s: T0 + s), end=moments), max_size=4).map(tuple)
#: Segments as no PBX should leave them.
wild_segments = st.builds(
    partial(replace, a_segment()),
    sample_rate=st.sampled_from([8000, 16000, 48000]),
    started_at=moments,
    stopped_at=moments,
    flushes=points,
    holds=spans,
)


def assert_every_frame_is_placed_once(clock: Placement, frames: int) -> None:
    assert sum(stretch.frames for stretch in clock.stretches) == frames
    assert all(stretch.frames > 0 for stretch in clock.stretches)
    assert [stretch.source_frame for stretch in clock.stretches] == [
        sum(stretch.frames for stretch in clock.stretches[:index]) for index in range(len(clock.stretches))
    ]
    for before, after in pairwise(clock.stretches):
        assert before.end < after.start + 1e-6


def test_a_file_without_a_hole_is_one_stretch() -> None:
    file = Written(12.0)
    clock = placed(a_segment(written=file, jitter_seconds=JITTER), file.frames)
    assert [(s.source_frame, s.frames, s.start) for s in clock.stretches] == [(0, 96000, T0)]
    assert clock.holes == ()


@pytest.mark.parametrize("apart_ms", [-40, -20, 20, 40])
def test_between_stamps_that_disagree_a_file_lies_in_the_middle(apart_ms: int) -> None:
    """A recorder that missed its first frame is 20 ms late by its start stamp, and right by its stop stamp."""
    file = Written(12.0)
    segment = a_segment(written=file)
    assert segment.stopped_at is not None
    assert lean(segment, file.frames) == pytest.approx(0.0, abs=1e-6)
    apart = replace(segment, stopped_at=segment.stopped_at + apart_ms / 1000, flushes=())
    assert lean(apart, file.frames) == pytest.approx(apart_ms / 2000, abs=1e-6)


def test_a_file_does_not_lean_on_a_start_that_nobody_saw() -> None:
    file = Written(12.0)
    segment = replace(a_segment(written=file), flushes=())
    assert lean(replace(segment, started_at=segment.requested_at), file.frames - 160) is None
    assert lean(replace(segment, stopped_at=None), file.frames - 160) is None


def test_what_shared_sound_shows_to_be_missing_is_no_disagreement() -> None:
    file = Written(12.0)
    segment = replace(a_segment(written=file), flushes=())
    assert lean(segment, file.frames - 160) == pytest.approx(0.01, abs=1e-6)
    assert lean(segment, file.frames - 160, [Slip(frame=8000, seconds=0.02)]) == pytest.approx(0.0, abs=1e-6)


def test_what_a_hold_explains_is_no_disagreement() -> None:
    file = Written(12.0, ((4.0, 8.0),))
    segment = replace(a_segment(written=file), holds=(Span(start=T0 + 4.0, end=T0 + 8.0),), flushes=())
    assert segment.stopped_at is not None
    assert lean(segment, file.frames) is None
    late = replace(segment, stopped_at=segment.stopped_at + 0.02)
    assert lean(late, file.frames) is None, "the hole takes it"


def test_a_hole_during_a_hold_begins_where_the_hold_begins() -> None:
    file = Written(12.0, ((5.0, 9.0),))
    clock = placed(a_segment(written=file, jitter_seconds=JITTER, holds=((5.0, 9.0),)), file.frames)
    (hole,) = clock.holes
    assert hole.start == pytest.approx(T0 + 5.0, abs=0.001)
    assert hole.end == pytest.approx(T0 + 9.0, abs=0.06)
    assert (hole.uncertain_seconds, hole.reason) == (0.0, ON_HOLD)


def test_a_hold_places_the_hole_without_any_flush_point() -> None:
    """FreeSWITCH: uuid_hold for 2 of 4 s leaves a file of 1.98 s and no mark in it."""
    clock = placed(a_segment(written=Written(4.0), flushes=(), holds=((1.0, 3.0),)), round(1.98 * 8000))
    (hole,) = clock.holes
    assert hole.interval == pytest.approx((T0 + 1.0, T0 + 3.02))
    assert clock.end == pytest.approx(T0 + 4.0)


@pytest.mark.parametrize("late_seconds", [0.0, 0.015, 0.04])
def test_a_hold_in_which_the_files_clock_was_read_is_one_hole(late_seconds: float) -> None:
    """A file that is looked at once a second, whatever is in it."""
    file = Written(8.0, ((2.2, 5.4),))
    # The hold is told a little before the last frames of before it.
    seen = tuple(
        FlushPoint(at=T0 + at, frames=round(seconds * 8000)) for at, seconds in ((1.0, 1.0), (2.0, 2.0), (3.0, 2.2))
    )
    held = a_segment(written=file, flushes=seen, holds=((2.2 - late_seconds, 5.4),))
    (hole,) = placed(held, file.frames).holes
    assert hole.interval == pytest.approx((T0 + 2.2, T0 + 5.4), abs=0.001)


def test_several_holds_take_their_holes_in_turn() -> None:
    file = Written(30.0, ((5.0, 7.0), (15.0, 20.0)))
    clock = placed(a_segment(written=file, flushes=(), holds=((5.0, 7.0), (15.0, 20.0))), file.frames)
    assert [(round(hole.start - T0, 2), round(hole.end - T0, 2)) for hole in clock.holes] == [(5.0, 7.0), (15.0, 20.0)]
    assert all(hole.uncertain_seconds == 0 for hole in clock.holes)


def test_a_hole_lies_in_the_channels_own_hold_when_the_other_party_holds_too() -> None:
    """On FreeSWITCH; the clock was read in the middle of the other one's hold."""
    file = Written(12.0, ((5.0, 8.0),))
    seen = tuple(FlushPoint(at=T0 + at, frames=round(seconds * 8000)) for at, seconds in ((4.0, 4.0), (6.0, 5.0)))
    segment = a_segment(written=file, flushes=seen, holds=((3.0, 8.0),))
    (hole,) = placed(segment, file.frames, own_holds=[Span(start=T0 + 5.0, end=T0 + 8.0)]).holes
    assert hole.interval == pytest.approx((T0 + 5.0, T0 + 8.0), abs=0.001)
    assert hole.uncertain_seconds == 0.0


def test_a_hold_of_the_channel_that_is_too_short_for_its_hole_is_not_the_only_one() -> None:
    file = Written(12.0, ((5.0, 8.0),))
    segment = a_segment(written=file, flushes=(), holds=((5.0, 8.0),))
    (hole,) = placed(segment, file.frames, own_holds=[Span(start=T0 + 7.0, end=T0 + 8.0)]).holes
    assert hole.interval == pytest.approx((T0 + 5.0, T0 + 8.0), abs=0.001)


def test_a_hold_that_the_file_ran_through_in_part_is_named_as_uncertain() -> None:
    clock = placed(a_segment(written=Written(20.0), flushes=(), holds=((5.0, 15.0),)), 16 * 8000)
    (hole,) = clock.holes
    assert hole.uncertain_seconds == pytest.approx(6.0)


def test_a_hole_without_an_event_lies_in_its_flush_bracket() -> None:
    file = Written(12.0, ((5.0, 9.0),))
    clock = placed(a_segment(written=file, jitter_seconds=JITTER), file.frames)
    (hole,) = clock.holes
    assert T0 + 4.0 <= hole.start <= T0 + 6.2
    assert abs(hole.start - (T0 + 5.0)) <= hole.uncertain_seconds <= 2.1
    assert hole.end - hole.start == pytest.approx(4.0, abs=HOLE_SECONDS)
    assert hole.reason == BOTH_SILENT


def test_a_hole_without_event_and_flush_points_is_known_by_its_length_only() -> None:
    clock = placed(a_segment(written=Written(12.0), flushes=()), 8 * 8000)
    (hole,) = clock.holes
    assert hole.end - hole.start == pytest.approx(4.0)
    assert hole.uncertain_seconds == pytest.approx(8.0)
    assert clock.end == T0 + 12.0


def test_a_flush_that_was_told_late_makes_no_hole() -> None:
    file = Written(60.0)
    clock = placed(a_segment(written=file, jitter_seconds=(0.0, 0.0, 1.7)), file.frames)
    assert clock.holes == ()


def test_a_file_that_ends_before_its_recorder_has_its_hole_at_the_end() -> None:
    file = Written(2.048 * 3)
    clock = placed(a_segment(written=file, stopped_at=T0 + 20.0), file.frames)
    (hole,) = clock.holes
    assert hole.interval == pytest.approx((T0 + 6.144, T0 + 20.0))
    assert (hole.uncertain_seconds, hole.reason) == (0.0, NOTHING_MORE)


@pytest.mark.parametrize("late_frames", [0, 160])
def test_a_file_that_stood_still_while_its_phone_spoke_has_one_hole_at_its_end(late_frames: int) -> None:
    """However much of it was written when it was looked at last but one."""
    file = Written(1.0)
    flushes = (
        FlushPoint(at=T0 + (file.frames - late_frames) / 8000, frames=file.frames - late_frames),
        FlushPoint(at=T0 + 1.98, frames=file.frames),
    )
    stalled = replace(a_segment(written=file), flushes=flushes, stopped_at=T0 + 7.0, reason=STALLED)
    [hole] = placed(stalled, file.frames).holes
    assert hole.reason == NOTHING_MORE
    assert hole.interval == pytest.approx((T0 + 1.0, T0 + 7.0))
    assert hole.uncertain_seconds == pytest.approx(late_frames / 8000)


def test_what_a_full_disk_did_not_take_is_lost_behind_the_last_frame_that_it_took() -> None:
    torn = FlushPoint(at=T0 + 4.1, frames=18000, is_torn=True)
    segment = replace(a_segment(), flushes=(FlushPoint(at=T0 + 2.0, frames=16000), torn), stopped_at=T0 + 10.0)
    clock = placed(segment, 18000)
    assert [(stretch.start, stretch.frames) for stretch in clock.stretches] == [(T0, 18000)]
    [hole] = clock.holes
    assert (hole.start, hole.reason) == (T0 + 2.25, DISK_FULL)
    assert hole.end == pytest.approx(T0 + 10.0)


def test_after_a_full_disk_has_room_again_the_sound_goes_on_where_it_was() -> None:
    torn = FlushPoint(at=T0 + 4.1, frames=18000, is_torn=True)
    after = FlushPoint(at=T0 + 12.0, frames=50000)
    segment = replace(a_segment(), flushes=(FlushPoint(at=T0 + 2.0, frames=16000), torn, after), stopped_at=T0 + 12.0)
    clock = placed(segment, 50000)
    assert [stretch.source_frame for stretch in clock.stretches] == [0, 18000]
    assert clock.end == pytest.approx(T0 + 12.0)
    assert [hole.reason for hole in clock.holes] == [DISK_FULL]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (ON_HOLD, GapKind.HOLD),
        (BOTH_SILENT, GapKind.QUIET),
        (DRIFT, GapKind.MISSING),
        ("on hold for long", GapKind.MISSING),
    ],
)
def test_only_where_nobody_sent_anything_nothing_is_missing(reason: str, kind: GapKind) -> None:
    assert gap_kind(reason) is kind


def test_slow_drift_is_named_as_drift() -> None:
    clock = placed(a_segment(written=Written(600.0), flushes=()), round(599.9 * 8000))
    assert [hole.reason for hole in clock.holes] == [DRIFT]


def test_without_a_start_stamp_the_flush_points_tell_when_it_began() -> None:
    file = Written(12.0)
    clock = placed(a_segment(written=file, started_at=None, requested_at=T0 + 5.0), file.frames)
    assert clock.start == pytest.approx(T0, abs=0.01)


def test_without_any_stamp_the_file_begins_when_it_was_asked_for() -> None:
    segment = a_segment(started_at=None, stopped_at=None, requested_at=T0)
    assert placed(segment, 8000).stretches[0].start == T0


def test_a_late_look_at_the_end_of_the_channel_does_not_lengthen_the_file() -> None:
    file = Written(12.0)
    clock = placed(a_segment(written=file, stopped_at=None), file.frames, ended_at=T0 + 3600.0)
    assert (clock.holes, clock.end) == ((), T0 + 12.0)


def test_a_hold_that_nobody_saw_end_does_not_lengthen_the_file() -> None:
    file = Written(12.0)
    segment = a_segment(written=file, stopped_at=None, holds=((12.0, None),))
    clock = placed(segment, file.frames, ended_at=T0 + 3600.0)
    assert (clock.holes, clock.end) == ((), T0 + 12.0)


def test_without_a_stop_stamp_a_hold_still_says_where_the_file_stood_still() -> None:
    file = Written(12.0, ((5.0, 9.0),))
    segment = a_segment(written=file, stopped_at=None, flushes=(), holds=((5.0, 9.0),))
    clock = placed(segment, file.frames, ended_at=T0 + 12.0)
    assert [(round(hole.start - T0, 2), round(hole.end - T0, 2)) for hole in clock.holes] == [(5.0, 9.0)]


@pytest.mark.parametrize("stopped_at", [T0 - 5.0, T0 + 1.0])
def test_a_stop_before_the_start_or_long_before_the_last_frame_is_not_believed(stopped_at: float) -> None:
    file = Written(12.0, ((5.0, 9.0),))
    clock = placed(a_segment(written=file, stopped_at=stopped_at), file.frames)
    assert sum(hole.end - hole.start for hole in clock.holes) == pytest.approx(4.0, abs=0.01)


def test_more_frames_than_wall_time_run_on_after_the_stop() -> None:
    clock = placed(a_segment(written=Written(12.0)), 12 * 8000 + 3200)
    assert clock.holes == ()
    assert clock.end == pytest.approx(T0 + 12.4)


def test_shared_sound_moves_the_whole_file() -> None:
    file = Written(12.0, ((5.0, 9.0),))
    here = placed(a_segment(written=file), file.frames)
    there = placed(a_segment(written=file), file.frames, None, -0.015)
    moved = [(after.start - before.start) for before, after in zip(here.stretches, there.stretches, strict=True)]
    assert moved == [pytest.approx(-0.015, abs=1e-6)] * 2
    assert there.holes[0].start - here.holes[0].start == pytest.approx(-0.015, abs=1e-6)


@given(silences, jitters)
def test_every_flushed_frame_is_placed_when_it_was_on_the_wire(
    turns: list[tuple[float, float]], jitter: list[float]
) -> None:
    file = a_file(turns)
    clock = placed(a_segment(written=file, jitter_seconds=jitter), file.frames)
    assert_every_frame_is_placed_once(clock, file.frames)
    assert clock.end - T0 == pytest.approx(file.seconds, abs=HOLE_SECONDS)
    for point in file.flushes():
        assert clock.moment_of(point.frames - 1) == pytest.approx(file.written_at(point.frames - 1), abs=0.11)


@given(silences, jitters)
def test_every_hole_is_near_a_silence_as_near_as_it_says(turns: list[tuple[float, float]], jitter: list[float]) -> None:
    file = a_file(turns)
    for hole in placed(a_segment(written=file, jitter_seconds=jitter), file.frames).holes:
        first, last = hole.start - hole.uncertain_seconds - 0.11, hole.end + hole.uncertain_seconds + 0.11
        assert any(first <= T0 + begin and T0 + end <= last for begin, end in file.silences)


@given(wild_segments, st.integers(0, 500_000), moments, st.floats(-1, 1))
def test_whatever_the_stamps_say_every_frame_is_placed_once(
    segment: Segment, frames: int, ended_at: float | None, shift_seconds: float
) -> None:
    clock = placed(segment, frames, ended_at, shift_seconds)
    assert_every_frame_is_placed_once(clock, frames)
    for before, after in pairwise(sorted([s.interval for s in clock.stretches] + [h.interval for h in clock.holes])):
        assert before[1] == pytest.approx(after[0], abs=1e-5)


@given(wild_segments, st.integers(0, 500_000), st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_what_was_seen_changes_nothing(
    segment: Segment, frames: int, random: Random
) -> None:
    flushes, holds = [*segment.flushes, *segment.flushes], list(segment.holds)
    random.shuffle(flushes)
    random.shuffle(holds)
    shuffled = replace(segment, flushes=tuple(flushes), holds=tuple(holds))
    assert placed(shuffled, frames) == placed(segment, frames)


def test_a_file_that_nobody_saw_begin_waited_for_its_first_sound() -> None:
    """As the dialplan's recorders do while the phone rings: the hole is before the sound, not in its middle."""
    segment = replace(a_segment(), requested_at=T0, started_at=T0, stopped_at=T0 + 11.5)
    assert placed(segment, 12000).start == T0 + 10.0
    assert placed(segment, 12000).holes == ()
    early = replace(segment, flushes=(FlushPoint(at=T0 + 12.0, frames=16000),), stopped_at=T0 + 16.0)
    clock = placed(early, 32000)
    assert clock.start == T0 + 10.0
    assert sum(hole.end - hole.start for hole in clock.holes) == pytest.approx(2.0)


def test_frames_that_are_known_to_be_lacking_are_not_made_good_a_second_time() -> None:
    """Four single frames would look like one hole of 80 ms somewhere."""
    segment = replace(a_segment(written=Written(60.0), flushes=()), stopped_at=T0 + 60.0)
    slips = [Slip(frame=number * 80000, seconds=0.02) for number in (1, 2, 3, 4)]
    clock = placed(segment, round(59.92 * 8000), slips=slips)
    assert [hole.start - T0 for hole in clock.holes] == pytest.approx([10.0, 20.02, 30.04, 40.06])
    assert [hole.end - hole.start for hole in clock.holes] == pytest.approx([0.02] * 4)
    assert clock.end == pytest.approx(T0 + 60.0)
