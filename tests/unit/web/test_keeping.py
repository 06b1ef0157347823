"""Extending, deleting, holding and erasing over HTTP: statuses, bodies, roles."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from connector.catalogue import schema
from connector.domain.call import CallState
from connector.domain.keeping import DAY_SECONDS
from connector.domain.moments import iso
from connector.domain.retention import Plan, Terms
from connector.domain.states import RecordingState
from connector.web.door import Door
from connector.web.erasure import erasure_router
from connector.web.keeping import keeping_router
from connector.web.problems import answer_with_problems
from tests.builders import CALL, RECORDING, a_call, a_recording
from tests.unit.services.registry import Registry
from tests.unit.services.yard import Yard
from tests.unit.web.browser import Browser
from tests.unit.web.keys import Keyring, an_access

RECORDING_PATH = f"/v1/calls/{CALL}/recording"
HOLD_PATH = f"{RECORDING_PATH}/hold"
NUMBER = "+4930123456"


class Desk:
    """An administrator's, with two keys."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        app, keyring = FastAPI(), Keyring()
        keyring.known["second"] = an_access(id="key-second")
        answer_with_problems(app)
        door = Door(keyring)
        app.include_router(keeping_router(door, registry.keeper))
        app.include_router(erasure_router(door, registry.erasing))
        self._browser = Browser(app)
        self.headers: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: object = None, key: str = "admin") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self._browser.ask(path, method, headers, content)
        self.headers = answer.headers
        return answer.status, json.loads(answer.text)


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def desk(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    yard = Yard(state, tmp_path / "spool")
    registry = Registry(yard)
    yield Desk(registry)
    await registry.auditing.close()
    await yard.close()


async def stored(desk: Desk) -> None:
    await desk.registry.stored("archive")
    await desk.registry.yard.apply(a_call(state=CallState.ENDED))


async def test_extending_says_until_when(desk: Desk) -> None:
    await stored(desk)
    until = desk.registry.clock.now() + 365 * DAY_SECONDS
    assert await desk.ask("POST", f"{RECORDING_PATH}/extend", {"days": 365}) == (
        200,
        {"call_id": CALL, "recordings": [{"id": RECORDING, "expires_at": iso(until)}]},
    )
    status, body = await desk.ask("POST", f"{RECORDING_PATH}/extend", {"days": "unlimited"})
    assert (status, body["recordings"][0]["expires_at"]) == (200, None)


@pytest.mark.parametrize("days", [0, 3651, -1, "forever", "30", 1.5, True, None, 10**30])
async def test_days_that_are_none_are_refused(desk: Desk, days: object) -> None:
    await stored(desk)
    status, body = await desk.ask("POST", f"{RECORDING_PATH}/extend", {"days": days})
    assert (status, body["errors"][0]["pointer"][:5]) == (422, "/days")


async def test_beyond_the_plan_the_plan_is_named(desk: Desk) -> None:
    await stored(desk)
    desk.registry.terms = Terms(plans={"default": Plan(name="small", most_days=30)})
    status, body = await desk.ask("POST", f"{RECORDING_PATH}/extend", {"days": 31})
    assert status == 400
    assert "'small'" in body["detail"]


async def test_deleting_is_accepted_and_asking_again_says_how_far_it_is(desk: Desk) -> None:
    await stored(desk)
    status, body = await desk.ask("DELETE", RECORDING_PATH)
    assert (status, body["state"]) == (202, "under_way")
    assert {(thing["kind"], thing["destination"], thing["state"]) for thing in body["things"]} == {
        ("stereo", "archive", "under_way"),
        ("source", "", "under_way"),
    }
    await desk.registry.removed()
    status, body = await desk.ask("DELETE", RECORDING_PATH)
    assert (status, body["state"]) == (202, "erased")
    assert (await desk.ask("POST", f"{RECORDING_PATH}/extend", {"days": 5}))[0] == 410


async def test_what_is_held_is_locked_until_two_keys_have_asked(desk: Desk) -> None:
    await stored(desk)
    status, body = await desk.ask("PUT", HOLD_PATH, {"reason": "case 7"})
    assert status == 200
    (hold,) = body["holds"]
    assert (hold["reason"], hold["by"], hold["release_by"]) == ("case 7", "key key-admin", None)
    assert (await desk.ask("DELETE", RECORDING_PATH))[0] == 423
    for _ in range(2):
        status, body = await desk.ask("DELETE", HOLD_PATH)
        assert (status, body["released"], body["holds"][0]["release_by"]) == (202, False, "key key-admin")
    status, body = await desk.ask("DELETE", HOLD_PATH, key="second")
    assert (status, body["released"], body["holds"]) == (200, True, [])
    assert (await desk.ask("DELETE", HOLD_PATH))[0] == 404
    assert (await desk.ask("DELETE", RECORDING_PATH))[0] == 202


async def test_a_hold_needs_no_reason_and_takes_none_that_is_not_text(desk: Desk) -> None:
    await stored(desk)
    assert (await desk.ask("PUT", HOLD_PATH))[0] == 200
    for reason in (7, "a\nb", "x" * 1001, None, "\ud800"):
        assert (await desk.ask("PUT", HOLD_PATH, {"reason": reason}))[0] == 422, reason
    assert (await desk.ask("PUT", HOLD_PATH, {"because": "x"}))[0] == 422


async def test_holds_come_in_pages(desk: Desk) -> None:
    await stored(desk)
    await desk.registry.yard.apply(
        *(a_recording(id=f"r{number}", state=RecordingState.FAILED_STORE) for number in range(3))
    )
    await desk.ask("PUT", HOLD_PATH)
    seen, path = [], "/v1/holds?limit=3"
    while path:
        status, body = await desk.ask("GET", path)
        assert status == 200
        seen.append([hold["recording_id"] for hold in body["holds"]])
        path = f"/v1/holds?limit=3&cursor={body['next_cursor']}" if body["next_cursor"] else ""
        assert ("link" in desk.headers) == bool(path)
    assert seen == [["r0", "r1", "r2"], [RECORDING]]


@pytest.mark.parametrize("cursor", ["x", "%00", "aG9sZCA=", "a2V5IGE=", "aG9sZCAA"])
async def test_a_cursor_of_nobodys_is_refused(desk: Desk, cursor: str) -> None:
    assert (await desk.ask("GET", f"/v1/holds?cursor={cursor}"))[0] == 400
    assert (await desk.ask("GET", f"/v1/erasures/e1?cursor={cursor}"))[0] == 400


async def test_an_erasure_is_accepted_and_can_be_followed(desk: Desk) -> None:
    await stored(desk)
    status, body = await desk.ask("POST", "/v1/erasures", {"number": NUMBER})
    assert (status, body["state"], body["number"], body["under_way"]) == (202, "under_way", NUMBER, 1)
    path = desk.headers["location"]
    await desk.registry.removed()
    await desk.registry.erasing.go_on()
    status, body = await desk.ask("GET", path)
    assert (status, body["state"], body["erased"], body["cannot_be"]) == (200, "erased", 1, 0)
    assert {thing["state"] for thing in body["calls"][0]["things"]} == {"erased"}


async def test_an_erasure_of_a_call_reaches_that_call(desk: Desk) -> None:
    await stored(desk)
    status, body = await desk.ask("POST", "/v1/erasures", {"call_id": CALL})
    assert (status, body["call_id"], body["number"], len(body["calls"])) == (202, CALL, None, 1)
    assert (await desk.ask("POST", "/v1/erasures", {"call_id": "unknown"}))[0] == 404
    assert (await desk.ask("GET", "/v1/erasures/unknown"))[0] == 404


@pytest.mark.parametrize(
    "body",
    [{}, [], None, {"number": ""}, {"number": "+49 30"}, {"number": 4930}, {"call_id": CALL, "number": NUMBER}],
)
async def test_an_erasure_of_nothing_or_of_two_things_is_refused(desk: Desk, body: object) -> None:
    await stored(desk)
    assert (await desk.ask("POST", "/v1/erasures", body))[0] == 422
    assert await desk.registry.book.read() == []


ROUTES = (
    ("POST", f"{RECORDING_PATH}/extend", {"days": 5}),
    ("DELETE", RECORDING_PATH, None),
    ("PUT", HOLD_PATH, {"reason": ""}),
    ("DELETE", HOLD_PATH, None),
    ("GET", "/v1/holds", None),
    ("POST", "/v1/erasures", {"call_id": CALL}),
    ("GET", "/v1/erasures/e1", None),
)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=lambda value: str(value)[:40])
async def test_only_an_administrator_may(desk: Desk, method: str, path: str, body: object) -> None:
    await stored(desk)
    before = await desk.registry.yard.everything()
    for key in ("read", "listen", "control"):
        assert (await desk.ask(method, path, body, key))[0] == 403
    assert (await desk.ask(method, path, body, "nobody"))[0] == 401
    if CALL in path:
        assert (await desk.ask(method, path, body, "stranger"))[0] == 404
    assert await desk.registry.yard.everything() == before
