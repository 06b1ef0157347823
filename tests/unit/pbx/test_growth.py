"""When a file that does not grow is a fault, and when it is silence."""

from connector.domain.events import BridgeEntered, BridgeKind, BridgeLeft, ChannelEnded, ChannelHeld, ChannelUnheld
from connector.domain.ids import BridgeId, ChannelId, Moment, SegmentId
from connector.pbx.asterisk.book import Recorder
from connector.pbx.growth import DEAD_SECONDS, Growth, is_pbx_dead

CALLER, AGENT = ChannelId("caller"), ChannelId("agent")
BRIDGE = BridgeId("b")


def a_recorder(channel: ChannelId, *grew_at: Moment) -> Recorder:
    recorder = Recorder(
        segment=SegmentId(channel), channel=channel, path=f"{channel}.wav", sample_rate=8000, asked_at=0.0
    )
    recorder.started_at, recorder.is_proved = 0.0, True
    recorder.flushes.extend(grew_at)
    return recorder


def in_talk() -> Growth:
    growth = Growth()
    for channel in (CALLER, AGENT):
        growth.note(BridgeEntered(channel=channel, bridge=BRIDGE), 0.0)
    return growth


DEAD, ALIVE = a_recorder(CALLER, 2.0), a_recorder(AGENT, 2.0, 4.0, 6.0, 8.0)


def test_a_file_that_stands_still_while_the_other_grows_has_stalled() -> None:
    assert list(in_talk().stalled([DEAD, ALIVE], 8.5)) == [DEAD]


def test_six_seconds_are_waited_for() -> None:
    assert list(in_talk().stalled([DEAD, ALIVE], 7.9)) == []


def test_two_files_that_stand_still_are_two_silent_phones() -> None:
    assert list(in_talk().stalled([DEAD, a_recorder(AGENT, 2.0)], 20.0)) == []


def test_one_flush_of_the_other_is_not_enough() -> None:
    assert list(in_talk().stalled([DEAD, a_recorder(AGENT, 1.9, 4.0)], 20.0)) == []


def test_nobody_has_stalled_while_somebody_holds() -> None:
    growth = in_talk()
    growth.note(ChannelHeld(channel=AGENT), 3.0)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == []


def test_after_a_hold_it_is_waited_for_anew() -> None:
    growth = in_talk()
    growth.note(ChannelHeld(channel=AGENT), 3.0)
    growth.note(ChannelUnheld(channel=AGENT), 8.0)
    late = a_recorder(AGENT, 2.0, 10.0, 12.0, 14.0)
    assert list(growth.stalled([DEAD, late], 13.9)) == []
    assert list(growth.stalled([DEAD, late], 14.1)) == [DEAD]


def test_who_came_late_or_left_is_no_witness() -> None:
    growth = in_talk()
    growth.note(BridgeLeft(channel=AGENT, bridge=BRIDGE), 2.5)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == []
    growth.note(BridgeEntered(channel=CALLER, bridge=BridgeId("c")), 5.0)
    growth.note(BridgeEntered(channel=AGENT, bridge=BridgeId("c")), 5.0)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == []


def test_a_late_word_of_a_bridge_that_was_left_before_changes_nothing() -> None:
    growth = in_talk()
    growth.note(BridgeLeft(channel=AGENT, bridge=BridgeId("earlier")), 2.5)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == [DEAD]


def test_parked_channels_are_strangers_to_each_other() -> None:
    growth = Growth()
    for channel in (CALLER, AGENT):
        growth.note(BridgeEntered(channel=channel, bridge=BRIDGE, kind=BridgeKind.HOLDING), 0.0)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == []


def test_an_ended_channel_is_forgotten() -> None:
    growth = in_talk()
    growth.note(ChannelEnded(channel=AGENT), 3.0)
    assert list(growth.stalled([DEAD, ALIVE], 8.5)) == []


def test_a_stopped_recorder_does_not_stall() -> None:
    stopped = a_recorder(CALLER, 2.0)
    stopped.is_stop_asked = True
    assert list(in_talk().stalled([stopped, ALIVE], 8.5)) == []


def test_many_recorders_of_which_none_grows_are_a_dead_pbx() -> None:
    recorders = [a_recorder(ChannelId(str(number)), 2.0) for number in range(5)]
    assert is_pbx_dead(recorders, 2.1 + DEAD_SECONDS)
    assert not is_pbx_dead(recorders, 1.9 + DEAD_SECONDS)
    assert not is_pbx_dead(recorders[:4], 2.1 + DEAD_SECONDS)
    assert not is_pbx_dead([*recorders, a_recorder(CALLER, 5.0)], 2.1 + DEAD_SECONDS)
