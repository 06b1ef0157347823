"""Instructions and actions as Sinch's clients and callback servers write them."""

import json
from typing import Any

import pytest

from connector.domain.instruction import options_text
from connector.domain.instructions import Instruction, instructions
from connector.domain.options import RecordingOptions
from connector.errors import IllegalInstruction

#: As in Sinch's page on recording.
START = {
    "name": "StartRecording",
    "options": {
        "destinationUrl": "s3://my-s3-bucket",
        "credentials": "xyz_access_key:wrt_secret_key:eu-central-1",
        "format": "mp3",
        "notificationEvents": True,
        "transcriptionOptions": {"enabled": True, "locale": "en-US"},
    },
}


def the_one(body: object) -> Instruction:
    (one,) = instructions(body).given
    return one


def test_sinchs_start_is_a_start_and_its_credentials_stand_apart() -> None:
    one = the_one({"instructions": [START]})
    assert one.action == "start"
    assert one.credentials is not None
    assert one.credentials.reveal() == "xyz_access_key:wrt_secret_key:eu-central-1"
    assert "secret" not in one.options
    assert options_text(one.options).destination_url == "s3://my-s3-bucket"


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("StartRecording", "start"),
        ("startRecording", "start"),
        ("STOPRECORDING", "stop"),
        ("stop_recording", "stop"),
        ("PauseRecording", "pause"),
        ("resumeRecording", "resume"),
    ],
)
def test_names_are_the_same_in_any_case(name: str, action: str) -> None:
    assert the_one({"instructions": [{"name": name}]}).action == action


@pytest.mark.parametrize(
    "options",
    [
        {"format": "wav", "notificationEvents": "false"},
        [{"format": "wav", "notificationEvents": False}],
        [{"format": "mp3"}, {"Format": "wav"}, {"notificationEvents": "false"}],
    ],
)
def test_options_may_be_an_object_or_a_list_of_which_the_later_ones_win(options: Any) -> None:
    one = the_one({"instructions": [{"name": "StartRecording", "options": options}]})
    said = options_text(one.options)
    assert said == RecordingOptions(format=said.format, notification_events=False)
    assert said.format == "wav"


def test_the_order_of_several_is_kept() -> None:
    listed = [{"name": "StopRecording", "commandId": "a"}, {"name": "StartRecording", "command_id": "b"}]
    given = instructions({"instructions": listed}).given
    assert [(one.action, one.command_id) for one in given] == [("stop", "a"), ("start", "b")]


def test_what_rules_the_call_is_left_alone_and_named() -> None:
    body = {
        "instructions": [{"name": "Say", "text": "Hello"}, {"name": "startRecording"}, {"name": "SendDtmf"}],
        "action": {"name": "ConnectPstn", "number": "+4930123456"},
    }
    read = instructions(body)
    assert [one.action for one in read.given] == ["start"]
    assert read.ignored == ("Say", "SendDtmf", "ConnectPstn")


def test_record_in_the_action_records_and_its_options_say_how() -> None:
    one = the_one({"action": {"name": "connectPstn", "record": True, "recordingOptions": {"format": "wav"}}})
    assert (one.action, one.is_of_conference) == ("start", False)
    assert options_text(one.options).format == "wav"


def test_record_with_a_conference_is_the_conferences_recording() -> None:
    assert the_one({"action": {"name": "connectConf", "record": "true"}}).is_of_conference


def test_a_start_beside_a_conference_is_the_participants() -> None:
    body = {"instructions": [START], "action": {"name": "ConnectConf", "conferenceId": "77"}}
    one = the_one(body)
    assert (one.action, one.is_of_conference) == ("start", False)


@pytest.mark.parametrize("record", [{}, {"record": False}, {"record": None}, {"record": "false"}])
def test_options_without_record_only_say_how(record: dict[str, object]) -> None:
    one = the_one({"action": {"name": "ConnectPstn", "recordingOptions": {"format": "wav"}, **record}})
    assert one.action == "options"


@pytest.mark.parametrize("body", [{}, {"instructions": []}, {"instructions": None, "action": None}, {"action": {}}])
def test_nothing_said_is_nothing_given(body: dict[str, object]) -> None:
    assert instructions(body).given == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "an object with `instructions` or `action` is wanted, not a list"),
        (None, "not nothing"),
        ({"instructions": "StartRecording"}, "must be a list"),
        ({"instructions": [{"name": "Say"}] * 51}, "at most 50"),
        ({"instructions": ["StartRecording"]}, "instruction 1 must be an object with a name"),
        ({"instructions": [{"name": "Say"}, {}]}, "instruction 2 must be an object with a name"),
        ({"instructions": [{"name": "StartRecordin"}]}, "did you mean StartRecording?"),
        (
            {"instructions": [{"name": "StartRecording", "options": {"formt": "wav"}}]},
            r"instruction 1 \(StartRecording\): unknown recording option 'formt': did you mean format?",
        ),
        ({"instructions": [{"name": "StartRecording", "options": "wav"}]}, "must be an object, not a text"),
        ({"instructions": [{"name": "StartRecording", "commandId": 7}]}, "commandId must be a text"),
        ({"action": "hangup"}, "`action` must be an object"),
        ({"action": {"name": "ConnectPstn", "record": "perhaps"}}, "'perhaps' is neither true nor false"),
        ({"action": {"recordingOptions": {"format": "ogg"}}}, "recording option format"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_as_a_whole_and_named(body: object, words: str) -> None:
    with pytest.raises(IllegalInstruction, match=words):
        instructions(body)


def test_nobody_who_prints_an_instruction_shows_its_credentials() -> None:
    assert "wrt_secret" not in repr(instructions(json.loads(json.dumps({"instructions": [START]}))))
