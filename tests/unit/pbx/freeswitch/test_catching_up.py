"""What a roll call finds is told with the moments at which it began, by FreeSWITCH's own clock."""

import pytest

from connector.domain.events import (
    BridgeEntered,
    BridgeKind,
    ChannelAnswered,
    ChannelCreated,
    ChannelHeld,
    ChannelsLinked,
)
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.freeswitch.catching_up import dated
from connector.pbx.freeswitch.census import Conference, Member
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.roll_call import RollCall
from tests.unit.pbx.freeswitch.streams import event

NOW, THEIR_NOW = 1000.0, 5_000.0
LEG, ROOM = ChannelId("leg"), BridgeId("room")


def a_leg(
    channel: ChannelId = LEG, *, state: str = "ACTIVE", told: float = THEIR_NOW, **ago_seconds: float
) -> EslEvent:
    times = {f"Caller_Channel_{name}": str(round((THEIR_NOW - ago) * 1e6)) for name, ago in ago_seconds.items()}
    return event(
        "CHANNEL_DATA",
        channel,
        Channel_Call_State=state,
        **{"Event_Date_Timestamp": str(round(told * 1e6)), **times},
    )


A_LEG = a_leg(Created_Time=60, Answered_Time=50, Bridged_Time=40, Last_Hold=30, state="HELD")


def test_a_leg_is_as_old_as_it_says_and_answered_since_it_was() -> None:
    facts = (ChannelCreated(channel=LEG, linked=LEG), ChannelAnswered(channel=LEG), ChannelHeld(channel=LEG))
    told = list(dated(facts, RollCall(dumps=[A_LEG]), NOW))
    assert told == [
        (NOW - 60, facts[0]),
        (NOW, ChannelAnswered(channel=LEG, since=NOW - 50)),
        (NOW - 30, facts[2]),
    ]


def test_who_came_first_stays_first_whoever_was_asked_about_first() -> None:
    called = ChannelId("called")
    dumps = [a_leg(told=THEIR_NOW - 0.02, Created_Time=2.0), a_leg(called, Created_Time=1.99)]
    facts = [ChannelCreated(channel=channel, linked=LEG) for channel in (LEG, called)]
    assert [at for at, _ in dated(facts, RollCall(dumps=dumps), NOW)] == pytest.approx([NOW - 2.0, NOW - 1.99])


def test_who_is_in_a_bridge_or_a_room_is_there_since_he_came() -> None:
    talk = BridgeEntered(channel=LEG, bridge=BridgeId("bridge"))
    [(at, told)] = dated([talk], RollCall(dumps=[A_LEG]), NOW)
    assert (at, told) == (NOW, BridgeEntered(channel=LEG, bridge=BridgeId("bridge"), since=NOW - 40))
    seat = BridgeEntered(channel=LEG, bridge=ROOM, kind=BridgeKind.CONFERENCE, name="77")
    rooms = (Conference(ROOM, "77", (Member(LEG, 7.0),)),)
    [(at, told)] = dated([seat], RollCall(dumps=[A_LEG], conferences=rooms), NOW)
    assert isinstance(told, BridgeEntered)
    assert (at, told.since) == (NOW, NOW - 7)


def test_what_is_not_told_is_so_since_now() -> None:
    facts = (
        ChannelCreated(channel=LEG, linked=LEG),
        BridgeEntered(channel=LEG, bridge=ROOM),
        ChannelsLinked(channel=LEG, other=ChannelId("other")),
    )
    for dump in (event("CHANNEL_DATA", LEG), a_leg(Created_Time=-5, Bridged_Time=-5)):
        told = list(dated(facts, RollCall(dumps=[dump]), NOW))
        assert [at for at, _ in told] == [NOW] * 3
        assert told[1][1] == BridgeEntered(channel=LEG, bridge=ROOM, since=NOW)
        assert told[2][1] is facts[2]
