"""Consent: asked once, answered with a key, kept as evidence, and above every rule."""

from connector.domain import events
from connector.domain.ids import ChannelId
from connector.domain.options import Consent
from connector.domain.pbx_commands import PlaySound
from connector.domain.states import RecordingState
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND, an_inbound_call

ASKED = policies("force", consent=Consent(key="1"), announce="callreel/ask")
UNLESS = policies("yes", consent=Consent(key="9", otherwise=True), announce="callreel/tell", beep=True)


def played(stage: Stage) -> list[tuple[str, str]]:
    return [(one.channel, one.sound) for one in stage.commands if isinstance(one, PlaySound)]


def test_nothing_is_recorded_before_somebody_pressed_the_key_not_even_by_force() -> None:
    stage = a_stage(ASKED).play(an_inbound_call().talk(5).hangup().script())
    assert not stage.recordings
    assert stage.call.verdict is not None
    assert stage.call.verdict.reason.endswith("consent: nobody has pressed key 1")


def test_the_question_is_played_to_both_once() -> None:
    stage = a_stage(ASKED).play(an_inbound_call().talk(5).press("1").talk(5).transfer_blind("202").talk(2).script())
    assert played(stage) == [("call-caller", "callreel/ask"), ("call-201", "callreel/ask")]


def test_the_key_begins_the_recording_and_is_kept_as_evidence() -> None:
    for who, number in (("caller", INBOUND), ("agent", "201")):
        stage = a_stage(ASKED).play(an_inbound_call().talk(5).press("1", who=who).talk(5).hangup().script())  # type: ignore[arg-type]  # a test's shorthand
        assert stage.recording.requested_at == MORNING + 5
        assert stage.recording.rule.endswith(f"; consent: key 1 by {number} at 2026-01-05T09:00:05+00:00")
        assert stage.call.verdict is not None
        assert stage.call.verdict.reason == stage.recording.rule
        assert stage.recording.state is RecordingState.CAPTURED


def test_the_first_answer_is_the_evidence() -> None:
    story = an_inbound_call().talk(5).press("1").talk(5).press("1", who="agent").talk(5).transfer_blind("202").talk(1)
    stage = a_stage(ASKED).play(story.hangup().script())
    assert stage.call.consent is not None
    assert (stage.call.consent.by, stage.call.consent.at) == (INBOUND, MORNING + 5)


def test_another_key_or_one_pressed_before_the_question_is_no_answer() -> None:
    story = an_inbound_call().machine(2).press("1").ringing(2).talk(5).press("2").talk(5).hangup()
    assert not a_stage(ASKED).play(story.script()).recordings


def test_the_dialplan_may_have_asked_before() -> None:
    story = an_inbound_call().variable("__CALLREEL_CONSENT", "1").talk(5).hangup()
    stage = a_stage(ASKED).play(story.script())
    assert stage.recording.state is RecordingState.CAPTURED
    assert f"key 1 by {INBOUND}" in stage.recording.rule
    other = an_inbound_call().variable("CALLREEL_CONSENT", "2").talk(5).hangup()
    assert not a_stage(ASKED).play(other.script()).recordings


def test_the_dialplans_answer_may_come_after_our_question() -> None:
    story = an_inbound_call().talk(5).variable("CALLREEL_CONSENT", "1").talk(5).hangup()
    assert a_stage(ASKED).play(story.script()).recording.requested_at == MORNING + 5


def test_with_otherwise_yes_the_key_stops_and_discards() -> None:
    stage = a_stage(UNLESS).play(an_inbound_call().talk(5).script())
    assert len(stage.started()) == 2
    stage.tell(events.KeyPressed(channel=ChannelId("call-201"), key="9"), MORNING + 60)
    assert stage.recording.state is RecordingState.REMOVING
    assert "consent: key 9 by 201 at 2026-01-05T09:01:00" in stage.recording.reason
    assert [due.kind for due in stage.dues] == ["remove"]


def test_who_refused_is_not_recorded_after_a_transfer_either() -> None:
    stage = a_stage(UNLESS).play(an_inbound_call().talk(5).press("9").transfer_blind("202").talk(5).hangup().script())
    assert stage.recording.state is RecordingState.REMOVING
    assert len(stage.recordings) == 1


def test_with_otherwise_yes_the_announcement_is_played_once_and_the_beep_as_ever() -> None:
    stage = a_stage(UNLESS).play(an_inbound_call().talk(5).script())
    assert sorted(sound for _, sound in played(stage)) == ["beep", "beep", "callreel/tell", "callreel/tell"]


def test_a_start_waits_for_consent_and_then_begins() -> None:
    stage = a_stage(policies("no", consent=Consent(key="1")))
    stage.play(an_inbound_call().talk(2).instruct("start").talk(2).press("1").talk(2).hangup().script())
    (answer,) = stage.answers
    assert (answer.is_done, answer.outcome, answer.recording) == (True, "waits for consent", None)
    assert stage.recording.requested_at == MORNING + 4


def test_who_stopped_the_recording_is_not_overruled_by_a_late_key() -> None:
    story = an_inbound_call().talk(2).instruct("start").instruct("stop").press("1").talk(2).hangup()
    assert not a_stage(policies("no", consent=Consent(key="1"))).play(story.script()).recordings


def test_an_answer_survives_a_restart() -> None:
    before = a_stage(ASKED).play(an_inbound_call().talk(5).script())
    after = a_stage(ASKED)
    after.now = before.now
    after.director.adopt(list(before.calls.values()), [], [], before.now)
    after.tell(events.KeyPressed(channel=ChannelId("call-caller"), key="1"))
    assert after.recording.state is RecordingState.RECORDING


def test_an_answer_survives_a_transfer_with_consultation() -> None:
    story = an_inbound_call().talk(5).press("1").talk(1).transfer_attended("202").talk(5).hangup()
    stage = a_stage(ASKED).play(story.script())
    assert [one.state for one in stage.recordings.values()] == [RecordingState.CAPTURED]


def test_in_a_conference_one_participants_key_counts() -> None:
    stage = a_stage(ASKED).play(an_inbound_call().confer("77").wait(5).press("1").wait(5).hangup().script())
    assert stage.recording.requested_at == MORNING + 5
