"""What AMI's events mean; the streams are those of real Asterisks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.events import (
    AgentConnected,
    BridgeEntered,
    BridgeKind,
    CallerIdentified,
    CallEvent,
    ChannelCreated,
    ChannelEnded,
    ChannelsLinked,
    KeyPressed,
    VariableSet,
)
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.asterisk.ami_filter import EVENTS
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.events import Translation, stamp_of
from tests.unit.pbx.asterisk.streams import message, outline, stream

A = ChannelId("rig-1.1")
WATCHED = frozenset({"ACCOUNT"})


def told(name: str, version: str = "22") -> list[CallEvent]:
    translation = Translation(WATCHED)
    return [fact for one in stream(name, version) for fact in translation.facts(one)]


def lines(name: str, version: str = "22") -> list[str]:
    return outline(told(name, version))


@pytest.mark.parametrize("version", ["22", "16"])
def test_an_inbound_call_is_told_from_its_first_channel_to_its_last(version: str) -> None:
    assert lines("inbound", version)[:8] == [
        "ChannelCreated a a +4930123456 PJSIP/anonymous 0305552001 from-sip",
        "ChannelCreated b a PJSIP/out from-sip",
        # What the caller dialled is Dial's first guess; whom it dials is known a moment later.
        "CallerIdentified b 0305552001",
        "CallerIdentified b 2001",
        "ChannelAnswered b",
        "ChannelAnswered a",
        "BridgeEntered b 1 talk",
        "BridgeEntered a 1 talk",
    ]
    assert sorted(lines("inbound", version)[8:]) == [
        "BridgeLeft a 1",
        "BridgeLeft b 1",
        "ChannelEnded a Normal Clearing",
        "ChannelEnded b Normal Clearing",
    ]


def test_an_agent_stays_who_he_is_when_the_dialplan_gives_him_the_companys_number_for_outside() -> None:
    identified = [line for line in lines("outbound") if line.startswith("CallerIdentified")]
    assert lines("outbound")[0] == "ChannelCreated a a 2001 PJSIP/anonymous 0335559999 from-sip"
    assert identified == ["CallerIdentified b 0335559999", "CallerIdentified b 05559999"]


def test_a_blind_transfer_links_and_brings_a_new_channel() -> None:
    found = lines("blind")
    assert "ChannelsLinked a b" in found
    assert found.index("ChannelCreated c a PJSIP/out from-sip") > found.index("BridgeLeft a 1")
    assert "CallerIdentified c 2002" in found
    assert "BridgeEntered a 2 talk" in found


@pytest.mark.parametrize("version", ["22", "16"])
def test_an_attended_transfer_makes_one_of_two_conversations(version: str) -> None:
    found = lines("attended", version)
    assert "ChannelCreated c c 2001 PJSIP/anonymous 802 from-sip" in found
    assert [line for line in found if line.startswith("ChannelsLinked")] == [
        "ChannelsLinked a b",
        "ChannelsLinked a c",
        "ChannelsLinked a d",
    ]


def test_a_queue_is_entered_and_its_member_named_and_its_helpers_are_known_as_such() -> None:
    found = lines("queue")
    assert "QueueEntered a sales" in found
    assert "AgentConnected a sales Anna" in found
    assert [line for line in found if line.endswith("True")] == [
        f"ChannelCreated {channel} a Local/{member}@agents {member} agents True"
        for channel, member in (("b", 2001), ("c", 2001), ("d", 2002), ("e", 2002))
    ]
    assert {line for line in found if line.startswith("CallerIdentified")} == {
        "CallerIdentified f 2002",
        "CallerIdentified g 2001",
    }


def test_a_pickup_links_the_one_who_picks_up_with_the_one_who_rang() -> None:
    found = lines("pickup")
    assert "ChannelCreated c c 2003 PJSIP/anonymous *80305552005 from-sip" in found
    assert "ChannelsLinked c b" in found
    assert "ChannelEnded b Answered elsewhere" in found


def test_a_parked_call_waits_and_is_no_talk() -> None:
    entered = [line for line in lines("park") if line.startswith("BridgeEntered")]
    assert entered == [
        "BridgeEntered b 1 talk",
        "BridgeEntered a 1 talk",
        "BridgeEntered a 2 holding default",
        "BridgeEntered a 3 talk",
        "BridgeEntered c 3 talk",
    ]


@pytest.mark.parametrize("version", ["22", "16"])
def test_a_conference_is_one_by_its_name(version: str) -> None:
    entered = sorted(line for line in lines("conference", version) if line.startswith("BridgeEntered"))
    assert entered == ["BridgeEntered a 1 conference 0077", "BridgeEntered b 1 conference 0077"]


def test_real_channels_meet_helpers_where_local_is_not_optimised_away() -> None:
    entered = [line for line in lines("local") if line.startswith("BridgeEntered")]
    assert sorted(entered) == [
        "BridgeEntered a 2 talk",
        "BridgeEntered b 2 talk",
        "BridgeEntered c 1 talk",
        "BridgeEntered d 1 talk",
    ]
    assert next(line for line in lines("local") if line.endswith("True")).startswith("ChannelCreated b a Local/2001")


def test_hold_is_told_of_the_one_who_holds() -> None:
    found = lines("hold")
    assert found.index("ChannelUnheld b") == found.index("ChannelHeld b") + 1


@pytest.mark.parametrize("version", ["22", "16"])
def test_variables_and_instructions_of_the_dialplan_arrive_as_they_were_written(version: str) -> None:
    found = told("wish", version)
    first = found[0]
    assert isinstance(first, ChannelCreated)
    assert [fact for fact in found if isinstance(fact, VariableSet) and fact.channel == first.channel] == [
        VariableSet(channel=first.channel, name="CALLREEL", value="yes"),
        VariableSet(channel=first.channel, name="CALLREEL_OPTIONS", value='{"destination":"archive","tags":["a","b"]}'),
        VariableSet(channel=first.channel, name="ACCOUNT", value="acme"),
    ]
    inherited = [fact for fact in found if isinstance(fact, VariableSet) and fact.channel != first.channel]
    assert {(fact.name, fact.value) for fact in inherited} == {("CALLREEL", "yes"), ("ACCOUNT", "acme")}
    assert sum(line.startswith("InstructionGiven") for line in lines("wish", version)) == 1


def test_what_nobody_watches_and_our_own_book_keeping_is_no_fact() -> None:
    for name in ("BRIDGEPEER", "CALLREEL_REC_0123_a.wav", "___CALLREEL", "accountcode", ""):
        assert Translation(WATCHED).facts(message(Event="VarSet", Uniqueid=A, Variable=name, Value="x")) == ()


def test_escapes_in_names_and_values_are_undone() -> None:
    name = message(Event="Newchannel", Uniqueid=A, CallerIDNum="<unknown>", CallerIDName=r"a\"b\\c\r\nEvent: Hangup")
    (created,) = Translation().facts(name)
    assert isinstance(created, ChannelCreated)
    assert (created.number, created.name, created.linked) == ("", 'a"b\\c\r\nEvent: Hangup', A)
    (told_,) = Translation().facts(message(Event="VarSet", Uniqueid=A, Variable="CALLREEL_X", Value=r"%0A\t\?\\n"))
    assert told_ == VariableSet(channel=A, name="CALLREEL_X", value="%0A\t?\\n")


def test_a_number_that_comes_late_is_told_and_one_that_was_known_stays() -> None:
    translation = Translation()
    unknown = message(Event="Newchannel", Uniqueid=A, Channel="DAHDI/1-1", CallerIDNum="<unknown>", Exten="s")
    (created,) = translation.facts(unknown)
    assert isinstance(created, ChannelCreated)
    assert (created.device, created.dialled) == ("DAHDI/1", "")
    late = message(Event="NewCallerid", Uniqueid=A, Channel="DAHDI/1-1", CallerIDNum="030123", CallerIDName="Zoé")
    assert translation.facts(late) == (CallerIdentified(channel=A, number="030123", name="Zoé"),)
    translation.facts(message(Event="DialBegin", DestUniqueid=A, DestChannel="DAHDI/1-1", DialString="1/030999"))
    assert translation.facts(late) == ()
    assert translation.facts(message(Event="Hangup", Uniqueid=A, Cause_txt="Busy")) == (
        ChannelEnded(channel=A, cause="Busy"),
    )
    assert translation.facts(late) != ()


def test_keys_are_told_once_where_they_were_pressed() -> None:
    pressed = message(Event="DTMFEnd", Uniqueid=A, Digit="1", Direction="Received")
    assert Translation().facts(pressed) == (KeyPressed(channel=A, key="1"),)
    assert Translation().facts(message(Event="DTMFEnd", Uniqueid=A, Digit="1", Direction="Sent")) == ()


@pytest.mark.parametrize(
    ("bridge", "kind"),
    [
        ({"BridgeTechnology": "simple_bridge", "BridgeType": "basic"}, BridgeKind.TALK),
        ({"BridgeTechnology": "softmix", "BridgeCreator": "Stasis"}, BridgeKind.TALK),
        ({"BridgeTechnology": "holding_bridge", "BridgeCreator": "Stasis"}, BridgeKind.HOLDING),
        ({"BridgeTechnology": "holding_bridge", "BridgeCreator": "BridgeWait"}, BridgeKind.HOLDING),
        ({"BridgeType": "parking"}, BridgeKind.HOLDING),
        ({"BridgeTechnology": "softmix", "BridgeCreator": "ConfBridge", "BridgeName": "7"}, BridgeKind.CONFERENCE),
    ],
)
def test_a_bridge_is_talk_unless_it_holds_or_confers(bridge: dict[str, str], kind: BridgeKind) -> None:
    (entered,) = Translation().facts(message(Event="BridgeEnter", Uniqueid=A, BridgeUniqueid="b", **bridge))
    assert entered == BridgeEntered(channel=A, bridge=BridgeId("b"), kind=kind, name=bridge.get("BridgeName", ""))


def test_a_transfer_that_failed_links_nobody() -> None:
    parties = {"TransfererUniqueid": "1", "TransfereeUniqueid": "2"}
    assert Translation().facts(message(Event="BlindTransfer", Result="Success", **parties)) == (
        ChannelsLinked(channel=ChannelId("2"), other=ChannelId("1")),
    )
    assert Translation().facts(message(Event="BlindTransfer", Result="Fail", **parties)) == ()
    assert Translation().facts(message(Event="AttendedTransfer", Result="Success")) == ()


def test_a_member_without_a_name_is_his_interface() -> None:
    connected = message(Event="AgentConnect", Uniqueid=A, Queue="600", Interface="PJSIP/2001")
    assert Translation().facts(connected) == (AgentConnected(channel=A, queue="600", agent="PJSIP/2001"),)


def test_an_event_happened_when_its_stamp_says_and_else_when_it_came() -> None:
    assert stamp_of(message(Timestamp="1795250389.159986"), 7.0) == 1795250389.159986
    for odd in ("", "soon", "nan", "inf", "-1", "1e999", "0"):
        assert stamp_of(message(Timestamp=odd), 7.0) == 7.0


_TEXT = st.text(max_size=20) | st.sampled_from(["<unknown>", "6", "s", "Success", "Callreel", "Local/1@x-0;1", "a=b,c"])
_NAMES = sorted({name for one in stream("attended") + stream("queue") + stream("wish") for name, _ in one.lines})
_EVENTS = st.sampled_from([*EVENTS, "VarSet", "UserEvent", "Rename", ""])


@given(
    st.lists(
        st.tuples(_EVENTS, st.lists(st.tuples(st.sampled_from(_NAMES) | st.text(max_size=5), _TEXT), max_size=12)),
        max_size=12,
    )
)
def test_no_event_however_odd_makes_it_fail(told_events: list[tuple[str, list[tuple[str, str]]]]) -> None:
    translation = Translation(WATCHED)
    odd = [AmiMessage((("Event", event), *rest)) for event, rest in told_events]
    for one in odd:
        assert all(type(fact).__name__ for fact in translation.facts(one))
        stamp_of(one, 1.0)
    translation.resynchronised(odd, odd)
