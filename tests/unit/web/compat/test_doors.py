"""Which doors are open, and that each of them is described."""

import json
from dataclasses import fields

import pytest
from fastapi import FastAPI, Request

from connector.settings.doors import DoorSettings
from connector.web.compat.krosai import BearerOnly
from tests.unit.web.browser import Browser
from tests.unit.web.compat.house import House, a_recorded_call

#: One path of each that answers 200 with its door open.
PATHS = {
    "osmtalk": "/api/calls/call_123",
    "dialgen": "/api/v1/call/get-metric?callId=call_123",
    "sinch": "/calling/v1/calls/id/call_123",
    "talkturo": "/v1/assistants/201",
}


def test_every_door_has_a_switch_that_is_on() -> None:
    assert {field.name for field in fields(DoorSettings)} == {*PATHS, "krosai"}
    assert all(getattr(DoorSettings(), field.name) is True for field in fields(DoorSettings))


@pytest.mark.parametrize("shut", PATHS)
async def test_a_door_that_is_shut_is_not_there_and_the_others_are(shut: str) -> None:
    house = House(DoorSettings(**{shut: False}))
    house.add(a_recorded_call())
    for name, path in PATHS.items():
        assert (await house.client().ask(path)).status == (404 if name == shut else 200), name


@pytest.mark.parametrize("path", PATHS.values())
async def test_nobody_comes_in_without_a_key(house: House, path: str) -> None:
    house.add(a_recorded_call())
    assert (await Browser(house.app).ask(path)).status == 401
    assert (await house.client("wrong").ask(path)).status == 401


@pytest.mark.parametrize("path", [path for name, path in PATHS.items() if name != "talkturo"])
async def test_a_call_of_another_organisation_is_not_found(house: House, path: str) -> None:
    house.add(a_recorded_call())
    assert (await house.client("stranger").ask(path)).status == 404


def test_every_operation_has_an_id_of_its_own_and_says_what_it_answers(house: House) -> None:
    operations = [operation for path in house.app.openapi()["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) == 14
    assert all(operation["responses"] and operation["security"] for operation in operations)


@pytest.mark.parametrize("id", ["osmtalk_put_storage", "sinch_manage_call", "talkturo_patch_assistant"])
def test_bodies_that_the_framework_does_not_read_are_described_too(house: House, id: str) -> None:
    paths = house.app.openapi()["paths"].values()
    found = next(operation for path in paths for operation in path.values() if operation["operationId"] == id)
    assert "application/json" in found["requestBody"]["content"]


@pytest.mark.parametrize(("is_open", "seen"), [(True, {"authorization", "x-api-key"}), (False, {"authorization"})])
async def test_without_krosais_door_its_header_is_not_read(is_open: bool, seen: set[str]) -> None:
    app = FastAPI()
    if not is_open:
        app.add_middleware(BearerOnly)

    @app.get("/")
    async def shown(request: Request) -> list[str]:
        return list(request.headers)

    answer = await Browser(app).ask("/", headers={"X-Api-Key": "kros_live_your_key", "Authorization": "Bearer ours"})
    assert set(json.loads(answer.content)) == seen
