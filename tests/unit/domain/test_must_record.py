"""Recorders that the dialplan starts by itself: adopted while the call lives, and found when it is over."""

from dataclasses import replace

from connector.domain import events
from connector.domain.call import CallState, Side
from connector.domain.ids import ChannelId, Moment, found_segment_id
from connector.domain.options import Consent
from connector.domain.pbx_commands import MuteRecorder, StopRecorder
from connector.domain.recording import SegmentState
from connector.domain.states import RecordingState
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND, an_inbound_call

CALLER = ChannelId("call-caller")
PATH = "must_call-caller_rx.wav"


def a_find(**over: object) -> events.RecorderFound:
    known = events.RecorderFound(
        channel=CALLER, linked=CALLER, path=PATH, number=INBOUND, device="PJSIP/carrier", context="from-carrier"
    )
    return replace(known, **over)  # type: ignore[arg-type]  # a test's shorthand


def find(stage: Stage, event: events.RecorderFound, at: Moment) -> None:
    """Stamped with its beginning, however late it is told."""
    now = stage.now
    decision = stage.director.handle(event, at)
    for change in decision.changes:
        stage.note(change)
    stage.commands += decision.commands
    stage.now = now


def test_a_recorder_of_the_dialplan_is_the_channels_recorder() -> None:
    story = an_inbound_call().must_record().ringing(3).talk(5).hangup()
    stage = a_stage().play(story.script())
    assert [one.channel for one in stage.started()] == ["call-201"]
    (own,) = [one for one in stage.segments.values() if one.channel == CALLER]
    assert (own.id, own.path, own.side) == (found_segment_id("office", PATH), PATH, Side.LEFT)
    assert own.started_at == MORNING
    assert stage.recording.state is RecordingState.CAPTURED
    assert stage.recording.started_at == MORNING


def test_it_records_a_call_that_rules_would_not_and_says_why() -> None:
    for found_first in (True, False):
        story = an_inbound_call().ringing(3)
        story = story.must_record(who="agent").talk(5) if found_first else story.talk(0.01).must_record(who="agent")
        stage = a_stage(policies("no")).play(story.talk(5).hangup().script())
        assert stage.recording.state is RecordingState.CAPTURED
        assert stage.recording.rule.startswith("the dialplan's must-record; ")
        assert "rule 1" in stage.recording.rule


def test_never_stops_it_and_removes_its_file() -> None:
    stage = a_stage(policies("never")).play(an_inbound_call().must_record().ringing(3).talk(5).hangup().script())
    assert [one.segment for one in stage.commands if isinstance(one, StopRecorder)] == [
        found_segment_id("office", PATH)
    ]
    assert stage.recording.state is RecordingState.REMOVING
    assert [due.kind for due in stage.dues] == ["remove"]


def test_without_consent_it_is_stopped_and_removed_too() -> None:
    stage = a_stage(policies("force", consent=Consent(key="1")))
    stage.play(an_inbound_call().must_record().ringing(3).talk(1).script())
    assert stage.recording.state is RecordingState.REMOVING
    assert "consent" in stage.recording.reason


def test_a_call_that_nobody_answers_is_no_recording_though_the_dialplan_has_begun_one() -> None:
    stage = a_stage().play(an_inbound_call().must_record().ringing(30).hangup().script())
    assert not stage.recordings


def test_a_file_that_seems_left_behind_while_its_phone_rings_is_that_of_the_living_call() -> None:
    story = an_inbound_call().must_record().ringing(30)
    stage = a_stage().play(story.script())
    find(stage, a_find(ended_at=MORNING + 1), MORNING)
    stage.tell(events.ChannelAnswered(channel=CALLER))
    (own,) = stage.segments.values()
    assert (own.channel, own.state) == (CALLER, SegmentState.RUNNING)


def test_the_first_frames_say_where_the_sound_of_a_file_begins_that_waited_while_the_phone_rang() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().must_record().ringing(3).talk(5).script())
    (own,) = [one for one in stage.segments.values() if one.channel == CALLER]
    assert own.started_at == MORNING
    for frames, at in ((16000, 5.0), (32000, 7.0)):
        stage.tell(events.RecorderFlushed(segment=own.id, frames=frames), MORNING + at)
    assert stage.segments[own.id].started_at == MORNING + 3.0
    assert stage.recording.started_at == MORNING + 3.0


def test_told_again_it_changes_nothing() -> None:
    stage = a_stage().play(an_inbound_call().must_record().ringing(3).talk(5).script())
    decision = stage.director.handle(a_find(), MORNING)
    assert not decision.changes
    assert not decision.commands


def test_told_before_its_channel_it_makes_the_call_known() -> None:
    stage = a_stage()
    find(stage, a_find(number="", dialled="201"), MORNING)
    stage.play(an_inbound_call().ringing(3).talk(5).hangup().script())
    assert stage.call.from_number == INBOUND
    assert stage.recording.state is RecordingState.CAPTURED
    assert len(stage.segments) == 2


def test_told_after_the_bridge_it_joins_the_recording_that_runs() -> None:
    stage = a_stage().play(an_inbound_call().ringing(3).talk(5).script())
    find(stage, a_find(), MORNING)
    assert {one.recording_id for one in stage.segments.values()} == {stage.recording.id}
    assert len(stage.segments) == 3
    assert stage.recording.started_at == MORNING


def test_in_a_pause_it_is_muted() -> None:
    stage = a_stage().play(an_inbound_call().ringing(3).talk(5).instruct("pause").script())
    find(stage, a_find(), MORNING)
    assert found_segment_id("office", PATH) in {one.segment for one in stage.commands if isinstance(one, MuteRecorder)}


def test_after_a_reconnect_it_is_waited_for_and_replaced_only_when_it_is_not_told_again() -> None:
    for is_told, expected in ((True, 0), (False, 1)):
        stage = a_stage().play(an_inbound_call().must_record().ringing(3).talk(5).script())
        (agent,) = [one.segment for one in stage.started()]
        stage.commands.clear()
        channels = (CALLER, ChannelId("call-201"))
        stage.tell(
            events.PbxResynchronised(channels=channels, recorders=(events.RecorderStarted(segment=agent),)),
            MORNING + 20,
        )
        if is_told:
            find(stage, a_find(), MORNING)
        stage.pass_time(3)
        assert len(stage.started()) == expected


def test_a_call_that_came_and_went_without_us_is_one_recording() -> None:
    stage = a_stage()
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), MORNING + 1000)
    find(stage, a_find(ended_at=MORNING + 60), MORNING)
    stage.tell(events.TimePassed(), MORNING + 1001)
    agent = a_find(channel="b", path="must_b.wav", number="201", device="PJSIP/201", ended_at=MORNING + 59)
    find(stage, agent, MORNING + 5)
    for seconds in (1002.5, 1003.5):
        stage.tell(events.TimePassed(), MORNING + seconds)
        assert not stage.recordings, "two seconds after the last one"
    stage.tell(events.TimePassed(), MORNING + 1005)
    call = stage.call
    assert (call.state, call.from_number, call.organisation) == (CallState.ENDED, INBOUND, "default")
    assert (call.started_at, call.answered_at, call.ended_at) == (MORNING, MORNING, MORNING + 60)
    assert (stage.recording.state, stage.recording.ended_at) == (RecordingState.CAPTURED, MORNING + 60)
    assert {(one.channel, one.side, one.state) for one in stage.segments.values()} == {
        (CALLER, Side.LEFT, SegmentState.CLOSED),
        ("b", Side.RIGHT, SegmentState.CLOSED),
    }
    assert [due.kind for due in stage.dues] == ["ship"]
    assert stage.director.live_calls == stage.director.live_recordings == 0


def found_at(stage: Stage, now: Moment) -> Stage:
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), now)
    find(stage, a_find(ended_at=MORNING + 60), MORNING)
    for seconds in (1, 4, 7):
        stage.tell(events.TimePassed(), now + seconds)
    return stage


def test_told_again_after_a_crash_it_is_the_same_call_and_recording() -> None:
    one, other = found_at(a_stage(), MORNING + 100), found_at(a_stage(), MORNING + 5000)
    assert (one.call.id, one.recording.id, set(one.segments)) == (
        other.call.id,
        other.recording.id,
        set(other.segments),
    )
    assert one.dues[0].id == other.dues[0].id


def test_told_again_while_we_run_it_is_no_second_recording() -> None:
    stage = found_at(a_stage(), MORNING + 100)
    dues = len(stage.dues)
    found_at(stage, MORNING + 200)
    assert len(stage.recordings) == 1
    assert len(stage.dues) == dues


def test_told_as_over_and_then_as_ringing_it_is_removed_once() -> None:
    stage = a_stage(policies("never"))
    find(stage, a_find(ended_at=MORNING + 9), MORNING)
    stage.tell(events.ChannelCreated(channel=CALLER, linked=CALLER, number=INBOUND))
    find(stage, a_find(), MORNING)
    stage.pass_time(10)
    stage.tell(events.ChannelAnswered(channel=CALLER))
    stage.tell(events.ChannelEnded(channel=CALLER), stage.now + 1)
    stage.pass_time(10)
    assert [due.kind for due in stage.dues] == ["remove"]


def test_of_a_call_that_never_allows_it_is_found_and_removed() -> None:
    stage = found_at(a_stage(policies("never")), MORNING + 100)
    assert stage.recording.state is RecordingState.REMOVING
    assert [due.kind for due in stage.dues] == ["remove"]


def test_a_party_that_came_and_went_in_a_call_that_still_lives_is_in_its_recording() -> None:
    stage = a_stage().play(an_inbound_call().ringing(1).talk(5).script())
    find(stage, a_find(channel="b", path="must_b.wav", number="202", ended_at=MORNING + 4), MORNING + 2)
    for _ in range(3):
        stage.pass_time(2.5)
    assert {one.recording_id for one in stage.segments.values()} == {stage.recording.id}
    assert [leg.channel for leg in stage.call.legs] == [CALLER, "call-201", "b"]
    assert stage.recording.state is RecordingState.RECORDING


def test_a_known_recorder_whose_end_was_missed_is_closed_by_its_find() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().must_record().ringing(1).talk(5).script())
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), MORNING + 100)
    find(stage, a_find(ended_at=MORNING + 60), MORNING)
    assert stage.segments[found_segment_id("office", PATH)].stopped_at == MORNING + 60
    assert stage.recording.state is RecordingState.CAPTURED


def test_who_was_dialled_is_the_agent_though_nothing_is_recorded_of_the_caller() -> None:
    stage = a_stage()
    find(stage, a_find(channel="b", path="must_b.wav", number="201", device="PJSIP/201", ended_at=MORNING + 9), MORNING)
    for seconds in (1001, 1004):
        stage.tell(events.TimePassed(), MORNING + seconds)
    (own,) = stage.segments.values()
    assert own.side is Side.RIGHT
    assert stage.call.agent_id == "201"
