"""The shapes that calls take, as a PBX tells them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.call import Direction
from connector.domain.events import (
    AgentConnected,
    BridgeEntered,
    BridgeKind,
    BridgeLeft,
    ChannelAnswered,
    ChannelCreated,
    ChannelEnded,
    ChannelHeld,
    ChannelsLinked,
    ChannelUnheld,
    InstructionGiven,
    QueueEntered,
    VariableSet,
)
from connector.domain.ids import ChannelId
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Fault, Misbehaves, Says, Script, SoundChanged


def a_conversation(prefix: str = "c", **more: object) -> Conversation:
    return Conversation(caller="+4930123", agent="201", prefix=prefix, **more)  # type: ignore[arg-type] # a test's shorthand


def told(script: Script, kind: type) -> list[tuple[float, str]]:
    return [
        (line.offset_seconds, getattr(line.what, "channel", "")) for line in script.lines if type(line.what) is kind
    ]


def links(script: Script) -> list[tuple[float, str, str]]:
    return [
        (line.offset_seconds, w.channel, w.other) for line in script.lines if isinstance(w := line.what, ChannelsLinked)
    ]


SHAPES: dict[str, Callable[[Conversation], Conversation]] = {
    "plain": lambda c: c.ringing(2).talk(10),
    "hold": lambda c: c.talk(1).hold(3).talk(1),
    "quiet": lambda c: c.talk(1).quiet(3).muted(1),
    "second agent": lambda c: c.talk(1).second_agent("202").talk(1),
    "blind by agent": lambda c: c.talk(1).transfer_blind("202").talk(1),
    "blind by caller": lambda c: c.talk(1).transfer_blind("202", by="caller").talk(1),
    "attended": lambda c: c.talk(1).transfer_attended("202").talk(1),
    "pickup": lambda c: c.ringing(1).pickup("203").talk(1),
    "queue": lambda c: c.queue("sales", members=("201", "202"), answered_by="202").talk(1),
    "machine, then agent": lambda c: c.machine(3).press("1").ringing(1).talk(2),
    "conference": lambda c: c.confer("77", seconds=5).leave_conference().wait(1).confer("77", seconds=1),
    "transferred into a conference": lambda c: c.talk(1).transfer_into_conference("77").wait(1),
    "brought into a conference": lambda c: c.talk(1).transfer_into_conference("77", consult=2).wait(1),
    "never answered": lambda c: c.ringing(20),
    "twice to the same": lambda c: c.talk(1).transfer_blind("202").talk(1).transfer_blind("202").talk(1),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("local", ["", "optimised", "kept"])
def test_in_every_shape_each_channel_begins_once_ends_once_and_leaves_what_it_entered(shape: str, local: str) -> None:
    script = SHAPES[shape](a_conversation(local=local)).hangup().script()
    offsets = [line.offset_seconds for line in script.lines]
    assert offsets == sorted(offsets)

    alive: set[str] = set()
    bridges: dict[str, str] = {}
    for line in script.lines:
        match line.what:
            case ChannelCreated(channel=channel):
                assert channel not in alive
                alive.add(channel)
            case BridgeEntered(channel=channel, bridge=bridge):
                assert channel in alive
                assert channel not in bridges
                bridges[channel] = bridge
            case BridgeLeft(channel=channel, bridge=bridge):
                assert bridges.pop(channel) == bridge
            case ChannelEnded(channel=channel):
                assert channel not in bridges
                alive.remove(channel)
            case SoundChanged(channel=channel):
                assert channel in alive
    assert alive == set()
    assert len({channel for _, channel in told(script, ChannelCreated)}) == len(told(script, ChannelCreated))


@given(st.text("ab", min_size=1, max_size=3), st.text("ab", min_size=1, max_size=3))
def test_conversations_of_different_prefixes_share_no_channel(one: str, other: str) -> None:
    scripts = [SHAPES["attended"](a_conversation(prefix=prefix)).hangup().script() for prefix in (one, other)]
    first, second = ({channel for _, channel in told(script, ChannelCreated)} for script in scripts)
    assert first.isdisjoint(second) or one == other


def test_an_answered_call_meets_in_one_bridge_after_it_rang() -> None:
    script = a_conversation().ringing(2).talk(10).hangup().script()
    assert told(script, BridgeEntered) == [(2.0, "c-caller"), (2.0, "c-201")]
    assert told(script, ChannelEnded) == [(12.0, "c-caller"), (12.01, "c-201")]


def test_an_incoming_call_comes_over_a_trunk_and_an_outgoing_one_starts_at_an_extension() -> None:
    incoming = a_conversation(dialled="+49305").script().lines[0].what
    outgoing = Conversation(caller="201", agent="+4930123", direction=Direction.OUTBOUND).ringing(1).script()
    first, second = (line.what for line in outgoing.lines)
    assert isinstance(incoming, ChannelCreated)
    assert isinstance(first, ChannelCreated)
    assert isinstance(second, ChannelCreated)
    assert (incoming.device, incoming.context, incoming.dialled) == ("PJSIP/carrier", "from-carrier", "+49305")
    assert (first.device, first.context, first.dialled) == ("PJSIP/201", "from-internal", "+4930123")
    assert second.device == "PJSIP/carrier"


def test_a_call_that_nobody_answers_meets_nobody() -> None:
    script = a_conversation().ringing(20).hangup().script()
    assert told(script, BridgeEntered) == told(script, ChannelAnswered) == []
    assert [line.what.cause for line in script.lines if isinstance(line.what, ChannelEnded)] == ["no answer", "normal"]


def test_a_hold_is_told_and_both_phones_fall_silent() -> None:
    script = a_conversation().talk(1).hold(3).talk(1).script()
    assert told(script, ChannelHeld) == [(1.0, "c-201")]
    assert told(script, ChannelUnheld) == [(4.0, "c-201")]
    silenced = {
        w.channel for line in script.lines if isinstance(w := line.what, SoundChanged) and w.says is Says.NOTHING
    }
    assert silenced == {"c-201", "c-caller"}


def test_both_quiet_is_told_by_no_event() -> None:
    quiet, plain = a_conversation().talk(1).quiet(3), a_conversation().talk(1).wait(3)
    kinds = [
        [type(line.what) for line in c.script().lines if not isinstance(line.what, SoundChanged)]
        for c in (quiet, plain)
    ]
    assert kinds[0] == kinds[1]


def test_in_a_blind_transfer_by_the_caller_the_agent_stays_and_gets_somebody_new() -> None:
    conversation = a_conversation().talk(5).transfer_blind("202", by="caller", ringing=2)
    assert (conversation.channel("caller"), conversation.channel("agent")) == ("c-202", "c-201")
    script = conversation.hangup().script()
    assert told(script, ChannelEnded)[0] == (5.0, "c-caller")
    assert told(script, BridgeEntered)[2:] == [(7.0, "c-201"), (7.0, "c-202")]


def test_the_consultation_of_an_attended_transfer_has_a_linked_id_of_its_own_until_it_is_linked() -> None:
    script = a_conversation().talk(5).transfer_attended("202", consult=3).talk(1).script()
    linked = {w.channel: w.linked for line in script.lines if isinstance(w := line.what, ChannelCreated)}
    assert linked == {"c-caller": "c-caller", "c-201": "c-caller", "c-201-2": "c-201-2", "c-202": "c-201-2"}
    assert links(script) == [(8.0, "c-201", "c-201-2")]
    assert told(script, BridgeEntered)[-1] == (8.0, "c-202")


def test_in_a_conference_conversations_of_one_script_meet_in_one_bridge() -> None:
    scripts = [Conversation(caller=number, prefix=number).confer("77").script() for number in ("201", "202")]
    entered = [w for script in scripts for line in script.lines if isinstance(w := line.what, BridgeEntered)]
    assert {(one.bridge, one.kind, one.name) for one in entered} == {("conference-77", BridgeKind.CONFERENCE, "77")}


def test_into_a_conference_the_other_one_goes_and_who_transferred_is_gone() -> None:
    script = a_conversation().talk(5).transfer_into_conference("77", consult=3).wait(1).hangup().script()
    assert told(script, BridgeEntered)[2:] == [(5.0, "c-201-2"), (8.0, "c-caller")]
    assert [channel for at, channel in told(script, ChannelEnded)] == ["c-201", "c-201-2", "c-caller"]


def test_who_picks_up_has_a_linked_id_of_its_own() -> None:
    script = a_conversation().ringing(2).pickup("203").script()
    linked = {w.channel: w.linked for line in script.lines if isinstance(w := line.what, ChannelCreated)}
    assert linked[ChannelId("c-203")] == "c-203"
    assert links(script) == [(2.0, "c-203", "c-201")]


def test_a_queue_rings_all_and_one_answers() -> None:
    script = a_conversation().queue("sales", members=("201", "202"), answered_by="202", ringing=4).script()
    assert told(script, QueueEntered) == [(0.0, "c-caller")]
    assert [w.agent for line in script.lines if isinstance(w := line.what, AgentConnected)] == ["202"]
    assert told(script, ChannelEnded) == [(4.0, "c-201")]
    assert told(script, BridgeEntered) == [(4.0, "c-caller"), (4.0, "c-202")]
    assert len(told(script, ChannelAnswered)) == 2


def test_helper_channels_are_marked_and_taken_out_after_ten_milliseconds() -> None:
    script = a_conversation(local="optimised").ringing(1).talk(2).script()
    helpers = {w.channel for line in script.lines if isinstance(w := line.what, ChannelCreated) and w.is_local}
    assert helpers == {"c-local;1", "c-local;2"}
    assert {channel for at, channel in told(script, ChannelEnded) if at == pytest.approx(1.01)} == helpers
    at, channel = told(script, BridgeEntered)[-1]
    assert (round(at, 6), channel) == (1.01, "c-201")


def test_a_wideband_leg_says_so() -> None:
    script = a_conversation(agent_rate=16000).ringing(1).script()
    assert [w.sample_rate for line in script.lines if isinstance(w := line.what, ChannelCreated)] == [8000, 16000]


def test_remarks_land_at_their_point_of_the_story() -> None:
    conversation = a_conversation().variable("REC", "yes").talk(2).instruct("pause").instruct("resume", options="{}")
    script = conversation.misbehave(Fault.STALL, who="agent").voice("agent", "tone:440").script()
    assert told(script, VariableSet) == [(0.0, "c-caller")]
    given_ids = [w.command_id for line in script.lines if isinstance(w := line.what, InstructionGiven)]
    assert given_ids == ["c-instruction-1", "c-instruction-2"]
    assert told(script, Misbehaves) == [(2.0, "c-201")]
    assert script.voices == {"c-201": "tone:440"}
