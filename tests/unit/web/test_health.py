"""Health over HTTP: what everybody hears, and what only the house's own keys hear."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.unit.web.health_site import HealthSite

Usage = namedtuple("Usage", "total used free")
ALL_IS_WELL = {"status": "ok", "problems": None}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HealthSite:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    return HealthSite(tmp_path)


@pytest.fixture
def open_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HealthSite:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    return HealthSite(tmp_path, is_open=True)


async def test_health_answers_whatever_is_wrong_elsewhere(site: HealthSite) -> None:
    site.search.is_available = False
    answer = await site.ask("/healthz")
    assert (answer.status, answer.text) == (200, "ok")
    assert site.search.asked == []


async def test_ready_is_200_when_all_is_well(site: HealthSite) -> None:
    site.report("capture")
    site.report("work")
    assert await site.readiness() == (200, ALL_IS_WELL)
    assert await site.readiness("house") == (200, ALL_IS_WELL | {"problems": []})


async def test_what_is_wrong_only_a_key_of_the_house_hears(site: HealthSite) -> None:
    site.report("capture", problems=["PBX office does not answer"])
    site.search.is_available = False
    for key in ("", "read", "admin", "stranger"):
        assert await site.readiness(key) == (503, {"status": "troubled", "problems": None})
    problems = ["catalogue: it is locked", "capture: PBX office does not answer"]
    assert await site.readiness("house") == (503, {"status": "troubled", "problems": problems})


async def test_where_it_is_open_everybody_hears_what_is_wrong(open_site: HealthSite) -> None:
    open_site.report("capture", problems=["PBX office does not answer"])
    status, body = await open_site.readiness()
    assert (status, body) == (503, {"status": "troubled", "problems": ["capture: PBX office does not answer"]})


async def test_a_key_that_is_none_is_not_passed_over(site: HealthSite) -> None:
    status, _ = await site.readiness("forged")
    assert status == 401


async def test_who_asks_again_and_again_asks_the_catalogue_once(site: HealthSite) -> None:
    for _ in range(20):
        await site.readiness()
    assert site.search.asked == [None]
    await site.clock.advance(2)
    site.report("capture", problems=["gone"])
    assert (await site.readiness())[0] == 503
    assert site.search.asked == [None, None]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_nothing_can_be_written(site: HealthSite, path: str) -> None:
    assert (await site.ask(path, "house", "POST")).status == 405
