"""The files of a conference on one clock: a row for each participant."""

from dataclasses import replace

from connector.domain import timeline
from connector.domain.assembly import AssemblyPlan
from connector.domain.call import Call, CallKind, Leg, Role, Side
from connector.domain.recording import Heard, Segment, SegmentState
from connector.domain.tracks import NO_RECORDER
from tests.unit.domain.written_files import T0, Written, a_leg, a_recording, a_segment


def a_conference(*legs: Leg) -> Call:
    return Call(
        id=a_recording().call_id,
        organisation="acme",
        pbx="pbx",
        node="node",
        kind=CallKind.CONFERENCE,
        conference="77",
        legs=legs or tuple(a_leg(f"c{one}", str(200 + one)) for one in range(1, 4)),
        started_at=T0,
    )


def a_stay(channel: str, since: float, until: float) -> Leg:
    return replace(a_leg(channel, number=channel, ended_at=T0 + until), created_at=T0 + since)


def voice(name: str, channel: str, seconds: float, start: float = 0.0, rate: int = 8000) -> tuple[Segment, Written]:
    written = Written(seconds, start=T0 + start, rate=rate)
    return a_segment(name, written, role=Role.AGENT, channel=channel), written


def planned(*files: tuple[Segment, Written], call: Call | None = None) -> AssemblyPlan:
    frames: dict[str, int] = {segment.id: written.frames for segment, written in files}
    return timeline.plan(a_recording(20.0), call or a_conference(), [segment for segment, _ in files], frames)


def rows(plan: AssemblyPlan) -> dict[str, tuple[int, int]]:
    """By source: its row, and when it begins, in frames."""
    return {piece.source: (piece.row, piece.at_frame) for piece in plan.pieces}


def test_each_participant_has_a_row_in_the_order_in_which_they_came() -> None:
    plan = planned(voice("late", "c1", 5, start=3), voice("first", "c3", 10), voice("second", "c2", 8, start=1))
    assert rows(plan) == {"first": (0, 0), "second": (1, 8000), "late": (2, 24_000)}
    assert [(label.index, label.role, label.party) for label in plan.channels] == [
        (0, Role.AGENT, "203"),
        (1, Role.AGENT, "202"),
        (2, Role.AGENT, "201"),
    ]
    assert (plan.sides, plan.frames, plan.gaps) == ((Side.RIGHT,) * 3, 80_000, ())


def test_who_comes_back_on_the_same_channel_is_on_the_same_row() -> None:
    call = a_conference(a_stay("c1", 0, 4), a_stay("c2", 1, 13), a_stay("c1", 8, 11))
    files = [voice("before", "c1", 4), voice("other", "c2", 12, start=1), voice("after", "c1", 3, start=8)]
    plan = planned(*files, call=call)
    assert rows(plan) == {"before": (0, 0), "other": (1, 8000), "after": (0, 64_000)}
    assert len(plan.channels) == 2
    assert plan.gaps == ()


def test_time_without_a_recorder_is_a_gap_while_the_participant_was_there() -> None:
    call = a_conference(a_stay("c1", 0, 5), a_stay("c1", 7, 11))
    plan = planned(voice("before", "c1", 4), voice("after", "c1", 3, start=8), call=call)
    assert [(gap.party, gap.start_seconds, gap.end_seconds, gap.reason) for gap in plan.gaps] == [
        ("c1", 4.0, 5.0, NO_RECORDER),
        ("c1", 7.0, 8.0, NO_RECORDER),
    ]


def test_who_dials_in_again_comes_on_a_row_of_their_own_with_the_same_number() -> None:
    call = a_conference(a_leg("c1", "201"), a_leg("c2", "202"), a_leg("again", "201"))
    plan = planned(voice("a", "c1", 4), voice("b", "c2", 12), voice("c", "again", 3, start=8), call=call)
    assert [label.party for label in plan.channels] == ["201", "202", "201"]
    assert plan.gaps == ()


def test_a_participant_whose_file_is_lost_keeps_a_silent_row_and_is_named() -> None:
    lost = a_segment("gone", channel="c2", role=Role.AGENT, state=SegmentState.LOST, requested_at=T0 + 2)
    plan = timeline.plan(a_recording(10.0), a_conference(), [voice("a", "c1", 10)[0], lost], {"a": 80_000})
    assert [label.party for label in plan.channels] == ["201", "202"]
    assert {piece.row for piece in plan.pieces} == {0}
    assert [(gap.party, gap.reason) for gap in plan.gaps] == [("202", "the file is lost")]


def test_what_a_participant_was_played_is_the_others_again_and_left_out() -> None:
    files = [voice("a", "c1", 10), voice("b", "c2", 10)]
    heard = a_segment("mix", Written(10.0), channel="c1", role=Role.CALLER, heard=Heard.TX)
    plan = planned(*files, (heard, Written(10.0)))
    assert set(rows(plan)) == {"a", "b"}
    segments = [heard, *(segment for segment, _ in files)]
    assert timeline.matches(segments) != ()
    assert timeline.matches(segments, kind=CallKind.CONFERENCE) == ()


def test_wideband_and_narrowband_participants_share_the_higher_clock() -> None:
    plan = planned(voice("wide", "c1", 4, rate=16_000), voice("narrow", "c2", 4, start=1))
    assert (plan.sample_rate, plan.frames) == (16_000, 80_000)
    assert [(p.source_rate, p.at_frame) for p in plan.pieces] == [(16_000, 0), (8000, 16_000)]
