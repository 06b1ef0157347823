"""Sinch's door to calls and conferences: what acts, what is ignored, what is refused."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from connector.domain.call import CallKind, CallState, Span
from connector.domain.ids import CallId
from connector.ports.call_search import CallFile
from tests.builders import MORNING, a_call, a_leg
from tests.unit.web.compat.house import NOW, House, a_live_call, a_recorded_call

CALL = "/calling/v1/calls/id/call_123"
ROOM = "/calling/v1/conferences/id/8000"


def a_conference(id: str = "conference-1", channels: Sequence[str] = ("channel of call_123",), **over: Any) -> CallFile:
    legs = tuple(a_leg(channel=channel, created_at=MORNING + 10) for channel in channels)
    known = {"id": CallId(id), "kind": CallKind.CONFERENCE, "conference": "8000", "legs": legs}
    return CallFile(call=a_call(**(known | over)))


@pytest.fixture
def house(house: House) -> House:
    house.add(a_live_call("call_123"), a_conference())
    return house


async def given(house: House, *instructions: object, path: str = CALL, **more: object) -> tuple[int, Any]:
    return await house.client("control").json(path, "PATCH", {"instructions": instructions, **more})


# --- calls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("StartRecording", "start"),
        ("startRecording", "start"),
        ("StopRecording", "stop"),
        ("PauseRecording", "pause"),
        ("resumeRecording", "resume"),
    ],
)
async def test_an_instruction_acts_and_success_has_no_body(house: House, name: str, action: str) -> None:
    assert await given(house, {"name": name}) == (204, None)
    assert house.commands.actions == [("call_123", action)]
    assert house.auditing.actions == ["instruction.given"]


async def test_several_act_in_their_order_each_with_an_id_of_its_own(house: House) -> None:
    names = ("StopRecording", "StartRecording", "PauseRecording")
    assert (await given(house, *({"name": name} for name in names)))[0] == 204
    assert [command.action for command in house.commands.given] == ["stop", "start", "pause"]
    assert len({command.id for command in house.commands.given}) == 3


async def test_the_first_that_is_refused_is_named_and_what_stands_behind_it_not_tried(house: House) -> None:
    house.commands.refused["pause"] = "nothing is being recorded on this call"
    names = ("StopRecording", "PauseRecording", "StartRecording")
    status, problem = await given(house, *({"name": name} for name in names))
    assert (status, problem["title"]) == (409, "Conflict")
    assert "PauseRecording (2 of 3) was refused: nothing is being recorded" in problem["detail"]
    assert [command.action for command in house.commands.given] == ["stop", "pause"]


async def test_what_nobody_has_answered_in_time_is_accepted(house: House) -> None:
    house.commands.refused["start"] = None
    assert await given(house, {"name": "StartRecording"}) == (202, None)


async def test_credentials_go_to_the_vault_and_are_nowhere_else(house: House) -> None:
    options = {
        "destinationUrl": "s3://sinch-storage/voice-recordings/my-recording.mp3",
        "credentials": "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY:eu-central-1",
        "notificationEvents": True,
    }
    assert (await given(house, {"name": "startRecording", "options": options}))[0] == 204
    ((name, secret),) = house.vault.secrets.items()
    assert secret.reveal() == options["credentials"]
    assert json.loads(house.commands.given[0].options) == options | {"credentials": name}
    assert "wJalr" not in repr(house.auditing.deeds)


async def test_options_may_be_a_list(house: House) -> None:
    assert (await given(house, {"name": "StartRecording", "options": [{"format": "wav"}]}))[0] == 204
    assert json.loads(house.commands.given[0].options) == {"format": "wav"}


async def test_what_rules_the_call_itself_is_ignored_and_named(house: House) -> None:
    body = {
        "instructions": [{"name": "Say", "text": "Hello"}, {"name": "StartRecording"}],
        "action": {"name": "Continue", "record": True, "recordingOptions": {"format": "mp3"}},
    }
    answer = await house.client("control").ask(CALL, "PATCH", json.dumps(body).encode())
    assert (answer.status, answer.headers["callreel-ignored"]) == (204, "Say, Continue")
    assert [command.action for command in house.commands.given] == ["start", "start"]


async def test_where_there_is_nothing_of_ours_nothing_happens(house: House) -> None:
    bodies: tuple[object, ...] = (
        {},
        {"instructions": []},
        {"action": {"name": "hangup"}},
        {"action": {"name": "a\nü"}},
        {"instructions": [{"name": "], "}, {"name": " "}, {"name": "é"}]},
    )
    for body in bodies:
        answer = await house.client("control").ask(CALL, "PATCH", json.dumps(body).encode())
        assert answer.status == 204
        ignored = answer.headers.get("callreel-ignored", "none")
        # The server breaks the connection off for a header that is empty at its ends.
        assert ignored == ignored.strip() != ""
        assert "\n" not in ignored
    assert house.commands.given == []


async def test_options_alone_say_only_how(house: House) -> None:
    assert (await given(house, action={"name": "Continue", "recordingOptions": {"format": "wav"}}))[0] == 204
    assert house.commands.actions == [("call_123", "options")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"StartRecording"',
        b'{"instructions": 1}',
        b'{"instructions": [1]}',
        b'{"instructions": [{}]}',
        b'{"instructions": [{"name": "StartRecord"}]}',
        b'{"instructions": [{"name": "StartRecording", "options": {"formatt": "mp3"}}]}',
        b'{"instructions": [{"name": "StartRecording", "options": {"format": "ogg"}}]}',
        b'{"instructions": [{"name": "StartRecording", "options": {"destinationUrl": "file:///etc/"}}]}',
        b'{"instructions": [{"name": "StartRecording"}], "instructions": []}',
        b'{"instructions": [' + b'{"name":"StopRecording"},' * 50 + b'{"name":"StopRecording"}]}',
        b'{"action": "hangup"}',
        b"[" * 5000 + b"]" * 5000,
        b'{"instructions": [{"name": "StartRecording", "options": {"clientState": "\\ud800"}}]}',
    ],
    ids=lambda body: body[:40].decode(),
)
async def test_what_cannot_be_obeyed_is_a_bad_request_and_nothing_of_it_happens(house: House, body: bytes) -> None:
    answer = await house.client("control").ask(CALL, "PATCH", body)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert house.commands.given == []


@pytest.mark.parametrize("id", ["call_9", "another", "conference-1"])
async def test_what_is_no_call_of_theirs_is_not_found(house: House, id: str) -> None:
    house.add(a_live_call("another", organisation="another"))
    path = f"/calling/v1/calls/id/{id}"
    assert (await given(house, {"name": "StartRecording"}, path=path))[0] == 404
    assert (await house.client("control").json(path))[0] == 404


async def test_a_call_that_is_over_cannot_be_told_anything(house: House) -> None:
    house.add(a_recorded_call("over"))
    status, problem = await given(house, {"name": "StartRecording"}, path="/calling/v1/calls/id/over")
    assert status == 409
    assert "ended" in problem["detail"]


async def test_a_live_call_is_told_as_sinch_tells_it(house: House) -> None:
    assert await house.client("read").json(CALL) == (
        200,
        {
            "from": "+4930123456",
            "to": {"type": "number", "endpoint": "201"},
            "domain": "pstn",
            "callId": "call_123",
            "duration": 0,
            "status": "ONGOING",
            "result": "N/A",
            "reason": "N/A",
            "timestamp": "2026-01-05T09:00:00Z",
            "custom": "",
            "userRate": None,
            "debit": None,
        },
    )


async def test_a_call_that_is_over_is_final(house: House) -> None:
    legs = (a_leg(ended_at=MORNING + 184), a_leg(channel="agent", created_at=MORNING + 1, ended_at=MORNING + 185))
    house.add(a_recorded_call("over", legs=legs), a_recorded_call("missed", answered_at=None, legs=legs))
    _, over = await house.client("read").json("/calling/v1/calls/id/over")
    found = (over["status"], over["result"], over["reason"], over["duration"])
    assert found == ("FINAL", "ANSWERED", "CALLERHANGUP", 180)
    _, missed = await house.client("read").json("/calling/v1/calls/id/missed")
    assert (missed["status"], missed["result"], missed["duration"]) == ("FINAL", "NOANSWER", 0)


# --- conferences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["8000", "conference-1"])
async def test_a_conference_is_recorded_by_its_name_or_its_id(house: House, id: str) -> None:
    path = f"/calling/v1/conferences/id/{id}"
    assert await given(house, {"name": "StartRecording"}, path=path) == (204, None)
    assert house.commands.actions == [("conference-1", "start")]


async def test_of_several_that_were_called_so_the_one_that_lives_is_meant(house: House) -> None:
    house.add(a_conference("later", state=CallState.ENDED, started_at=MORNING + 60, ended_at=MORNING + 90))
    await given(house, {"name": "StopRecording"}, path=ROOM)
    assert house.commands.actions == [("conference-1", "stop")]


async def test_a_participants_recording_is_its_calls(house: House) -> None:
    assert await given(house, {"name": "StartRecording"}, path=f"{ROOM}/call_123") == (204, None)
    assert house.commands.actions == [("call_123", "start")]


async def test_who_is_not_in_the_conference_is_no_participant(house: House) -> None:
    house.add(a_live_call("call_124"))
    for id in ("call_124", "call_9"):
        assert (await given(house, {"name": "StartRecording"}, path=f"{ROOM}/{id}"))[0] == 404


@pytest.mark.parametrize("over", [{"pbx": "freeswitch"}, {"organisation": "another"}])
async def test_a_channel_of_the_same_name_elsewhere_is_somebody_else(house: House, over: dict[str, str]) -> None:
    house.add(a_live_call("call_124"), a_conference("elsewhere", ("channel of call_124",), conference="9", **over))
    path = "/calling/v1/conferences/id/9/call_124"
    body = {"instructions": [{"name": "StartRecording"}]}
    assert (await house.client("house").json(path, "PATCH", body))[0] == 404


async def test_who_has_left_the_conference_is_no_participant(house: House) -> None:
    legs = (a_leg(channel="channel of call_123", created_at=MORNING + 10, ended_at=MORNING + 20),)
    house.add(a_conference(legs=legs))
    assert (await given(house, {"name": "StartRecording"}, path=f"{ROOM}/call_123"))[0] == 404


async def test_a_call_that_connects_to_a_conference_has_the_conference_recorded(house: House) -> None:
    status, _ = await given(house, action={"name": "connectConf", "conferenceId": "8000", "record": True})
    assert (status, house.commands.actions) == (204, [("conference-1", "start")])


async def test_a_call_in_no_conference_cannot_have_one_recorded(house: House) -> None:
    house.add(a_live_call("call_124"))
    action = {"name": "ConnectConf", "record": True}
    status, problem = await given(house, action=action, path="/calling/v1/calls/id/call_124")
    assert status == 409
    assert "in no conference" in problem["detail"]


async def test_a_conference_shows_who_is_in_it_now(house: House) -> None:
    house.add(a_live_call("call_124"))
    held = a_leg(channel="channel of call_124", number="202", created_at=NOW - 5, holds=(Span(start=NOW - 2),))
    gone = a_leg(channel="gone", ended_at=MORNING + 20)
    legs = (a_leg(channel="channel of call_123", created_at=MORNING + 10), held, gone)
    house.add(a_conference(legs=legs))
    status, conference = await house.client("read").json(ROOM)
    assert status == 200
    assert conference["participants"] == [
        {"cli": "+4930123456", "id": "call_123", "duration": 990, "muted": False, "onhold": False},
        {"cli": "202", "id": "call_124", "duration": 5, "muted": False, "onhold": True},
    ]


async def test_in_a_conference_that_is_over_there_is_nobody(house: House) -> None:
    house.add(a_conference(state=CallState.ENDED, ended_at=MORNING + 60))
    assert await house.client("read").json(ROOM) == (200, {"participants": []})
    assert (await given(house, {"name": "StartRecording"}, path=ROOM))[0] == 409


@pytest.mark.parametrize("id", ["9000", "call_123", "%0A", "x" * 400])
async def test_what_is_no_conference_is_not_found(house: House, id: str) -> None:
    path = f"/calling/v1/conferences/id/{id}"
    assert (await house.client("read").json(path))[0] == 404
    assert (await given(house, {"name": "StartRecording"}, path=path))[0] == 404


async def test_a_conference_of_another_organisation_is_not_found(house: House) -> None:
    assert (await house.client("stranger").json(ROOM))[0] == 404
    assert (await house.client("stranger").json(ROOM, "PATCH", {"instructions": []}))[0] == 404


@pytest.mark.parametrize("command", ["mute", "unmute", "onhold", "resume"])
async def test_what_the_pbx_rules_is_said_to_be_so(house: House, command: str) -> None:
    for path in (ROOM, f"{ROOM}/call_123"):
        status, problem = await house.client("control").json(path, "PATCH", {"command": command})
        assert (status, problem["title"]) == (501, "Not Implemented")
        assert command in problem["detail"]


@pytest.mark.parametrize("path", [ROOM, f"{ROOM}/call_123"])
async def test_nobody_is_kicked(house: House, path: str) -> None:
    assert (await house.client("control").json(path, "DELETE"))[0] == 501
    assert (await house.client("read").json(path, "DELETE"))[0] == 403


async def test_a_call_whose_legs_are_erased_is_told_of_still(house: House) -> None:
    over: dict[str, Any] = {"legs": (), "state": CallState.ENDED, "ended_at": MORNING + 50}
    house.add(CallFile(call=a_call(id=CallId("call-2"), **over)))
    answer = await house.client("read").ask("/calling/v1/calls/id/call-2")
    assert (answer.status, json.loads(answer.content)["reason"]) == (200, "N/A")
