"""What of a recording's end falls due to be told."""

from connector.domain import events
from connector.domain.recording import SegmentState
from connector.domain.states import IN_CAPTURE, RecordingState
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import an_inbound_call


def subjects(stage: Stage) -> list[str]:
    return [due.subject for due in stage.tellings]


def test_a_captured_recording_is_to_be_told_by_any_node_from_its_end_on() -> None:
    stage = a_stage().play(an_inbound_call().talk(10).hangup().script())
    (due,) = stage.tellings
    assert (due.subject, due.node) == (f"{stage.recording.id}/captured", None)
    assert due.at == stage.recording.ended_at


def test_a_stopped_recording_is_told_of_and_a_discarded_one_is_not() -> None:
    stopped = a_stage().play(an_inbound_call().talk(5).instruct("stop").talk(3).hangup().script())
    assert subjects(stopped) == [f"{stopped.recording.id}/captured"]
    discarded = a_stage().play(an_inbound_call().talk(5).instruct("discard").talk(3).hangup().script())
    assert discarded.recording.state is RecordingState.REMOVING
    assert subjects(discarded) == []


def test_of_a_consultation_that_joined_a_recording_only_that_recording_is_told() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).transfer_attended("202").talk(5).hangup().script())
    assert len(stage.recordings) == 2
    assert subjects(stage) == [f"{stage.recording.id}/captured"]


def test_a_recording_whose_recorders_were_refused_is_to_be_told() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    while stage.recording.state in IN_CAPTURE:
        waiting = [segment for segment in stage.segments.values() if segment.state is SegmentState.WANTED]
        stage.tell(events.RecorderRefused(segment=waiting[0].id, reason="no such folder"))
    assert subjects(stage) == [f"{stage.recording.id}/failed-at-capture"]
