"""Who came into a running recording while nobody listened: the time until his recorder runs is a gap with a name."""

from connector.domain import events, timeline
from connector.domain.call import CallKind
from connector.domain.events import BridgeKind
from connector.domain.ids import BridgeId, ChannelId, Moment
from connector.domain.recording import Gap, Segment, SegmentState
from connector.domain.states import RecordingState
from connector.domain.tracks import NO_RECORDER
from connector.pbx.scripted.conversation import Conversation
from tests.builders import MORNING
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND

FIRST, LATER = ChannelId("a-caller"), ChannelId("later")
CALLER, AGENT = ChannelId("call-caller"), ChannelId("call-201")
ROOM = BridgeId("conference-77")


def entered(channel: ChannelId, bridge: BridgeId, kind: BridgeKind, since: Moment | None) -> events.BridgeEntered:
    name = "77" if kind is BridgeKind.CONFERENCE else ""
    return events.BridgeEntered(channel=channel, bridge=bridge, kind=kind, name=name, since=since)


def a_conference() -> Stage:
    story = Conversation(caller="201", prefix="a", dialled="77").confer("77", seconds=5)
    return a_stage().play(story.script())


def a_talk() -> Stage:
    return a_stage().play(Conversation(caller=INBOUND, agent="201").talk(5).script())


def told_again(stage: Stage, *known: ChannelId) -> None:
    """The connection was lost, and is back: what lives is told, the new one's arrival too."""
    stage.tell(events.PbxLost(reason="gone"), stage.now + 1)
    running = tuple(events.RecorderStarted(segment=one.id) for one in stage.segments.values() if one.channel in known)
    stage.tell(events.PbxResynchronised(channels=(*known, LATER), recorders=running), stage.now + 9)
    # All of this is told of one moment.
    stage.is_obliging = False
    stage.tell(events.ChannelCreated(channel=LATER, linked=LATER, number="205"))
    stage.tell(events.ChannelAnswered(channel=LATER))


def recorders_run(stage: Stage) -> None:
    stage.is_obliging = True
    for id in [one.id for one in stage.segments.values() if one.state is SegmentState.WANTED]:
        stage.tell(events.RecorderStarted(segment=id))


def over(stage: Stage, *channels: ChannelId) -> tuple[Gap, ...]:
    """All hang up; the gaps of the recording, of which every file holds all of its time."""
    for channel in channels:
        stage.tell(events.ChannelEnded(channel=channel), stage.now + 0.001)
    recording = stage.recording
    assert recording.state is RecordingState.CAPTURED
    frames: dict[str, int] = {
        # Who hung up unseen did so just when the connection was lost.
        one.id: round(((one.stopped_at or MORNING + 6) - one.started_at) * one.sample_rate)
        for one in stage.segments.values()
        if one.started_at is not None
    }
    return timeline.plan(recording, stage.calls[recording.call_id], stage.segments.values(), frames).gaps


def of(stage: Stage, channel: ChannelId) -> list[Segment]:
    return [one for one in stage.segments.values() if one.channel == channel]


def seconds(stage: Stage, moment: Moment) -> float:
    assert stage.recording.started_at is not None
    return moment - stage.recording.started_at


def assert_named(gaps: tuple[Gap, ...], party: str, begins: float, ends: float) -> None:
    [gap] = gaps
    assert (gap.party, gap.reason) == (party, NO_RECORDER)
    assert abs(gap.start_seconds - begins) < 0.01
    assert abs(gap.end_seconds - ends) < 0.01


def test_who_joined_a_conference_unseen_has_a_gap_from_his_coming_to_his_recorder() -> None:
    stage = a_conference()
    told_again(stage, FIRST)
    came_at = stage.now - 6
    for channel, since in ((FIRST, stage.now - 14), (LATER, came_at)):
        stage.tell(entered(channel, ROOM, BridgeKind.CONFERENCE, since))
    recorders_run(stage)
    begins, ends = seconds(stage, came_at), seconds(stage, stage.now)
    stay = next(leg for leg in stage.calls[stage.recording.call_id].legs if leg.channel == LATER)
    assert stay.created_at == came_at
    stage.pass_time(5)
    assert_named(over(stage, FIRST, LATER), "205", begins, ends)


def test_whom_a_call_was_given_to_unseen_has_a_gap_from_the_bridge_to_his_recorder() -> None:
    """Also where the bridge of the first one told has started the recorder of both."""
    stage = a_talk()
    told_again(stage, CALLER)
    since = stage.now - 4
    stage.tell(events.ChannelsLinked(channel=CALLER, other=LATER))
    for channel in (CALLER, LATER):
        stage.tell(entered(channel, BridgeId("new"), BridgeKind.TALK, since))
    recorders_run(stage)
    begins, ends = seconds(stage, since), seconds(stage, stage.now)
    stage.pass_time(5)
    assert_named(over(stage, CALLER, LATER), "205", begins, ends)


def test_what_is_told_again_of_those_who_are_recorded_names_nothing() -> None:
    stage = a_talk()
    before = dict(stage.segments)
    stage.tell(events.PbxLost(reason="gone"), stage.now + 1)
    running = tuple(events.RecorderStarted(segment=one.id) for one in before.values())
    stage.tell(events.PbxResynchronised(channels=(CALLER, AGENT), recorders=running), stage.now + 1)
    bridge = BridgeId("bridge")
    for channel in (CALLER, AGENT):
        stage.tell(entered(channel, bridge, BridgeKind.TALK, stage.now - 4))
    assert stage.segments.keys() == before.keys()
    assert over(stage, CALLER, AGENT) == ()


def test_before_a_recording_began_nobody_is_missed_in_it() -> None:
    """All of them are found at the start, at a moment."""
    stage = a_stage()
    stage.tell(events.PbxResynchronised(channels=(FIRST, LATER), recorders=()))
    for channel, number in ((FIRST, "201"), (LATER, "205")):
        stage.tell(events.ChannelCreated(channel=channel, linked=channel, number=number))
        stage.tell(events.ChannelAnswered(channel=channel))
    since = stage.now - 600
    for channel in (FIRST, LATER):
        stage.tell(entered(channel, ROOM, BridgeKind.CONFERENCE, since))
    [conference] = [call for call in stage.calls.values() if call.kind is CallKind.CONFERENCE]
    assert {leg.created_at for leg in conference.legs} == {since}
    assert conference.started_at == since
    assert [len(of(stage, channel)) for channel in (FIRST, LATER)] == [1, 1]
    stage.pass_time(5)
    assert over(stage, FIRST, LATER) == ()


def test_who_never_got_a_recorder_is_missed_until_the_end() -> None:
    stage = a_conference()
    told_again(stage, FIRST)
    came_at = stage.now - 6
    stage.tell(entered(FIRST, ROOM, BridgeKind.CONFERENCE, came_at))
    stage.tell(entered(LATER, ROOM, BridgeKind.CONFERENCE, came_at))
    while waiting := [one.id for one in of(stage, LATER) if one.state is SegmentState.WANTED]:
        stage.tell(events.RecorderRefused(segment=waiting[0], reason="no"), stage.now + 0.1)
    stage.is_obliging = True
    stage.pass_time(5)
    begins, ends = seconds(stage, came_at), seconds(stage, stage.now)
    gaps = [gap for gap in over(stage, FIRST, LATER) if gap.party == "205"]
    assert abs(min(gap.start_seconds for gap in gaps) - begins) < 0.01
    assert abs(max(gap.end_seconds for gap in gaps) - ends) < 0.05
