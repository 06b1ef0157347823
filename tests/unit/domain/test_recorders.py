"""What recorders do unasked, how often they are started anew, and what counts as a failure."""

from connector.domain import events
from connector.domain.events import CallEvent
from connector.domain.ids import ChannelId
from connector.domain.recording import Heard, Segment, SegmentState
from connector.domain.states import RecordingState
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import an_inbound_call

CALLER = ChannelId("call-caller")


def a_talk() -> Stage:
    return a_stage().play(an_inbound_call().talk(5).script())


def of_caller(stage: Stage) -> list[Segment]:
    return [one for one in stage.segments.values() if one.channel == CALLER]


def test_a_recorder_that_somebody_else_stopped_is_started_anew() -> None:
    stage = a_talk()
    stage.tell(events.RecorderClosed(segment=of_caller(stage)[0].id), MORNING + 10)
    stage.pass_time(0.3)
    assert [one.state for one in of_caller(stage)] == [SegmentState.CLOSED, SegmentState.RUNNING]
    assert of_caller(stage)[0].stopped_at == MORNING + 10
    assert stage.recording.state is RecordingState.RECORDING


def test_a_file_that_closes_just_before_its_channels_end_is_told_starts_nothing() -> None:
    stage = a_talk()
    stage.tell(events.RecorderClosed(segment=of_caller(stage)[0].id), MORNING + 10)
    stage.tell(events.ChannelEnded(channel=CALLER), MORNING + 10.1)
    stage.pass_time(1)
    assert len(of_caller(stage)) == 1


def test_recorders_that_were_told_to_stop_are_not_started_anew() -> None:
    stage = a_talk()
    stage.tell(events.InstructionGiven(command_id="c", action="stop", channel=CALLER))
    stage.pass_time(5)
    assert len(stage.started()) == 2


def test_a_recorder_that_ends_at_once_each_time_is_given_up_after_three() -> None:
    stage = a_talk()
    for _ in range(10):
        stage.tell(events.RecorderClosed(segment=of_caller(stage)[-1].id), stage.now + 1)
        stage.pass_time(1)
    assert len(of_caller(stage)) == 3


def test_one_that_grew_in_between_is_no_failure() -> None:
    stage = a_talk()
    for _ in range(10):
        last = of_caller(stage)[-1].id
        stage.tell(events.RecorderFlushed(segment=last, frames=16384), stage.now + 3)
        stage.tell(events.RecorderFlushed(segment=last, frames=32768), stage.now + 2)
        stage.tell(events.RecorderClosed(segment=last), stage.now + 1)
        stage.pass_time(1)
    assert len(of_caller(stage)) == 11


def test_crashes_of_ours_between_journal_and_command_use_up_nothing() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    for _ in range(6):
        after = a_stage(is_obliging=False)
        after.now = stage.now + 5
        after.calls, after.recordings, after.segments = stage.calls, stage.recordings, stage.segments
        after.director.adopt(
            list(stage.calls.values()), list(stage.recordings.values()), list(stage.segments.values()), after.now
        )
        channels = tuple(leg.channel for leg in stage.call.legs)
        after.tell(events.PbxResynchronised(channels=channels, recorders=()))
        assert len(after.started()) == 2
        stage = after
    assert stage.recording.state is RecordingState.REQUESTED


def test_what_only_our_crash_lost_is_a_failure_at_capture_in_the_end() -> None:
    stage = a_stage(is_obliging=False).play(an_inbound_call().talk(1).script())
    stage.tell(events.PbxResynchronised(channels=(CALLER,), recorders=()))
    stage.tell(events.PbxResynchronised(channels=(), recorders=()))
    assert stage.recording.state is RecordingState.FAILED_CAPTURE


def test_only_the_direction_that_failed_is_started_anew() -> None:
    stage = a_stage(policies("yes", prompts=True)).play(an_inbound_call().talk(5).script())
    (played,) = [one for one in of_caller(stage) if one.heard is Heard.TX]
    stage.tell(events.RecorderStalled(segment=played.id))
    assert [one.heard for one in of_caller(stage)] == [Heard.RX, Heard.TX, Heard.TX]


def test_what_agents_and_queues_are_told_twice_or_late_or_in_a_conference_does_no_harm() -> None:
    stage = a_stage().play(an_inbound_call().confer("77").wait(1).script())
    told: list[CallEvent] = [
        events.AgentConnected(channel=CALLER, queue="sales", agent="202"),
        events.QueueEntered(channel=CALLER, queue="sales"),
    ]
    stage.play_events(told + told)
    assert len(stage.started()) == 1
    stage.tell(events.ChannelEnded(channel=CALLER))
    stage.play_events(told)
    assert stage.recording.state is RecordingState.CAPTURED
    assert stage.director.live_calls == 0
