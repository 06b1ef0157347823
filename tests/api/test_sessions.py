"""A session of the web page over the whole application: good wherever its key is, and at no other service's door."""

import json
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from tests.api.configured import Annexe
from tests.api.examples import Route, example, routes
from tests.api.site import Seeded, Site, copied_file, opened
from tests.unit.web.keys import an_access

#: What other services' clients ask.
_DOORS = ("/api/", "/calling/", "/v1/assistants/", "/v1/calls/{call_id}/recording/download")
#: Where no key is wanted, or more may come of one than an answer.
_OPEN = ("/healthz", "/readyz", "/openapi.json", "/v1/session")
_BY_LINK = "/files/"
_SAFE = ("GET", "HEAD")
_ENDLESS = "/v1/events"
_FROM_PAGE = {"x-callreel-page": "1", "sec-fetch-site": "same-origin"}


def _guarded(site: Site) -> list[Route]:
    return [(method, path) for method, path in routes(site.app) if path not in _OPEN and not path.startswith(_BY_LINK)]


async def _cookie(site: Site, who: str) -> dict[str, str]:
    answer = await site.ask(None, "POST", "/v1/session", {"key": site.key(who)})
    assert answer.status == 200
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return {"cookie": f"{morsel.key}={morsel.value}"}


async def _status(site: Site, route: Route, headers: dict[str, str]) -> int:
    method, path = route
    one = example(route)
    url, body = one.url(path, "acme", site.ids("acme")), one.body_for("acme")
    leaves_after = 2 if path == _ENDLESS else None
    return (await site.ask(None, method, url, body, headers=headers, leaves_after=leaves_after)).status


async def test_whatever_a_key_may_its_session_may_but_at_other_services_doors(quick_site: Site) -> None:
    cookie = await _cookie(quick_site, "acme admin")
    wrong = {}
    for route in _guarded(quick_site):
        status = await _status(quick_site, route, cookie | _FROM_PAGE)
        if (status == 401) is not route[1].startswith(_DOORS) or status == 403:
            wrong[" ".join(route)] = status
    assert wrong == {}


async def test_no_page_of_others_changes_anything_with_it(quick_site: Site) -> None:
    cookie = await _cookie(quick_site, "acme admin")
    for route in [one for one in _guarded(quick_site) if one[0] not in _SAFE]:
        for headers in ({}, _FROM_PAGE | {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "same-origin"}):
            expected = 401 if route[1].startswith(_DOORS) else 403
            assert await _status(quick_site, route, cookie | headers) == expected, route


async def test_a_session_may_no_more_than_its_key(quick_site: Site) -> None:
    cookie = await _cookie(quick_site, "acme read") | _FROM_PAGE
    assert (await quick_site.ask(None, "GET", "/v1/keys", headers=cookie)).status == 403
    theirs = await quick_site.ask(None, "GET", "/v1/calls/globex-available", headers=cookie)
    assert theirs.status == 404


async def test_revoking_the_key_ends_its_session_at_once(quick_site: Site) -> None:
    cookie = await _cookie(quick_site, "acme spare")
    assert (await quick_site.ask(None, "GET", "/v1/calls", headers=cookie)).status == 200
    key_id = quick_site.seeded.key_ids["acme spare"]
    assert (await quick_site.ask("acme admin", "DELETE", f"/v1/keys/{key_id}")).status == 200
    answer = await quick_site.ask(None, "GET", "/v1/calls", headers=cookie)
    assert (answer.status, 'callreel-session=""' in answer.headers["set-cookie"]) == (401, True)


async def test_the_audit_log_says_who_signed_in_and_what_he_did_then(quick_site: Site) -> None:
    cookie = await _cookie(quick_site, "acme admin")
    changed = await quick_site.ask(None, "PATCH", "/v1/settings", {"retention_days": 17}, headers=cookie | _FROM_PAGE)
    assert changed.status == 200
    lines = json.loads((await quick_site.ask("acme admin", "GET", "/v1/audit")).content)["lines"]
    by = f"key {quick_site.seeded.key_ids['acme admin']}"
    assert [(one["action"], one["by"]) for one in lines[:2]] == [("settings.changed", by), ("session.begun", by)]
    assert quick_site.key("acme admin") not in json.dumps(lines)


@pytest.mark.parametrize("who", ["acme admin", "house admin"])
async def test_organisations_are_those_whose_calls_it_sees(quick_site: Site, who: str) -> None:
    said = json.loads((await quick_site.ask(who, "GET", "/v1/session")).content)
    assert said["organisations"] == (["acme"] if who == "acme admin" else ["acme", "globex"])
    assert said["may_place_calls"] is True


@pytest.mark.parametrize(("api", "status"), [({"page": False}, 404), ({"doors": {"krosai": False}}, 200)], ids=str)
async def test_sessions_come_and_go_with_the_page_and_with_no_door(
    seeded_file: Seeded, tmp_path: Path, api: dict[str, Any], status: int
) -> None:
    seed = replace(seeded_file, annexe=Annexe(api=api))
    async with opened(seed, tmp_path, copied_file(seeded_file, tmp_path)) as site:
        body = {"key": site.key("acme admin")}
        answer = await site.ask(None, "POST", "/v1/session", body)
        assert answer.status == status
        assert ((await site.ask(None, "GET", "/calls")).status == 404) is (status == 404)
        sealed = site.house.sessions.sealed(site.house.sessions.begun(Secret(body["key"]), an_access().key))
        asked = await site.ask(None, "GET", "/v1/calls", headers={"cookie": f"callreel-session={sealed}"})
        assert asked.status == (401 if status == 404 else 200)
        assert (await site.ask("acme admin", "GET", "/v1/calls")).status == 200
