"""Links fetched from a real server on this machine, as anybody would."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from connector.domain.secret import Secret
from connector.errors import DestinationUnreachable
from connector.network.fetching import HttpFetcher

SIGNED = "/calls/a%2Fb%20c+d.mp3?X-Credential=KEY%2F20260105%2Fs3&X-Signature=a%2Bb%3D"
CONTENT = bytes(range(256)) * 8


class Server:
    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.date = "Mon, 05 Jan 2026 09:00:00 GMT"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        self.headers.append(dict(request.headers))
        if request.path == "/moved":
            raise web.HTTPFound("/calls/elsewhere")
        if request.path == "/refused":
            return web.Response(status=403, text="<Code>AccessDenied</Code>")
        response = web.StreamResponse(headers={"Date": self.date})
        await response.prepare(request)
        for at in range(0, len(CONTENT), 100):
            await response.write(CONTENT[at : at + 100])
            await asyncio.sleep(0)
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


@pytest.fixture
def nobody() -> str:
    """An address where no server is."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{reserved.getsockname()[1]}"


async def test_a_link_is_asked_for_as_it_was_signed(server: Server) -> None:
    page = await HttpFetcher().fetch(server.url + SIGNED, most_bytes=1 << 20)
    assert server.asked == [SIGNED]
    assert (page.status, page.content, page.at) == (200, CONTENT, 1767603600.0)
    assert "Authorization" not in server.headers[0]
    assert "Cookie" not in server.headers[0]


async def test_no_more_is_taken_than_was_asked_for(server: Server) -> None:
    assert (await HttpFetcher().fetch(server.url, most_bytes=250)).content == CONTENT[:250]


async def test_it_follows_nowhere(server: Server) -> None:
    page = await HttpFetcher().fetch(f"{server.url}/moved", most_bytes=1000)
    assert page.status == 302
    assert len(server.asked) == 1


async def test_a_refusal_is_an_answer(server: Server) -> None:
    page = await HttpFetcher().fetch(f"{server.url}/refused", most_bytes=1000)
    assert (page.status, page.content) == (403, b"<Code>AccessDenied</Code>")


async def test_a_time_that_is_none_is_not_believed(server: Server) -> None:
    server.date = "soon"
    assert (await HttpFetcher().fetch(server.url, most_bytes=1)).at is None


async def test_where_nobody_answers_the_host_is_named_and_the_link_is_not(nobody: str) -> None:
    with pytest.raises(DestinationUnreachable) as unreachable:
        await HttpFetcher().fetch(nobody + SIGNED, most_bytes=1)
    assert nobody.removeprefix("http://") in str(unreachable.value)
    assert "Signature" not in str(unreachable.value)


async def test_a_proxy_is_asked_and_its_password_is_never_said(server: Server, nobody: str) -> None:
    proxy = Secret(server.url.replace("http://", "http://user:pa55word@"))
    page = await HttpFetcher(proxy=proxy).fetch("http://bucket.invalid/a.mp3", most_bytes=10)
    assert (page.status, server.asked) == (200, ["http://bucket.invalid/a.mp3"])
    away = Secret(nobody.replace("http://", "http://user:pa55word@"))
    with pytest.raises(DestinationUnreachable) as unreachable:
        await HttpFetcher(proxy=away).fetch("http://bucket.invalid/a.mp3", most_bytes=10)
    assert "pa55word" not in str(unreachable.value) + repr(unreachable.value.__cause__) + repr(HttpFetcher(proxy=away))


async def test_an_authority_that_is_not_there_is_said(tmp_path: Path, server: Server) -> None:
    with pytest.raises(DestinationUnreachable, match="FileNotFoundError"):
        await HttpFetcher(str(tmp_path / "ca.pem")).fetch(server.url, most_bytes=1)
