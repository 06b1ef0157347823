"""The same request again does not act again."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select

from connector.catalogue import schema
from connector.catalogue.account_tables import REQUESTS
from connector.catalogue.store import Catalogue
from connector.domain.access import Access, KeyRole
from connector.errors import CatalogueUnavailable, Conflict
from connector.web.door import Door
from connector.web.idempotency import Once, OnceRoute
from connector.web.problems import answer_with_problems
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring


class Wish(BaseModel):
    word: str


@dataclass
class Deeds:
    """What the route did, and what it is to do next."""

    done: int = 0
    trouble: Exception | None = None
    waits_for: asyncio.Event | None = None
    is_at_it: asyncio.Event = field(default_factory=asyncio.Event)


class Counter:
    def __init__(self, catalogue: Catalogue) -> None:
        self.clock, self.deeds, self.catalogue = SimulatedClock(), Deeds(), catalogue
        door = Door(Keyring())
        once = Once(door, catalogue.requests, self.clock)
        router = APIRouter(route_class=OnceRoute)
        entry = once.needs(KeyRole.CONTROL)

        @router.post("/deeds/{name}", status_code=201)
        async def do(name: str, wish: Wish, access: Annotated[Access, entry]) -> dict[str, object]:
            self.deeds.is_at_it.set()
            if self.deeds.waits_for is not None:
                await self.deeds.waits_for.wait()
            self.deeds.done += 1
            if self.deeds.trouble is not None:
                raise self.deeds.trouble
            return {"name": name, "word": wish.word, "done": self.deeds.done, "by": access.by}

        @router.post("/secrets")
        async def make(access: Annotated[Access, entry]) -> JSONResponse:
            self.deeds.done += 1
            return JSONResponse({"key": "callreel_secret"}, headers={"cache-control": "no-store"})

        @router.post("/nothing", status_code=204)
        async def nothing(access: Annotated[Access, entry]) -> None:
            self.deeds.done += 1

        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        app.include_router(router)
        self.app = app

    async def post(
        self, url: str = "/deeds/a", word: str = "yes", key: str | None = "once-1", shown: str = "control"
    ) -> Answer:
        headers = {"x-api-key": shown, "content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        return await Browser(self.app).ask(url, "POST", headers, b'{"word":"%s"}' % word.encode())


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def counter(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Counter]:
    shutil.copy(migrated_file, tmp_path / "catalogue.db")
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")
    yield Counter(catalogue)
    await catalogue.close()


async def test_the_same_again_gets_the_kept_answer_and_says_so(counter: Counter) -> None:
    first, second = await counter.post(), await counter.post()
    assert (first.status, second.status, counter.deeds.done) == (201, 201, 1)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == "application/json"


async def test_without_a_key_each_acts(counter: Counter) -> None:
    assert [(await counter.post(key=None)).status for _ in range(2)] == [201, 201]
    assert counter.deeds.done == 2


async def test_another_request_under_the_same_key_is_refused(counter: Counter) -> None:
    await counter.post()
    for answer in (await counter.post(word="no"), await counter.post("/deeds/b"), await counter.post("/deeds/a?b=c")):
        assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert counter.deeds.done == 1


async def test_each_key_of_the_api_has_its_own(counter: Counter) -> None:
    assert [(await counter.post(shown=shown)).status for shown in ("control", "admin")] == [201, 201]
    assert counter.deeds.done == 2


@pytest.mark.parametrize(("shown", "status"), [("read", 403), ("nobody", 401)])
async def test_who_may_not_act_gets_no_kept_answer_either(counter: Counter, shown: str, status: int) -> None:
    await counter.post()
    assert (await counter.post(shown=shown)).status == status


async def test_while_the_first_is_under_way_the_second_waits_outside(counter: Counter) -> None:
    counter.deeds.waits_for = asyncio.Event()
    first = asyncio.ensure_future(counter.post())
    await counter.deeds.is_at_it.wait()
    assert (await counter.post()).status == 409
    counter.deeds.waits_for.set()
    assert (await first).status == 201
    assert (await counter.post()).headers["idempotency-replayed"] == "true"
    assert counter.deeds.done == 1


async def test_of_two_at_once_one_acts(counter: Counter) -> None:
    answers = await asyncio.gather(*(counter.post() for _ in range(4)))
    assert counter.deeds.done == 1
    assert {answer.status for answer in answers} <= {201, 409}


@pytest.mark.parametrize(("trouble", "status"), [(Conflict("it has ended"), 409), (ValueError("ours"), 500)])
async def test_what_went_wrong_may_be_tried_again(counter: Counter, trouble: Exception, status: int) -> None:
    counter.deeds.trouble = trouble
    if status == 500:
        with pytest.raises(ValueError, match="ours"):
            await counter.post()
    else:
        assert (await counter.post()).status == status
    counter.deeds.trouble = None
    assert (await counter.post()).status == 201


async def test_what_was_not_understood_may_be_put_right_under_the_same_key(counter: Counter) -> None:
    assert (await counter.post(word='"')).status == 400
    assert (await counter.post()).status == 201


async def test_a_secret_is_not_kept_and_nothing_is_made_anew(counter: Counter) -> None:
    assert (await counter.post("/secrets")).status == 200
    again = await counter.post("/secrets")
    assert (again.status, counter.deeds.done) == (409, 1)
    assert "held a secret" in again.text
    kept = await counter.catalogue.database.read(lambda connection: connection.execute(select(REQUESTS.c.body)).all())
    assert [row.body for row in kept] == [""]


async def test_an_answer_of_nothing_is_an_answer(counter: Counter) -> None:
    answers = [await counter.post("/nothing") for _ in range(2)]
    assert [(answer.status, answer.content) for answer in answers] == [(204, b"")] * 2
    assert counter.deeds.done == 1


async def test_after_a_day_the_key_is_a_new_one(counter: Counter) -> None:
    await counter.post()
    await counter.clock.advance(86_400)
    assert (await counter.post(word="no")).status == 201


async def test_a_key_without_measure_is_refused(counter: Counter) -> None:
    assert (await counter.post(key="x" * 256)).status == 422


async def test_what_has_acted_is_answered_whatever_becomes_of_the_book(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: object) -> None:
        raise CatalogueUnavailable("it is locked")

    monkeypatch.setattr(counter.catalogue.requests, "end", locked)
    assert (await counter.post()).status == 201
    assert (await counter.post()).status == 409
