"""Instructions that come before anything is recorded: how, and not at all."""

from connector.domain.states import RecordingState
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import a_stage
from tests.unit.domain.stories import an_inbound_call


def test_options_before_the_answer_say_how_and_leave_whether_to_the_rules() -> None:
    story = an_inbound_call().ringing(2).instruct("options", options="format=flac,tags=vip").talk(5).hangup()
    stage = a_stage(policies("yes")).play(story.script())
    (answer,) = stage.answers
    assert (answer.is_done, answer.outcome) == (True, "holds when it is recorded")
    assert (stage.recording.options.format, stage.recording.options.tags) == ("flac", ("vip",))
    assert stage.recording.rule == "rule 1 (every call): yes"
    assert not a_stage(policies("no")).play(story.script()).recordings


def test_options_of_a_recording_that_runs_hold_for_the_next_one() -> None:
    story = an_inbound_call().talk(5).instruct("options", options="format=flac").talk(2)
    stage = a_stage().play(story.instruct("stop").instruct("start").talk(5).hangup().script())
    first, second = stage.recordings.values()
    assert stage.answers[0].outcome == f"{first.id} keeps its options; they hold for the next recording"
    assert (first.options.format, second.options.format) == (None, "flac")


def test_a_start_adds_its_options_to_those_that_were_said_before() -> None:
    story = an_inbound_call().ringing(1).instruct("options", options='{"format": "flac", "retentionDays": 7}')
    story = story.instruct("start", options="format=wav").talk(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    assert (stage.recording.options.format, stage.recording.options.retention_days) == ("wav", 7)


def test_options_that_cannot_be_read_change_nothing() -> None:
    story = an_inbound_call().ringing(1).instruct("options", options="formt=flac").talk(5).hangup()
    stage = a_stage().play(story.script())
    assert not stage.answers[0].is_done
    assert "did you mean format?" in stage.answers[0].outcome
    assert stage.call.wanted is None


def test_a_call_that_is_discarded_before_it_is_answered_is_not_recorded() -> None:
    story = an_inbound_call().ringing(2).instruct("discard").talk(5).transfer_blind("202").talk(5).hangup()
    stage = a_stage(policies("yes")).play(story.script())
    assert (stage.answers[0].is_done, stage.answers[0].outcome) == (True, "nothing will be recorded")
    assert not stage.recordings
    assert stage.call.verdict is not None
    assert stage.call.verdict.reason == "stopped by dialplan"


def test_what_force_demands_cannot_be_discarded_beforehand() -> None:
    story = an_inbound_call().ringing(2).instruct("discard").talk(5).hangup()
    stage = a_stage(policies("force")).play(story.script())
    assert not stage.answers[0].is_done
    assert stage.recording.state is RecordingState.CAPTURED
