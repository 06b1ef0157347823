"""Calls with one party: menus and mailboxes, recorded from the answer on, and starts that have to wait."""

from connector.domain.call import Side
from connector.domain.options import Beginning, RecordingOptions
from connector.domain.policy import Policy, Rule, When, Word
from connector.domain.recording import Heard
from connector.domain.states import RecordingState
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import an_inbound_call

FROM_ANSWER = policies("yes", record_from=Beginning.ANSWER)


def recorders(stage: Stage) -> list[tuple[str, Heard, Side]]:
    return [(one.channel, one.heard, one.side) for one in stage.segments.values()]


def test_from_the_answer_on_the_caller_is_left_and_the_prompts_are_right() -> None:
    stage = a_stage(FROM_ANSWER).play(an_inbound_call().machine(10).hangup().script())
    assert recorders(stage) == [("call-caller", Heard.RX, Side.LEFT), ("call-caller", Heard.TX, Side.RIGHT)]
    assert stage.recording.state is RecordingState.CAPTURED
    assert stage.recording.requested_at == MORNING


def test_from_the_bridge_on_a_call_with_one_party_is_not_recorded() -> None:
    assert not a_stage().play(an_inbound_call().machine(10).hangup().script()).recordings


def test_who_joins_later_is_in_the_same_recording_without_what_he_hears() -> None:
    stage = a_stage(FROM_ANSWER).play(an_inbound_call().machine(10).ringing(3).talk(5).hangup().script())
    assert recorders(stage) == [
        ("call-caller", Heard.RX, Side.LEFT),
        ("call-caller", Heard.TX, Side.RIGHT),
        ("call-201", Heard.RX, Side.RIGHT),
    ]
    assert stage.recording.state is RecordingState.CAPTURED


def test_the_answer_of_who_was_called_is_not_the_calls() -> None:
    stage = a_stage(FROM_ANSWER, is_obliging=False).play(an_inbound_call().ringing(3).script())
    assert not stage.recordings


def test_a_wish_set_after_the_answer_begins_the_recording() -> None:
    story = an_inbound_call().machine(3).variable("CALLREEL_OPTIONS", "recordFrom=answer").machine(5)
    stage = a_stage().play(story.hangup().script())
    assert [one.requested_at for one in stage.recordings.values()] == [MORNING + 3]


def test_a_wish_that_changes_while_the_machine_talks_counts_when_somebody_joins() -> None:
    story = an_inbound_call().machine(0.1).variable("CALLREEL", "no").machine(5)
    stage = a_stage(FROM_ANSWER).play(story.script())
    assert stage.recording.state is RecordingState.RECORDING
    assert a_stage(FROM_ANSWER).play(story.ringing(1).talk(1).script()).recording.state is RecordingState.REMOVING


def test_a_rule_that_says_no_once_the_second_party_is_known_makes_the_recording_undone() -> None:
    rules = (
        Rule(word=Word.NO, when=When(agent=("201",)), name="rule 1"),
        Rule(word=Word.YES, options=RecordingOptions(record_from=Beginning.ANSWER), name="rule 2"),
    )
    stage = a_stage({"default": Policy(rules=rules)})
    stage.play(an_inbound_call().machine(10).ringing(3).talk(5).hangup().script())
    assert stage.recording.state is RecordingState.REMOVING


def test_a_start_in_a_mailbox_records_the_prompts_too() -> None:
    story = an_inbound_call().machine(3).instruct("start").machine(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    assert recorders(stage) == [("call-caller", Heard.RX, Side.LEFT), ("call-caller", Heard.TX, Side.RIGHT)]
    assert stage.recording.options.record_from is Beginning.ANSWER
    assert stage.answers[0].recording == stage.recording.id


def test_a_start_in_a_talk_records_voices_only() -> None:
    stage = a_stage(policies("no")).play(an_inbound_call().talk(3).instruct("start").talk(5).hangup().script())
    assert {heard for _, heard, _ in recorders(stage)} == {Heard.RX}


def test_a_start_before_the_answer_waits_and_takes_effect_at_the_bridge() -> None:
    story = an_inbound_call().ringing(2).instruct("start", options="format=flac").ringing(2).talk(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    (answer,) = stage.answers
    assert (answer.is_done, answer.outcome, answer.recording) == (True, "waits for the answer", None)
    assert stage.recording.state is RecordingState.CAPTURED
    assert (stage.recording.requested_at, stage.recording.options.format) == (MORNING + 4, "flac")
    assert "dialplan" in stage.recording.rule


def test_a_start_before_the_answer_with_record_from_takes_effect_at_the_answer() -> None:
    story = an_inbound_call().wait(2).instruct("start", options="recordFrom=answer").machine(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    assert [one.requested_at for one in stage.recordings.values()] == [MORNING + 2]


def test_a_waiting_start_can_be_taken_back() -> None:
    story = an_inbound_call().ringing(2).instruct("start").instruct("stop").talk(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    assert [answer.outcome for answer in stage.answers] == ["waits for the answer", "no longer waits"]
    assert not stage.recordings


def test_never_refuses_a_start_before_the_answer_at_once() -> None:
    stage = a_stage(policies("never")).play(an_inbound_call().ringing(2).instruct("start").talk(5).hangup().script())
    assert [answer.is_done for answer in stage.answers] == [False]
    assert not stage.recordings


def test_a_waiting_start_survives_a_restart() -> None:
    before = a_stage(policies("no")).play(an_inbound_call().ringing(2).instruct("start").script())
    after = a_stage(policies("no"))
    after.director.adopt(list(before.calls.values()), [], [], before.now)
    after.play(an_inbound_call().ringing(2).talk(5).hangup().script())
    assert after.recording.state is RecordingState.CAPTURED


def test_what_was_asked_for_in_a_talk_is_not_undone_by_the_next_bridge() -> None:
    story = an_inbound_call().talk(3).instruct("start").talk(0.1).transfer_blind("202", ringing=0.1).talk(5).hangup()
    stage = a_stage(policies("no")).play(story.script())
    assert stage.recording.state is RecordingState.CAPTURED
