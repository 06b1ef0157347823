"""Who may do what: every route of the application, each role of a key, and nobody."""

import json
from urllib.parse import urlsplit

import pytest

from tests.api import seeds
from tests.api.examples import PAGE, Route, every_route, example, routes
from tests.api.site import ROLES, Site

#: `+` comes off; - is 401 for nobody and 403 for a key. A link of ours is its own key, and so is what somebody signs in
#: with: see below.
_TABLE = """
                                                                 nobody read listen control admin
GET    /healthz                                                  +      +    +      +       +
GET    /readyz                                                   +      +    +      +       +
GET    /openapi.json                                             +      +    +      +       +
GET    /metrics                                                  -      +    +      +       +
GET    /v1/session                                               -      +    +      +       +
DELETE /v1/session                                               +      +    +      +       +
POST   /v1/session                                               itself
GET    /v1/health                                                -      +    +      +       +
GET    /v1/statistics                                            -      +    +      +       +
GET    /v1/calls                                                 -      +    +      +       +
GET    /v1/calls/{call_id}                                       -      +    +      +       +
GET    /v1/calls/{call_id}/recording                             -      -    +      -       +
GET    /v1/calls/{call_id}/recording/current                     -      +    +      +       +
GET    /v1/calls/{call_id}/recording/stream                      -      -    +      -       +
GET    /v1/calls/{call_id}/recording/download                    -      -    +      -       +
GET    /v1/calls/{call_id}/transcript                            -      -    +      -       +
GET    /v1/calls/{call_id}/transcript/versions                   -      -    +      -       +
HEAD   /v1/calls/{call_id}/recording/stream                      -      -    +      -       +
GET    /v1/recordings/{recording_id}/stream                      -      -    +      -       +
HEAD   /v1/recordings/{recording_id}/stream                      -      -    +      -       +
GET    /v1/recordings/{recording_id}/waveform                    -      -    +      -       +
POST   /v1/recordings/{recording_id}/retry                       -      -    -      -       +
GET    /v1/recordings/batch                                      -      -    +      -       +
GET    /v1/recordings/batch/size                                 -      -    +      -       +
GET    /v1/transcripts/export                                    -      -    +      -       +
GET    /v1/events                                                -      +    +      +       +
GET    /v1/conferences                                           -      +    +      +       +
GET    /v1/conferences/{conference}                              -      +    +      +       +
POST   /v1/calls/{call_id}/tags                                  -      -    -      +       +
DELETE /v1/calls/{call_id}/tags/{tag:path}                       -      -    -      +       +
POST   /v1/calls/{call_id}/notes                                 -      -    -      +       +
DELETE /v1/calls/{call_id}/notes/{note_id}                       -      -    -      +       +
POST   /v1/calls/{call_id}/recording/start                       -      -    -      +       +
POST   /v1/calls/{call_id}/recording/stop                        -      -    -      +       +
POST   /v1/calls/{call_id}/recording/pause                       -      -    -      +       +
POST   /v1/calls/{call_id}/recording/resume                      -      -    -      +       +
POST   /v1/calls/{call_id}/recording/current/stop                -      -    -      +       +
POST   /v1/calls/{call_id}/recording/current/pause               -      -    -      +       +
POST   /v1/calls/{call_id}/recording/current/resume              -      -    -      +       +
POST   /v1/conferences/{conference}/recording/start              -      -    -      +       +
POST   /v1/conferences/{conference}/recording/stop               -      -    -      +       +
POST   /v1/conferences/{conference}/recording/pause              -      -    -      +       +
POST   /v1/conferences/{conference}/recording/resume             -      -    -      +       +
GET    /v1/commands/{command_id}                                 -      -    -      +       +
POST   /v1/outbound-calls                                        -      -    -      +       +
GET    /v1/outbound-calls/{command_id}                           -      -    -      +       +
POST   /v1/calls/{call_id}/recording/extend                      -      -    -      -       +
DELETE /v1/calls/{call_id}/recording                             -      -    -      -       +
POST   /v1/calls/{call_id}/transcript                            -      -    -      -       +
PUT    /v1/calls/{call_id}/recording/hold                        -      -    -      -       +
DELETE /v1/calls/{call_id}/recording/hold                        -      -    -      -       +
GET    /v1/holds                                                 -      -    -      -       +
POST   /v1/erasures                                              -      -    -      -       +
GET    /v1/erasures/{erasure_id}                                 -      -    -      -       +
GET    /v1/persons/{number}/export                               -      -    -      -       +
GET    /v1/settings                                              -      +    +      +       +
PATCH  /v1/settings                                              -      -    -      -       +
PUT    /v1/settings/storage                                      -      -    -      -       +
POST   /v1/settings/storage/test                                 -      -    -      -       +
GET    /v1/agents                                                -      +    +      +       +
GET    /v1/agents/{agent_id}                                     -      +    +      +       +
PATCH  /v1/agents/{agent_id}                                     -      -    -      -       +
GET    /v1/keys                                                  -      -    -      -       +
POST   /v1/keys                                                  -      -    -      -       +
POST   /v1/keys/{key_id}/rotate                                  -      -    -      -       +
DELETE /v1/keys/{key_id}                                         -      -    -      -       +
GET    /v1/audit                                                 -      -    -      -       +
GET    /v1/notifications                                         -      -    -      -       +
GET    /v1/notifications/{id}                                    -      -    -      -       +
POST   /v1/notifications/{id}/replay                             -      -    -      -       +
GET    /v1/assistants/{assistant_id}                             -      +    +      +       +
PATCH  /v1/assistants/{assistant_id}                             -      -    -      -       +
GET    /api/calls/{call_id}                                      -      +    +      +       +
PUT    /api/settings/storage                                     -      -    -      -       +
GET    /api/v1/call/get-metric                                   -      +    +      +       +
GET    /api/v1/call/get-batch-calls                              -      +    +      +       +
GET    /calling/v1/calls/id/{call_id}                            -      +    +      +       +
PATCH  /calling/v1/calls/id/{call_id}                            -      -    -      +       +
GET    /calling/v1/conferences/id/{conference_id}                -      +    +      +       +
PATCH  /calling/v1/conferences/id/{conference_id}                -      -    -      +       +
PATCH  /calling/v1/conferences/id/{conference_id}/{call_id}      -      -    -      +       +
DELETE /calling/v1/conferences/id/{conference_id}                -      -    -      +       +
DELETE /calling/v1/conferences/id/{conference_id}/{call_id}      -      -    -      +       +
GET    /files/{recording_id}/{kind}                              link
HEAD   /files/{recording_id}/{kind}                              link
"""
#: What comes off is not always 2xx: kicking is answered so to everybody who may, and the seeded house is troubled.
_OTHERWISE = {"/readyz": 503, "DELETE /calling/": 501}
_OTHER_KEYS = (["link"], ["itself"])


def _read_table() -> tuple[list[str], dict[Route, list[str]]]:
    columns, *lines = _TABLE.strip().splitlines()
    rows = [line.split() for line in lines]
    return columns.split(), {(method, path): marks for method, path, *marks in rows}


_COLUMNS, _ROWS = _read_table()


async def test_every_route_has_its_line_in_the_table(quick_site: Site) -> None:
    found = routes(quick_site.app)
    assert sorted(_ROWS) == sorted(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("whose", ["acme", "house"])
@pytest.mark.parametrize("column", _COLUMNS)
async def test_each_role_may_what_the_table_says_and_nothing_else(quick_site: Site, column: str, whose: str) -> None:
    assert _COLUMNS[1:] == list(ROLES)
    who = None if column == "nobody" else f"{whose} {column}"
    wrong = {}
    for route in routes(quick_site.app):
        if _ROWS[route] in _OTHER_KEYS:
            continue
        mark = _ROWS[route][_COLUMNS.index(column)]
        status = await _status(quick_site, who, route, whose)
        if not _is_as_said(mark, status, route, column):
            wrong[" ".join(route)] = f"{mark} but {status}"
    assert wrong == {}


async def test_a_link_is_its_own_key_for_one_file_only(quick_site: Site) -> None:
    said = json.loads((await quick_site.ask("acme listen", "GET", "/v1/calls/acme-available/recording")).content)
    link = urlsplit(said["recording_url"])
    path = f"{link.path}?{link.query}"
    assert (await quick_site.ask(None, "GET", path)).status == 200
    assert (await quick_site.ask(None, "HEAD", path)).status == 200
    for other in ("acme-recording-spare", "globex-recording-available"):
        assert (await quick_site.ask(None, "GET", path.replace("acme-recording-available", other))).status == 403
    # A key is no link.
    assert (await quick_site.ask("house admin", "GET", link.path)).status == 403


@pytest.mark.parametrize("role", ROLES)
async def test_whoever_signs_in_is_whose_key_he_shows(quick_site: Site, role: str) -> None:
    answer = await quick_site.ask(None, "POST", "/v1/session", {"key": quick_site.key(f"acme {role}")})
    assert (answer.status, json.loads(answer.content)["roles"]) == (200, [role])
    other = await quick_site.ask("house admin", "POST", "/v1/session", {"key": quick_site.key("acme revoked")})
    assert other.status == 401


async def test_the_page_is_the_same_for_everybody_and_shows_nothing_of_the_house(quick_site: Site) -> None:
    assert every_route(quick_site.app) - set(_ROWS) == PAGE
    for method, path in PAGE:
        url = path.replace("{rest:path}", "acme-available").replace("{name:path}", "acme-available")
        asked = [await quick_site.ask(who, method, url) for who in (None, "acme revoked", "house admin")]
        assert len({answer.status for answer in asked}) == 1, path
        assert not any(word in answer.text for answer in asked for word in ("globex", seeds.CALLER_NUMBER))


@pytest.mark.parametrize("who", ["acme revoked", "acme expired"])
async def test_a_key_that_is_over_opens_nothing(quick_site: Site, who: str) -> None:
    for route in routes(quick_site.app):
        if _ROWS[route][0] == "-":
            assert await _status(quick_site, who, route, "acme") == 401, route


def test_the_table_has_one_line_a_route() -> None:
    assert len(_ROWS) == len(_TABLE.strip().splitlines()) - 1
    assert all(len(marks) == len(_COLUMNS) or marks in _OTHER_KEYS for marks in _ROWS.values())


async def _status(site: Site, who: str | None, route: Route, whose: str) -> int:
    method, path = route
    one, organisation = example(route), "acme" if whose == "house" else whose
    url, body = one.url(path, organisation, site.ids(organisation)), one.body_for(organisation)
    if whose == "house" and path in _SAYS_WHOSE:
        url += f"{'&' if '?' in url else '?'}organisation={organisation}"
    leaves_after = 2 if path == "/v1/events" else None
    return (await site.ask(who, method, url, body, leaves_after=leaves_after)).status


#: A key of the whole house says which organisation's.
_SAYS_WHOSE = {
    "/v1/settings",
    "/v1/settings/storage",
    "/v1/settings/storage/test",
    "/v1/agents",
    "/v1/agents/{agent_id}",
    "/v1/assistants/{assistant_id}",
    "/api/settings/storage",
}


def _is_as_said(mark: str, status: int, route: Route, column: str) -> bool:
    if mark == "-":
        return status == (401 if column == "nobody" else 403)
    said = " ".join(route)
    otherwise = next((found for words, found in _OTHERWISE.items() if words in said), None)
    return status == otherwise if otherwise else 200 <= status < 400
