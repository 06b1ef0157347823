"""The web page as it is served: its document under a strict policy, its files, and what is there before it is built."""

import gzip
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import APIRouter, FastAPI

from connector.settings import ApiSettings
from connector.web.app import application, served
from connector.web.metrics import RequestNumbers
from connector.web.pages import VIEWS, BuiltPage, page_router
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Answer, Browser

ROOT = Path(__file__).parents[3]
SCRIPT = b"export const answer = 42;\n" * 200
#: Nothing is gained by packing it.
ICON = b"<svg/>"
DOCUMENT = '<!doctype html><meta name="csp-nonce" content="%NONCE%"><script type="module" src="/assets/a.js"></script>'
ADDRESSES = [f"/{view}" for view in VIEWS] + ["/calls/", "/settings/organisations/acme", "/calls?call=c-1&t=12.5"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "assets" / "deep").mkdir(parents=True)
    (static / "index.html").write_text(DOCUMENT)
    (static / "fingerprint").write_text("SECRET")
    (static / "assets" / "a.js").write_bytes(SCRIPT)
    (static / "assets" / "deep" / "icon.svg").write_bytes(ICON)
    (static / "assets" / "odd.bin").write_bytes(b"\0")
    (tmp_path / "secret").write_text("SECRET")
    return static


def an_app(folder: Path) -> FastAPI:
    room = APIRouter()

    @room.get("/calls/{name}", operation_id="here_first")
    async def thing(name: str) -> str:
        return name

    return application([room, page_router(BuiltPage(folder))], "1.2.3")


def opened(app: FastAPI) -> Browser:
    return Browser(served(app, ApiSettings(), RequestNumbers(), SimulatedClock()))


@pytest.fixture
def browser(folder: Path) -> Browser:
    return opened(an_app(folder))


def nonce_of(answer: Answer) -> str:
    found = re.search(r"'nonce-([A-Za-z0-9_-]+)'", answer.headers["content-security-policy"])
    assert found
    return found[1]


# --- the document -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_address_of_the_page_shows_it(browser: Browser, address: str) -> None:
    answer = await browser.ask(address)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text == DOCUMENT.replace("%NONCE%", nonce_of(answer))


async def test_home_leads_to_the_calls_on_this_very_server(browser: Browser) -> None:
    for method in ("GET", "HEAD"):
        answer = await browser.ask("/", method, {"host": "elsewhere.test"})
        assert (answer.status, answer.headers["location"]) == (307, "/calls")


async def test_nothing_may_run_or_be_loaded_but_what_is_ours(browser: Browser) -> None:
    answer = await browser.ask("/calls")
    policy = dict(one.strip().split(" ", 1) for one in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{nonce_of(answer)}'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_no_nonce_comes_twice_and_none_is_kept(browser: Browser) -> None:
    answers = [await browser.ask("/calls") for _ in range(20)]
    assert len({nonce_of(answer) for answer in answers}) == 20
    assert min(len(nonce_of(answer)) for answer in answers) >= 22
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


async def test_the_page_is_alone_in_its_window_and_asks_for_no_device(browser: Browser) -> None:
    headers = (await browser.ask("/calls")).headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "microphone=()" in headers["permissions-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("address", ["/calls", "/assets/a.js"])
async def test_head_says_what_get_would_and_sends_nothing(browser: Browser, address: str) -> None:
    head, get = await browser.ask(address, "HEAD"), await browser.ask(address)
    assert (head.status, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(get.content)
    assert head.headers.keys() == get.headers.keys()


@pytest.mark.parametrize("address", ["/", "/calls", "/assets/a.js"])
async def test_nothing_can_be_written_there(browser: Browser, address: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert (await browser.ask(address, method)).status == 405


# --- its files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.js", SCRIPT, "text/javascript; charset=utf-8"),
        ("deep/icon.svg", ICON, "image/svg+xml"),
        ("odd.bin", b"\0", "application/octet-stream"),
    ],
)
async def test_files_are_kept_by_browsers_for_a_year(
    browser: Browser, name: str, content: bytes, content_type: str
) -> None:
    answer = await browser.ask(f"/assets/{name}")
    assert (answer.status, answer.content, answer.headers["content-type"]) == (200, content, content_type)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP ; q=0.8", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("xgzip", False),
    ],
)
async def test_a_file_comes_packed_to_whoever_can_unpack_it(browser: Browser, accepted: str, is_packed: bool) -> None:
    answer = await browser.ask("/assets/a.js", headers={"accept-encoding": accepted})
    assert (answer.headers.get("content-encoding") == "gzip") is is_packed
    assert (gzip.decompress(answer.content) if is_packed else answer.content) == SCRIPT
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["vary"] == "accept-encoding"
    if is_packed:
        assert len(answer.content) < len(SCRIPT) / 10


async def test_what_packing_makes_no_smaller_stays_as_it_is(browser: Browser) -> None:
    answer = await browser.ask("/assets/deep/icon.svg", headers={"accept-encoding": "gzip"})
    assert (answer.content, "content-encoding" in answer.headers) == (ICON, False)


async def test_each_form_of_a_file_has_its_tag_and_whoever_has_it_gets_it_no_second_time(browser: Browser) -> None:
    tags = []
    for accepted in ("", "gzip"):
        first = await browser.ask("/assets/a.js", headers={"accept-encoding": accepted})
        tags.append(first.headers["etag"])
        headers = {"accept-encoding": accepted, "if-none-match": first.headers["etag"]}
        again = await browser.ask("/assets/a.js", headers=headers)
        assert (again.status, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        other = await browser.ask("/assets/a.js", headers=headers | {"if-none-match": '"another"'})
        assert other.status == 200
    assert len(set(tags)) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../fingerprint",
        "/assets/../../secret",
        "/assets/deep/../../index.html",
        "/assets/./a.js",
        "/assets//a.js",
        "/assets/deep",
        "/assets/",
        "/assets/..%2f..%2fsecret",
        "/assets/%2e%2e/fingerprint",
        "/assets/..\\..\\secret",
        "/assets//etc/passwd",
        "/assets/" + "../" * 20 + "etc/passwd",
        "/assets/a.js%00.css",
        "/assets/" + "a" * 4000,
        "/fingerprint",
        "/index.html",
        "/static/index.html",
        "/a.js",
        "/../secret",
    ],
)
async def test_no_path_leads_anywhere_else(browser: Browser, folder: Path, path: str) -> None:
    for address in (path, quote(path, safe="/%")):
        answer = await browser.ask(address)
        assert answer.status in {400, 404}
        assert answer.headers["content-type"] == "application/problem+json"
        assert not {b"SECRET", b"root:", SCRIPT} & {answer.content}
        assert len(json.loads(answer.content)["detail"]) < 400


# --- beside the API -----------------------------------------------------------------------------------------------


async def test_a_room_of_the_api_is_not_hidden_by_it(browser: Browser) -> None:
    assert json.loads((await browser.ask("/calls/one")).text) == "one"


async def test_it_is_no_part_of_the_apis_description(browser: Browser) -> None:
    assert list(json.loads((await browser.ask("/openapi.json")).text)["paths"]) == ["/calls/{name}"]


def test_the_api_and_what_lies_beside_it_have_no_address_of_the_page() -> None:
    described = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    first = {path.split("/")[1] for path in [*described, "/openapi.json", "/files/x", "/callreel-files/x"]}
    assert {"v1", "healthz", "readyz", "metrics"} <= first
    assert first.isdisjoint({*VIEWS, "assets", ""})


def test_the_page_knows_the_same_addresses() -> None:
    source = (ROOT / "connector" / "web" / "page" / "src" / "address.ts").read_text()
    found = re.search(r"VIEWS = \[(.*?)\]", source)
    assert found
    assert tuple(re.findall(r'"([a-z]+)"', found[1])) == VIEWS


async def test_where_nobody_built_it_that_is_said_and_the_api_goes_on(tmp_path: Path) -> None:
    browser = opened(an_app(tmp_path / "nothing"))
    for address in ("/", *ADDRESSES):
        answer = await browser.ask(address)
        assert (answer.status, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        assert "scripts/build-page" in answer.text
    assert (await browser.ask("/assets/a.js")).status == 404
    assert (await browser.ask("/calls/one")).status == 200
