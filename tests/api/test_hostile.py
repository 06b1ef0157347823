"""Whatever is sent to whatever route: it is answered, never by 500, and nothing is read or written that is not ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connector.web.openapi import description
from tests.api.examples import Example, Route, example, routes
from tests.api.hostile import BODIES, CONTENT_TYPES, FURTHER_HEADERS, HEADERS, METHODS, RANGES, VALUES, WORDS
from tests.api.pictures import differing, files, rows
from tests.api.site import Site
from tests.unit.web.browser import Answer

_PROBLEM = "application/problem+json"
#: Its failed recordings are what it is told by.
_TROUBLED = "/readyz"
#: Said of set purpose: a PBX's conferences are not ours to rule.
_NOT_OURS = 501
#: Clients of other services may say more than we listen to.
_DOORS = ("/calling/", "/api/")
#: What such a word is to them is an agent whom nobody knows, which is no fault.
_ANY_AGENT = ("/v1/agents/", "/v1/assistants/")
_CONTENT_OF_PASSWD = b"root:x:0"
#: The key that somebody signs in with stands in the body, and who signs out needs none.
_KEYLESS = (
    ("GET", "/healthz"),
    ("GET", _TROUBLED),
    ("GET", "/openapi.json"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
)
#: Written by every request, or by the catalogue itself.
_OWN_FILES = ("catalogue.db", "audit", "erasures.jsonl")
#: Where each one is a conversion.
_FEW = ("bytes=0-0", "bytes=-1", "bytes=99999999-", "bytes=1-0")
_DOCUMENT: dict[str, Any] = {}
_MARK = "~here~"
#: Of orders nothing is carried out, so that thousands of them take no time: the calls are over.
_OVER = {"conference": "past-conference", "conference_id": "past-conference"}


class Hostile:
    """A site, what is wrong with its answers, and what it kept before."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.wrong: dict[str, str] = {}
        self._before = self._files()

    async def ask(self, said: str, who: str | None, method: str, url: str, **more: Any) -> Answer:
        more.setdefault("leaves_after", 2 if url.startswith("/v1/events") else None)
        answer = await self.site.ask(who, method, url, **more)
        why = "" if url.startswith(_TROUBLED) and answer.status == 503 else _why_wrong(answer)
        if why:
            self.wrong[f"{method} {url[:120]}: {said}"] = why
        return answer

    def check(self) -> None:
        assert self.wrong == {}
        assert self._files() == self._before

    def _files(self) -> dict[str, str]:
        state = {name: digest for name, digest in files(self.site.folder).items() if not name.startswith(_OWN_FILES)}
        return state | files(self.site.seeded.archive)


@pytest.fixture
def hostile(quick_site: Site) -> Iterator[Hostile]:
    yield (found := Hostile(quick_site))
    found.check()


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
async def test_any_word_for_an_id_is_one_that_is_not_there(hostile: Hostile, word: str) -> None:
    before = await rows(hostile.site)
    for method, path, name in _places_in_paths(hostile.site):
        url = _url(hostile.site, (method, path), name, WORDS[word])
        answer = await hostile.ask(word, "acme admin", method, url, body=example((method, path)).body_for("acme"))
        if not 400 <= answer.status < 502 and not path.startswith(_ANY_AGENT) and _is_still(path, url):
            hostile.wrong[f"{method} {path}: {word}"] = f"answered {answer.status}"
    assert set(differing(before, await rows(hostile.site))) <= {"about", "audit", "changed_settings"}


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
async def test_any_word_in_a_query_is_understood_or_refused(hostile: Hostile, word: str) -> None:
    for (method, path), parameter in _queries(hostile.site):
        url = _over(hostile.site, (method, path))
        sign = "&" if "?" in url else "?"
        await hostile.ask(word, "acme admin", method, f"{url}{sign}{parameter}={WORDS[word]}")


@pytest.mark.parametrize("url", ["/v1/calls", "/v1/events", "/healthz", "/openapi.json", "/files/a/b", "/nothing"])
async def test_a_query_of_anything_is_understood_or_refused(hostile: Hostile, url: str) -> None:
    for query in ("?", "?&&&", "?=", "?a=1&a=2", "?%", "?%00", "?\x7f", f"?{'a' * 60_000}", f"?{'a=1&' * 5_000}"):
        await hostile.ask(query[:20], "acme admin", "GET", url + query)


async def test_any_range_is_answered_by_bytes_of_the_file_or_refused(hostile: Hostile) -> None:
    said = json.loads((await hostile.site.ask("acme listen", "GET", "/v1/calls/acme-available/recording")).content)
    link = "/" + said["recording_url"].partition("://")[2].partition("/")[2]
    stream = "/v1/calls/acme-available/recording/stream"
    converted = f"{stream}?format=flac"
    for who, url, ranges in (("acme listen", stream, RANGES), ("acme listen", converted, _FEW), (None, link, RANGES)):
        whole = (await hostile.site.ask(who, "GET", url)).content
        for asked in ranges:
            answer = await hostile.ask(asked[:30], who, "GET", url, headers={"range": asked})
            assert answer.status in {200, 206, 416}, asked[:60]
            if answer.status != 416:
                assert answer.content in whole
                assert int(answer.headers.get("content-length", len(answer.content))) == len(answer.content)


async def test_no_header_for_a_key_opens_anything(hostile: Hostile) -> None:
    for route in routes(hostile.site.app):
        for headers in HEADERS:
            answer = await hostile.ask(_named(headers), None, route[0], _over(hostile.site, route), headers=headers)
            is_open = route in _KEYLESS or route[1].startswith("/files/")
            if not is_open and answer.status not in {400, 401, 429}:
                hostile.wrong[f"{' '.join(route)}: {_named(headers)}"] = f"answered {answer.status}"


async def test_any_header_beside_a_key_is_understood_or_refused(hostile: Hostile) -> None:
    for route in routes(hostile.site.app):
        for headers in FURTHER_HEADERS:
            await hostile.ask(_named(headers), "acme admin", route[0], _over(hostile.site, route), headers=headers)


@pytest.mark.parametrize("body", BODIES)
async def test_what_is_no_body_is_refused_wherever_one_is_wanted(hostile: Hostile, body: str) -> None:
    wanted = _with_bodies(hostile.site)
    for route in [*wanted, ("GET", "/v1/calls"), ("DELETE", "/v1/calls/{call_id}/recording/hold")]:
        answer = await hostile.ask(body, "acme admin", route[0], _over(hostile.site, route), raw=BODIES[body])
        if route in wanted and not route[1].startswith(_DOORS) and answer.status < 400:
            hostile.wrong[f"{' '.join(route)}: {body}"] = f"answered {answer.status}"


async def test_a_body_in_many_pieces_is_bounded_too(hostile: Hostile) -> None:
    headers = {"transfer-encoding": "chunked", "content-length": "0"}
    for route in _with_bodies(hostile.site):
        answer = await hostile.ask(
            "pieces",
            "acme admin",
            route[0],
            _over(hostile.site, route),
            raw=BODIES["ten megabytes"],
            headers=headers,
            # As soon as it is answered: what is left of the body is waited for.
            leaves_after=1,
        )
        assert answer.status == 413, route


async def test_any_value_for_any_member_is_understood_or_refused(hostile: Hostile) -> None:
    for route in _with_bodies(hostile.site):
        usual = example(route).body_for("acme") or {}
        for name in _members(hostile.site, route):
            for value in VALUES:
                said = f"{name}: {str(value)[:30]!a}"
                await hostile.ask(said, "acme admin", route[0], _over(hostile.site, route), body={**usual, name: value})


async def test_a_member_that_nobody_wants_is_refused(hostile: Hostile) -> None:
    for route in _with_bodies(hostile.site):
        if route[1].startswith(_DOORS):
            continue
        body = {**(example(route).body_for("acme") or {}), "nobody_wants": 1}
        answer = await hostile.ask("more", "acme admin", route[0], _over(hostile.site, route), body=body)
        assert answer.status in {400, 422}, route


async def test_any_content_type_is_understood_or_refused(hostile: Hostile) -> None:
    for route in _with_bodies(hostile.site):
        for kind in CONTENT_TYPES:
            body = example(route).body_for("acme")
            headers = {"content-type": kind}
            await hostile.ask(kind, "acme admin", route[0], _over(hostile.site, route), body=body, headers=headers)


async def test_any_other_method_is_refused(hostile: Hostile) -> None:
    known = set(routes(hostile.site.app))
    for path in sorted({path for _, path in known}):
        for method in (*METHODS, "GET", "PUT", "POST", "PATCH", "DELETE"):
            if (method, path) in known:
                continue
            answer = await hostile.ask(method, "acme admin", method, _over(hostile.site, (method, path)))
            same_address = any(_is_like(path, other) for one, other in known if one == method)
            if answer.status != 405 and not same_address:
                hostile.wrong[f"{method[:20]} {path}"] = f"answered {answer.status}"


@pytest.mark.parametrize(
    "url",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/files/..%2f..%2f..%2fetc/passwd",
        "/files/../../../../etc/passwd?destination=archive",
        "/files/acme-recording-available/stereo?destination=..%2F..&name=x&expires=9999999999&signature=00",
        "/files/acme-recording-available/stereo?destination=archive&name=%00&expires=nobody&signature=%FF",
        "/files/acme-recording-available/stereo?expires=1e999&signature=" + "0" * 10_000,
        "/v1",
        "/v1/",
        "/v1/calls/",
        "//v1/calls",
        "/V1/CALLS",
        "/v1/calls;a=b",
        "/" + "a/" * 20_000,
        "/%",
        "/%00",
        "/\x7f",
        "/*",
    ],
)
async def test_any_other_address_is_not_there(hostile: Hostile, url: str) -> None:
    for who in (None, "acme admin"):
        answer = await hostile.ask("address", who, "GET", url)
        assert 400 <= answer.status < 500


# --- judging ----------------------------------------------------------------------------------------------------------


def _why_wrong(answer: Answer) -> str:
    if _CONTENT_OF_PASSWD in answer.content:
        return "somebody's passwords"
    if answer.status >= 500 and answer.status != _NOT_OURS:
        return f"{answer.status} {answer.text[:200]}"
    if answer.status < 400:
        return ""
    kind = answer.headers.get("content-type", "")
    if "x-evil" in answer.headers:
        return "a header of the caller's"
    # Links are opened by people in browsers: what is wrong is said in plain words.
    is_plain = kind.startswith("text/plain") and answer.status in {403, 404, 410, 416}
    if answer.content and kind != _PROBLEM and not is_plain:
        return f"{answer.status} as {kind}: {answer.text[:200]}"
    return ""


def _named(headers: Any) -> str:
    return ascii({name: value[:30] for name, value in headers.items()})


# --- what there is to ask ---------------------------------------------------------------------------------------------


def _over(site: Site, route: Route) -> str:
    """With ids of calls that are over."""
    one = example(route)
    return Example(what=_OVER, query=one.query).url(route[1], "acme", site.ids("acme"))


def _places_in_paths(site: Site) -> list[tuple[str, str, str]]:
    return [
        (method, path, part.strip("{}").removesuffix(":path"))
        for method, path in routes(site.app)
        for part in path.split("/")
        if part.startswith("{")
    ]


def _url(site: Site, route: Route, name: str, word: str) -> str:
    """The path with that word instead of the id of that name."""
    method, path = route
    marked = path.replace(f"{{{name}}}", _MARK).replace(f"{{{name}:path}}", _MARK)
    return example((method, path)).url(marked, "acme", site.ids("acme")).replace(_MARK, word)


def _is_still(path: str, url: str) -> bool:
    """Whether that address is that route's still: `..` and slashes lead elsewhere."""
    return len(url.partition("?")[0].split("/")) == len(path.split("/"))


def _is_like(path: str, other: str) -> bool:
    """Whether an address of the one may be the other's."""
    ours, theirs = path.split("/"), other.split("/")
    return len(ours) == len(theirs) and all(
        one == two or one.startswith("{") or two.startswith("{") for one, two in zip(ours, theirs, strict=True)
    )


def _operations(site: Site) -> dict[Route, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = _document(site)["paths"]
    return {(method.upper(), path): one for path, methods in paths.items() for method, one in methods.items()}


def _document(site: Site) -> dict[str, Any]:
    """The same of every site, and long in the making."""
    if not _DOCUMENT:
        _DOCUMENT.update(description(site.app))
    return _DOCUMENT


def _queries(site: Site) -> list[tuple[Route, str]]:
    return [
        (route, parameter["name"])
        for route, operation in _operations(site).items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]


def _with_bodies(site: Site) -> list[Route]:
    described = {route for route, operation in _operations(site).items() if "requestBody" in operation}
    return [route for route in routes(site.app) if _plain(route) in described]


def _plain(route: Route) -> Route:
    return route[0], route[1].replace(":path}", "}")


def _members(site: Site, route: Route) -> list[str]:
    document = _document(site)
    operation = document["paths"][_plain(route)[1]][route[0].lower()]
    found: dict[str, None] = {}
    for content in operation["requestBody"]["content"].values():
        found |= dict.fromkeys(_names(content.get("schema", {}), document))
    return list(found) or ["anything"]


def _names(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield from schema.get("properties", {})
    for inner in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])):
        yield from _names(inner, document)
