"""The description of the API: what every operation has in it, and that nothing of it calls elsewhere."""

import json
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Query

from connector.domain.access import Access, KeyRole
from connector.services.health import RecentHealth
from connector.services.live_events import LiveEvents
from connector.services.replaying import Replaying
from connector.web.door import Door
from connector.web.health import health_router
from connector.web.live import live_router
from connector.web.metrics import RequestNumbers, metrics_router
from connector.web.notifications import notifications_router
from connector.web.openapi import describe, description, text
from connector.web.problems import answer_with_problems
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts
from tests.unit.services.memory_changes import MemoryChanges
from tests.unit.services.memory_dues import MemoryDues
from tests.unit.services.memory_notifications import MemoryNotifications
from tests.unit.web.browser import Browser
from tests.unit.web.health_site import MemorySearch
from tests.unit.web.keys import Keyring

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def app(tmp_path: Any) -> FastAPI:
    """The rooms that are described here, and a plain one."""
    from connector.services.health import Health

    clock, door = SimulatedClock(), Door(Keyring())
    health = RecentHealth(Health(MemorySearch(), MemoryDues(), clock, tmp_path), clock)
    made = FastAPI(title="callreel", version="1.2.3", docs_url=None, redoc_url=None, openapi_url=None)
    answer_with_problems(made)
    made.include_router(health_router(health, door, is_open=False))
    made.include_router(metrics_router(health, RequestNumbers(), door, is_open=False))
    made.include_router(live_router(LiveEvents(MemoryChanges(), MemoryAccounts(), clock), door))
    made.include_router(notifications_router(Replaying(MemoryNotifications(), dict, clock), door))
    made.include_router(_plain_room(door))
    describe(made)
    return made


def _plain_room(door: Door) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/plain", operation_id="plain")
    async def plain(access: Annotated[Access, door.needs(KeyRole.READ)], limit: Annotated[int, Query(ge=1)]) -> int:
        """One that documents no problem by itself."""
        return limit

    return router


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def references(thing: object) -> list[str]:
    if isinstance(thing, dict):
        own = [thing["$ref"]] if isinstance(thing.get("$ref"), str) else []
        return own + [one for inner in thing.values() for one in references(inner)]
    return [one for inner in thing for one in references(inner)] if isinstance(thing, list) else []


async def test_it_is_there_without_a_key_and_pages_that_load_scripts_are_not(app: FastAPI) -> None:
    browser = Browser(app)
    answer = await browser.ask("/openapi.json")
    assert (answer.status, json.loads(answer.content)) == (200, description(app))
    for path in ("/docs", "/redoc"):
        assert (await browser.ask(path)).status == 404


def test_every_operation_is_named_explained_and_says_what_goes_wrong(app: FastAPI) -> None:
    found = operations(description(app))
    assert len(found) >= 8
    for name, operation in found.items():
        assert operation["operationId"].isidentifier(), name
        assert operation.get("description"), name
        problem = operation["responses"]["default"]["content"]
        assert problem == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, name
    assert len({operation["operationId"] for operation in found.values()}) == len(found)


def test_nothing_is_left_of_a_shape_that_is_not_ours(app: FastAPI) -> None:
    assert "HTTPValidationError" not in text(description(app))
    invalid = operations(description(app))["get /v1/plain"]["responses"]["422"]["content"]
    assert list(invalid) == ["application/problem+json"]


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = description(app)
    found = references(document)
    assert found
    for one in found:
        *_, section, name = one.split("/")
        assert name in document["components"][section], one


def test_who_has_to_show_a_key_is_said(app: FastAPI) -> None:
    document = description(app)
    assert set(document["components"]["securitySchemes"]) == {"bearer", "x-api-key"}
    found = operations(document)
    for name in ("get /v1/plain", "get /v1/events", "get /metrics", "get /v1/notifications"):
        assert {key for one in found[name]["security"] for key in one} == {"bearer", "x-api-key"}, name
    assert {} in found["get /readyz"]["security"]
    assert "security" not in found["get /healthz"]


def test_live_events_are_described_as_a_stream(app: FastAPI) -> None:
    content = operations(description(app))["get /v1/events"]["responses"]["200"]["content"]
    assert list(content) == ["text/event-stream"]
    bodies = [one["$ref"].rpartition("/")[2] for one in content["text/event-stream"]["schema"]["anyOf"]]
    assert bodies == ["LiveEventBody", "ResyncBody"]


def test_the_same_api_has_the_same_text(app: FastAPI) -> None:
    assert text(description(app)) == text(description(app))
    assert json.loads(text(description(app))) == description(app)
