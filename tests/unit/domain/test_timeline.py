"""All files of a recording on one clock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from connector.domain import timeline
from connector.domain.assembly import AssemblyPlan, Blank, Piece
from connector.domain.call import Call, Role, Side, Span
from connector.domain.file_clock import BOTH_SILENT, ON_HOLD, Slip
from connector.domain.options import Beginning, PauseBehavior, RecordingOptions
from connector.domain.recording import MOVED, Gap, Heard, Recording, Segment, SegmentState
from connector.domain.rows import PROMPTS
from connector.domain.tracks import NO_RECORDER
from tests.unit.domain.test_flushes import JITTER
from tests.unit.domain.written_files import T0, Written, a_call, a_leg, a_recording, a_segment

Hold = tuple[tuple[float, float | None], ...]
SKIP = RecordingOptions(pause_behavior=PauseBehavior.SKIP)


def planned(
    *files: tuple[Segment, Written],
    recording: Recording | None = None,
    call: Call | None = None,
    shifts: Mapping[str, float] | None = None,
) -> AssemblyPlan:
    segments = [segment for segment, _ in files]
    frames: dict[str, int] = {segment.id: written.frames for segment, written in files}
    return timeline.plan(recording or a_recording(), call or a_call(), segments, frames, shifts=shifts)


def caller(written: Written, holds: Hold = (), state: SegmentState = SegmentState.CLOSED) -> tuple[Segment, Written]:
    return a_segment("caller", written, jitter_seconds=JITTER, holds=holds, state=state), written


def agent(written: Written, holds: Hold = (), name: str = "agent", channel: str = "agent") -> tuple[Segment, Written]:
    segment = a_segment(name, written, role=Role.AGENT, channel=channel, jitter_seconds=JITTER, holds=holds)
    return segment, written


def end_of(piece: Piece, plan: AssemblyPlan) -> int:
    return piece.at_frame + piece.frames_at(plan.sample_rate)


def seconds_of(plan: AssemblyPlan) -> float:
    return plan.frames / plan.sample_rate


def places(plan: AssemblyPlan) -> list[tuple[str, int, int, int]]:
    return [(piece.source, piece.source_frame, piece.frames, piece.at_frame) for piece in plan.pieces]


# What was measured: 4 s of hold or quiet in a call of 12 s, and by how much each recorder's file was shorter.
RAN_ON: tuple[float, ...] = ()
ROWS = {
    "agent sendonly with music, agent's phone stops": (RAN_ON, (), RAN_ON, ((4.0, 8.0),)),
    "caller sendonly with music": (RAN_ON, ((4.0, 8.0),), RAN_ON, ()),
    "agent sendonly, both phones stop": (RAN_ON, (), (4.004,), ((4.0, 8.0),)),
    "caller inactive, both stop": ((4.004,), ((4.0, 8.0),), (3.984,), ()),
    "one side quiet": (RAN_ON, (), RAN_ON, ()),
    "both quiet": ((3.984,), (), (4.003,), ()),
    "both DTX in phase": ((0.501, 0.501, 0.501, 0.5), (), (0.501, 0.501, 0.501, 0.501), ()),
}


def quiet(seconds: Sequence[float]) -> Written:
    """From second 4 on: each silence, then half a second of sound."""
    found, at = [], 4.0
    for silence in seconds:
        found.append((at, at + silence))
        at += silence + 0.5
    return Written(12.0, tuple(found))


@pytest.mark.parametrize(("left", "left_holds", "right", "right_holds"), ROWS.values(), ids=ROWS.keys())
def test_the_length_is_the_wall_clock_and_each_hole_is_where_it_was(
    left: Sequence[float], left_holds: Hold, right: Sequence[float], right_holds: Hold
) -> None:
    plan = planned(caller(quiet(left), left_holds), agent(quiet(right), right_holds))
    assert seconds_of(plan) == pytest.approx(12.0, abs=0.06)
    sides = ((Side.LEFT, left, left_holds), (Side.RIGHT, right, right_holds))
    for row, (side, silences, holds) in enumerate(sides):
        gaps = [gap for gap in plan.gaps if gap.side is side]
        last = max(end_of(piece, plan) for piece in plan.pieces if piece.row == row)
        assert last / 8000 == pytest.approx(12.0, abs=0.06)
        assert sum(gap.end_seconds - gap.start_seconds for gap in gaps) == pytest.approx(sum(silences), abs=0.06)
        for gap in gaps:
            assert_gap_is_as_near_as_it_says(gap, quiet(silences), is_held=bool(holds))


def assert_gap_is_as_near_as_it_says(gap: Gap, written: Written, *, is_held: bool) -> None:
    if is_held:
        assert gap.start_seconds == pytest.approx(4.0, abs=0.002)
        assert (gap.uncertain_seconds, gap.reason) == (0.0, ON_HOLD)
    else:
        near = [
            begin for begin, _ in written.silences if abs(gap.start_seconds - begin) <= gap.uncertain_seconds + 0.05
        ]
        assert near
        assert 0 < gap.uncertain_seconds <= 2.1
        assert gap.reason == BOTH_SILENT


def late_by_a_frame(found: tuple[Segment, Written]) -> tuple[Segment, Written]:
    """Its recorder missed the first frame: what it holds begins 20 ms after its start stamp."""
    segment, written = found
    held = replace(written, start=written.start + 0.02, seconds=written.seconds - 0.02)
    return replace(segment, flushes=()), held


def test_by_stamps_a_recorder_that_missed_its_first_frame_lies_in_the_middle() -> None:
    plan = planned(caller(Written(12.0)), late_by_a_frame(agent(Written(12.0))))
    assert places(plan) == [("caller", 0, 96000, 0), ("agent", 0, 95840, 80)]
    plan = planned(late_by_a_frame(caller(Written(12.0))), agent(Written(12.0)))
    assert places(plan) == [("agent", 0, 96000, 0), ("caller", 0, 95840, 80)]


def test_where_all_recorders_missed_a_frame_the_recording_begins_when_it_says() -> None:
    plan = planned(late_by_a_frame(caller(Written(12.0))), late_by_a_frame(agent(Written(12.0))))
    assert places(plan) == [("caller", 0, 95840, 0), ("agent", 0, 95840, 0)]


def test_where_shared_sound_places_a_file_in_another_it_stays_there() -> None:
    plan = planned(caller(Written(12.0)), late_by_a_frame(agent(Written(12.0))), shifts={"agent": 0.02})
    assert places(plan) == [("caller", 0, 96000, 0), ("agent", 0, 95840, 160)]


def test_the_clock_begins_with_the_earliest_recorder() -> None:
    plan = planned(caller(Written(12.0)), agent(Written(9.5, start=T0 + 2.5)))
    assert places(plan) == [("caller", 0, 96000, 0), ("agent", 0, 76000, 20000)]
    assert plan.frames == 96000
    assert plan.gaps == ()


def test_shared_sound_corrects_a_place() -> None:
    plan = planned(caller(Written(12.0)), agent(Written(9.0, start=T0 + 2.5)), shifts={"agent": -0.0125})
    assert [piece.at_frame for piece in plan.pieces if piece.source == "agent"] == [19900]


def test_a_party_that_comes_later_or_leaves_earlier_is_no_gap() -> None:
    first = agent(Written(3.0, start=T0 + 1), name="agent1", channel="a1")
    second = agent(Written(4.0, start=T0 + 6), name="agent2", channel="a2")
    plan = planned(caller(Written(12.0)), first, second)
    assert plan.gaps == ()
    assert [piece.row for piece in plan.pieces] == [0, 1, 1]


def test_two_agents_at_the_same_time_both_sound() -> None:
    first = agent(Written(6.0), name="agent1", channel="a1")
    second = agent(Written(6.0, start=T0 + 3), name="agent2", channel="a2")
    plan = planned(caller(Written(12.0)), first, second)
    assert plan.duplicate_frames == 0
    assert [(source, at) for source, _, _, at in places(plan)][1:] == [("agent1", 0), ("agent2", 24000)]


def test_a_recorder_started_anew_goes_on_where_the_first_one_ends() -> None:
    first, second = Written(6.0), Written(7.0, start=T0 + 5)
    plan = planned(caller(first), (a_segment("anew", second, jitter_seconds=JITTER), second))
    assert places(plan) == [("caller", 0, 48000, 0), ("anew", 8000, 48000, 48000)]
    assert (plan.duplicate_frames, plan.frames, plan.gaps) == (8000, 96000, ())


def test_a_recorder_beside_the_adopted_one_is_all_duplicate() -> None:
    adopted, ours = Written(12.0), Written(11.0, start=T0 + 0.5)
    plan = planned(caller(adopted), (a_segment("ours", ours), ours))
    assert {piece.source for piece in plan.pieces} == {"caller"}
    assert plan.duplicate_frames == 88000


def test_a_recorder_started_anew_fills_the_time_in_which_the_first_one_was_stuck() -> None:
    stuck, anew = Written(12.0, ((4.0, 9.0),)), Written(7.0, start=T0 + 5)
    plan = planned(caller(stuck), (a_segment("anew", anew), anew))
    assert {piece.source for piece in plan.pieces} == {"caller", "anew"}
    (gap,) = plan.gaps
    assert gap.end_seconds - gap.start_seconds < 2.1


def test_a_hole_that_both_recorders_of_a_channel_have_is_not_filled_with_sound_twice() -> None:
    silence = (5.0, 9.0)
    first, second = Written(12.0, (silence,)), Written(11.0, ((4.0, 8.0),), start=T0 + 1)
    plan = planned(caller(first), (a_segment("anew", second, jitter_seconds=JITTER), second))
    assert {piece.source for piece in plan.pieces} == {"caller"}
    assert plan.duplicate_frames == second.frames


def test_time_between_two_recorders_of_one_channel_is_a_gap() -> None:
    first, second = Written(4.0), Written(5.0, start=T0 + 7)
    plan = planned(caller(first), (a_segment("anew", second), second))
    assert [(gap.start_seconds, gap.end_seconds, gap.reason) for gap in plan.gaps] == [(4.0, 7.0, NO_RECORDER)]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"state": SegmentState.REFUSED, "reason": "no such channel", "started_at": None}, "no such channel"),
        ({"state": SegmentState.LOST}, "the file is lost"),
        ({"state": SegmentState.WANTED, "started_at": None, "stopped_at": None}, "the recorder never started"),
        ({}, "the file is missing or unusable"),
    ],
)
def test_a_party_whose_file_is_lost_is_a_gap_with_its_reason(columns: dict[str, object], reason: str) -> None:
    there = caller(Written(12.0))
    lost = a_segment("agent", Written(8.0, start=T0 + 2), role=Role.AGENT, **{"requested_at": T0 + 2, **columns})  # type: ignore[arg-type]
    call = a_call(a_leg("caller"), a_leg("agent", ended_at=T0 + 10))
    plan = timeline.plan(a_recording(), call, [there[0], lost], {"caller": there[1].frames})
    (gap,) = plan.gaps
    assert (gap.side, gap.start_seconds, gap.end_seconds, gap.reason) == (Side.RIGHT, 2.0, 10.0, reason)


@pytest.mark.parametrize(("holds", "own_seconds"), [((), 5.0), ((Span(start=T0 + 4.0),), 4.0)])
def test_of_a_file_that_was_moved_to_another_leg_only_what_is_its_own_is_heard(
    holds: tuple[Span, ...], own_seconds: float
) -> None:
    """It was written on for four seconds more, from somebody else's leg."""
    own, written = agent(Written(9.0))
    moved = replace(own, reason=MOVED, stopped_at=T0 + 5.0, flushes=())
    call = a_call(a_leg("caller"), replace(a_leg("agent"), holds=holds))
    plan = planned(caller(Written(9.0)), (moved, written), call=call)
    [piece] = [piece for piece in plan.pieces if piece.source == "agent"]
    assert piece.frames == pytest.approx(own_seconds * 8000, abs=1)


def test_a_recorder_that_was_refused_and_then_started_leaves_only_the_time_before_as_a_gap() -> None:
    refused = a_segment("no", role=Role.AGENT, state=SegmentState.REFUSED, requested_at=T0 + 1, started_at=None)
    speaking = agent(Written(9.0, start=T0 + 3))
    plan = planned(caller(Written(12.0)), (refused, Written(0.0)), speaking)
    assert [(gap.start_seconds, gap.end_seconds) for gap in plan.gaps] == [(1.0, 3.0)]


def test_a_lost_recorder_is_missing_until_its_party_leaves() -> None:
    dead = caller(Written(4.0), state=SegmentState.LOST)
    plan = planned(dead, agent(Written(12.0)), call=a_call(a_leg("caller", ended_at=T0 + 9), a_leg("agent")))
    assert [(gap.side, gap.start_seconds, gap.end_seconds) for gap in plan.gaps] == [(Side.LEFT, 4.0, 9.0)]


def test_when_every_file_is_lost_there_is_nothing_to_hear() -> None:
    segments = [a_segment("caller", Written(12.0)), a_segment("agent", Written(12.0), role=Role.AGENT)]
    plan = timeline.plan(a_recording(), a_call(), segments, {})
    assert plan.pieces == ()
    assert [(gap.side, gap.end_seconds) for gap in plan.gaps] == [(Side.LEFT, 12.0), (Side.RIGHT, 12.0)]
    assert timeline.plan(a_recording(), a_call(), [], {}).frames == 0


def test_a_pause_is_silent_on_both_sides_and_keeps_its_time() -> None:
    recording = a_recording(pauses=((3.0, 5.0), (11.0, None)))
    plan = planned(caller(Written(12.0)), agent(Written(12.0)), recording=recording)
    assert plan.blanks == (Blank(start_frame=24000, end_frame=40001), Blank(start_frame=88000, end_frame=96000))
    assert (plan.frames, plan.cut_frames) == (96000, 0)


def test_a_skipped_pause_is_cut_out_of_both_sides() -> None:
    recording = a_recording(pauses=((3.0, 5.0),), options=SKIP)
    plan = planned(caller(Written(12.0)), agent(Written(8.0, start=T0 + 4)), recording=recording)
    assert places(plan) == [("caller", 0, 24000, 0), ("caller", 40000, 56000, 24000), ("agent", 8000, 56000, 24000)]
    assert (plan.frames, plan.cut_frames, plan.blanks) == (80000, 24000, ())


def test_rounding_lays_no_piece_into_the_one_before() -> None:
    pauses = tuple((at / 7, at / 7 + 0.0531) for at in range(3, 80))
    recording = a_recording(pauses=pauses, options=replace(SKIP, sample_rate=11025))
    plan = planned(caller(Written(12.0)), recording=recording)
    assert len(plan.pieces) > 70
    assert all(end_of(one, plan) <= other.at_frame for one, other in pairwise(plan.pieces))
    assert seconds_of(plan) == pytest.approx(12.0 - 77 * 0.0531, abs=0.01)


def test_a_gap_inside_a_skipped_pause_is_none() -> None:
    recording = a_recording(pauses=((3.0, 10.0),), options=SKIP)
    plan = planned(caller(Written(12.0, ((5.0, 9.0),)), ((5.0, 9.0),)), recording=recording)
    assert plan.gaps == ()
    assert plan.frames == 40000


def test_the_higher_rate_of_two_sides_is_the_recordings() -> None:
    plan = planned(caller(Written(12.0)), agent(Written(10.0, start=T0 + 2, rate=16000)))
    assert (plan.sample_rate, plan.frames) == (16000, 192000)
    assert [(p.source_rate, p.frames, p.at_frame, end_of(p, plan)) for p in plan.pieces] == [
        (8000, 96000, 0, 192000),
        (16000, 160000, 32000, 192000),
    ]


def test_a_wished_rate_is_obeyed_and_the_surveyed_one_believed() -> None:
    segment = a_segment("caller", Written(12.0))
    recording = a_recording(options=RecordingOptions(sample_rate=8000))
    plan = timeline.plan(recording, a_call(), [segment], {"caller": 192000}, rates={"caller": 16000})
    assert (plan.sample_rate, plan.frames, plan.pieces[0].source_rate) == (8000, 96000, 16000)


def test_labels_say_who_is_left_and_right() -> None:
    call = a_call(a_leg("caller", "+4930123"), a_leg("a1", "101"), a_leg("a2", "102"))
    agents = [agent(Written(4.0, start=T0 + 4 * i), name=f"agent{i}", channel=f"a{i}") for i in (1, 2)]
    plan = planned(*reversed(agents), caller(Written(12.0)), call=call)
    assert [(label.index, label.role, label.party) for label in plan.channels] == [
        (0, Role.CALLER, "+4930123"),
        (1, Role.AGENT, "101, 102"),
    ]


def test_swapping_puts_the_agent_on_the_left() -> None:
    plan = planned(
        caller(Written(12.0)), agent(Written(12.0)), recording=a_recording(options=RecordingOptions(swap=True))
    )
    assert {piece.source: piece.row for piece in plan.pieces} == {"caller": 1, "agent": 0}
    assert [(label.role, label.party) for label in plan.channels] == [(Role.AGENT, "101"), (Role.CALLER, "+4930123")]


def test_what_was_played_is_left_out_of_a_call_with_two_voices() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)), agent(Written(12.0)))
    assert {piece.source for piece in plan.pieces} == {"caller", "agent"}


def test_a_call_without_a_second_party_has_the_prompts_on_the_right() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)))
    assert {piece.source: piece.row for piece in plan.pieces} == {"caller": 0, "tx": 1}
    assert [(label.role, label.party) for label in plan.channels] == [
        (Role.CALLER, "+4930123"),
        (Role.AGENT, PROMPTS),
    ]


def test_in_a_menu_before_the_agent_the_prompts_are_heard_and_never_where_the_agent_has_a_file() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    speaking = agent(Written(6.0, ((2.0, 3.0),), start=T0 + 4), ((6.0, 7.0),))
    recording = a_recording(options=RecordingOptions(record_from=Beginning.ANSWER))
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)), speaking, recording=recording)
    assert [place[1:] for place in places(plan) if place[0] == "tx"] == [(0, 32000, 0), (80000, 16000, 80000)]
    assert plan.channels[1].party == "101"


def test_a_call_recorded_from_the_bridge_on_holds_no_music_after_its_agent_has_left() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)), agent(Written(6.0, start=T0 + 2)))
    assert {piece.source for piece in plan.pieces} == {"caller", "agent"}


def test_what_the_caller_heard_stands_in_for_an_agent_whose_file_is_lost() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    lost = a_segment("agent", role=Role.AGENT, state=SegmentState.LOST)
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)), (lost, Written(0.0)))
    assert {piece.source: piece.row for piece in plan.pieces} == {"caller": 0, "tx": 1}
    assert plan.channels[1].party == "101"


def test_prompts_sound_before_the_agent_and_during_the_agents_hold_but_never_over_the_agent() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    speaking = agent(Written(8.0, start=T0 + 4), ((7.0, 9.0),))
    recording = a_recording(options=RecordingOptions(prompts=True))
    plan = planned(caller(Written(12.0)), (heard, Written(12.0)), speaking, recording=recording)
    assert [place[1:] for place in places(plan) if place[0] == "tx"] == [(0, 32000, 0), (56000, 16000, 56000)]
    assert plan.duplicate_frames == 48000


def test_what_the_caller_heard_places_the_agent_exactly() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    agents = a_segment("agent", Written(8.0, start=T0 + 2.0125), role=Role.AGENT)
    (match,) = timeline.matches([agents, a_segment("caller", Written(12.0)), heard])
    assert (match.first, match.second, match.expected_frames, match.window_frames) == ("tx", "agent", 16100, 400)
    assert timeline.shift_of(match, 16000) == pytest.approx(-0.0125)
    assert timeline.shift_of(match, 16000, {"tx": 0.5, "agent": 9.0}) == pytest.approx(0.4875)


def test_a_match_is_followed_as_long_as_no_hole_is_known_in_either_file() -> None:
    heard, held = a_segment("tx", Written(12.0), heard=Heard.TX), Written(12.0, ((4.0, 8.0),))
    (match,) = timeline.matches([heard, a_segment("agent", Written(8.0, start=T0 + 2), role=Role.AGENT)])
    assert match.frames == pytest.approx(64000, abs=8)
    (match,) = timeline.matches(*agent_and_tx(held, Written(12.0)))
    assert 16000 < match.frames <= 32000
    (match,) = timeline.matches(*agent_and_tx(Written(11.0, start=T0 + 1), held))
    assert 8000 < match.frames <= 24000
    (match,) = timeline.matches([a_segment("b", Written(8.0, start=T0 + 1)), a_segment("a", Written(6.0))])
    assert match.frames == 0, "what a channel's own recorders hold twice is heard once"


def agent_and_tx(of_agent: Written, of_tx: Written) -> tuple[list[Segment], dict[str, int]]:
    segments = [a_segment("tx", of_tx, heard=Heard.TX), a_segment("agent", of_agent, role=Role.AGENT)]
    return segments, {"tx": of_tx.frames, "agent": of_agent.frames}


def test_a_step_is_sound_that_one_of_the_files_lacks() -> None:
    heard = a_segment("tx", Written(12.0), heard=Heard.TX)
    (match,) = timeline.matches([heard, a_segment("agent", Written(8.0, start=T0 + 2), role=Role.AGENT)])
    slips = timeline.slips_of(match, 16000, [(8000, 160), (24160, -160), (40000, 160)])
    assert slips["agent"] == [Slip(frame=8000, seconds=0.02), Slip(frame=40000, seconds=0.02)]
    assert slips["tx"] == [Slip(frame=40160, seconds=0.02)]
    late = replace(match, second="other", expected_frames=48000)
    assert timeline.shift_of(late, 48000, {}, slips) == pytest.approx(0.02), "it stands behind what the file lacks"


def test_what_a_file_lacks_is_left_out_at_its_place_and_what_follows_is_in_time() -> None:
    left, right = caller(Written(12.0)), agent(Written(11.96))
    segments, frames = [left[0], right[0]], {"caller": left[1].frames, "agent": right[1].frames}
    slips = {"agent": [Slip(frame=40000, seconds=0.02), Slip(frame=8000, seconds=0.02)]}
    plan = timeline.plan(a_recording(), a_call(), segments, frames, slips=slips)
    pieces = [place[1:] for place in places(plan) if place[0] == "agent"]
    assert pieces == [(0, 8000, 0), (8000, 32000, 8160), (40000, right[1].frames - 40000, 40320)]
    assert plan.gaps == (), "a single frame is not named"


def test_an_agent_recorded_before_the_caller_is_expected_before_the_beginning() -> None:
    heard = a_segment("tx", Written(12.0, start=T0 + 1), heard=Heard.TX)
    (match,) = timeline.matches([heard, a_segment("agent", Written(12.0), role=Role.AGENT)])
    assert (match.first, match.second, match.expected_frames) == ("tx", "agent", -8000)


def test_a_hole_before_the_match_is_reckoned_with() -> None:
    file = Written(20.0, ((4.0, 8.0),))
    heard = a_segment("tx", file, heard=Heard.TX)
    agents = a_segment("agent", Written(8.0, start=T0 + 12), role=Role.AGENT)
    for frames in (None, {"tx": file.frames, "agent": 64000}):
        (match,) = timeline.matches([heard, agents], frames)
        assert match.expected_frames == pytest.approx(64000, abs=8)


def test_two_recorders_of_one_channel_are_matched_the_later_in_the_earlier() -> None:
    (match,) = timeline.matches([a_segment("b", Written(8.0, start=T0 + 1)), a_segment("a", Written(6.0))])
    assert (match.first, match.second, match.expected_frames) == ("a", "b", 8000)


@pytest.mark.parametrize("other", [Written(3.0, start=T0 + 9), Written(9.0, rate=16000)])
def test_files_that_share_no_time_or_rate_are_not_matched(other: Written) -> None:
    heard = a_segment("tx", Written(9.1), heard=Heard.TX)
    assert timeline.matches([heard, a_segment("agent", other, role=Role.AGENT)]) == ()
