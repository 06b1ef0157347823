"""What is refused before any route sees it; and what is said with every answer."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.types import Message, Receive, Scope, Send

from connector.web.limits import MOST_BODY_BYTES, Limits, guarded
from connector.web.metrics import RequestNumbers
from tests.clocks import SimulatedClock
from tests.unit.web.browser import Answer, Browser

JSON = {"content-type": "application/json"}


class Said(BaseModel):
    text: str


class Site:
    """An application that remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[bytes] = []
        self.app = FastAPI(openapi_url=None)

        @self.app.post("/v1/echo")
        async def echo(request: Request) -> dict[str, int]:
            self.reached.append(await request.body())
            return {"bytes": len(self.reached[-1])}

        @self.app.post("/v1/text")
        async def text(said: Said) -> str:
            return said.text

        @self.app.get("/v1/own")
        async def own() -> Response:
            return Response("page", headers={"cache-control": "max-age=60", "content-security-policy": "default-src *"})

        self._browser = Browser(guarded(self.app, RequestNumbers(), SimulatedClock()))

    async def post(self, body: bytes, path: str = "/v1/echo", **headers: str) -> Answer:
        said = {"content-length": str(len(body)), **JSON, **{name.replace("_", "-"): headers[name] for name in headers}}
        return await self._browser.ask(path, "POST", said, body)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self._browser.ask(path, headers=headers)


@pytest.fixture
def site() -> Site:
    return Site()


def assert_problem(answer: Answer, status: int, said: str) -> None:
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    body = json.loads(answer.content)
    assert (body["status"], said in body["detail"]) == (status, True), body


async def test_a_body_within_the_limits_arrives_as_it_was_sent(site: Site) -> None:
    body = b'{"a": "' + b"x" * (MOST_BODY_BYTES - 9) + b'"}'
    assert (await site.post(body)).status == 200
    assert site.reached == [body]


async def test_a_body_that_says_it_is_too_large_is_refused_unread(site: Site) -> None:
    assert_problem(await site.post(b"[]", content_length=str(MOST_BODY_BYTES + 1)), 413, "at most 1000000 bytes")
    assert_problem(await site.post(b"[]", content_length="9" * 4000), 413, "at most 1000000 bytes")
    assert site.reached == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b"[" * 100 + b"]" * 100, "nested"),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"text": "\\u0000"}', "NUL"),
        (b'{"text": "\xff"}', "UTF-8"),
        (b"[" + b"0," * 20_000 + b"}", "no JSON"),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/vnd.x+json", "text/plain", ""])
async def test_json_that_is_none_is_refused_whatever_it_is_called(
    site: Site, body: bytes, said: str, kind: str
) -> None:
    assert_problem(await site.post(body, content_type=kind), 400, said)
    assert site.reached == []


@pytest.mark.parametrize("body", [b"", b"a=1&a=2", b"\x00\xff"])
async def test_what_is_no_json_is_left_to_the_route(site: Site, body: bytes) -> None:
    assert (await site.post(body, content_type="application/x-www-form-urlencoded")).status == 200
    assert site.reached == [body]


async def test_what_is_text_is_read_as_it_was_meant(site: Site) -> None:
    answer = await site.post(b'{"text": "\\ud83d\\ude00 \xc3\xa9"}', "/v1/text")
    assert json.loads(answer.content) == "😀 é"


@pytest.mark.parametrize("path", ["/v1/%00", "/v1/echo?x=%00", "/v1/echo?x=a%00b"])
async def test_an_address_with_a_nul_is_refused(site: Site, path: str) -> None:
    assert_problem(await site.get(path), 400, "NUL")


@pytest.mark.parametrize("host", ["[", "a b", "a/../b", "evil\\", "x:y", "[::1", "user@host"])
async def test_a_host_that_is_none_is_refused(site: Site, host: str) -> None:
    assert_problem(await site.get("/v1/own", {"host": host}), 400, "Host")


@pytest.mark.parametrize("host", ["calls.example.com", "127.0.0.1:8080", "[::1]:8080", "my_host", ""])
async def test_every_host_that_is_one_is_taken(site: Site, host: str) -> None:
    assert (await site.get("/v1/own", {"host": host})).status == 200


async def test_every_answer_says_what_it_is_not_for(site: Site) -> None:
    for answer in (await site.post(b"{}"), await site.post(b"{"), await site.get("/nowhere")):
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


async def test_a_route_may_say_otherwise(site: Site) -> None:
    headers = (await site.get("/v1/own")).headers
    assert (headers["cache-control"], headers["content-security-policy"]) == ("max-age=60", "default-src *")


class Wire:
    """Sends what a test says, piece by piece, and takes down the answer in order with what was asked for."""

    def __init__(self, *pieces: Message) -> None:
        self.pieces = list(pieces)
        self.log: list[str] = []
        self.status = 0
        self.reached = False
        self.has_answered = asyncio.Event()

    async def ask(self, *, body_seconds: float = 30.0) -> None:
        async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
            self.reached = True
            self.pieces = [await receive(), *self.pieces]

        headers = [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")]
        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        await Limits(app, body_seconds=body_seconds)(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        self.log.append("read")
        if not self.pieces:
            await asyncio.Event().wait()
        return self.pieces.pop(0)

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.has_answered.set()
        self.log.append("last" if message.get("more_body") is False else "sent")


def piece(content: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


async def test_a_body_without_end_is_refused_as_soon_as_it_is_too_large() -> None:
    wire = Wire(*[piece(bytes(400_000))] * 5, piece(b"", more=False))
    await wire.ask()
    assert (wire.status, wire.reached) == (413, False)
    # Three pieces are too much; the refusal is out before the rest is thrown away.
    assert wire.log[:5] == ["read", "read", "read", "sent", "sent"]
    assert wire.log[-1] == "last"
    assert wire.pieces == []


async def test_what_is_thrown_away_has_an_end() -> None:
    wire = Wire(*[piece(bytes(1_000_000))] * 30)
    await wire.ask()
    assert wire.log[-1] == "last"
    assert len(wire.pieces) > 5


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    wire = Wire(piece(b"["))
    asking = asyncio.create_task(wire.ask(body_seconds=0.001))
    await wire.has_answered.wait()
    asking.cancel()
    assert (wire.status, wire.reached) == (408, False)


async def test_who_leaves_before_he_has_said_all_reaches_nobody() -> None:
    wire = Wire(piece(b"["), {"type": "http.disconnect"})
    await wire.ask()
    assert (wire.log, wire.reached) == (["read", "read"], False)


async def test_pieces_are_put_together() -> None:
    wire = Wire(piece(b'{"a'), piece(b'": 1'), piece(b"}", more=False))
    await wire.ask()
    assert wire.pieces == [piece(b'{"a": 1}', more=False)]
