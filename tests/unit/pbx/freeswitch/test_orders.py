"""Instructions that the dialplan gives by the `event` application."""

from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId
from connector.domain.instruction import options_text
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.orders import instruction

_AROUND = {"Event-Subclass": "callreel::record", "Core-UUID": "core", "Event-Sequence": "7", "Event-Name": "CUSTOM"}
_LEG = {
    "Channel-State": "CS_EXECUTE",
    "Unique-ID": "a-1",
    "Caller-Username": "1001",
    "variable_uuid": "a-1",
    "Nobody knows this yet": "from a newer FreeSWITCH",
}


def given(said: dict[str, str], around: dict[str, str] = _AROUND, leg: dict[str, str] = _LEG) -> InstructionGiven:
    found = instruction(EslEvent({**around, **said, **leg}))
    assert found is not None
    return found


def test_what_the_dialplan_wrote_before_the_leg_begins_is_whom_what_and_how() -> None:
    found = given({"Action": "Start", "Destination": "archive", "Max-Length": "60", "Format": "wav"})
    assert (found.action, found.channel, found.by) == ("start", ChannelId("a-1"), "dialplan")
    assert found.options == "destination=archive,max-length=60,format=wav"
    assert options_text(found.options).max_length_seconds == 60


def test_a_room_may_be_meant_and_the_leg_is_told_too() -> None:
    found = given({"Action": "stop", "Conference": "*"})
    assert (found.conference, found.options, found.channel) == ("*", "", ChannelId("a-1"))


def test_the_events_of_others_are_none_of_ours() -> None:
    for subclass in ("conference::maintenance", ""):
        assert instruction(EslEvent({**_AROUND, "Event-Subclass": subclass, "Action": "start", **_LEG})) is None


def test_the_same_event_is_the_same_command_and_another_one_another() -> None:
    pause = {"Action": "pause"}
    assert given(pause).command_id == given(pause).command_id
    assert given(pause).command_id != given(pause, {**_AROUND, "Event-Sequence": "8"}).command_id
    assert given(pause).command_id != given(pause, {**_AROUND, "Core-UUID": "after a restart"}).command_id
    unstamped = {"Event-Subclass": "callreel::record", "Event-Name": "CUSTOM"}
    assert given(pause, unstamped).command_id != given(pause, unstamped).command_id
    assert [given({**pause, name: "mine"}).command_id for name in ("CommandId", "Command-Id")] == ["mine", "mine"]


def test_options_can_be_said_as_one_text_and_their_commas_stay() -> None:
    assert given({"Action": "start", "Options": ' {"tags": "a,b"} '}).options == '{"tags": "a,b"}'
    found = given({"Action": "start", "Tags": "vip, sales", "Destination": "archive"})
    assert found.options == '{"tags": "vip, sales", "destination": "archive"}'


def test_a_script_may_send_it_for_a_leg_that_it_names() -> None:
    sent = {"Command": "sendevent CUSTOM", "priority": "NORMAL", "Unique-ID": "b-2", "action": "stop"}
    found = given(sent, leg={"variable_x": "y", "scope_variable_z": "1"})
    assert (found.action, found.channel, found.options) == ("stop", ChannelId("b-2"), "")
    assert given({"Action": "stop"}, leg={}).channel is None
