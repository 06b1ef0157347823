"""The application as a whole: its rooms, and what holds for every request of it."""

import asyncio
import json
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from connector.errors import NotFound
from connector.settings import ApiSettings, DoorSettings
from connector.web.app import application, served
from connector.web.metrics import RequestNumbers
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Browser


def a_room() -> APIRouter:
    router = APIRouter()

    @router.get("/v1/things/{name}")
    async def thing(name: str) -> dict[str, str]:
        if name == "none":
            raise NotFound("there is no thing 'none'")
        return {"name": name}

    return router


def an_app() -> FastAPI:
    return application([a_room()], "1.2.3")


@pytest.fixture
def browser() -> Browser:
    return Browser(served(an_app(), ApiSettings(), RequestNumbers(), SimulatedClock()))


async def test_every_room_is_open_and_described(browser: Browser) -> None:
    assert json.loads((await browser.ask("/v1/things/one")).text) == {"name": "one"}
    described = json.loads((await browser.ask("/openapi.json")).text)
    assert list(described["paths"]) == ["/v1/things/{name}"]
    assert described["info"]["version"] == "1.2.3"


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/recordings", "/v1/things/one/", "/v1/things/none"])
async def test_what_is_not_there_is_said_as_a_problem(browser: Browser, path: str) -> None:
    answer = await browser.ask(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.text)["status"] == 404


async def test_a_method_that_a_room_does_not_know_is_refused(browser: Browser) -> None:
    answer = await browser.ask("/v1/things/one", "POST")
    assert (answer.status, answer.headers["content-type"]) == (405, "application/problem+json")


async def test_no_answer_may_be_kept_or_framed_by_others(browser: Browser) -> None:
    for path in ("/v1/things/one", "/nowhere"):
        headers = (await browser.ask(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


async def test_many_may_ask_at_once(browser: Browser) -> None:
    answers = await asyncio.gather(*(browser.ask("/v1/things/one") for _ in range(20)))
    assert {answer.status for answer in answers} == {200}


async def test_only_pages_that_the_configuration_names_may_read_answers() -> None:
    api = ApiSettings(cors_origins=("https://app.example.com",))
    browser = Browser(served(an_app(), api, RequestNumbers(), SimulatedClock()))
    for origin, allowed in (("https://app.example.com", True), ("https://elsewhere.example.com", False)):
        headers = (await browser.ask("/v1/things/one", headers={"origin": origin})).headers
        assert ("access-control-allow-origin" in headers) is allowed


async def test_without_krosais_door_its_header_is_not_seen() -> None:
    app = an_app()
    seen: list[bool] = []

    @app.middleware("http")
    async def look(request, call_next):  # type: ignore[no-untyped-def]  # starlette's own shape
        seen.append("x-api-key" in request.headers)
        return await call_next(request)

    for doors in (DoorSettings(), DoorSettings(krosai=False)):
        browser = Browser(served(app, ApiSettings(doors=doors), RequestNumbers(), SimulatedClock()))
        await browser.ask("/v1/things/one", headers={"x-api-key": "key"})
    assert seen == [True, False]


def test_the_committed_description_names_every_room() -> None:
    described = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text())
    assert {"/v1/calls", "/v1/settings", "/v1/audit", "/calling/v1/calls/id/{call_id}"} <= described["paths"].keys()
