"""Whatever was seen of the files, none of their frames is lost or heard twice."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.domain import timeline
from connector.domain.assembly import AssemblyPlan
from connector.domain.call import Call, CallKind, Role, Side
from connector.domain.ids import ChannelId, SegmentId
from connector.domain.options import Beginning, PauseBehavior, RecordingOptions
from connector.domain.recording import Heard, Recording, Segment, SegmentState
from tests.unit.domain.test_file_clock import moments, wild_segments
from tests.unit.domain.test_timeline import end_of, seconds_of
from tests.unit.domain.written_files import a_call, a_recording

WildCall = tuple[Recording, Call, list[Segment], dict[str, int], dict[str, float]]


@st.composite
def wild_calls(draw: st.DrawFn) -> WildCall:
    """Segments with any stamps, on few channels so that they overlap, some lost, some twice."""
    segments: list[Segment] = []
    for index, segment in enumerate(draw(st.lists(wild_segments, max_size=5))):
        kind = draw(st.sampled_from([(Role.CALLER, Side.LEFT, "c"), (Role.AGENT, Side.RIGHT, "a")]))
        heard = draw(st.sampled_from([Heard.RX, Heard.RX, Heard.TX]))
        role, side, channel = kind
        segments.append(
            replace(
                segment,
                id=SegmentId(f"s{index}"),
                role=role,
                side=side if heard is Heard.RX else side.other,
                heard=heard,
                channel=ChannelId(draw(st.sampled_from([channel, channel + "2"]))),
                state=draw(st.sampled_from(list(SegmentState))),
            )
        )
    frames = draw(st.dictionaries(st.sampled_from([f"s{i}" for i in range(5)]), st.integers(0, 400_000)))
    pauses = draw(st.lists(st.tuples(st.floats(-5, 60), st.one_of(st.none(), st.floats(-5, 60))), max_size=3))
    options = RecordingOptions(
        pause_behavior=draw(st.sampled_from([None, *PauseBehavior])),
        prompts=draw(st.sampled_from([None, False, True])),
        record_from=draw(st.sampled_from([None, *Beginning])),
        swap=draw(st.sampled_from([None, True])),
        sample_rate=draw(st.sampled_from([None, 8000, 11025, 16000])),
    )
    recording = replace(
        a_recording(pauses=tuple(pauses), options=options), started_at=draw(moments), ended_at=draw(moments)
    )
    shifts = draw(st.dictionaries(st.sampled_from(["s0", "s1", "s2"]), st.floats(-0.05, 0.05)))
    call = replace(a_call(), kind=draw(st.sampled_from(CallKind)))
    return recording, call, draw(st.permutations(segments + segments[:1])), frames, shifts


#: Where shared sound has placed what.
BESIDE = {"s1": "s0", "s2": "s1"}


@given(wild_calls())
def test_no_written_frame_is_lost_or_heard_twice_whatever_was_seen(case: WildCall) -> None:
    recording, call, segments, frames, shifts = case
    plan = timeline.plan(recording, call, segments, frames, shifts=shifts, beside=BESIDE)
    known: dict[str, Segment] = {segment.id: segment for segment in segments}
    assert_accounts_are_right(plan, sounding(known, frames, recording.options, call.kind), frames)
    assert_pieces_are_in_order(plan, known)
    for gap in plan.gaps:
        assert 0 <= gap.start_seconds < gap.end_seconds <= seconds_of(plan) + 0.001
    assert all(0 <= blank.start_frame < blank.end_frame <= plan.frames for blank in plan.blanks)
    assert [label.index for label in plan.channels] == list(range(len(plan.sides)))
    assert_rows_are_right(plan, known, call.kind)


def sounding(
    known: Mapping[str, Segment], frames: Mapping[str, int], options: RecordingOptions, kind: CallKind
) -> list[Segment]:
    voices = [segment for segment in known.values() if segment.heard is Heard.RX]
    if kind is CallKind.CONFERENCE:
        return voices
    voiced = {segment.side for segment in voices if frames.get(segment.id)}
    is_wanted = options.prompts or options.record_from is Beginning.ANSWER
    played = [segment for segment in known.values() if segment.heard is Heard.TX]
    return voices + [segment for segment in played if is_wanted or segment.side not in voiced]


def assert_rows_are_right(plan: AssemblyPlan, known: Mapping[str, Segment], kind: CallKind) -> None:
    if kind is CallKind.CONFERENCE:
        rows = {(piece.row, known[piece.source].channel) for piece in plan.pieces}
        assert len({row for row, _ in rows}) == len({channel for _, channel in rows}) == len(rows)
        assert len(plan.sides) == len({s.channel for s in known.values() if s.heard is Heard.RX})
    else:
        assert plan.sides == (Side.LEFT, Side.RIGHT)


def assert_accounts_are_right(plan: AssemblyPlan, sounding: list[Segment], frames: Mapping[str, int]) -> None:
    placed = sum(piece.frames for piece in plan.pieces)
    assert placed + plan.duplicate_frames + plan.cut_frames == sum(frames.get(s.id, 0) for s in sounding)
    assert plan.duplicate_frames >= 0
    assert plan.cut_frames >= 0


def assert_pieces_are_in_order(plan: AssemblyPlan, known: Mapping[str, Segment]) -> None:
    assert [piece.at_frame for piece in plan.pieces] == sorted(piece.at_frame for piece in plan.pieces)
    assert all(piece.at_frame >= 0 and end_of(piece, plan) <= plan.frames for piece in plan.pieces)
    for source, segment in known.items():
        own = sorted((p for p in plan.pieces if p.source == source), key=lambda piece: piece.source_frame)
        assert all(one.source_frame + one.frames <= other.source_frame for one, other in pairwise(own))
        assert all(one.at_frame <= other.at_frame for one, other in pairwise(own))
        channel = [
            p
            for p in plan.pieces
            if (known[p.source].channel, known[p.source].heard) == (segment.channel, segment.heard)
        ]
        assert all(end_of(one, plan) <= other.at_frame for one, other in pairwise(channel))


@given(wild_calls(), st.data())
def test_the_order_in_which_segments_are_told_changes_nothing(case: WildCall, data: st.DataObject) -> None:
    recording, call, segments, frames, shifts = case
    shuffled = data.draw(st.permutations(segments))
    here, there = (
        timeline.plan(recording, call, told, frames, shifts=shifts, beside=BESIDE) for told in (segments, shuffled)
    )
    assert here == there
    assert timeline.matches(segments, frames, kind=call.kind) == timeline.matches(shuffled, frames, kind=call.kind)


@given(wild_calls())
def test_matches_name_files_of_one_rate_and_what_is_first_is_second_only_before(case: WildCall) -> None:
    _, call, segments, frames, _ = case
    known: dict[str, Segment] = {segment.id: segment for segment in segments}
    found = timeline.matches(segments, frames, kind=call.kind)
    for index, match in enumerate(found):
        assert known[match.first].sample_rate == known[match.second].sample_rate == match.sample_rate
        assert match.first not in {later.second for later in found[index:]}
