"""Events in any order, twice or never: the Director never raises, and in the end nothing is left open."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain import events
from connector.domain.call import CallState
from connector.domain.events import BridgeKind, CallEvent
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.options import Beginning, Consent
from connector.domain.recording import SegmentState
from connector.domain.states import IN_CAPTURE, RecordingState
from connector.domain.take import JOINED
from connector.pbx.scripted.script import Script
from tests.builders import MORNING
from tests.unit.domain.offices import policies
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import an_inbound_call

A_COIN = st.booleans()
STORIES = [
    an_inbound_call().ringing(1).talk(3).hold(2).talk(1).hangup(),
    an_inbound_call().talk(3).transfer_attended("202").talk(2).instruct("pause").talk(1).instruct("resume").hangup(),
    an_inbound_call().queue("sales", members=["201", "202"], answered_by="202").talk(2).transfer_blind("203").hangup(),
    an_inbound_call(local="optimised").talk(2).instruct("stop").talk(1).instruct("start").talk(1).hangup(),
    an_inbound_call().ringing(1).pickup("205").talk(2).second_agent("206").talk(1).instruct("discard").hangup(),
    an_inbound_call().must_record().talk(2).must_record(who="agent").transfer_into_conference("77", consult=2).hangup(),
    an_inbound_call().instruct("start").machine(2).press("1").confer("77").instruct("stop", conference="*").hangup(),
    an_inbound_call(local="kept").confer("77").ringing(1).confer_through_helper("77").talk(2).hangup(),
    an_inbound_call().confer("77").wait(1).leave_conference().wait(1).confer("77").press("1").wait(1).hangup(),
]
#: What belongs to no story: about channels of all of them, and of none.
STRAY: list[CallEvent] = [
    make(ChannelId(channel))
    for channel in ("call-caller", "call-201", "call-local;1", "nobody")
    for make in (
        lambda channel: events.AgentConnected(channel=channel, queue="sales", agent="202"),
        lambda channel: events.QueueEntered(channel=channel, queue="sales"),
        lambda channel: events.KeyPressed(channel=channel, key="1"),
        lambda channel: events.VariableSet(channel=channel, name="CALLREEL_CONSENT", value="1"),
        lambda channel: events.VariableSet(channel=channel, name="CALLREEL_OPTIONS", value="recordFrom=answer"),
        lambda channel: events.RecorderFound(channel=channel, linked="call-caller", path=f"{channel}.wav"),
        lambda channel: events.RecorderFound(
            channel=channel, linked=channel, path=f"{channel}.wav", ended_at=MORNING + 9
        ),
        lambda channel: events.BridgeEntered(
            channel=channel, bridge=BridgeId("conference-77"), kind=BridgeKind.CONFERENCE, name="77"
        ),
        lambda channel: events.BridgeEntered(channel=channel, bridge=BridgeId("conference-77")),
        lambda channel: events.BridgeEntered(
            channel=channel,
            bridge=BridgeId("conference-77"),
            kind=BridgeKind.CONFERENCE,
            name="77",
            since=MORNING + 0.5,
        ),
        lambda channel: events.BridgeEntered(channel=channel, bridge=BridgeId("seen late"), since=MORNING),
        lambda channel: events.BridgeLeft(channel=channel, bridge=BridgeId("conference-77")),
        lambda channel: events.PbxResynchronised(channels=(channel, ChannelId("call-caller")), recorders=()),
    )
]
RULES = [
    policies(),
    policies("no"),
    policies("never"),
    policies("yes", prompts=True, max_length_seconds=3.0),
    policies("yes", record_from=Beginning.ANSWER, pause_max_seconds=1.0),
    policies("force", consent=Consent(key="1"), announce="ask"),
    policies("yes", consent=Consent(key="1", otherwise=True), beep=True),
]


REPORTS = [
    lambda segment: events.RecorderStarted(segment=segment),
    lambda segment: events.RecorderRefused(segment=segment, reason="no"),
    lambda segment: events.RecorderFlushed(segment=segment, frames=16384),
    lambda segment: events.RecorderStalled(segment=segment),
    lambda segment: events.RecorderClosed(segment=segment),
    lambda segment: events.CommandTimedOut(segment=segment),
]


def told(script: Script) -> list[CallEvent]:
    return [line.what for line in script.lines if isinstance(line.what, CallEvent)]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_order_repetition_or_loss_of_events_breaks_the_director(data: st.DataObject) -> None:
    story = told(data.draw(st.sampled_from(STORIES)).script())
    strays = STRAY if data.draw(A_COIN) else []
    drawn = data.draw(st.lists(st.sampled_from(story + strays), max_size=2 * len(story)))
    stage = a_stage(data.draw(st.sampled_from(RULES)), is_obliging=data.draw(A_COIN))
    for event in drawn:
        stage.tell(event, stage.now + data.draw(st.sampled_from([0.0, 0.001, 0.4, 3.0])))
        coin = data.draw(A_COIN)
        if stage.segments and coin:
            segment = data.draw(st.sampled_from(sorted(stage.segments)))
            kind = data.draw(st.sampled_from(REPORTS))
            stage.tell(kind(stage.segments[segment].id))
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), stage.now + 1)
    stage.pass_time(10)
    stage.pass_time(10)
    assert_settled(stage)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_story_with_accidents_still_ends(data: st.DataObject) -> None:
    """In order, but for some events that are lost, told twice, told late, or of another story."""
    story = told(data.draw(st.sampled_from(STORIES)).script())
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(story)))
        match data.draw(st.sampled_from(["lost", "late", "twice", "stray"])):
            case "stray":
                story.insert(place, data.draw(st.sampled_from(STRAY)))
            case "twice" if place < len(story):
                story.insert(place, story[place])
            case "lost" if place < len(story):
                story.pop(place)
            case "late" if place < len(story):
                late = story.pop(place)
                story.insert(data.draw(st.integers(place, len(story))), late)
    stage = a_stage(data.draw(st.sampled_from(RULES)), is_obliging=data.draw(A_COIN))
    pause = data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    for event in story:
        stage.tell(event, stage.now + pause)
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), stage.now + 1)
    stage.pass_time(10)
    stage.pass_time(10)
    assert_settled(stage)


def assert_settled(stage: Stage) -> None:
    """Nothing is left open, and whatever a recorder may have written is on its way or named."""
    assert stage.director.live_calls == 0
    assert stage.director.live_recordings == 0
    assert all(recording.state not in IN_CAPTURE for recording in stage.recordings.values())
    owners = {segment.recording_id for segment in stage.segments.values() if segment.state is SegmentState.CLOSED}
    shipped = {due.subject for due in stage.dues}
    assert owners <= shipped
    assert len(shipped) == len(stage.dues)
    heard_of = {
        recording.id
        for recording in stage.recordings.values()
        if recording.state is not RecordingState.REMOVING and not recording.reason.startswith(JOINED)
    }
    assert sorted(due.subject.partition("/")[0] for due in stage.tellings) == sorted(heard_of)
    assert all(call.state is CallState.ENDED for call in stage.calls.values())
