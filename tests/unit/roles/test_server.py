"""A real server on this machine: TLS, certificates that change, clients that take their time, and leaving in order."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from connector.errors import ConfigError
from connector.roles import server as server_module
from connector.roles.server import MOST_HEAD_BYTES, Server
from connector.settings import ApiSettings
from tests.unit.pbx.certificates import server_context

HERE = ApiSettings(listen="127.0.0.1:0")
ASKED = b"GET /%s HTTP/1.1\r\nhost: localhost\r\n\r\n"


class App:
    """Answers with what it was asked for; `slow` waits for the test, `endless` never ends."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.has_left = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = f"{scope['scheme']} {scope['path']}".encode()
        headers = [(b"content-length", str(len(said)).encode())]
        if scope["path"] == "/slow":
            self.has_begun.set()
            await self.may_end.wait()
        if scope["path"] == "/endless":
            await self._endless(send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    async def _endless(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        piece: Message = {"type": "http.response.body", "body": bytes(1_000_000), "more_body": True}
        self.has_begun.set()
        for _ in range(100):
            await send(piece)
        self.has_left.set()
        await send({"type": "http.response.body", "body": b""})


class Pair:
    """A certificate and its key where the server looks for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        self.renew()

    def renew(self) -> None:
        server_context(self.folder)
        self.key.chmod(0o600)

    @property
    def settings(self) -> ApiSettings:
        return ApiSettings(listen="127.0.0.1:0", tls_certificate=str(self.certificate), tls_key=str(self.key))

    def trust(self) -> ssl.SSLContext:
        """Of a client who trusts what lies there now."""
        return ssl.create_default_context(cafile=str(self.certificate))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, path: str = "") -> bytes:
        """The whole answer to one request."""
        self.writer.write(ASKED % path.encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return head + await self.reader.readexactly(int(length.partition(b":")[2]))

    async def heard(self) -> bytes:
        """Until it is hung up on."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


class House:
    """The server that runs, and who asks it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._clients: list[Client] = []

    async def connected(self, context: ssl.SSLContext | None = None) -> Client:
        name = "localhost" if context else None
        host, port = self.server.addresses[0]
        client = Client(*await asyncio.open_connection(host, port, ssl=context, server_hostname=name))
        self._clients.append(client)
        return client

    def hang_up(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()


@asynccontextmanager
async def running(app: App, api: ApiSettings = HERE, drain_seconds: int = 5) -> AsyncIterator[House]:
    house = House(Server(app, api, drain_seconds=drain_seconds))
    await house.server.start()
    try:
        yield house
        await house.server.stop()
    finally:
        house.hang_up()


def version_of(client: Client) -> str:
    return str(client.writer.get_extra_info("ssl_object").version())


async def test_with_a_certificate_it_speaks_tls_alone(pair: Pair) -> None:
    async with running(App(), pair.settings) as house:
        client = await house.connected(pair.trust())
        assert (await client.ask("calls")).endswith(b"https /calls")
        assert version_of(client) == "TLSv1.3"


async def test_tls_1_2_is_spoken_with_keys_that_nobody_finds_out_later(pair: Pair) -> None:
    context = pair.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with running(App(), pair.settings) as house:
        client = await house.connected(context)
        assert client.writer.get_extra_info("cipher")[0].startswith("ECDHE-")
    context.set_ciphers("kRSA")
    async with running(App(), pair.settings) as house:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await house.connected(context)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_nothing_older_is_spoken(pair: Pair) -> None:
    context = pair.trust()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with running(App(), pair.settings) as house:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await house.connected(context)


async def test_a_renewed_certificate_holds_for_who_comes_then_and_nobody_is_cut_off(pair: Pair) -> None:
    async with running(App(), pair.settings) as house:
        old_trust = pair.trust()
        early = await house.connected(old_trust)
        assert (await early.ask("one")).endswith(b"/one")
        pair.renew()
        house.server.reload()
        late = await house.connected(pair.trust())
        assert (await late.ask("three")).endswith(b"/three")
        assert (await early.ask("two")).endswith(b"/two")
        with pytest.raises(ssl.SSLCertVerificationError):
            await house.connected(old_trust)


async def test_a_bad_new_pair_leaves_the_old_one_and_is_said(
    pair: Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust, key = pair.trust(), pair.key.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    others = Pair(other)
    async with running(App(), pair.settings) as house:
        for spoil in (
            # Renewed by halves, as by a hook that copies one file after the other.
            lambda: pair.certificate.write_bytes(others.certificate.read_bytes()),
            lambda: pair.certificate.write_text("-----BEGIN CERTIFICATE-----"),
            pair.certificate.unlink,
        ):
            spoil()
            caplog.clear()
            house.server.reload()
            assert "certificate refused, the old one stays" in caplog.text
            client = await house.connected(trust)
            assert (await client.ask("on")).endswith(b"/on")
    assert pair.key.read_bytes() == key


async def test_plain_http_to_the_tls_port_is_hung_up_on_without_a_word_in_the_log(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(App(), pair.settings) as house:
        client = await house.connected()
        client.writer.write(ASKED % b"calls")
        said = await client.heard()
        secure = await house.connected(pair.trust())
        assert (await secure.ask("on")).endswith(b"/on")
    assert b"HTTP" not in said
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_without_a_certificate_it_speaks_plain_http_on_this_machine_alone() -> None:
    async with running(App()) as house:
        client = await house.connected()
        answer = await client.ask("calls")
        assert answer.endswith(b"http /calls")
        assert b"server:" not in answer.lower()
    with pytest.raises(ConfigError, match="trusted_proxies"):
        Server(App(), ApiSettings(listen="0.0.0.0:0"))


async def test_a_name_is_listened_to_at_all_its_addresses() -> None:
    async with running(App(), ApiSettings(listen="localhost:0")) as house:
        found = {host for host, _ in house.server.addresses}
    known = {place[4][0] for place in socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)}
    assert found == known


async def test_an_address_that_is_taken_or_is_none_of_ours_is_named() -> None:
    async with running(App()) as house:
        taken = f"127.0.0.1:{house.server.addresses[0][1]}"
        with pytest.raises(ConfigError, match=f"{taken} .*another program"):
            await Server(App(), ApiSettings(listen=taken)).start()
    foreign = ApiSettings(listen="192.0.2.1:8080", trusted_proxies=("192.0.2.0/24",))
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:8080"):
        await Server(App(), foreign).start()


async def test_what_is_being_answered_may_end_before_it_leaves() -> None:
    app = App()
    async with running(app) as house:
        client = await house.connected()
        asking = asyncio.create_task(client.ask("slow"))
        await app.has_begun.wait()
        idle = await house.connected()
        stopping = asyncio.create_task(house.server.stop())
        # Nobody is served any more who is not being answered.
        assert await idle.heard() == b""
        assert not stopping.done()
        app.may_end.set()
        assert (await asking).endswith(b"http /slow")
        await stopping
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*client.writer.get_extra_info("peername"))


async def test_who_never_ends_is_broken_off() -> None:
    app = App()
    async with running(app, drain_seconds=1) as house:
        client = await house.connected()
        asking = asyncio.create_task(client.ask("slow"))
        await app.has_begun.wait()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await asking


async def test_until_it_is_to_stop_it_serves() -> None:
    async with running(App()) as house:
        stop = asyncio.Event()
        serving = asyncio.create_task(house.server.serve_until(stop))
        client = await house.connected()
        await client.ask("calls")
        assert not serving.done()
        stop.set()
        await serving


@pytest.mark.parametrize("begun", [b"", b"GET /calls HT", b"GET / HTTP/1.1\r\nhost: x\r\nx-a: "])
async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.05)
    async with running(App()) as house:
        client = await house.connected()
        client.writer.write(begun)
        assert await client.heard() == b""


async def test_between_two_requests_a_client_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App()
    async with running(app) as house:
        monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.05)
        client = await house.connected()
        asking = asyncio.create_task(client.ask("slow"))
        await app.has_begun.wait()
        # Somebody else is waited for meanwhile, and in vain.
        other = await house.connected()
        assert await other.heard() == b""
        app.may_end.set()
        assert (await asking).endswith(b"/slow")
        assert (await client.ask("again")).endswith(b"/again")


async def test_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STALLED_SECONDS", 0.05)
    app = App()
    async with running(app) as house:
        client = await house.connected()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # as a client that looks away
        client.writer.write(ASKED % b"endless")
        await app.has_left.wait()


@pytest.mark.parametrize("begun", [b"GET /", b"GET / HTTP/1.1\r\nx: "])
async def test_a_head_that_is_too_long_is_refused(begun: bytes) -> None:
    async with running(App()) as house:
        client = await house.connected()
        client.writer.write(begun + b"a" * 2 * MOST_HEAD_BYTES)
        assert await client.reader.read(10) == b"HTTP/1.1 4"


def assert_refused(api: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Server(App(), ApiSettings(listen="127.0.0.1:0", **api))


def test_files_that_are_none_are_refused_at_the_start(pair: Pair, tmp_path: Path) -> None:
    certificate, key = str(pair.certificate), str(pair.key)
    assert_refused({"tls_certificate": certificate, "tls_key": str(tmp_path / "none")}, "none cannot be read")
    assert_refused({"tls_certificate": key, "tls_key": key}, "no certificate with its key")
    pair.certificate.chmod(0o600)
    assert_refused({"tls_certificate": certificate, "tls_key": certificate}, "no certificate with its key")
    assert_refused({"tls_certificate": certificate}, "tls_key")
    pair.key.chmod(0o644)
    assert_refused({"tls_certificate": certificate, "tls_key": key}, "open to others: chmod 640")


def test_a_key_that_is_protected_by_a_word_asks_nobody(pair: Pair) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    sealed = serialization.BestAvailableEncryption(b"word")
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed))
    assert_refused({"tls_certificate": str(pair.certificate), "tls_key": str(pair.key)}, "protected by a word")


async def test_what_is_answered_is_sent_at_once() -> None:
    async with running(App()) as house:
        sockets = [own for server in house.server._server.servers for own in server.sockets]
        # asyncio sets TCP_NODELAY on connections of such sockets alone.
        assert [own.proto for own in sockets] == [socket.IPPROTO_TCP]
