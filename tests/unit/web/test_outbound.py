"""Placing calls over HTTP: in KrosAI's words, once for each key of a request, and refused naming the setting."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import Access
from connector.domain.ids import CallId
from connector.domain.outbound import CallWish
from connector.domain.states import CommandState
from connector.errors import NotFound, NotPermitted, TooManyRequests
from connector.ports.request_book import BookedRequest
from connector.services.placing import PlacedCall
from connector.web.door import Door
from connector.web.idempotency import Once
from connector.web.outbound import outbound_router
from connector.web.problems import answer_with_problems
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring

#: KrosAI's own request.
BODY = {
    "from_number": "+2348012345678",
    "to_number": "+14155551234",
    "endpoint_id": "ep_abc123",
    "recording_enabled": False,
}


class Book:
    def __init__(self) -> None:
        self.known: dict[str, BookedRequest] = {}

    async def begin(self, request: BookedRequest) -> BookedRequest | None:
        earlier = self.known.get(request.id)
        self.known.setdefault(request.id, request)
        return earlier

    async def end(self, request_id: str, status: int, body: str) -> None:
        one = self.known[request_id]
        self.known[request_id] = BookedRequest(id=one.id, digest=one.digest, status=status, body=body, at=one.at)

    async def withdraw(self, request_id: str) -> None:
        del self.known[request_id]

    async def forget(self, before: float) -> int:
        return 0


class Orders:
    """Placing, as a test says."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, CallWish, str]] = []
        self.says: PlacedCall | Exception = PlacedCall(command_id="order-1", state=CommandState.OPEN)

    async def place(self, access: Access, wish: CallWish, command_id: str = "") -> PlacedCall:
        self.taken.append((access.key.id, wish, command_id))
        return self._said()

    async def placed(self, access: Access, command_id: str) -> PlacedCall:
        return self._said()

    def _said(self) -> PlacedCall:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Site:
    def __init__(self) -> None:
        self.orders = Orders()
        placing: Any = self.orders
        door = Door(Keyring())
        app = FastAPI()
        answer_with_problems(app)
        app.include_router(outbound_router(door, Once(door, Book(), SimulatedClock()), placing))
        self.app = app
        self.browser = Browser(app)

    async def post(self, body: object, key: str = "control", **headers: str) -> Answer:
        said = {"x-api-key": key, "content-type": "application/json", **headers}
        return await self.browser.ask("/v1/outbound-calls", "POST", said, json.dumps(body).encode())


@pytest.fixture
def site() -> Site:
    return Site()


async def test_krosais_request_is_taken_and_queued(site: Site) -> None:
    answer = await site.post(BODY)
    assert answer.status == 202
    assert json.loads(answer.content) == {
        "id": "order-1",
        "command_id": "order-1",
        "status": "queued",
        "reason": None,
        "call_id": None,
    }
    [(key, wish, command_id)] = site.orders.taken
    assert (key, command_id) == ("key-control", "")
    assert wish == CallWish(
        from_number="+2348012345678", to_number="+14155551234", endpoint_id="ep_abc123", recording_enabled=False
    )


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        (PlacedCall(command_id="o", state=CommandState.DONE, call_id=CallId("c1")), ("answered", None, "c1")),
        (PlacedCall(command_id="o", state=CommandState.REFUSED, reason="busy"), ("failed", "busy", None)),
        (PlacedCall(command_id="o", state=CommandState.EXPIRED, reason="late"), ("failed", "late", None)),
    ],
)
async def test_what_became_of_it_can_be_asked(site: Site, placed: PlacedCall, said: tuple[str | None, ...]) -> None:
    site.orders.says = placed
    answer = await site.browser.ask("/v1/outbound-calls/o", headers={"x-api-key": "control"})
    found = json.loads(answer.content)
    assert (answer.status, found["status"], found["reason"], found["call_id"]) == (200, *said)


@pytest.mark.parametrize(("key", "status"), [("read", 403), ("listen", 403), ("control", 202), ("admin", 202)])
async def test_it_needs_the_role_control(site: Site, key: str, status: int) -> None:
    assert (await site.post(BODY, key)).status == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_number": None},
        {"to_number": 5},
        {"to_number": "1" * 41},
        {"endpoint": "x"},
        {"recording_enabled": "perhaps"},
        {"recording_options": []},
        {"command_id": ""},
        {"command_id": "a b"},
        {"command_id": "a\nb"},
        {"client_state": "x" * 501},
    ],
)
async def test_a_body_of_another_form_is_refused_and_the_member_named(site: Site, wrong: dict[str, object]) -> None:
    answer = await site.post(BODY | wrong)
    assert answer.status == 422
    assert next(iter(wrong)) in answer.text
    assert site.orders.taken == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotPermitted("only where api.outbound says which"), 403),
        (TooManyRequests("enough", retry_after_seconds=7.2), 429),
        (NotFound("no such call was ordered"), 404),
    ],
)
async def test_a_refusal_is_a_problem_with_its_words(site: Site, error: Exception, status: int) -> None:
    site.orders.says = error
    answer = await site.post(BODY)
    assert answer.status == status
    assert str(error) in answer.text
    assert answer.headers.get("retry-after") == ("8" if status == 429 else None)


async def test_the_same_request_with_the_same_key_places_one_call(site: Site) -> None:
    first, second = [await site.post(BODY, **{"idempotency-key": "k1"}) for _ in range(2)]
    assert first.content == second.content
    assert len(site.orders.taken) == 1
    other = await site.post(BODY | {"to_number": "+1"}, **{"idempotency-key": "k1"})
    assert other.status == 422
    assert len(site.orders.taken) == 1


async def test_both_routes_are_documented(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    assert {"202", "400", "403", "409"} <= set(paths["/v1/outbound-calls"]["post"]["responses"])
    assert {"200", "403", "404"} <= set(paths["/v1/outbound-calls/{command_id}"]["get"]["responses"])
