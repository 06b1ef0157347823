"""The audit log over HTTP: who may read it, whose lines they are, and how one turns its pages."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.domain.secret import Secret
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.doorkeeping import Doorkeeping
from connector.web.audit import audit_router
from connector.web.cursors import encoded
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts, a_key
from tests.unit.services.memory_audit import MemoryAuditLog
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.web.browser import Answer, Browser


class Site:
    def __init__(self, folder: Path) -> None:
        clock = SimulatedClock(MORNING)
        self.accounts = MemoryAccounts()
        self.log = MemoryAuditLog()
        self.auditing = Auditing(self.log, clock, AuditHead(folder / "audit.head", Secret("key"), clock))
        self.door = Doorkeeping(self.accounts, MemoryVault(), clock)
        app = FastAPI()
        answer_with_problems(app)
        app.include_router(audit_router(Door(self.door), self.auditing))
        self._browser = Browser(app)

    async def ask(self, query: str = "", *roles: KeyRole, **over: Any) -> Answer:
        """By a new key with these roles, an administrator's by default."""
        made = await a_key(self.accounts, *(roles or (KeyRole.ADMIN,)), **over)
        return await self._browser.ask(f"/v1/audit{query}", headers={"x-api-key": made.text.reveal()})

    async def numbers(self, query: str = "", **over: Any) -> list[int]:
        answer = await self.ask(query, **over)
        assert answer.status == 200, answer.text
        return [line["number"] for line in json.loads(answer.content)["lines"]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    yield made
    await made.auditing.close()
    await made.door.close()


async def test_a_line_tells_everything(site: Site) -> None:
    details = {"seconds": 60, "kinds": ["mono"]}
    await site.auditing.done_by("ada", "recording.linked", subject="call-1", organisation="acme", **details)
    answer = await site.ask()
    assert json.loads(answer.content) == {
        "lines": [
            {
                "number": 1,
                "at": "2026-01-05T09:00:00.000Z",
                "action": "recording.linked",
                "by": "ada",
                "organisation": "acme",
                "subject": "call-1",
                "address": "",
                "details": details,
                "digest": site.log.kept[0].digest,
            }
        ],
        "next_cursor": None,
    }
    assert "link" not in answer.headers


async def test_an_organisation_sees_its_own_lines_and_the_house_all(site: Site) -> None:
    for organisation in ("acme", "other", None, "acme"):
        await site.auditing.done_by("ada", "key.made", organisation=organisation)
    assert await site.numbers() == [4, 1]
    assert await site.numbers(organisation="other") == [2]
    assert await site.numbers(organisation=None) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?subject=call-2", [2]),
        ("?action=recording.", [2, 1]),
        ("?action=recording.linked", [1]),
        ("?by=bob", [3, 2]),
        ("?by=bob&action=key.", [3]),
        ("?subject=%00", []),
        ("?action=%25", []),
    ],
)
async def test_filters_narrow_it(site: Site, query: str, numbers: list[int]) -> None:
    for by, action, subject in (
        ("ada", "recording.linked", "call-1"),
        ("bob", "recording.listened", "call-2"),
        ("bob", "key.made", "k"),
    ):
        await site.auditing.done_by(by, action, subject=subject, organisation="acme")
    assert await site.numbers(query) == numbers


async def test_pages_follow_their_link_and_keep_the_filters(site: Site) -> None:
    for number in range(10):
        await site.auditing.done_by("ada & bob", "a.b" if number % 2 else "c.d", organisation="acme")
    query, found = "?limit=2&by=ada+%26+bob&action=a.", []
    while query:
        answer = await site.ask(query)
        page = json.loads(answer.content)
        found += [line["number"] for line in page["lines"]]
        link = answer.headers.get("link", "")
        assert bool(link) is (page["next_cursor"] is not None)
        query = link.removeprefix("</v1/audit").partition(">")[0]
    assert found == [10, 8, 6, 4, 2]


@pytest.mark.parametrize("role", [role for role in KeyRole if role is not KeyRole.ADMIN])
async def test_only_an_administrator_reads_it(site: Site, role: KeyRole) -> None:
    assert (await site.ask("", role)).status == 403


async def test_a_key_with_limits_does_not_read_it(site: Site) -> None:
    assert (await site.ask(limits=Limits(agents=("201",)))).status == 403


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "YXVkaXQgMA==", encoded("calls", 5), encoded("audit", "5"), "YXVkaXQg2aE=", "%00", "é"],
)
async def test_a_cursor_that_is_none_is_refused(site: Site, cursor: str) -> None:
    assert (await site.ask(f"?cursor={cursor}")).status == 400


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=201", "?limit=1e9", f"?subject={'x' * 201}", f"?cursor={'A' * 1001}"]
)
async def test_a_page_that_is_none_is_refused(site: Site, query: str) -> None:
    assert (await site.ask(query)).status == 422


async def test_a_log_that_is_away_is_told_without_saying_more(site: Site) -> None:
    site.log.is_available = False
    answer = await site.ask()
    assert (answer.status, "locked" in answer.text) == (503, False)
