"""Who asks: behind proxies of ours, and of others; and whose pages may."""

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message, Receive, Scope, Send

from connector.web.proxies import Proxies, shown_key, with_origins
from tests.unit.web.browser import Browser

OURS = ("10.0.0.0/24", "2001:db8::1", "127.0.0.1")


async def seen(client: str, *, networks: tuple[str, ...] = OURS, **headers: str) -> tuple[str, str]:
    """Client and scheme, as the application sees them."""
    found: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.append(scope)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody answers."""

    said = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "client": (client, 4711), "headers": said}
    await Proxies(app, networks)(scope, receive, send)
    return found[0]["client"][0], found[0]["scheme"]


@pytest.mark.parametrize(
    ("written", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("203.0.113.7:50112", "203.0.113.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("2001:db8::7, 2001:db8::1", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.0.0.4", "203.0.113.7"),
        ("<script>", "10.0.0.1"),
        ("203.0.113.7, unknown", "10.0.0.1"),
        ("203.0.113.7, nonsense, 10.0.0.9", "10.0.0.9"),
        (" , ,", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
async def test_behind_a_proxy_of_ours_it_is_the_last_that_is_none(written: str, client: str) -> None:
    assert (await seen("10.0.0.1", x_forwarded_for=written))[0] == client


@pytest.mark.parametrize("client", ["203.0.113.9", "10.0.1.1", "2001:db8::2", "::1", "a socket"])
async def test_nobody_else_is_believed(client: str) -> None:
    assert await seen(client, x_forwarded_for="1.2.3.4", x_forwarded_proto="https") == (client, "http")


async def test_without_proxies_of_ours_nobody_is_believed() -> None:
    assert (await seen("127.0.0.1", networks=(), x_forwarded_for="1.2.3.4"))[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("written", "scheme"),
    [("https", "https"), ("http", "http"), ("http, https", "https"), ("gopher", "http"), ("", "http")],
)
async def test_a_proxy_of_ours_says_whether_it_was_asked_with_tls(written: str, scheme: str) -> None:
    assert (await seen("::ffff:10.0.0.1", x_forwarded_proto=written))[1] == scheme


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer one"}, "one"),
        ({"authorization": "bearer  one "}, "one"),
        ({"x-api-key": "two"}, "two"),
        ({"authorization": "Bearer one", "x-api-key": "two"}, "one"),
        ({"authorization": "Basic one", "x-api-key": "two"}, "two"),
        ({"authorization": "Bearer"}, ""),
        ({}, ""),
    ],
)
def test_a_key_may_be_shown_in_two_ways(headers: dict[str, str], key: str) -> None:
    said = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert shown_key(Request({"type": "http", "headers": said})) == key


def pages(*origins: str) -> Browser:
    app = FastAPI()

    @app.get("/v1/calls")
    async def calls() -> list[str]:
        return []

    return Browser(with_origins(app, origins))


async def test_pages_of_a_named_origin_may_ask() -> None:
    headers = {"origin": "https://app.example.com", "access-control-request-method": "GET"}
    asked = await pages("https://app.example.com").ask("/v1/calls", "OPTIONS", headers)
    assert asked.status == 200
    assert "x-api-key" in asked.headers["access-control-allow-headers"]
    answer = await pages("https://app.example.com").ask("/v1/calls", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Link" in answer.headers["access-control-expose-headers"].title()


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.org", "null"]
)
async def test_pages_of_others_may_not(origin: str) -> None:
    for browser in (pages("https://app.example.com"), pages()):
        answer = await browser.ask("/v1/calls", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
