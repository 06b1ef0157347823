"""An organisation's key sees its own and nothing else, wherever it asks; the house's key sees both."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from connector.ports.call_ledger import JournalPosition
from tests.api import seeds
from tests.api.examples import EXAMPLES, Example, Route, example, routes
from tests.api.pictures import differing, rows
from tests.api.site import Site
from tests.builders import a_call
from tests.unit.web.browser import Answer, Browser

#: Ids that both organisations may have; what such a route shows is in the tests below.
_SHARED_IDS = ("{agent_id}", "{assistant_id}", "{number}")
#: Opened by a link, which is its own key.
_BY_LINK = "/files/"
#: Answered 501 to everybody, whatever is asked for.
_NEVER = "DELETE /calling/"
#: Ids that stand in the query or in the body.
_ELSEWHERE: dict[Route, Example] = {
    ("GET", "/api/v1/call/get-metric"): Example(query={"callId": "{organisation}-available"}),
    ("POST", "/v1/erasures"): Example(body={"call_id": "{organisation}-available"}),
}
#: Lists, and how many of them there are at least in each organisation; the words tell whose an item is.
_LISTS = (
    "/v1/calls?limit=200",
    "/v1/calls?text=parcel",
    "/v1/calls?number=4930123456",
    "/v1/calls?tag=later",
    "/v1/calls?agent=201",
    "/v1/conferences",
    "/v1/holds",
    "/v1/keys?limit=100",
    "/v1/audit?limit=200",
    "/v1/notifications?limit=200",
    "/v1/transcripts/export",
    "/v1/transcripts/export?format=csv&text=parcel",
    "/v1/recordings/batch",
    f"/v1/persons/%2B{seeds.CALLER_NUMBER[1:]}/export",
    "/api/v1/call/get-batch-calls?batchId=later",
)


def _with_ids(site: Site) -> list[Route]:
    return [
        (method, path)
        for method, path in routes(site.app)
        if "{" in path
        and not path.startswith(_BY_LINK)
        and not any(name in path for name in _SHARED_IDS)
        and not f"{method} {path}".startswith(_NEVER)
    ]


@pytest.mark.parametrize("who", ["globex admin", "globex read", "globex listen", "globex control"])
async def test_anothers_id_is_answered_as_one_that_nobody_has(site: Site, who: str) -> None:
    before = await rows(site)
    wrong = {}
    for route in [*_with_ids(site), *_ELSEWHERE]:
        theirs = await _asked(site, who, route, "acme")
        nobodys = await _asked(site, who, route, "acme", unknown="nobody")
        expected = {404} if who == "globex admin" else {404, 403}
        if theirs.status not in expected or (theirs.status, _known(theirs)) != (nobodys.status, _known(nobodys)):
            wrong[" ".join(route)] = (theirs.status, theirs.text[:200], nobodys.status, nobodys.text[:200])
    assert wrong == {}
    assert differing(before, await rows(site)) == {}


async def test_the_same_requests_come_off_with_ids_of_ones_own(site: Site) -> None:
    for route in [*_with_ids(site), *_ELSEWHERE]:
        assert (await _asked(site, "globex admin", route, "globex")).status < 400, route


@pytest.mark.parametrize("url", _LISTS)
async def test_a_list_shows_only_ones_own_and_the_house_sees_both(site: Site, url: str) -> None:
    await _something_is_done(site)
    own = _words(await site.ask("globex admin", "GET", url))
    assert "globex" in own
    assert "acme" not in own
    everybodys = _words(await site.ask("house admin", "GET", url))
    assert "globex" in everybodys
    assert "acme" in everybodys


async def test_pages_of_a_list_do_not_cross_into_another_organisation(site: Site) -> None:
    seen = []
    cursor = ""
    while True:
        page = json.loads((await site.ask("globex read", "GET", f"/v1/calls?limit=3{cursor}")).content)
        seen += [one["organisation"] for one in page["calls"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert set(seen) == {"globex"}
    assert len(seen) > 20


@pytest.mark.parametrize("url", ["/v1/calls", "/v1/conferences", "/v1/holds", "/v1/keys", "/v1/notifications"])
async def test_a_cursor_of_anothers_page_opens_nothing_of_it(site: Site, url: str) -> None:
    first = json.loads((await site.ask("acme admin", "GET", f"{url}?limit=1")).content)
    answer = await site.ask("globex admin", "GET", f"{url}?limit=200&cursor={first['next_cursor']}")
    assert answer.status in {200, 400, 404}
    assert answer.status != 200 or "acme" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "/v1/calls",
        "/v1/statistics",
        "/v1/recordings/batch",
        "/v1/recordings/batch/size",
        "/v1/transcripts/export",
        "/v1/settings",
        "/v1/agents",
        "/v1/agents/201",
        "/v1/assistants/201",
    ],
)
async def test_whoever_names_another_organisation_hears_what_he_hears_of_one_that_is_none(site: Site, url: str) -> None:
    theirs, nobodys = [
        await site.ask("globex admin", "GET", f"{url}?organisation={name}") for name in ("acme", "nobody")
    ]
    assert theirs.status == nobodys.status
    assert theirs.text.replace("acme", "nobody") == nobodys.text
    assert theirs.status in {403, 404} or json.loads(theirs.content)["calls"] == []


async def test_numbers_are_of_ones_own_recordings(site: Site) -> None:
    own = (await site.ask("globex read", "GET", "/metrics")).text
    everybodys = (await site.ask("house read", "GET", "/metrics")).text
    assert _count(own, "available") == 8
    assert _count(everybodys, "available") == 16
    assert all(line.startswith(("#", "callreel_recordings{", "callreel_transcripts{")) for line in own.splitlines())


async def test_health_and_statistics_are_of_ones_own_calls(site: Site) -> None:
    own, everybodys = [
        json.loads((await site.ask(who, "GET", "/v1/health")).content) for who in ("globex read", "house read")
    ]
    assert own["recordings"]["available"] == 8
    assert everybodys["recordings"]["available"] == 16
    assert (own["problems"], own["pbxs"], own["disk"]) == (None, [], [])
    assert everybodys["problems"]
    assert everybodys["disk"]
    theirs = json.loads((await site.ask("acme read", "GET", "/v1/health")).content)
    for kind in ("ship", "remove"):
        counted = [_waiting(one, kind) for one in (own, theirs, everybodys)]
        assert counted[0] + counted[1] == counted[2]
    sums = [await _calls_counted(site, who) for who in ("globex read", "acme read", "house read")]
    assert sums[0] + sums[1] == sums[2] > sums[0] > 0


def _waiting(health: dict[str, Any], kind: str) -> int:
    return sum(one["waiting"] for one in health["queues"] if one["kind"] == kind)


async def _calls_counted(site: Site, who: str) -> int:
    answer = await site.ask(who, "GET", "/v1/statistics?bucket=day&from_date=2025-12-31&to_date=2026-12-31")
    return sum(one["calls"] for one in json.loads(answer.content)["buckets"])


async def test_settings_of_one_organisation_are_nothing_to_the_other(site: Site) -> None:
    before = (await site.ask("acme admin", "GET", "/v1/settings")).text
    changed = await site.ask("globex admin", "PATCH", "/v1/settings", {"retention_days": 17, "link_seconds": 60})
    assert json.loads(changed.content)["retention_days"] == 17
    await site.ask("globex admin", "PATCH", "/v1/agents/201", {"recording_enabled": False})
    assert (await site.ask("acme admin", "GET", "/v1/settings")).text == before
    assert json.loads((await site.ask("acme admin", "GET", "/v1/assistants/201")).content)["recording_enabled"] is True
    seen = await site.ask("house admin", "GET", "/v1/settings?organisation=globex")
    assert json.loads(seen.content)["retention_days"] == 17


async def test_a_number_is_erased_of_ones_own_calls_only(site: Site) -> None:
    before = await rows(site, "acme")
    answer = await site.ask("globex admin", "POST", "/v1/erasures", {"number": seeds.CALLER_NUMBER})
    assert answer.status == 202
    assert "acme" not in answer.text
    assert differing(before, await rows(site, "acme")) == {}
    theirs = await site.ask("acme listen", "GET", "/v1/calls/acme-available/recording/stream")
    assert theirs.status == 200


async def test_whatever_an_administrator_does_is_done_to_his_own(site: Site) -> None:
    before, own = await rows(site, "acme"), await rows(site, "globex")
    for method, path in routes(site.app):
        if path != "/v1/events" and not path.startswith(_BY_LINK):
            one = example((method, path))
            url = one.url(path, "globex", site.ids("globex"))
            await site.ask("globex admin", method, url, one.body_for("globex"))
    assert differing(before, await rows(site, "acme")) == {}
    assert {"audit", "call_notes", "changed_settings", "holds", "keys"} <= differing(
        own, await rows(site, "globex")
    ).keys()


async def test_nobody_makes_a_key_for_another_organisation(site: Site) -> None:
    before = await rows(site)
    for organisation in ("acme", "nobody"):
        answer = await site.ask("globex admin", "POST", "/v1/keys", {"name": "n", "organisation": organisation})
        assert answer.status == 403
    assert differing(before, await rows(site)) == {}


async def test_live_events_are_of_ones_own_calls(site: Site) -> None:
    async with _listening(site, "globex read") as own, _listening(site, "house read") as everybodys:
        number = 0
        async with asyncio.timeout(60):
            while b"globex-new" not in _heard(own) or b"globex-new" not in _heard(everybodys):
                number += 1
                # acme's first: who hears globex's has had acme's before him.
                for organisation in seeds.ORGANISATIONS:
                    call = a_call(id=f"{organisation}-new-{number}", organisation=organisation, pbx=organisation)
                    position = JournalPosition(file="journal-00000001.jsonl", offset=1)
                    await site.house.ground.catalogue.calls.apply(seeds.NODE, [call], position)
                now = site.house.ground.clock.now()
                await site.house.ground.clock.sleep_until(now + 0.05)
        assert b"acme" not in _heard(own)
        assert b"acme-new" in _heard(everybodys)


# --- asking ---------------------------------------------------------------------------------------------------------


async def _asked(site: Site, who: str, route: Route, organisation: str, unknown: str = "") -> Answer:
    """With `unknown` every id is one that nobody has, of the same form."""
    method, path = route
    one = _ELSEWHERE.get(route) or EXAMPLES.get(" ".join(route), Example())
    ids = site.ids(organisation)
    if unknown:
        same = {"tag", "kind"}
        ids = replace(
            ids, values={name: value if name in same else _unknown(value) for name, value in ids.values.items()}
        )
        organisation = unknown
    return await site.ask(who, method, one.url(path, organisation, ids), one.body_for(organisation))


def _unknown(id: str) -> str:
    return id.replace("acme", "nobody") if "acme" in id else "a" * len(id)


def _known(answer: Answer) -> object:
    """What is said, but for the ids in it."""
    if not answer.content:
        return None
    said = json.loads(answer.content)
    return {name: value for name, value in said.items() if name not in {"detail", "instance"}}


async def _something_is_done(site: Site) -> None:
    """By both, so that the audit log and the keys have something of each."""
    for organisation in seeds.ORGANISATIONS:
        await site.ask(f"{organisation} listen", "GET", f"/v1/calls/{organisation}-available/recording/stream")


def _words(answer: Answer) -> str:
    """All that can be read in it, in files of a ZIP, too."""
    assert answer.status == 200, answer.text
    if answer.headers["content-type"] != "application/zip":
        return answer.text + str(answer.headers)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        return " ".join(found.namelist()) + " ".join(found.read(name).decode("latin-1") for name in found.namelist())


def _count(text: str, state: str) -> int:
    (line,) = [one for one in text.splitlines() if one.startswith("callreel_recordings{") and f'"{state}"' in one]
    return int(float(line.rpartition(" ")[2]))


@asynccontextmanager
async def _listening(site: Site, who: str) -> AsyncIterator[Browser]:
    browser = Browser(site.served)
    headers = {"host": "127.0.0.1:8080", "x-api-key": site.key(who)}
    answer = asyncio.create_task(browser.ask("/v1/events", headers=headers))
    try:
        yield browser
    finally:
        browser.leave()
        await answer


def _heard(browser: Browser) -> bytes:
    return b"".join(message.get("body", b"") for message in browser.sent)
