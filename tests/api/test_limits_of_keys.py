"""A key that is limited to tags, agents or numbers sees those calls of its organisation, and nothing of the others."""

import io
import json
import zipfile

import pytest

from connector.domain.call import CallState
from connector.ports.call_ledger import JournalPosition
from tests.api import seeds
from tests.api.examples import Example, Route, example, routes
from tests.api.pictures import differing, rows
from tests.api.site import LIMITED, Site
from tests.builders import a_call
from tests.unit.web.browser import Answer

#: The one call that each limited key sees.
_SEEN = {"tagged": "tagged", "of-agent": "other-agent", "of-number": "other-number"}
#: Routes about one call or recording; the others are about the organisation.
_OF_CALLS = ("{call_id}", "{recording_id}", "{conference}", "{conference_id}")
_LISTS = (
    "/v1/calls?limit=200",
    "/v1/calls?text=parcel",
    "/v1/transcripts/export",
    "/v1/recordings/batch",
)


def test_there_is_a_call_for_each_limited_key() -> None:
    assert _SEEN.keys() == LIMITED.keys()


@pytest.mark.parametrize("limited", _SEEN)
@pytest.mark.parametrize("url", _LISTS)
async def test_a_list_shows_what_the_key_is_limited_to(site: Site, url: str, limited: str) -> None:
    found = _calls_in(await site.ask(f"acme {limited}", "GET", url), url)
    assert found == {f"acme-{_SEEN[limited]}"}


@pytest.mark.parametrize("limited", _SEEN)
async def test_what_the_key_does_not_see_is_not_there(quick_site: Site, limited: str) -> None:
    before = await rows(quick_site)
    for route in _of_calls(quick_site):
        answer = await _asked(quick_site, f"acme {limited}", route, "available")
        assert answer.status == 404, (route, answer.text)
    for method, url, body in (
        ("GET", "/api/v1/call/get-metric?callId=acme-available", None),
        ("POST", "/v1/erasures", {"call_id": "acme-available"}),
    ):
        assert (await quick_site.ask(f"acme {limited}", method, url, body)).status == 404, url
    assert differing(before, await rows(quick_site)) == {}


@pytest.mark.parametrize("limited", _SEEN)
async def test_what_the_key_sees_is_its_own_as_without_limits(quick_site: Site, limited: str) -> None:
    path = f"/v1/calls/acme-{_SEEN[limited]}"
    for method, rest, body in (
        ("GET", "", None),
        ("GET", "/recording/stream", None),
        ("GET", "/transcript", None),
        ("GET", "/transcript/versions", None),
        ("POST", "/transcript", None),
        ("POST", "/notes", {"text": "call back"}),
        ("POST", "/recording/extend", {"days": 60}),
    ):
        answer = await quick_site.ask(f"acme {limited}", method, path + rest, body)
        assert answer.status < 300, (rest, answer.text)


@pytest.mark.parametrize("limited", _SEEN)
async def test_what_cannot_be_told_apart_by_calls_is_refused(quick_site: Site, limited: str) -> None:
    asked: list[tuple[str, str, object]] = [
        ("GET", "/v1/audit", None),
        ("GET", "/metrics", None),
        ("GET", "/v1/health", None),
        ("GET", "/v1/statistics", None),
        ("POST", "/v1/erasures", {"number": seeds.CALLER_NUMBER}),
        ("POST", "/v1/keys", {"name": "wider", "roles": ["admin"]}),
    ]
    for method, url, body in asked:
        answer = await quick_site.ask(f"acme {limited}", method, url, body)
        assert answer.status == 403, (url, answer.text)


@pytest.mark.parametrize("limited", _SEEN)
async def test_a_limited_key_renews_and_ends_none_that_is_wider(quick_site: Site, limited: str) -> None:
    spare = quick_site.seeded.key_ids["acme spare"]
    for method, url in (("POST", f"/v1/keys/{spare}/rotate"), ("DELETE", f"/v1/keys/{spare}")):
        assert (await quick_site.ask(f"acme {limited}", method, url)).status == 403
    assert (await quick_site.ask("acme spare", "GET", "/v1/calls")).status == 200


@pytest.mark.parametrize("limited", _SEEN)
async def test_notifications_and_holds_are_of_seen_calls_only(quick_site: Site, limited: str) -> None:
    """The seeded ones are of other calls."""
    for url in ("/v1/notifications", "/v1/holds"):
        answer = await quick_site.ask(f"acme {limited}", "GET", url)
        assert answer.status == 403 or "acme-recording" not in answer.text, url
    for state in ("delivered", "dead"):
        one = await quick_site.ask(f"acme {limited}", "GET", f"/v1/notifications/msg_acme_{state}")
        assert one.status in {403, 404}


async def test_a_call_that_gets_the_tag_is_seen_from_then_on(site: Site) -> None:
    url = "/v1/calls/acme-spare"
    assert (await site.ask("acme tagged", "GET", url)).status == 404
    await site.ask("acme control", "POST", f"{url}/tags", {"tags": ["vip"]})
    assert (await site.ask("acme tagged", "GET", url)).status == 200
    await site.ask("acme control", "DELETE", f"{url}/tags/vip")
    assert (await site.ask("acme tagged", "GET", url)).status == 404


async def test_a_number_is_limited_by_its_beginning(site: Site) -> None:
    """Those of another country are others."""
    for number, status in (("+49891", 200), ("+4988", 404), ("4989200", 404), ("0+4989200", 404)):
        call = a_call(id=f"acme-{number[-4:]}", organisation="acme", from_number=number, state=CallState.ENDED)
        position = JournalPosition(file="journal-00000001.jsonl", offset=1)
        await site.house.ground.catalogue.calls.apply(seeds.NODE, [call], position)
        assert (await site.ask("acme of-number", "GET", f"/v1/calls/{call.id}")).status == status, number


def _of_calls(site: Site) -> list[Route]:
    return [
        (method, path)
        for method, path in routes(site.app)
        if any(name in path for name in _OF_CALLS)
        and not path.startswith("/files/")
        and not f"{method} {path}".startswith("DELETE /calling/")
    ]


async def _asked(site: Site, who: str, route: Route, what: str) -> Answer:
    """About that call, or its recording; a conference is never within the limits."""
    method, path = route
    one = example(route)
    url = Example(what={"call_id": what, "recording_id": f"recording-{what}"}, query=one.query).url(
        path, "acme", site.ids("acme")
    )
    return await site.ask(who, method, url, one.body_for("acme"))


def _calls_in(answer: Answer, url: str) -> set[str]:
    assert answer.status == 200, answer.text
    if "batch" in url:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
            manifest = json.loads(found.read("manifest.json"))
        return {one["id"] for one in manifest["calls"]}
    said = json.loads(answer.content)
    return {one["call_id"] for one in said} if isinstance(said, list) else {one["id"] for one in said["calls"]}
