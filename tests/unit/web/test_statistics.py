"""GET /v1/statistics: which hours are meant, whose, and how they are said."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.ports.statistics_ledger import HOUR_SECONDS, HourlyTally, Tally
from connector.services.statistics import Statistics
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from connector.web.statistics import statistics_router
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring, an_access

#: 2026-01-05T09:30:00Z
NOW = 1767605400.0
TALLY = Tally(calls=9, answered=8, recorded=5, failed=1, not_recorded=2, talked_seconds=61.00049)


class MemoryStatistics:
    def __init__(self) -> None:
        self.hours_of: dict[str | None, dict[int, Tally]] = {}

    async def hours(self, organisation: str | None, first: int, end: int) -> list[HourlyTally]:
        own = self.hours_of.get(organisation, {})
        return [HourlyTally(hour, own[hour]) for hour in range(first, end) if hour in own]


class Site:
    def __init__(self) -> None:
        self.clock, self.ledger, self.keyring = SimulatedClock(NOW), MemoryStatistics(), Keyring()
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        app.include_router(statistics_router(Door(self.keyring), Statistics(self.ledger, self.clock), self.clock))
        self._browser = Browser(app)

    async def ask(self, key: str = "house", **query: str) -> Answer:
        return await self._browser.ask(f"/v1/statistics?{urlencode(query)}", "GET", {"x-api-key": key})

    async def body(self, key: str = "house", **query: str) -> Any:
        answer = await self.ask(key, **query)
        assert answer.status == 200, answer.text
        return json.loads(answer.content)


@pytest.fixture
def site() -> Site:
    return Site()


def hour_of(moment: float) -> int:
    return int(moment) // HOUR_SECONDS


async def test_an_hour_says_what_became_of_its_calls(site: Site) -> None:
    site.ledger.hours_of[None] = {hour_of(NOW): TALLY}
    body = await site.body(from_date="2026-01-05T08:10:00Z")
    assert {name: body[name] for name in ("from_date", "to_date", "bucket")} == {
        "from_date": "2026-01-05T08:00:00.000Z",
        "to_date": "2026-01-05T10:00:00.000Z",
        "bucket": "hour",
    }
    none = dict.fromkeys(("calls", "answered", "recorded", "failed", "not_recorded"), 0)
    assert body["buckets"] == [
        {"at": "2026-01-05T08:00:00.000Z", **none, "talked_seconds": 0.0},
        {
            "at": "2026-01-05T09:00:00.000Z",
            "calls": 9,
            "answered": 8,
            "recorded": 5,
            "failed": 1,
            "not_recorded": 2,
            "talked_seconds": 61.0,
        },
    ]


@pytest.mark.parametrize(
    ("query", "first", "end", "buckets"),
    [
        ({}, "2026-01-04T10", "2026-01-05T10", 24),
        ({"bucket": "day"}, "2025-12-07T00", "2026-01-06T00", 30),
        ({"to_date": "2026-01-03"}, "2026-01-03T00", "2026-01-04T00", 24),
        ({"from_date": "2026-01-03", "to_date": "2026-01-03"}, "2026-01-03T00", "2026-01-04T00", 24),
        ({"from_date": "2026-01-03T23:59:59+01:00", "to_date": "2026-01-04"}, "2026-01-03T22", "2026-01-05T00", 26),
        ({"bucket": "day", "from_date": "2026-01-01T12:00:00"}, "2026-01-01T00", "2026-01-06T00", 5),
        ({"from_date": "2025-12-23", "to_date": "2026-01-05"}, "2025-12-23T00", "2026-01-06T00", 336),
        ({"bucket": "day", "from_date": "2024-12-02"}, "2024-12-02T00", "2026-01-06T00", 400),
    ],
    ids=str,
)
async def test_what_is_asked_for_is_widened_to_whole_hours_or_days_of_utc(
    site: Site, query: dict[str, str], first: str, end: str, buckets: int
) -> None:
    body = await site.body(**query)
    assert (body["from_date"], body["to_date"]) == (f"{first}:00:00.000Z", f"{end}:00:00.000Z")
    assert len(body["buckets"]) == buckets


async def test_a_day_is_the_sum_of_its_hours(site: Site) -> None:
    site.ledger.hours_of[None] = {hour_of(NOW) - back: TALLY for back in (0, 9, 10)}
    today = (await site.body(bucket="day"))["buckets"][-2:]
    assert [(one["at"][:10], one["calls"]) for one in today] == [("2026-01-04", 9), ("2026-01-05", 18)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from_date": "2025-12-22"}, "at most 14 days by hour are counted at once: bucket=day takes 400"),
        ({"from_date": "2024-12-01", "bucket": "day"}, "at most 400 days by day"),
        ({"from_date": "2026-01-05", "to_date": "2026-01-04"}, "it is not before to_date"),
        ({"from_date": "yesterday"}, "a day or a moment is wanted"),
        ({"from_date": "0001-01-01", "to_date": "0001-01-02"}, "before 1970"),
        ({"from_date": "9999-12-30", "to_date": "9999-12-31"}, "after 9998"),
    ],
    ids=str,
)
async def test_what_cannot_be_counted_is_refused_with_what_can(site: Site, query: dict[str, str], said: str) -> None:
    answer = await site.ask(**query)
    assert answer.status == 400
    assert said in json.loads(answer.content)["detail"]


async def test_a_key_of_an_organisation_gets_its_own_and_another_s_are_not_there(site: Site) -> None:
    site.ledger.hours_of = {None: {hour_of(NOW): TALLY}, "default": {hour_of(NOW): Tally(calls=1)}}
    assert (await site.body("read"))["buckets"][-1]["calls"] == 1
    assert (await site.body("read", organisation="default"))["buckets"][-1]["calls"] == 1
    assert (await site.ask("read", organisation="another")).status == 404
    assert (await site.body("house", organisation="default"))["buckets"][-1]["calls"] == 1
    assert (await site.body("house", organisation="another"))["buckets"][-1]["calls"] == 0


@pytest.mark.parametrize("limits", [Limits(tags=("vip",)), Limits(agents=("201",)), Limits(numbers=("+49*",))])
async def test_a_limited_key_gets_no_counts_of_others_calls(site: Site, limits: Limits) -> None:
    site.keyring.known["limited"] = an_access(KeyRole.ADMIN, limits=limits)
    assert (await site.ask("limited")).status == 403


@pytest.mark.parametrize("query", [{"bucket": "week"}, {"buckets": "day"}, {"from_date": ""}])
async def test_what_is_not_understood_is_refused(site: Site, query: dict[str, str]) -> None:
    assert (await site.ask(**query)).status in {400, 422}
