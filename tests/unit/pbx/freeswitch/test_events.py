"""What FreeSWITCH's events mean; the streams are those of real FreeSWITCHes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.events import (
    BridgeEntered,
    BridgeKind,
    BridgeLeft,
    CallEvent,
    ChannelAnswered,
    ChannelCreated,
    ChannelEnded,
    ChannelsLinked,
    ChannelUnheld,
    KeyPressed,
    VariableSet,
)
from connector.domain.ids import ChannelId
from connector.pbx.freeswitch.census import Conference, Member
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.events import EVENTS, SUBCLASSES, Translation, stamp_of
from connector.pbx.freeswitch.talks import bridge_of
from tests.unit.pbx.asterisk.streams import outline
from tests.unit.pbx.freeswitch.streams import event, stream

A, B, C = ChannelId("a-1"), ChannelId("b-2"), ChannelId("c-3")
WATCHED = frozenset({"domain_name"})
ALL_STREAMS = (
    *("attended", "blind", "conference", "dtmf", "early", "features_attended", "fifo", "hold", "loopback", "named"),
    *("originate", "park", "pickup", "plain", "queue", "second", "unanswered", "uuid_bridge", "uuid_transfer_bleg"),
    "variables",
)


def told(name: str, version: str = "1.11") -> list[CallEvent]:
    translation = Translation(WATCHED)
    return [fact for one in stream(name, version) for fact in translation.facts(one)]


def lines(name: str, version: str = "1.11") -> list[str]:
    return outline(told(name, version))


def introduced(*legs: ChannelId, is_answered: bool = True) -> Translation:
    translation = Translation(WATCHED)
    for leg in legs:
        translation.facts(event("CHANNEL_CREATE", leg, Answer_State="ringing", Channel_Name="sofia/internal/1001@h"))
        if is_answered:
            translation.facts(event("CHANNEL_ANSWER", leg, Answer_State="answered"))
    return translation


def bridged(one: ChannelId, other: ChannelId, name: str = "CHANNEL_BRIDGE", **headers: str) -> EslEvent:
    return event(name, one, Bridge_A_Unique_ID=one, Bridge_B_Unique_ID=other, **headers)


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_an_inbound_call_is_told_from_its_first_leg_to_its_last(version: str) -> None:
    found = lines("plain", version)
    assert found[:6] == [
        "ChannelCreated a a caller sofia/phones/caller@127.0.0.1 to_agent1 default",
        "ChannelCreated b a agent1 sofia/phones/agent1@127.0.0.1 default",
        "ChannelAnswered b",
        "ChannelAnswered a",
        "BridgeEntered a 1 talk",
        "BridgeEntered b 1 talk",
    ]
    assert sorted(found[6:]) == [
        "BridgeLeft a 1",
        "BridgeLeft b 1",
        "ChannelEnded a NORMAL_CLEARING",
        "ChannelEnded b NORMAL_CLEARING",
    ]


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_a_bridge_that_carries_early_media_is_a_talk_only_once_both_have_answered(version: str) -> None:
    events = stream("early", version)
    bridge = next(i for i, one in enumerate(events) if one.name == "CHANNEL_BRIDGE")
    assert events[bridge].get("Answer-State") == "early"
    assert [line for line in lines("early", version) if line.startswith(("BridgeE", "ChannelA"))] == [
        "ChannelAnswered c",
        "ChannelAnswered b",
        "ChannelAnswered a",
        "BridgeEntered a 1 talk",
        "BridgeEntered b 1 talk",
    ]


def test_an_early_bridge_that_nobody_answers_is_never_told() -> None:
    translation = introduced(A, B, is_answered=False)
    facts = [*translation.facts(bridged(A, B)), *translation.facts(bridged(A, B, "CHANNEL_UNBRIDGE"))]
    assert facts == []
    assert not [f for f in translation.facts(event("CHANNEL_ANSWER", A)) if isinstance(f, BridgeEntered)]


def test_two_of_different_calls_are_of_one_before_they_talk() -> None:
    """Else a recording of its own would begin for whose bridge is told."""
    kinds = [type(fact) for fact in introduced(A, B).facts(bridged(A, B))]
    assert kinds == [ChannelsLinked, BridgeEntered, BridgeEntered]
    early = introduced(A, B, is_answered=False)
    assert early.facts(bridged(A, B)) == ()
    answers = [fact for leg in (B, A) for fact in early.facts(event("CHANNEL_ANSWER", leg, Answer_State="answered"))]
    kinds = [type(fact) for fact in answers if not isinstance(fact, ChannelAnswered)]
    assert kinds == [ChannelsLinked, BridgeEntered, BridgeEntered]
    assert not [line for line in lines("plain") if line.startswith("ChannelsLinked")]


def test_a_call_that_nobody_answers_ends_without_a_talk() -> None:
    assert lines("unanswered")[2:] == ["ChannelEnded a ORIGINATOR_CANCEL", "ChannelEnded b ORIGINATOR_CANCEL"]


def test_a_blind_transfer_brings_a_new_leg_of_the_same_call() -> None:
    found = lines("blind")
    assert "ChannelCreated c a agent2 sofia/phones/agent2@127.0.0.1 default" in found
    assert found.index("BridgeEntered a 2 talk") > found.index("BridgeLeft a 1")


def test_who_rings_for_a_transferred_leg_is_linked_with_it() -> None:
    found = lines("uuid_transfer_bleg")
    created = found.index("ChannelCreated c b agent2 sofia/phones/agent2@127.0.0.1 default")
    assert found[created + 1] == "ChannelsLinked c b"


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_an_attended_transfer_by_the_phone_ends_in_a_bridge_of_the_two_others(version: str) -> None:
    found = lines("attended", version)
    assert "ChannelHeld b" in found
    assert "ChannelCreated c c caller sofia/phones/caller@127.0.0.1 202 default" in found
    entered = [line for line in found if line.startswith("BridgeEntered")]
    assert entered[-2:] == ["BridgeEntered a 3 talk", "BridgeEntered d 3 talk"]


def test_after_a_consultation_the_first_bridge_goes_on() -> None:
    found = lines("features_attended")
    consultation = found.index("BridgeEntered b 2 talk")
    assert found[found.index("BridgeLeft c 2", consultation) + 1] == "BridgeEntered b 1 talk"
    assert [line for line in found if line.startswith("BridgeEntered")][-2:] == [
        "BridgeEntered c 3 talk",
        "BridgeEntered a 3 talk",
    ]


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_two_callers_who_are_bridged_by_command_talk_with_each_other(version: str) -> None:
    entered = [line for line in lines("uuid_bridge", version) if line.startswith("BridgeEntered")]
    assert entered[-2:] == ["BridgeEntered a 3 talk", "BridgeEntered c 3 talk"]


def test_a_second_agent_after_the_first_one_left_is_another_bridge() -> None:
    entered = [line for line in lines("second") if line.startswith("BridgeEntered")]
    assert entered[2:] == ["BridgeEntered a 2 talk", "BridgeEntered c 2 talk"]


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_a_queue_is_entered_and_its_agent_is_of_the_call_when_he_is_named(version: str) -> None:
    found = lines("queue", version)
    assert "QueueEntered a everybody" in found
    connected = next(i for i, line in enumerate(found) if line.startswith("AgentConnected"))
    assert found[connected] == "AgentConnected a everybody agent1"
    agent = found[connected - 1].split()[-1]
    assert found[connected - 1] == f"ChannelsLinked a {agent}"
    assert f"ChannelCreated {agent} {agent} agent1 sofia/phones/agent1@127.0.0.1 default" in found
    assert found.index(f"BridgeEntered {agent} 1 talk") > connected


def test_a_fifo_is_a_queue_whose_agent_is_known_by_his_leg() -> None:
    found = lines("fifo")
    assert "QueueEntered a x" in found
    assert found[found.index("AgentConnected a x caller") - 1] == "ChannelsLinked a b"


def test_who_picks_up_is_in_the_bridge_in_place_of_the_one_who_rang() -> None:
    found = lines("pickup")
    assert "ChannelEnded b PICKED_OFF" in found
    assert [line for line in found if line.startswith("BridgeEntered")] == [
        "BridgeEntered c 1 talk",
        "BridgeEntered a 1 talk",
    ]


def test_a_parked_call_talks_with_whoever_fetches_it() -> None:
    assert [line for line in lines("park") if line.startswith("Bridge")][:2] == [
        "BridgeEntered a 1 talk",
        "BridgeEntered b 1 talk",
    ]


@pytest.mark.parametrize("version", ["1.11", "1.10"])
def test_a_conference_is_one_by_its_name(version: str) -> None:
    assert [line for line in lines("conference", version) if line.startswith("Bridge")] == [
        "BridgeEntered a 1 conference 77",
        "BridgeEntered b 1 conference 77",
        "BridgeLeft b 1",
        "BridgeLeft a 1",
    ]


def test_a_conference_that_is_gone_has_nobody_in_it() -> None:
    translation = introduced(A, B)
    room = {"Event_Subclass": "conference::maintenance", "Conference_Unique_ID": "room", "Conference_Name": "77"}
    for member in (A, B):
        translation.facts(event("CUSTOM", member, Action="add-member", **room))
    translation.facts(event("CUSTOM", A, Action="del-member", **room))
    assert [fact.channel for fact in translation.facts(event("CUSTOM", Action="conference-destroy", **room))
            if isinstance(fact, BridgeLeft)] == [B]  # fmt: skip
    assert translation.facts(event("CUSTOM", Action="conference-destroy", **room)) == ()


def test_both_halves_of_a_loopback_are_helpers_and_are_linked() -> None:
    found = lines("loopback")
    assert [line.split()[-1] for line in found if "loopback/" in line] == ["True", "True"]
    assert "ChannelsLinked d b" in found


def test_the_first_leg_of_a_click_to_call_is_whom_it_rings() -> None:
    assert lines("originate")[:2] == [
        "ChannelCreated a a caller1 sofia/phones/caller1@127.0.0.1 default",
        "ChannelAnswered a",
    ]


def test_holds_are_those_of_the_leg_whose_phone_is_silent() -> None:
    assert [line for line in lines("hold") if "eld " in line] == [
        "ChannelHeld b",
        "ChannelUnheld b",
        "ChannelHeld b",
        "ChannelUnheld b",
    ]


def test_keys_are_those_of_the_phone_that_pressed_them() -> None:
    assert [line for line in lines("dtmf") if line.startswith("Key")] == ["KeyPressed a 1", "KeyPressed b *"]


def test_watched_variables_are_told_when_they_are_new_and_when_they_are_gone() -> None:
    found = [line for line in lines("variables") if line.startswith(("Var", "Chan", "Bridge", "Instr"))]
    assert found[1:4] == [
        "VariableSet a callreel_record yes",
        "VariableSet a domain_name acme.example",
        "VariableSet a callreel_options tags=vip",
    ]
    assert found[4].endswith(" start a destination=archive,tags=vip|sales dialplan")
    assert found.index("VariableSet b callreel_options tags=vip") > 4
    assert found.index("VariableSet a callreel_record") < found.index("BridgeEntered a 1 talk")
    assert len([line for line in found if line.startswith("Var")]) == 5


def test_variables_are_not_taken_for_gone_by_an_event_that_carries_none() -> None:
    translation = introduced(A)
    given_it = translation.facts(event("CHANNEL_HOLD", A, variable_uuid=A, variable_callreel_record="yes"))
    assert VariableSet(channel=A, name="callreel_record", value="yes") in given_it
    assert not any(isinstance(fact, VariableSet) for fact in translation.facts(event("DTMF", A, DTMF_Digit="1")))


def test_line_breaks_and_quotes_in_what_a_caller_says_of_himself_change_nothing_else() -> None:
    assert lines("named")[0] == (
        "ChannelCreated a a +4930123 O'Neil Unique-ID: x sofia/phones/+4930123@127.0.0.1 to_agent1 default"
    )


@pytest.mark.parametrize("name", ALL_STREAMS)
def test_nothing_is_remembered_of_legs_that_have_ended(name: str) -> None:
    translation = Translation(WATCHED)
    for one in stream(name):
        translation.facts(one)
    assert translation.channels == ()
    assert (len(translation._talks), len(translation._rooms)) == (0, 0)


@pytest.mark.parametrize("name", ALL_STREAMS)
def test_every_leg_is_told_of_once_and_ends_once(name: str) -> None:
    facts = told(name)
    created = [fact.channel for fact in facts if isinstance(fact, ChannelCreated)]
    ended = [fact.channel for fact in facts if isinstance(fact, ChannelEnded)]
    answered = [fact.channel for fact in facts if isinstance(fact, ChannelAnswered)]
    assert len(created) == len(set(created))
    assert sorted(created) == sorted(ended)
    assert len(answered) == len(set(answered))


def test_a_leg_that_nobody_introduced_is_created_by_the_first_event_of_it() -> None:
    late = stream("plain")[2:]
    translation = Translation()
    facts = [fact for one in late for fact in translation.facts(one)]
    assert outline(facts)[:6] == [
        f"ChannelCreated a {late[1].channel} agent1 sofia/phones/agent1@127.0.0.1 default",
        "ChannelAnswered a",
        "ChannelCreated b b caller sofia/phones/caller@127.0.0.1 to_agent1 default",
        "ChannelAnswered b",
        "BridgeEntered b 1 talk",
        "BridgeEntered a 1 talk",
    ]


def test_the_end_of_a_leg_that_nobody_introduced_does_not_create_it() -> None:
    assert outline(Translation().facts(stream("plain")[-1])) == [
        f"ChannelEnded {stream('plain')[-1].channel} NORMAL_CLEARING"
    ]


def test_a_bridge_with_a_leg_that_nobody_introduced_is_told() -> None:
    assert [fact.channel for fact in introduced(A).facts(bridged(A, B)) if isinstance(fact, BridgeEntered)] == [A, B]


def test_a_bridge_without_media_ends_without_saying_which() -> None:
    translation = introduced(A, B, C)
    translation.facts(bridged(A, B))
    left = translation.facts(event("CHANNEL_UNBRIDGE", A, Other_Leg_Unique_ID=C))
    assert left == tuple(BridgeLeft(channel=one, bridge=bridge_of(A, B)) for one in (A, B))


def test_the_bridges_own_headers_count_more_than_the_profile_of_an_earlier_leg() -> None:
    found = introduced(A, B, C).facts(bridged(A, B, Other_Leg_Unique_ID=C))
    assert [fact.channel for fact in found if isinstance(fact, BridgeEntered)] == [A, B]


def test_one_leg_alone_is_in_no_bridge_with_itself() -> None:
    assert introduced(A).facts(bridged(A, A)) == ()


def test_the_rate_is_that_of_what_the_phone_says_now() -> None:
    translation = introduced(A)
    assert translation.rate_of(A) == 8000
    translation.facts(event("CHANNEL_HOLD", A, Channel_Read_Codec_Rate="48000"))
    assert translation.rate_of(A) == 16000
    assert translation.rate_of(B) == 8000


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [("1795262679162730", 1795262679.16273), ("", 5.0), ("0", 5.0), ("-1", 5.0), ("nan", 5.0), ("9" * 400, 5.0)],
)
def test_a_stamp_is_the_pbxs_or_else_the_moment_of_arrival(stamp: str, moment: float) -> None:
    assert stamp_of(event("X", Event_Date_Timestamp=stamp), 5.0) == moment


def test_what_lives_after_a_reconnect_is_told_as_if_it_had_just_happened() -> None:
    told_before = Translation(WATCHED)
    for one in stream("plain")[:5]:
        told_before.facts(one)
    at_the_bridge = stream("plain")[4]
    a, b = ChannelId(at_the_bridge.channel), ChannelId(at_the_bridge.get("Bridge-B-Unique-ID"))
    dumps = [
        EslEvent({**stream("plain")[2].headers, "variable_bridge_to": a, "Caller-Channel-Last-Hold": "17"}),
        EslEvent({**at_the_bridge.headers, "variable_bridge_to": b, "variable_domain_name": "acme"}),
        event("CHANNEL_DATA", C, Answer_State="answered", Channel_Call_State="HELD"),
    ]
    members = (Member(C), Member(ChannelId("later")))
    facts = told_before.resynchronised(dumps, [Conference(bridge_of(A, B), "77", members)])
    assert sorted(told_before.channels) == sorted((a, b, C))
    assert [type(fact).__name__ for fact in facts] == [
        *["ChannelCreated"] * 3,
        *("ChannelAnswered", "VariableSet", "ChannelAnswered", "ChannelAnswered"),
        *("ChannelHeld", "ChannelUnheld"),
        *["BridgeEntered"] * 3,
    ]
    entered = [fact for fact in facts if isinstance(fact, BridgeEntered)]
    assert [(fact.channel, fact.bridge) for fact in entered[:2]] == [(a, bridge_of(a, b)), (b, bridge_of(b, a))]
    assert entered[2] == BridgeEntered(channel=C, bridge=bridge_of(A, B), kind=BridgeKind.CONFERENCE, name="77")
    assert [fact.channel for fact in facts if isinstance(fact, ChannelUnheld)] == [b]


def test_an_early_bridge_found_after_a_reconnect_waits_for_the_answer() -> None:
    translation = Translation()
    dumps = [
        event("CHANNEL_DATA", one, Answer_State=state, variable_bridge_to=other)
        for one, other, state in ((A, B, "answered"), (B, A, "early"))
    ]
    assert not any(isinstance(fact, BridgeEntered) for fact in translation.resynchronised(dumps))
    found = translation.facts(event("CHANNEL_ANSWER", B, Answer_State="answered"))
    assert [fact.channel for fact in found if isinstance(fact, BridgeEntered)] == [B, A]


_texts = st.text(max_size=8) | st.sampled_from(
    ["", A, B, C, "answered", "early", "hangup", "outbound", "loopback/x-a", "sofia/gateway/x/+49\r\n'\"", "9" * 30]
)
_names = st.sampled_from(
    ["Unique-ID", "Answer-State", "Call-Direction", "Channel-Name", "Bridge-B-Unique-ID", "Other-Leg-Unique-ID",
     "Other-Type", "Action", "Conference-Unique-ID", "CC-Action", "CC-Member-Session-UUID", "FIFO-Action",
     "Channel-Read-Codec-Rate", "Caller-Channel-Created-Time", "Event-Date-Timestamp", "variable_uuid",
     "variable_bridge_to", "variable_callreel_record", "variable_other_loopback_leg_uuid", "DTMF-Digit"]
)  # fmt: skip
_kinds = st.one_of(
    st.sampled_from(EVENTS).map(lambda name: {"Event-Name": name}),
    st.sampled_from(SUBCLASSES).map(lambda name: {"Event-Name": "CUSTOM", "Event-Subclass": name}),
)
_events = st.builds(lambda kind, more: EslEvent({**more, **kind}), _kinds, st.dictionaries(_names, _texts, max_size=10))


@given(st.lists(_events, max_size=25), st.lists(_events, max_size=4))
def test_whatever_comes_in_whatever_order_it_never_raises(events: list[EslEvent], dumps: list[EslEvent]) -> None:
    translation = Translation(WATCHED)
    for one in events:
        translation.facts(one)
        stamp_of(one, 1.0)
    translation.resynchronised(dumps)
    for one in reversed(events):
        translation.facts(one)


@given(st.sampled_from(ALL_STREAMS), st.randoms(use_true_random=False))
def test_the_events_of_a_call_in_any_order_never_raise(name: str, order: random.Random) -> None:
    events = stream(name)
    order.shuffle(events)
    translation = Translation(WATCHED)
    for one in events:
        translation.facts(one)


def test_every_event_that_is_asked_for_means_something() -> None:
    kinds = {type(fact) for name in ALL_STREAMS for fact in told(name)}
    assert {KeyPressed, ChannelsLinked, ChannelUnheld, BridgeLeft} <= kinds
    asked = {one.get("Event-Name") for name in ALL_STREAMS for one in stream(name)}
    assert asked == {*EVENTS, "CUSTOM"}
