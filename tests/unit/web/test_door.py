"""Which key of a request counts, and what a route's role asks of it."""

import json
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request

from connector.domain.access import Access, KeyRole
from connector.services.doorkeeping import Doorkeeping
from connector.services.keys import NewKey
from connector.web.door import Door, address_of
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.web.browser import Answer, Browser


class Site:
    """One route for each role."""

    def __init__(self) -> None:
        self.accounts = MemoryAccounts()
        door = Door(Doorkeeping(self.accounts, MemoryVault(), SimulatedClock(MORNING)))
        self.app = FastAPI()
        answer_with_problems(self.app)
        for role in KeyRole:
            self._add(door, role)
        self._browser = Browser(self.app)

    def _add(self, door: Door, role: KeyRole) -> None:
        @self.app.get(f"/{role}")
        async def route(request: Request, access: Annotated[Access, door.needs(role)]) -> list[str]:
            return [access.key.id, access.address, address_of(request)]

    async def ask(self, role: KeyRole = KeyRole.READ, **headers: Any) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._browser.ask(f"/{role}", headers=named)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def made(site: Site) -> NewKey:
    return await a_key(site.accounts)


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "Bearer  {} "])
async def test_a_key_is_shown_as_a_bearers(site: Site, made: NewKey, form: str) -> None:
    answer = await site.ask(authorization=form.format(made.text.reveal()))
    assert (answer.status, json.loads(answer.content)[0]) == (200, made.key.id)


async def test_a_key_is_shown_as_x_api_key(site: Site, made: NewKey) -> None:
    answer = await site.ask(x_api_key=made.text.reveal())
    assert (answer.status, json.loads(answer.content)) == (200, [made.key.id, "", ""])


async def test_the_same_key_shown_both_ways_is_one_key(site: Site, made: NewKey) -> None:
    text = made.text.reveal()
    assert (await site.ask(authorization=f"Bearer {text}", x_api_key=text)).status == 200


async def test_of_two_different_keys_none_is_chosen(site: Site, made: NewKey) -> None:
    answer = await site.ask(authorization=f"Bearer {made.text.reveal()}", x_api_key="another")
    assert (answer.status, "hold different keys" in answer.text) == (400, True)


async def test_a_header_that_stands_there_twice_is_refused(site: Site, made: NewKey) -> None:
    text = made.text.reveal().encode()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/read",
        "query_string": b"",
        "headers": [(b"x-api-key", text), (b"x-api-key", text)],
    }
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await site.app(scope, Browser(site.app)._receive(b""), send)  # type: ignore[arg-type]  # plain dicts will do
    assert sent[0]["status"] == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "callreel_x"},
        {"x_api_key": ""},
        {"x_api_key": "  "},
        {"x_api_key": "wrong"},
        {"x_api_key": "schlüssel"},
        {"authorization": "Bearer " + "x" * 8000},
        {"cookie": "x-api-key=abc"},
    ],
    ids=str,
)
async def test_without_a_right_key_nobody_comes_in_and_it_is_said_how(site: Site, headers: dict[str, Any]) -> None:
    answer = await site.ask(**headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="callreel"'
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("own", list(KeyRole))
@pytest.mark.parametrize("wanted", list(KeyRole))
async def test_each_role_comes_in_where_it_may(site: Site, own: KeyRole, wanted: KeyRole) -> None:
    implied = {KeyRole.ADMIN: set(KeyRole)}.get(own, {own, KeyRole.READ})
    made = await a_key(site.accounts, own)
    answer = await site.ask(wanted, x_api_key=made.text.reveal())
    assert answer.status == (200 if wanted in implied else 403)
    assert ("this needs a key with the role" in answer.text) is (wanted not in implied)


async def test_who_guesses_is_told_when_to_come_again(site: Site) -> None:
    statuses = [(await site.ask(x_api_key="wrong")).status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert (await site.ask(x_api_key="wrong")).headers["retry-after"] == "1"


async def test_a_catalogue_that_is_away_is_no_refusal(site: Site, made: NewKey) -> None:
    site.accounts.is_available = False
    answer = await site.ask(x_api_key=made.text.reveal())
    assert (answer.status, "locked" in answer.text) == (503, False)


def test_openapi_knows_both_ways_to_show_a_key(site: Site) -> None:
    document = site.app.openapi()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "x-api-key"}
    assert document["paths"]["/read"]["get"]["security"] == [{"bearer": []}, {"x-api-key": []}]
