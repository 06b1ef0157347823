"""The Director: which channels are one call, what is recorded of it, and what every event, order and loss leads to."""

import pytest

from connector.domain import events
from connector.domain.call import CallState, Direction, Role, Side
from connector.domain.events import BridgeKind
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.pbx_commands import MuteRecorder, PlaySound, StopRecorder, UnmuteRecorder
from connector.domain.recording import SegmentState
from connector.domain.states import IN_CAPTURE, RecordingState
from connector.pbx.scripted.conversation import Conversation
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND, an_inbound_call


def state(stage: Stage) -> RecordingState:
    return stage.recording.state


def sides(stage: Stage) -> dict[str, Side]:
    return {segment.channel: segment.side for segment in stage.segments.values()}


def test_each_party_gets_one_recorder_at_its_first_bridge_and_none_is_restarted() -> None:
    stage = a_stage().play(an_inbound_call().ringing(3).talk(10).hold(2).talk(5).hangup().script())
    assert len(stage.started()) == 2
    assert state(stage) is RecordingState.CAPTURED
    assert [due.kind for due in stage.dues] == ["ship"]


def test_an_inbound_caller_is_left_and_the_agent_right() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).hangup().script())
    assert sides(stage) == {"call-caller": Side.LEFT, "call-201": Side.RIGHT}
    assert stage.call.direction is Direction.INBOUND


def test_on_an_outbound_call_the_first_leg_is_the_agent_and_right() -> None:
    story = Conversation(caller="201", agent=INBOUND, direction=Direction.OUTBOUND)
    stage = a_stage().play(story.talk(5).hangup().script())
    assert sides(stage) == {"call-caller": Side.RIGHT, f"call-{INBOUND}": Side.LEFT}
    assert stage.call.direction is Direction.OUTBOUND
    assert stage.call.agent_id == "201"


def test_among_extensions_who_dialled_is_left() -> None:
    story = Conversation(caller="202", agent="201", direction=Direction.INTERNAL)
    stage = a_stage().play(story.talk(5).hangup().script())
    assert sides(stage) == {"call-caller": Side.LEFT, "call-201": Side.RIGHT}


def test_a_call_that_nobody_answers_is_known_and_not_recorded() -> None:
    stage = a_stage().play(an_inbound_call().ringing(20).hangup().script())
    assert stage.call.state is CallState.ENDED
    assert not stage.recordings


def test_blind_transfer_stays_one_call_and_one_recording() -> None:
    for by in ("agent", "caller"):
        stage = a_stage().play(an_inbound_call().talk(5).transfer_blind("202", by=by).talk(5).hangup().script())
        assert state(stage) is RecordingState.CAPTURED
        assert len(stage.call.legs) == 3
        assert len(stage.segments) == 3


def test_attended_transfer_joins_the_consultation_into_the_first_recording() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).transfer_attended("202").talk(5).hangup().script())
    first = stage.recording
    assert first.state is RecordingState.CAPTURED
    assert {segment.recording_id for segment in stage.segments.values()} == {first.id}
    absent = [one for one in stage.recordings.values() if one.id != first.id]
    assert [one.reason for one in absent] == [f"joined {first.id}"]
    assert {due.subject for due in stage.dues} == {first.id}


def test_after_an_attended_transfer_everybody_is_on_the_side_of_the_whole_conversation() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).transfer_attended("202").talk(5).hangup().script())
    assert {side for channel, side in sides(stage).items() if channel != "call-caller"} == {Side.RIGHT}


def test_pickup_brings_its_own_linked_id_and_is_still_one_call() -> None:
    stage = a_stage().play(an_inbound_call().ringing(2).pickup("205").talk(5).hangup().script())
    assert state(stage) is RecordingState.CAPTURED
    assert sides(stage)["call-caller"] is Side.LEFT


def test_a_recording_that_began_before_its_call_was_known_to_be_an_elder_one_belongs_to_that_one() -> None:
    """Who takes a call over is told to talk before he is told to be of that call."""
    stage = a_stage()
    stage.tell(events.ChannelCreated(channel=ChannelId("caller"), linked="elder", number="+4930123456"))
    stage.tell(events.ChannelCreated(channel=ChannelId("agent"), linked="younger", number="205"), stage.now + 1)
    for channel in ("agent", "caller"):
        stage.tell(events.ChannelAnswered(channel=ChannelId(channel)), stage.now + 1)
    for channel in ("agent", "caller"):
        stage.tell(events.BridgeEntered(channel=ChannelId(channel), bridge=BridgeId("talk")))
    (elder,) = [call for call in stage.calls.values() if not call.joined]
    assert elder.from_number == "+4930123456"
    assert {stage.recording.call_id, *(segment.call_id for segment in stage.segments.values())} == {elder.id}


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_of_two_calls_that_began_in_one_moment_the_one_told_first_is_the_elder(first: str, second: str) -> None:
    stage = a_stage()
    stage.tell(events.ChannelCreated(channel=ChannelId(first), linked=first, number="+4930123456"))
    stage.tell(events.ChannelCreated(channel=ChannelId(second), linked=second, number="205"))
    stage.tell(events.ChannelsLinked(channel=ChannelId(second), other=ChannelId(first)))
    (elder,) = [call for call in stage.calls.values() if not call.joined]
    assert elder.from_number == "+4930123456"


def test_helper_channels_are_never_recorded_and_never_delay_a_recorder() -> None:
    for local in ("optimised", "kept"):
        stage = a_stage().play(an_inbound_call(local=local).talk(5).hangup().script())
        assert {segment.channel for segment in stage.segments.values()} == {"call-caller", "call-201"}
        assert all(segment.requested_at == MORNING for segment in stage.segments.values())


def test_a_queue_with_many_members_records_the_one_who_answered() -> None:
    story = an_inbound_call().queue("sales", members=["201", "202", "203"], answered_by="202").talk(5)
    stage = a_stage().play(story.hangup().script())
    assert stage.call.queue == "sales"
    assert stage.call.agent_id == "202"
    assert {segment.channel for segment in stage.segments.values()} == {"call-caller", "call-202"}


def test_strangers_in_a_parking_bridge_stay_two_calls() -> None:
    stage = a_stage()
    for name in ("one", "two"):
        channel = ChannelId(name)
        stage.tell(events.ChannelCreated(channel=channel, linked=name, number=INBOUND, device="PJSIP/carrier"))
        stage.tell(events.BridgeEntered(channel=channel, bridge=BridgeId("lot"), kind=BridgeKind.HOLDING))
    assert len(stage.calls) == 2
    assert not stage.recordings


def test_holds_are_kept_with_the_segments_that_they_stop() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).hold(4).talk(1).hangup().script())
    for segment in stage.segments.values():
        (span,) = segment.holds
        assert span.end is not None
        assert abs(span.end - span.start - 4) < 0.1


def test_a_rule_that_says_no_records_nothing_and_says_which() -> None:
    stage = a_stage(policies("no")).play(an_inbound_call().talk(5).hangup().script())
    assert not stage.recordings
    assert stage.call.verdict is not None
    assert not stage.call.verdict.record
    assert stage.call.verdict.reason


def test_the_calls_own_wish_wins_over_a_no_but_not_over_never() -> None:
    for word, expected in (("no", 1), ("never", 0)):
        story = an_inbound_call().variable("CALLREEL", "yes").talk(5).hangup()
        assert len(a_stage(policies(word)).play(story.script()).recordings) == expected


@pytest.mark.parametrize(("of_idle", "of_agent", "expected"), [("no", "", 1), ("yes", "no", 0), ("", "no", 0)])
def test_a_phone_that_only_rang_wishes_nothing(of_idle: str, of_agent: str, expected: int) -> None:
    stage = a_stage(policies("yes"))
    caller, idle, agent = (ChannelId(name) for name in ("caller", "idle", "agent"))
    stage.tell(events.ChannelCreated(channel=caller, linked="caller", number=INBOUND, device="PJSIP/carrier"))
    for channel, number, wish in ((agent, "201", of_agent), (idle, "202", of_idle)):
        stage.tell(events.ChannelCreated(channel=channel, linked="caller", number=number, device=f"PJSIP/{number}"))
        stage.tell(events.VariableSet(channel=channel, name="callreel_record", value=wish))
    stage.tell(events.ChannelAnswered(channel=agent))
    for channel in (caller, agent):
        stage.tell(events.BridgeEntered(channel=channel, bridge=BridgeId("talk"), kind=BridgeKind.TALK))
    stage.tell(events.ChannelEnded(channel=idle))
    assert len(stage.recordings) == expected


@pytest.mark.parametrize("word", ["yes", "no"])
def test_an_instruction_that_nobody_knows_is_called_so_whether_anything_is_recorded_or_not(word: str) -> None:
    stage = a_stage(policies(word)).play(an_inbound_call().talk(1).instruct("strat").talk(1).hangup().script())
    (answer,) = stage.answers
    assert not answer.is_done
    assert answer.outcome == "unknown action 'strat': start, stop, pause, resume, discard or options"


def test_stop_and_start_make_two_recordings_of_one_call() -> None:
    story = an_inbound_call().talk(5).instruct("stop").talk(3).instruct("start").talk(5).hangup()
    stage = a_stage().play(story.script())
    assert [one.state for one in stage.recordings.values()] == [RecordingState.CAPTURED] * 2
    assert all(answer.is_done for answer in stage.answers)


def test_who_stopped_a_recording_is_not_overruled_by_the_next_bridge() -> None:
    story = an_inbound_call().talk(5).instruct("stop").transfer_blind("202").talk(5).hangup()
    assert len(a_stage().play(story.script()).recordings) == 1


def test_force_cannot_be_stopped_and_the_answer_says_why() -> None:
    stage = a_stage(policies("force")).play(an_inbound_call().talk(5).instruct("stop").talk(3).hangup().script())
    (answer,) = stage.answers
    assert not answer.is_done
    assert "force" in answer.outcome
    assert state(stage) is RecordingState.CAPTURED


def test_discard_removes_what_was_recorded() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).instruct("discard").talk(3).hangup().script())
    assert state(stage) is RecordingState.REMOVING
    assert [due.kind for due in stage.dues] == ["remove"]


def test_pause_mutes_every_recorder_and_resume_unmutes_it() -> None:
    stage = a_stage().play(
        an_inbound_call().talk(5).instruct("pause").talk(4).instruct("resume").talk(2).hangup().script()
    )
    assert len([command for command in stage.commands if isinstance(command, MuteRecorder)]) == 2
    assert len([command for command in stage.commands if isinstance(command, UnmuteRecorder)]) == 2
    (pause,) = stage.recording.pauses
    assert pause.end is not None
    assert abs(pause.end - pause.start - 4) < 0.1


def test_a_pause_before_the_recorder_has_proved_itself_mutes_it_all_the_same() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).instruct("pause").script())
    started = stage.started()
    assert {one.segment for one in stage.commands if isinstance(one, MuteRecorder)} == {one.segment for one in started}
    for command in started:
        stage.tell(events.RecorderStarted(segment=command.segment), stage.now + 1)
    assert state(stage) is RecordingState.PAUSED
    assert stage.recording.pauses[0].start == MORNING + 1


def test_a_pause_that_ends_before_the_recorder_has_proved_itself_is_kept_as_a_span() -> None:
    story = an_inbound_call().talk(1).instruct("pause").talk(1).instruct("resume")
    stage = a_stage(is_obliging=False).play(story.script())
    for command in stage.started():
        stage.tell(events.RecorderStarted(segment=command.segment))
    assert state(stage) is RecordingState.RECORDING
    assert [(pause.start, pause.end) for pause in stage.recording.pauses] == [(MORNING + 1, MORNING + 2)]


def test_a_recorder_that_starts_in_a_pause_is_mute_from_the_beginning() -> None:
    story = an_inbound_call().talk(5).instruct("pause").transfer_blind("202").talk(4).hangup()
    stage = a_stage().play(story.script())
    muted = {command.segment for command in stage.commands if isinstance(command, MuteRecorder)}
    assert muted == {command.segment for command in stage.started()}


def test_a_forgotten_pause_ends_by_itself() -> None:
    story = an_inbound_call().talk(1).instruct("start").talk(5)
    stage = a_stage(policies("yes", pause_max_seconds=60.0)).play(story.instruct("pause").script())
    assert state(stage) is RecordingState.PAUSED
    stage.pass_time(61)
    assert state(stage) is RecordingState.RECORDING


def test_the_same_command_id_acts_once_and_is_answered_the_same() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).script())
    order = events.InstructionGiven(command_id="c-1", action="stop", channel=ChannelId("call-caller"))
    stage.tell(order)
    commands = len(stage.commands)
    stage.tell(order)
    assert len(stage.commands) == commands
    assert stage.answers[0] == stage.answers[1]


def test_max_length_ends_the_recording_and_not_the_call() -> None:
    stage = a_stage(policies("yes", max_length_seconds=30.0)).play(an_inbound_call().talk(5).script())
    stage.pass_time(31)
    assert state(stage) is RecordingState.CAPTURED
    assert stage.call.state is CallState.LIVE


def test_beep_and_announcement_are_played_once_to_who_is_there() -> None:
    stage = a_stage(policies("yes", beep=True, announce="callreel/disclosure"))
    stage.play(an_inbound_call().talk(5).hangup().script())
    assert {command.sound for command in stage.commands if isinstance(command, PlaySound)} == {
        "beep",
        "callreel/disclosure",
    }


def test_a_recorder_that_is_refused_is_tried_again_and_then_the_recording_failed_with_the_reason() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    while state(stage) in IN_CAPTURE:
        waiting = [segment for segment in stage.segments.values() if segment.state is SegmentState.WANTED]
        stage.tell(events.RecorderRefused(segment=waiting[0].id, reason="no such folder"))
    assert state(stage) is RecordingState.FAILED_CAPTURE
    assert "no such folder" in stage.recording.reason
    assert len(stage.started()) == 6


def test_a_recorder_that_never_proves_itself_is_taken_for_refused() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    for _ in range(10):
        stage.pass_time(2.5)
    assert state(stage) is RecordingState.FAILED_CAPTURE
    assert "in time" in stage.recording.reason


def test_a_recorder_whose_start_was_never_answered_is_started_once_the_pbx_has_told_what_lives() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    for _ in range(6):
        for segment in [one for one in stage.segments.values() if one.state is SegmentState.WANTED]:
            stage.tell(events.CommandTimedOut(segment=segment.id))
    asked = len(stage.started())
    assert asked == 6
    assert state(stage) is RecordingState.REQUESTED
    channels = tuple(sorted({segment.channel for segment in stage.segments.values()}))
    stage.tell(events.PbxResynchronised(channels=channels, recorders=()))
    assert len(stage.started()) == asked + 2


def test_without_a_connection_no_recorder_is_given_up() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    stage.tell(events.PbxLost(reason="cut"))
    for _ in range(5):
        stage.pass_time(2.5)
    assert len(stage.started()) == 2
    assert state(stage) is RecordingState.REQUESTED
    channels = tuple(sorted({segment.channel for segment in stage.segments.values()}))
    stage.tell(events.PbxResynchronised(channels=channels, recorders=()))
    assert len(stage.started()) == 4


def test_a_call_that_ends_before_the_pbx_ever_answered_says_so() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    for command in stage.started():
        stage.tell(events.CommandTimedOut(segment=command.segment))
    stage.tell(events.PbxLost(reason="cut"))
    stage.tell(events.PbxResynchronised(channels=(), recorders=()))
    assert state(stage) is RecordingState.FAILED_CAPTURE
    assert "did not answer" in stage.recording.reason


def test_one_side_that_cannot_be_recorded_leaves_the_other() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    good, *_ = stage.started()
    stage.tell(events.RecorderStarted(segment=good.segment))
    for _ in range(5):
        stage.pass_time(2.5)
    for channel in ("call-caller", "call-201"):
        stage.tell(events.ChannelEnded(channel=ChannelId(channel)))
    stage.tell(events.RecorderClosed(segment=good.segment))
    assert state(stage) is RecordingState.CAPTURED
    assert SegmentState.REFUSED in {segment.state for segment in stage.segments.values()}


def test_a_stalled_file_is_left_and_another_one_begun() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).script())
    (segment, _) = stage.segments.values()
    stage.tell(events.RecorderStalled(segment=segment.id))
    of_channel = [one for one in stage.segments.values() if one.channel == segment.channel]
    assert [one.state for one in of_channel] == [SegmentState.CLOSED, SegmentState.RUNNING]


def test_an_end_that_nobody_saw_is_found_by_resynchronisation() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).script())
    stage.tell(events.PbxLost(reason="cut"))
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), MORNING + 60)
    assert state(stage) is RecordingState.CAPTURED
    assert stage.call.state is CallState.ENDED


def test_a_recorder_that_died_unseen_is_started_anew_while_the_party_is_there() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).script())
    caller, agent = stage.segments.values()
    stage.tell(
        events.PbxResynchronised(
            channels=(caller.channel, agent.channel), recorders=(events.RecorderStarted(segment=agent.id),)
        ),
        MORNING + 60,
    )
    assert len([one for one in stage.segments.values() if one.channel == caller.channel]) == 2
    assert state(stage) is RecordingState.RECORDING


def test_files_that_are_never_reported_closed_do_not_keep_a_recording_open() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(5).script())
    for command in stage.started():
        stage.tell(events.RecorderStarted(segment=command.segment))
    for channel in ("call-caller", "call-201"):
        stage.tell(events.ChannelEnded(channel=ChannelId(channel)))
    assert state(stage) is RecordingState.RECORDING
    stage.pass_time(6)
    assert state(stage) is RecordingState.CAPTURED


def test_a_restarted_director_goes_on_with_the_same_recording() -> None:
    before = a_stage().play(an_inbound_call().talk(5).script())
    after = a_stage()
    after.now = before.now
    after.director.adopt(
        list(before.calls.values()), list(before.recordings.values()), list(before.segments.values()), after.now
    )
    channels = tuple(ChannelId(leg.channel) for leg in before.call.legs)
    running = tuple(events.RecorderStarted(segment=segment.id) for segment in before.segments.values())
    after.tell(events.PbxResynchronised(channels=channels, recorders=running), after.now + 1)
    assert not after.commands
    for channel in channels:
        after.tell(events.ChannelEnded(channel=channel), after.now + 1)
    for segment in before.segments.values():
        after.tell(events.RecorderClosed(segment=segment.id))
    assert after.recording.id == before.recording.id
    assert state(after) is RecordingState.CAPTURED


def test_a_restart_between_stop_and_the_files_end_still_stops() -> None:
    before = a_stage().play(an_inbound_call().talk(5).script())
    before.is_obliging = False
    before.tell(events.InstructionGiven(command_id="c", action="discard", channel=ChannelId("call-caller")))
    after = a_stage()
    after.director.adopt(
        list(before.calls.values()), list(before.recordings.values()), list(before.segments.values()), before.now
    )
    after.now = before.now
    channels = tuple(leg.channel for leg in before.call.legs)
    recorders = tuple(events.RecorderStarted(segment=segment.id) for segment in before.segments.values())
    after.tell(events.PbxResynchronised(channels=channels, recorders=recorders))
    assert len([command for command in after.commands if isinstance(command, StopRecorder)]) == 2
    assert state(after) is RecordingState.REMOVING
    assert "discarded" in after.recording.reason


def test_a_channel_told_again_elsewhere_does_not_change_what_was_dialled() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).script())
    again = events.ChannelCreated(
        channel=ChannelId("call-caller"), linked="call-caller", name="Zoé", dialled="s", context="macro"
    )
    stage.tell(again)
    assert stage.call.to_number == "201"
    assert (stage.call.legs[0].name, stage.call.legs[0].context) == ("Zoé", "from-carrier")


def test_a_channel_whose_creation_is_told_late_gets_its_number() -> None:
    stage = a_stage()
    stage.tell(events.BridgeEntered(channel=ChannelId("x"), bridge=BridgeId("b")))
    stage.tell(events.ChannelCreated(channel=ChannelId("x"), linked="x", number=INBOUND, device="PJSIP/carrier"))
    assert (stage.call.from_number, stage.call.legs[0].device) == (INBOUND, "PJSIP/carrier")


def test_roles_are_published_with_the_segments() -> None:
    stage = a_stage().play(an_inbound_call().talk(5).hangup().script())
    assert {segment.role for segment in stage.segments.values()} == {Role.CALLER, Role.AGENT}
