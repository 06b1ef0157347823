"""What requests are told beyond their problem: which methods there are, where a value stands, which number is whole."""

import json
from typing import Annotated, Literal

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field, StrictInt

from connector.web.problems import answer_with_problems
from connector.web.whole_numbers import WHOLE
from tests.unit.web.browser import Browser


class Wanted(BaseModel):
    days: Annotated[StrictInt, Field(ge=1, le=10), WHOLE] | Literal["unlimited"]


@pytest.fixture
def browser() -> Browser:
    app = FastAPI()
    answer_with_problems(app)
    rooms = [APIRouter(), APIRouter()]

    @rooms[0].get("/things/{name}")
    async def look(name: str) -> str:
        return name

    @rooms[1].patch("/things/{name}")
    async def change(name: str, wanted: Wanted) -> int | str:
        return wanted.days

    for room in rooms:
        app.include_router(room)
    return Browser(app)


async def patched(browser: Browser, days: str) -> tuple[int, object]:
    body = f'{{"days": {days}}}'.encode()
    answer = await browser.ask("/things/a", "PATCH", {"content-type": "application/json"}, body)
    return answer.status, json.loads(answer.content)


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "POST"])
async def test_whoever_takes_a_wrong_method_hears_of_all_that_there_are(browser: Browser, method: str) -> None:
    answer = await browser.ask("/things/a", method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, PATCH")


async def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(browser: Browser) -> None:
    assert await patched(browser, "7.0") == (200, 7)
    assert await patched(browser, '"unlimited"') == (200, "unlimited")


@pytest.mark.parametrize("days", ["7.5", '"7"', "true", "0", "11.0", "null"])
async def test_what_is_no_whole_number_within_the_bounds_is_pointed_to(browser: Browser, days: str) -> None:
    status, said = await patched(browser, days)
    assert status == 422
    assert isinstance(said, dict)
    assert {error["pointer"] for error in said["errors"]} == {"/days"}
