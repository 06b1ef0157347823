"""Conferences over HTTP: those that live first, found by id or by name."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connector.catalogue import schema
from connector.domain.call import Call, CallKind, CallState
from connector.domain.states import RecordingState
from tests.builders import MORNING, a_call, a_leg, a_recording
from tests.unit.services.yard import Yard
from tests.unit.web.api_site import ApiSite, json_of

LIST = "/v1/conferences"


def a_conference(id: str, name: str, minute: int, *, is_over: bool = False, **over: Any) -> Call:
    began = MORNING + 60 * minute
    known: dict[str, Any] = {
        "id": id,
        "kind": CallKind.CONFERENCE,
        "conference": name,
        "started_at": began,
        "state": CallState.ENDED if is_over else CallState.LIVE,
        "ended_at": began + 30 if is_over else None,
        "legs": (a_leg(created_at=began + 5, ended_at=None), a_leg(number="202", name="Bob", created_at=began)),
    }
    return a_call(**(known | over))


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[ApiSite]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    await yard.apply(
        a_call(id="call-1"),
        a_conference("live-old", "3000", 1),
        a_conference("over-new", "3000", 9, is_over=True),
        a_conference("live-new", "3001", 5),
        a_conference("over-old", "3002", 0, is_over=True),
        a_conference("anothers", "3000", 7, organisation="another"),
        a_recording(call_id="live-old", state=RecordingState.PAUSED),
    )
    yield ApiSite(yard)
    await yard.close()


async def ids(site: ApiSite, url: str, shown: str = "read") -> list[str]:
    return [one["id"] for one in json_of(await site.ask(url, shown=shown))["conferences"]]


async def test_those_that_live_come_first_and_no_call_is_among_them(site: ApiSite) -> None:
    assert await ids(site, LIST) == ["live-new", "live-old", "over-new", "over-old"]
    assert await ids(site, LIST, "house") == ["anothers", "live-new", "live-old", "over-new", "over-old"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [("state=live", ["live-new", "live-old"]), ("name=3000", ["live-old", "over-new"]), ("name=3", [])],
)
async def test_they_can_be_looked_for(site: ApiSite, asked: str, found: list[str]) -> None:
    assert await ids(site, f"{LIST}?{asked}") == found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_follow_each_other_without_gap_or_repetition(site: ApiSite, limit: int) -> None:
    found: list[str] = []
    url = f"{LIST}?limit={limit}"
    while url:
        answer = await site.ask(url, shown="read")
        found += [one["id"] for one in json_of(answer)["conferences"]]
        url = answer.headers.get("link", "").partition(">")[0].lstrip("<")
        assert bool(url) is (json_of(answer)["next_cursor"] is not None)
    assert found == ["live-new", "live-old", "over-new", "over-old"]


@pytest.mark.parametrize("cursor", ["x", "bm90aGluZw", "WyJjYWxscyIsICJsaXZlIiwgMS4wLCAiYSJd", "%00", "é"])
async def test_a_cursor_that_is_none_of_ours_is_refused(site: ApiSite, cursor: str) -> None:
    answer = await site.ask(f"{LIST}?cursor={cursor}", shown="read")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("limit", ["0", "201", "many"])
async def test_a_limit_has_limits(site: ApiSite, limit: str) -> None:
    assert (await site.ask(f"{LIST}?limit={limit}", shown="read")).status == 422


async def test_one_is_told_with_its_participants_and_what_is_recorded(site: ApiSite) -> None:
    said = json_of(await site.ask(LIST + "/live-old", shown="read"))
    assert (said["name"], said["state"], said["recording_state"]) == ("3000", "live", "paused")
    assert [(one["number"], one["left_at"]) for one in said["participants"]] == [("202", None), ("+4930123456", None)]


async def test_one_that_lives_is_found_by_its_name(site: ApiSite) -> None:
    assert json_of(await site.ask(LIST + "/3000", shown="read"))["id"] == "live-old"
    assert (await site.ask(LIST + "/3002", shown="read")).status == 404
    assert (await site.ask(LIST + "/3000", shown="house")).status == 409


@pytest.mark.parametrize("id", ["call-1", "anothers", "nobodys"])
async def test_what_is_no_conference_of_ours_is_not_there(site: ApiSite, id: str) -> None:
    assert (await site.ask(f"{LIST}/{id}", shown="read")).status == 404


async def test_an_order_is_for_the_conference_itself(site: ApiSite) -> None:
    for name, action in (("3000", "pause"), ("live-old", "stop")):
        answer = await _posted(site, f"{LIST}/{name}/recording/{action}")
        assert (answer["call_id"], answer["action"], answer["state"]) == ("live-old", action, "open")
    assert (await site.post(LIST + "/over-new/recording/start")).status == 409
    assert (await site.post(LIST + "/3001/recording/start", shown="read")).status == 403


async def _posted(site: ApiSite, url: str) -> Any:
    """Nobody obeys; the time goes by."""
    asking = asyncio.ensure_future(site.post(url))
    while not asking.done():
        await site.yard.clock.advance(0.5)
        await asyncio.wait({asking}, timeout=0.01)
    return json_of(await asking)
