"""Where only a real connection shows it: large bodies, live events, and whom proxies speak for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request

from connector.network.clock import SystemClock
from connector.roles.server import Server
from connector.services.live_events import LiveEvents
from connector.settings import ApiSettings
from connector.web.door import Door, address_of
from connector.web.limits import MOST_BODY_BYTES, guarded
from connector.web.live import live_router
from connector.web.metrics import RequestNumbers
from connector.web.problems import answer_with_problems
from tests.unit.services.memory_accounts import MemoryAccounts
from tests.unit.services.memory_changes import MemoryChanges
from tests.unit.web.keys import Keyring

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class House:
    """The application as it is served, on a real port."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.changes = MemoryChanges()
        self.events = LiveEvents(self.changes, MemoryAccounts(), clock)
        self.received: list[int] = []
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        app.include_router(live_router(self.events, Door(Keyring())))

        @app.post("/v1/echo")
        async def echo(request: Request) -> str:
            self.received.append(len(await request.body()))
            return f"{request.url.scheme} {address_of(request)}"

        served = guarded(app, RequestNumbers(), clock, trusted_proxies=["127.0.0.1"])
        self.server = Server(served, ApiSettings(listen="127.0.0.1:0"), drain_seconds=5)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Streams]:
        reader, writer = await asyncio.open_connection(*self.server.addresses[0])
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    opened = House()
    await opened.server.start()
    running = asyncio.create_task(opened.events.run())
    yield opened
    opened.events.close()
    running.cancel()
    await asyncio.wait([running])
    await opened.server.stop()


async def answer_of(streams: Streams, head: str, *pieces: bytes) -> tuple[int, bytes]:
    """Status and body, read after all was said, as simple clients do."""
    reader, writer = streams
    writer.write(f"{head}\r\nhost: localhost\r\ncontent-type: application/json\r\n".encode())
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    said = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in said.split(b"\r\n") if line.startswith(b"content-length:"))
    return int(said.split()[1]), await reader.readexactly(int(length.partition(b":")[2]))


async def test_who_says_ten_megabytes_without_a_pause_still_hears_that_it_is_too_much(house: House) -> None:
    async with house.connected() as streams:
        pieces = [b"[" + b" " * 99_999] * 100
        status, body = await answer_of(streams, "POST /v1/echo HTTP/1.1\r\ncontent-length: 10000000", b"\r\n", *pieces)
        assert (status, json.loads(body)["status"]) == (413, 413)
        assert await streams[0].read() == b""
    assert house.received == []


async def test_a_body_in_chunks_is_read_up_to_the_limit_and_no_further(house: House) -> None:
    chunk = b"%x\r\n%s\r\n" % (100_000, b" " * 100_000)
    for count, status in ((MOST_BODY_BYTES // 100_000, 400), (15, 413)):
        async with house.connected() as streams:
            head = "POST /v1/echo HTTP/1.1\r\ntransfer-encoding: chunked"
            found, _ = await answer_of(streams, head, b"\r\n", *[chunk] * count, b"0\r\n\r\n")
            # Blanks alone are no JSON.
            assert found == status
    assert house.received == []


async def test_a_connection_goes_on_after_what_was_refused(house: House) -> None:
    async with house.connected() as streams:
        for said, status in ((b'{"a":1,"a":2}', 400), (b'{"a":1}', 200), (b"[" * 99, 400), (b"[]", 200)):
            head = f"POST /v1/echo HTTP/1.1\r\ncontent-length: {len(said)}"
            assert (await answer_of(streams, head, b"\r\n" + said))[0] == status


async def test_a_proxy_on_this_machine_speaks_for_its_client(house: House) -> None:
    async with house.connected() as streams:
        head = "POST /v1/echo HTTP/1.1\r\nx-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\ncontent-length: 0"
        assert await answer_of(streams, head, b"\r\n") == (200, b'"https 203.0.113.7"')


async def test_live_events_come_at_once_and_end_when_the_server_leaves(house: House) -> None:
    async with house.connected() as (reader, writer):
        writer.write(b"GET /v1/events HTTP/1.1\r\nhost: localhost\r\nx-api-key: read\r\n\r\n")
        await reader.readuntil(b"retry: 3000\n\n")
        await house.changes.has_looked.wait()
        house.changes.call("c1")
        block = await reader.readuntil(b"event: call.started\n")
        assert b"id: " in block
        house.events.close()
        await house.server.stop()
        assert (await reader.read()).endswith(b"0\r\n\r\n")
