"""GET /v1/health: whose part a key gets, and in which words."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.ports.health_ledger import Copies, Queue, Standing
from connector.services.health import StateCounts
from connector.services.house_health import DestinationHealth, Disk, HouseHealth, HouseReport, PbxHealth
from connector.web.door import Door
from connector.web.house_health import house_health_router
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring, an_access

STANDING = Standing(
    queues=[Queue(kind="ship", waiting=4, oldest_at=MORNING)], notifications_waiting=2, notifications_dead=1
)
COPIES = Copies(
    waiting=3,
    refused=2,
    gave_up=1,
    undeletable=4,
    stored_last=MORNING,
    reason="403: no",
    undeletable_reason="locked",
)
REPORT = HouseReport(
    node="here",
    is_well=False,
    problems=("capture: PBX office does not answer",),
    pbxs=[
        PbxHealth(
            name="office",
            kind="asterisk",
            node="here",
            is_connected=True,
            problems=("look at it",),
            live_calls=5,
            recorders=4,
            version="22.10.1",
        ),
        PbxHealth(name="elsewhere", kind="freeswitch"),
    ],
    destinations=[DestinationHealth(name="archive", kind="s3", copies=COPIES)],
    disks=[Disk(name="state folder", free_bytes=1, total_bytes=2)],
    counts=StateCounts(recordings={"available": 7}, transcripts={"done": 5}),
    standing=STANDING,
)


class MemoryHouseHealth(HouseHealth):
    def __init__(self) -> None:
        self.reports: dict[str | None, HouseReport] = {None: REPORT}
        self.asked: list[str | None] = []

    async def report(self, organisation: str | None) -> HouseReport:
        self.asked.append(organisation)
        return self.reports.get(organisation, REPORT)


class Site:
    def __init__(self) -> None:
        self.health, self.keyring = MemoryHouseHealth(), Keyring()
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        app.include_router(house_health_router(Door(self.keyring), self.health))
        self._browser = Browser(app)

    async def ask(self, key: str = "") -> Answer:
        return await self._browser.ask("/v1/health", "GET", {"x-api-key": key} if key else {})

    async def body(self, key: str = "house") -> Any:
        answer = await self.ask(key)
        assert answer.status == 200, answer.text
        return json.loads(answer.content)


@pytest.fixture
def site() -> Site:
    return Site()


async def test_the_house_hears_of_every_part(site: Site) -> None:
    at = "2026-01-05T09:00:00.000Z"
    assert await site.body() == {
        "is_well": False,
        "problems": ["capture: PBX office does not answer"],
        "node": "here",
        "pbxs": [
            {
                "name": "office",
                "kind": "asterisk",
                "node": "here",
                "is_connected": True,
                "problems": ["look at it"],
                "live_calls": 5,
                "recorders": 4,
                "version": "22.10.1",
            },
            {
                "name": "elsewhere",
                "kind": "freeswitch",
                "node": None,
                "is_connected": None,
                "problems": [],
                "live_calls": None,
                "recorders": None,
                "version": None,
            },
        ],
        "destinations": [
            {
                "name": "archive",
                "kind": "s3",
                "waiting": 3,
                "refused": 2,
                "gave_up": 1,
                "undeletable": 4,
                "stored_last": at,
                "reason": "403: no",
                "undeletable_reason": "locked",
            }
        ],
        "queues": [{"kind": "ship", "waiting": 4, "oldest_at": at}],
        "disk": [{"name": "state folder", "free_bytes": 1, "total_bytes": 2}],
        "notifications": {"waiting": 2, "dead": 1},
        "recordings": {"available": 7},
        "transcripts": {"done": 5},
    }
    assert site.health.asked == [None]


async def test_what_the_catalogue_cannot_say_now_is_null(site: Site) -> None:
    unsaid = DestinationHealth(name="archive", kind="s3", copies=None)
    site.health.reports[None] = HouseReport(
        node="here",
        is_well=False,
        problems=("catalogue: it is locked",),
        pbxs=[],
        destinations=[unsaid],
        disks=[],
        counts=StateCounts(),
        standing=None,
    )
    body = await site.body()
    assert body["destinations"] == [
        {
            "name": "archive",
            "kind": "s3",
            "waiting": None,
            "refused": None,
            "gave_up": None,
            "undeletable": None,
            "stored_last": None,
            "reason": "",
            "undeletable_reason": "",
        }
    ]
    assert (body["queues"], body["notifications"]) == ([], {"waiting": None, "dead": None})


async def test_a_key_of_an_organisation_asks_for_its_own(site: Site) -> None:
    await site.body("read")
    await site.body("stranger")
    assert site.health.asked == ["default", "another"]


@pytest.mark.parametrize("limits", [Limits(tags=("vip",)), Limits(agents=("201",)), Limits(numbers=("+49*",))])
@pytest.mark.parametrize("organisation", ["default", None])
async def test_a_limited_key_hears_nothing_that_counts_others_calls(
    site: Site, limits: Limits, organisation: str | None
) -> None:
    site.keyring.known["limited"] = an_access(KeyRole.ADMIN, limits=limits, organisation=organisation)
    answer = await site.ask("limited")
    assert answer.status == 403
    assert "not limited" in answer.text
    assert site.health.asked == []


async def test_nobody_hears_anything_without_a_key(site: Site) -> None:
    assert (await site.ask()).status == 401
