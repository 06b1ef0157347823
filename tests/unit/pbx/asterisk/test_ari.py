"""ARI over real HTTP: how it logs in, what it makes of errors, how it stays connected."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connector.domain.secret import Secret
from connector.errors import ConfigError, PbxRefused, PbxUnreachable
from connector.network.clock import SystemClock
from connector.pbx.asterisk import ari_http
from connector.pbx.asterisk.ari import Ari, AriEvent
from connector.pbx.asterisk.ari_http import AriRefused
from connector.ports.clock import Clock
from connector.settings import Endpoint
from tests.clocks import SimulatedClock
from tests.unit.pbx.asterisk.ari_server import PASSWORD, USER, AriServer

LIMIT_SECONDS = 10.0


@pytest.fixture
async def server() -> AsyncIterator[AriServer]:
    async with AriServer() as server:
        yield server


@contextlib.asynccontextmanager
async def connecting(server: AriServer, clock: Clock | None = None) -> AsyncIterator[Ari]:
    """An Ari that tries to hear events."""
    ari = Ari("house", server.endpoint, clock=clock or SystemClock(), draw=lambda: 1.0)
    running = asyncio.create_task(ari.run())
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            yield ari
    finally:
        running.cancel()
        await asyncio.wait([running])
        await ari.close()


@contextlib.asynccontextmanager
async def asking(endpoint: Endpoint, ca: str = "") -> AsyncIterator[Ari]:
    ari = Ari("house", endpoint, ca=ca, clock=SystemClock())
    try:
        yield ari
    finally:
        await ari.close()


def answering(
    status: int, text: str, content_type: str = "application/json"
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=content_type)

    return answer


async def heard_until(ari: Ari, server: AriServer, last: str, *texts: str) -> list[AriEvent]:
    """What comes of these frames, and of the last event behind them."""
    heard: asyncio.Queue[AriEvent] = asyncio.Queue()
    events: list[AriEvent] = []
    with ari.listening(heard.put_nowait):
        for text in texts:
            await server.send(text)
        await server.tell({"type": last})
        while not events or events[-1]["type"] != last:
            events.append(await heard.get())
    return events


async def test_the_password_goes_in_a_header_and_in_no_address(server: AriServer) -> None:
    async with connecting(server) as ari:
        await ari.up()
        await ari.request("recordings", "listStored")
    assert server.requests
    assert not any(PASSWORD in request or USER in request or "api_key" in request for request in server.requests)


async def test_events_are_heard_in_their_order(server: AriServer) -> None:
    async with connecting(server) as ari:
        assert "not connected" in ari.trouble
        await ari.up()
        assert ari.trouble == ""
        heard = await heard_until(ari, server, "Third", '{"type": "First"}', '{"type": "Second"}')
    assert [event["type"] for event in heard] == ["First", "Second", "Third"]


@pytest.mark.parametrize("bad", ["{", "[1]", "null", '{"type": 7}', '{"no": "type"}', "7", ""])
async def test_a_frame_that_is_no_event_is_skipped(server: AriServer, bad: str) -> None:
    async with connecting(server) as ari:
        await ari.up()
        assert await heard_until(ari, server, "Good", bad) == [{"type": "Good"}]


async def test_a_connection_that_closes_is_made_again(server: AriServer) -> None:
    clock = SimulatedClock()
    async with connecting(server, clock) as ari:
        await ari.up()
        await server.drop()
        await clock.until_sleeping()
        assert "closed the connection" in ari.trouble
        await clock.advance(0.5)
        await ari.up()
        assert await heard_until(ari, server, "Again") == [{"type": "Again"}]


async def test_a_pbx_that_is_away_is_asked_less_and_less_often_and_found_again(server: AriServer) -> None:
    clock = SimulatedClock()
    await server.stop()
    async with connecting(server, clock) as ari:
        waits = []
        for _ in range(8):
            await clock.until_sleeping()
            waits.append(clock.wakes_at[0] - clock.now())
            assert "does not answer" in ari.trouble
            await clock.advance(waits[-1])
        assert waits == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0])
        await clock.until_sleeping()
        await server.start()
        await clock.advance(30.0)
        await ari.up()


async def test_a_refused_login_is_named_and_tried_rarely(server: AriServer) -> None:
    clock = SimulatedClock()
    wrong = Endpoint(user="nobody", password=Secret("x"), host="127.0.0.1", port=server.port)
    ari = Ari("house", wrong, clock=clock, draw=lambda: 1.0)
    running = asyncio.create_task(ari.run())
    await clock.until_sleeping()
    assert clock.wakes_at[0] - clock.now() == pytest.approx(15.0)
    assert "user 'nobody' refused" in ari.trouble
    assert "ari.conf" in ari.trouble
    assert len(server.requests) == 1
    running.cancel()
    await asyncio.wait([running])
    await ari.close()


async def test_a_peer_that_answers_no_ping_is_given_up(server: AriServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_http, "HEARTBEAT_SECONDS", 0.05)
    server.answers_pings = False
    clock = SimulatedClock()
    async with connecting(server, clock) as ari:
        await ari.up()
        await clock.until_sleeping()
        assert ari.trouble


def test_a_silent_peer_is_noticed_within_fifteen_seconds() -> None:
    assert 1.5 * ari_http.HEARTBEAT_SECONDS <= 15.0


async def test_another_program_of_our_name_is_named_and_not_fought(server: AriServer) -> None:
    clock = SimulatedClock()
    async with connecting(server, clock) as ari:
        await ari.up()
        await server.tell({"type": "ApplicationReplaced", "application": "callreel"})
        await clock.until_sleeping()
        assert "another program took the application 'callreel'" in ari.trouble
        assert clock.wakes_at[0] - clock.now() == pytest.approx(15.0)


async def test_a_description_that_names_another_server_does_not_lead_us_there() -> None:
    async with AriServer(base="https://elsewhere.example/ari") as server, connecting(server) as ari:
        await ari.up()
        assert await ari.request("recordings", "listStored") == []


async def test_a_redirect_is_not_followed(server: AriServer) -> None:
    async def redirected(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://elsewhere.example/"})

    server.instead["GET /ari/recordings/stored"] = redirected
    async with asking(server.endpoint) as ari:
        with pytest.raises(AriRefused, match="302"):
            await ari.request("recordings", "listStored")


async def test_a_refusal_says_what_asterisk_said(server: AriServer) -> None:
    async with asking(server.endpoint) as ari:
        with pytest.raises(AriRefused, match=r"'house' at 127.0.0.1:\d+.*404 Channel not found") as refused:
            await ari.request("channels", "hangup", channelId="gone/../x")
    assert refused.value.status == 404
    assert server.requests[-1].startswith("DELETE /ari/channels/gone%2F..%2Fx")


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_server_that_cannot_now_is_no_refusal(server: AriServer, status: int) -> None:
    async with asking(server.endpoint) as ari:
        await ari.request("recordings", "listStored")
        server.instead["GET /ari/recordings/stored"] = answering(status, "busy", "text/plain")
        with pytest.raises(PbxUnreachable, match=str(status)):
            await ari.request("recordings", "listStored")


@pytest.mark.parametrize("page", ["<html>", "[]", '{"basePath": "x"}', "{}"])
async def test_another_program_at_that_port_is_named(server: AriServer, page: str) -> None:
    server.instead["GET /ari/api-docs/resources.json"] = answering(200, page)
    async with asking(server.endpoint) as ari:
        with pytest.raises(PbxRefused, match="is no ARI"):
            await ari.request("recordings", "listStored")


async def test_what_this_asterisk_does_not_offer_is_refused_with_the_module_to_load(server: AriServer) -> None:
    async with asking(server.endpoint) as ari:
        with pytest.raises(PbxRefused, match=r"mailboxes\.list: load res_ari_mailboxes\.so"):
            await ari.request("mailboxes", "list")


async def test_a_request_without_an_answer_ends(server: AriServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_http, "REQUEST_SECONDS", 0.05)
    never = asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    server.instead["GET /ari/api-docs/resources.json"] = silent
    async with asking(server.endpoint) as ari:
        with pytest.raises(PbxUnreachable, match="does not answer"):
            await ari.request("recordings", "listStored")
    never.set()


async def test_a_file_comes_in_pieces_with_its_format_and_length(server: AriServer) -> None:
    server.files["2026/a b.wav16"] = bytes(range(256)) * 4096
    async with asking(server.endpoint) as ari, ari.stored("2026/a b") as stored:
        pieces = [piece async for piece in stored.pieces]
    assert (stored.format, stored.size_bytes) == ("wav16", 1 << 20)
    assert b"".join(pieces) == server.files["2026/a b.wav16"]
    assert max(map(len, pieces)) <= 256 * 1024


async def test_a_file_that_is_cut_on_the_way_is_no_file(server: AriServer) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "audio/wav"})
        await response.prepare(request)
        await response.write(b"x" * 500)
        assert request.transport is not None
        request.transport.abort()
        return response

    server.instead["GET /ari/recordings/stored/a/file"] = cut
    async with asking(server.endpoint) as ari:
        with pytest.raises(PbxUnreachable, match="does not answer"):
            async with ari.stored("a") as stored:
                _ = [piece async for piece in stored.pieces]


async def test_with_tls_only_the_certificate_that_is_named_is_believed(tmp_path: Path) -> None:
    context, ca = a_certificate(tmp_path)
    async with AriServer(certificate=context) as server:
        async with asking(server.endpoint, ca) as ari:
            assert await ari.request("recordings", "listStored") == []
        async with asking(server.endpoint) as stranger:
            with pytest.raises(PbxRefused, match=r"certificate is not trusted.*set `ca`"):
                await stranger.request("recordings", "listStored")
        async with asking(server.endpoint, str(tmp_path / "none.pem")) as blind:
            with pytest.raises(ConfigError, match=r"none\.pem"):
                await blind.request("recordings", "listStored")


def test_nothing_of_it_is_loaded_where_it_is_not_used() -> None:
    code = "import sys, connector.pbx.asterisk.whisper; print([m for m in ('aiohttp', 'aioari') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def a_certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """For 127.0.0.1, signed by itself; and the file of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "pbx.pem", folder / "pbx.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, str(pem)
