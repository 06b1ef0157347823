"""Instructions that the dialplan gives by UserEvent."""

from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId
from connector.domain.instruction import options_text
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.user_events import instruction


def given(*body: tuple[str, str], stamp: str = "1.5", channel: str = "rig-1.1") -> InstructionGiven:
    head = (("Event", "UserEvent"), ("Timestamp", stamp), ("Channel", "PJSIP/2001-1"), ("Uniqueid", channel))
    known = tuple((name, value) for name, value in head if value)
    found = instruction(AmiMessage((*known, ("UserEvent", "Callreel"), *body)))
    assert found is not None
    return found


def test_what_is_neither_whom_nor_what_is_a_recording_option() -> None:
    found = given(("Action", "Start"), ("Destination", "archive"), ("Tags", "vip"))
    assert (found.action, found.channel, found.by) == ("start", ChannelId("rig-1.1"), "dialplan")
    assert found.options == "destination=archive,tags=vip"
    assert options_text(found.options).destination == "archive"


def test_the_events_of_others_are_none_of_ours() -> None:
    assert instruction(AmiMessage((("Event", "UserEvent"), ("UserEvent", "Other"), ("Action", "start")))) is None


def test_the_same_event_is_the_same_command_and_another_moment_another() -> None:
    assert given(("Action", "pause")).command_id == given(("Action", "pause")).command_id
    assert given(("Action", "pause")).command_id != given(("Action", "pause"), stamp="1.6").command_id
    assert given(("Action", "pause")).command_id != given(("Action", "pause"), channel="rig-1.2").command_id
    assert given(("Action", "pause"), stamp="").command_id != given(("Action", "pause"), stamp="").command_id
    assert given(("Action", "pause"), ("CommandId", "mine")).command_id == "mine"


def test_a_header_that_a_caller_smuggled_in_changes_neither_channel_nor_what_was_written_before_it() -> None:
    found = given(
        ("Action", "start"), ("Destination", "archive"), ("Uniqueid", "victim"), ("uniqueid", "victim"),
        ("Action", "discard"), ("destination", "elsewhere"),
    )  # fmt: skip
    assert (found.action, found.channel) == ("start", ChannelId("rig-1.1"))
    assert "destination=archive" in found.options
    assert "elsewhere" not in found.options


def test_values_with_a_comma_stay_one_value() -> None:
    found = given(("Action", "start"), ("Destination", "archive"), ("Tags", "vip, sales"))
    assert options_text(found.options).destination == "archive"
    assert found.options == '{"destination": "archive", "tags": "vip, sales"}'


def test_options_as_one_text_are_handed_on_as_they_are_even_when_the_dialplan_tore_them() -> None:
    assert given(("Action", "start"), ("Options", "{destination:archive"), ("tags", "[a]}")).options == (
        "{destination:archive"
    )


def test_a_conference_may_be_meant_instead_of_a_channel() -> None:
    found = given(("Action", "stop"), ("Conference", "77"), channel="")
    assert (found.channel, found.conference, found.options) == (None, "77", "")
