"""Metrics over HTTP: whose numbers a key gets, and what is counted of requests."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from connector.web.limits import guarded
from connector.web.metrics import RequestNumbers
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Browser
from tests.unit.web.health_site import HealthSite

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HealthSite:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    return HealthSite(tmp_path)


def numbers_of(text: str) -> dict[str, float]:
    return {
        " ".join([sample.name, *(sample.labels[name] for name in sorted(sample.labels))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def read(site: HealthSite, key: str = "house") -> dict[str, float]:
    answer = await site.ask("/metrics", key)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return numbers_of(answer.text)


async def test_the_house_gets_all_that_health_knows(site: HealthSite) -> None:
    callbacks = {"crm": {"asked": 9, "answered": 8}}
    site.report("capture", live_calls=3, live_recordings=2, journal_lag=11, callbacks=callbacks)
    site.report("work", notifications={"waiting": 4, "dead": 1, "endpoints_down": 2, "delivered": 7, "failed": 3})
    assert await read(site) == {
        "callreel_recordings available": 7.0,
        "callreel_recordings recording": 2.0,
        "callreel_transcripts done": 5.0,
        "callreel_transcripts waiting": 1.0,
        "callreel_due": 0.0,
        "callreel_free_bytes": 1e12,
        "callreel_problems": 0.0,
        "callreel_live_calls": 3.0,
        "callreel_live_recordings": 2.0,
        "callreel_journal_lag": 11.0,
        "callreel_notifications_waiting": 4.0,
        "callreel_notifications_dead": 1.0,
        "callreel_notifications_endpoints_down": 2.0,
        "callreel_callbacks crm asked": 9.0,
        "callreel_callbacks crm answered": 8.0,
    }


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("read", {"callreel_recordings available": 3.0, "callreel_transcripts done": 2.0}),
        ("stranger", {}),
    ],
)
async def test_an_organisation_gets_the_numbers_of_what_is_its_own_and_no_others(
    site: HealthSite, key: str, numbers: dict[str, float]
) -> None:
    site.report("capture", live_calls=3)
    assert await read(site, key) == numbers
    assert None not in site.search.asked


async def test_a_key_that_is_limited_gets_none(site: HealthSite) -> None:
    answer = await site.ask("/metrics", "limited")
    assert answer.status == 403
    assert "not limited" in answer.text


async def test_without_a_key_there_are_none_but_where_they_are_open(site: HealthSite, tmp_path: Path) -> None:
    assert (await site.ask("/metrics")).status == 401
    assert (await read(HealthSite(tmp_path, is_open=True), ""))["callreel_recordings available"] == 7.0


async def test_they_are_there_when_the_catalogue_is_not(site: HealthSite) -> None:
    site.search.is_available = False
    found = await read(site)
    assert (found["callreel_problems"], found["callreel_live_calls"]) == (1.0, 0.0)
    assert (await site.ask("/metrics", "read")).status == 503


class Counted:
    """An application whose requests are counted."""

    def __init__(self) -> None:
        self.numbers = RequestNumbers()
        self.clock = SimulatedClock()
        app = FastAPI(openapi_url=None)

        @app.get("/v1/calls/{id}", response_class=PlainTextResponse)
        async def call(id: str) -> str:
            await self.clock.advance(0.3)
            if id == "bad":
                raise ZeroDivisionError
            return id

        self.browser = Browser(guarded(app, self.numbers, self.clock))

    def read(self, about: str) -> dict[str, float]:
        found = numbers_of(generate_latest(self.numbers.registry).decode())
        return {name.removeprefix(f"{about} "): value for name, value in found.items() if name.startswith(f"{about} ")}


async def test_requests_are_counted_by_their_route_and_never_by_what_was_written() -> None:
    site = Counted()
    for path, method in (
        ("/v1/calls/1", "GET"),
        ("/v1/calls/2", "GET"),
        ("/v1/calls/1", "DELETE"),
        ("/v1/calls/1", "BREW"),
        ("/wp-admin", "GET"),
        ("/etc/passwd", "GET"),
        ("/v1/%00", "GET"),
    ):
        await site.browser.ask(path, method)
    assert site.read("callreel_http_requests_total") == {
        "GET /v1/calls/{id} 200": 2.0,
        "DELETE /v1/calls/{id} 405": 1.0,
        "other /v1/calls/{id} 405": 1.0,
        "GET none 404": 2.0,
        "GET none 400": 1.0,
    }


async def test_how_long_an_answer_took_to_begin_is_counted() -> None:
    site = Counted()
    await site.browser.ask("/v1/calls/1")
    buckets = site.read("callreel_http_request_seconds_bucket")
    assert buckets["0.25 GET /v1/calls/{id}"] == 0.0
    assert buckets["0.5 GET /v1/calls/{id}"] == 1.0


async def test_what_fails_is_counted_too() -> None:
    site = Counted()
    with pytest.raises(ZeroDivisionError):
        await site.browser.ask("/v1/calls/bad")
    assert site.read("callreel_http_requests_total") == {"GET /v1/calls/{id} 500": 1.0}
