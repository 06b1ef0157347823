"""The two ways into Sinch's door, and ours: HTTP Basic, signed requests, Bearer."""

import base64
import json
from collections.abc import Mapping

import pytest

from connector.network.signing import SignedRequest, sinch_headers
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.compat.house import NOW, House, Visitors, a_live_call, a_recorded_call, basic

PATH = "/calling/v1/calls/id/call_123"
BODY = json.dumps({"instructions": [{"name": "startRecording"}, {"name": "pauseRecording"}]}).encode()


@pytest.fixture
def house(house: House) -> House:
    house.add(a_live_call("call_123"), a_recorded_call("another's", organisation="another"))
    return house


def signed(
    path: str = PATH, body: bytes = BODY, *, at: float = NOW, key: str = "default", method: str = "PATCH"
) -> Mapping[str, str]:
    headers = {"content-type": "application/json"}
    request = SignedRequest(method=method, path=path, headers=headers, body=body)
    return headers | sinch_headers(request, key, Visitors.SECRET, at)


async def sent(house: House, headers: Mapping[str, str], body: bytes = BODY, path: str = PATH) -> Answer:
    return await Browser(house.app).ask(path, "PATCH", headers, body)


async def test_by_key_and_secret(house: House) -> None:
    assert (await sent(house, {"authorization": basic("default", "control")})).status == 204
    assert [command.by for command in house.commands.given] == ["key key-control"] * 2


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Basic",
        "Basic !!!",
        basic("default", "wrong"),
        basic("another", "control"),
        "Basic " + base64.b64encode(b"control").decode(),
        "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
        "application default",
        "application default:",
        "application :x",
        "Digest x",
        "Bearer wrong",
        "Bearer",
    ],
)
async def test_whoever_shows_no_key_stays_outside(house: House, shown: str) -> None:
    answer = await sent(house, {"authorization": shown})
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert house.commands.given == []


async def test_by_a_key_of_ours(house: House) -> None:
    assert (await sent(house, {"authorization": "Bearer control"})).status == 204


async def test_by_an_applications_signature(house: House) -> None:
    assert (await sent(house, signed())).status == 204
    assert [command.action for command in house.commands.given] == ["start", "pause"]


async def test_a_read_can_be_signed_too(house: House) -> None:
    headers = signed(body=b"", method="GET")
    assert (await Browser(house.app).ask(PATH, "GET", headers)).status == 200


async def test_a_path_is_signed_as_it_is_written(house: House) -> None:
    house.add(a_live_call("call 1"))
    path = "/calling/v1/calls/id/call%201"
    assert (await sent(house, signed(path), path=path)).status == 204
    assert (await sent(house, signed("/calling/v1/calls/id/call 1"), path=path)).status == 401


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(), BODY.replace(b"pause", b"stop")),
        (signed(path=PATH + "4"), BODY),
        (signed(key="another"), BODY),
        (signed(at=NOW - 301), BODY),
        (signed(at=NOW + 301), BODY),
        ({**signed(), "x-timestamp": "2026-01-05T09:16:41Z"}, BODY),
        ({**signed(), "x-timestamp": ""}, BODY),
        ({**signed(), "x-timestamp": "2026-01-05T09:16:40"}, BODY),
        ({**signed(), "content-type": "text/plain"}, BODY),
        ({**signed(), "authorization": signed()["authorization"][:-2]}, BODY),
    ],
)
async def test_what_was_changed_or_is_old_is_no_signature(
    house: House, headers: Mapping[str, str], body: bytes
) -> None:
    assert (await sent(house, headers, body)).status == 401
    assert house.commands.given == []


async def test_a_clock_that_is_off_is_said(house: House) -> None:
    answer = await sent(house, signed(at=NOW - 301))
    assert "see to the clocks" in answer.text


async def test_the_same_signed_request_again_acts_once(house: House) -> None:
    headers = signed()
    assert [(await sent(house, headers)).status for _ in range(3)] == [204] * 3
    assert len(house.commands.given) == 2
    assert (await sent(house, signed(at=NOW + 1))).status == 204
    assert len(house.commands.given) == 4


async def test_the_same_unsigned_request_again_is_another_one(house: House) -> None:
    for _ in range(2):
        assert (await sent(house, {"authorization": basic("default", "control")})).status == 204
    assert len(house.commands.given) == 4


async def test_a_senders_own_id_acts_once_however_it_comes(house: House) -> None:
    body = json.dumps({"instructions": [{"name": "startRecording", "commandId": "order 4711"}]}).encode()
    for headers in (signed(body=body), signed(body=body, at=NOW + 1), {"authorization": basic("default", "control")}):
        assert (await sent(house, headers, body)).status == 204
    assert [command.id for command in house.commands.given] == ["default:order 4711"]


@pytest.mark.parametrize("key", ["read", "listen"])
async def test_only_who_may_control_instructs(house: House, key: str) -> None:
    assert (await sent(house, {"authorization": basic("default", key)})).status == 403


async def test_a_body_without_end_is_not_read(house: House) -> None:
    assert (await sent(house, signed(body=b"x" * 70_000), b"x" * 70_000)).status == 413
