"""A PBX dies, and brings its calls back under the names that they had: what is said from then on is recorded too."""

from connector.domain import events
from connector.domain.call import CallState
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.states import RecordingState
from connector.pbx.scripted.conversation import Conversation
from tests.unit.domain.stage import Stage, a_stage
from tests.unit.domain.stories import INBOUND

CALLER, AGENT = ChannelId("call-caller"), ChannelId("call-201")


def after_a_crash() -> Stage:
    stage = a_stage().play(Conversation(caller=INBOUND, agent="201").talk(5).script())
    assert {leg.channel for leg in stage.call.legs} == {CALLER, AGENT}
    stage.tell(events.PbxLost(reason="gone"), stage.now + 1)
    stage.tell(events.PbxResynchronised(channels=(), recorders=()), stage.now + 5)
    assert stage.recording.state is RecordingState.CAPTURED
    return stage


def come_again(stage: Stage, *, is_back: bool) -> None:
    for channel, number in ((CALLER, INBOUND), (AGENT, "201")):
        stage.tell(events.ChannelCreated(channel=channel, linked=CALLER, number=number, is_back=is_back), stage.now + 1)
        stage.tell(events.ChannelAnswered(channel=channel))
    for channel in (CALLER, AGENT):
        stage.tell(events.BridgeEntered(channel=channel, bridge=BridgeId("again")))


def test_calls_that_the_pbx_brought_back_are_recorded_on_as_calls_of_their_own() -> None:
    stage = after_a_crash()
    come_again(stage, is_back=True)
    [living] = [call for call in stage.calls.values() if call.state is CallState.LIVE]
    assert {leg.channel for leg in living.legs} == {CALLER, AGENT}
    states = [recording.state for recording in stage.recordings.values()]
    assert states == [RecordingState.CAPTURED, RecordingState.RECORDING]
    for channel in (AGENT, CALLER):
        stage.tell(events.ChannelEnded(channel=channel), stage.now + 3)
    assert [recording.state for recording in stage.recordings.values()] == [RecordingState.CAPTURED] * 2
    assert stage.director.live_calls == 0


def test_what_is_told_late_of_those_who_ended_brings_nobody_back() -> None:
    stage = after_a_crash()
    come_again(stage, is_back=False)
    assert stage.director.live_calls == 0
    assert len(stage.recordings) == 1
