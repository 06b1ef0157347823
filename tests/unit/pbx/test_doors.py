"""Why a port does not open is said in different words for each reason. Real sockets, on loopback."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.domain.diagnosis import Finding, Level
from connector.domain.secret import Secret
from connector.pbx import doors
from connector.pbx.doors import Door, clear_text_finding, knock
from connector.settings import Endpoint

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "KNOCK_SECONDS", 0.3)


def endpoint(port: int, *, host: str = "127.0.0.1", tls: bool = False) -> Endpoint:
    return Endpoint(user="callreel", password=Secret("x"), host=host, port=port, tls=tls)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A file with key and certificate for that host, signed by itself."""
    folder = tmp_path_factory.mktemp("certificates")

    def made(host: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        one = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{host}.pem"
        path.write_bytes(secret + one.public_bytes(serialization.Encoding.PEM))
        return path

    return made


@asynccontextmanager
async def listening(greeting: bytes, *, pem: Path | None = None) -> AsyncIterator[int]:
    """A server that says that, and then waits for the other side to leave."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        try:
            await reader.read()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    context = None
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    server = await asyncio.start_server(attend, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def trouble(one: Endpoint, ca: str = "") -> Finding:
    found = await knock("AMI", one, ca, is_greeted=True)
    assert isinstance(found, Finding)
    assert found.level is Level.BAD
    assert found.mend
    return found


async def test_an_open_door_tells_its_greeting_and_that_it_is_ours() -> None:
    async with listening(GREETING) as port:
        door = await knock("AMI", endpoint(port), "", is_greeted=True)
    assert door == Door(is_local=True, greeting="Asterisk Call Manager/11.0.0")


async def test_a_closed_port_refuses() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = await trouble(endpoint(taken.getsockname()[1]))
    assert "refuses the connection" in found.what


async def test_a_port_that_takes_nothing_does_not_answer() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # Beyond these the kernel drops what knocks, as a firewall does.
        crowd = [socket.socket() for _ in range(3)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        found = await trouble(endpoint(full.getsockname()[1]))
        for one in crowd:
            one.close()
    assert "does not answer within" in found.what


async def test_a_machine_that_nobody_knows_is_named() -> None:
    assert "no machine is called" in (await trouble(endpoint(5038, host="nobody.invalid"))).what


async def test_without_a_greeting_the_door_is_open_and_silent() -> None:
    async with listening(b"") as port:
        door = await knock("AMI", endpoint(port), "", is_greeted=True)
    assert door == Door(is_local=True, greeting="")


async def test_a_port_without_tls_is_said_to_speak_none() -> None:
    async with listening(GREETING) as port:
        found = await trouble(endpoint(port, tls=True))
    assert "does not speak TLS" in found.what


async def test_a_certificate_of_nobody_known_is_not_accepted(certificate: Callable[[str], Path]) -> None:
    async with listening(GREETING, pem=certificate("127.0.0.1")) as port:
        found = await trouble(endpoint(port, tls=True))
    assert "the certificate is not accepted by the system's" in found.what
    assert "`ca`" in found.mend


async def test_a_certificate_for_another_name_is_not_accepted(certificate: Callable[[str], Path]) -> None:
    pem = certificate("10.9.8.7")
    async with listening(GREETING, pem=pem) as port:
        found = await trouble(endpoint(port, tls=True), str(pem))
    assert "127.0.0.1" in found.what
    assert "not valid for" in found.what


async def test_a_certificate_that_ca_names_is_accepted(certificate: Callable[[str], Path]) -> None:
    pem = certificate("127.0.0.1")
    async with listening(GREETING, pem=pem) as port:
        door = await knock("AMI", endpoint(port, tls=True), str(pem), is_greeted=True)
    assert isinstance(door, Door)


async def test_a_ca_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    assert "ca.pem cannot be used" in (await trouble(endpoint(1, tls=True), str(tmp_path / "ca.pem"))).what


@pytest.mark.parametrize(
    ("host", "tls", "is_local", "is_warned"),
    [
        ("10.0.0.5", False, False, True),
        ("pbx.example.com", False, False, True),
        ("10.0.0.5", True, False, False),
        ("10.0.0.5", False, True, False),
        ("127.0.0.1", False, False, False),
        ("localhost", False, False, False),
        ("::1", False, False, False),
    ],
)
def test_clear_text_is_warned_of_when_it_leaves_the_machine(
    host: str, tls: bool, is_local: bool, is_warned: bool
) -> None:
    found = clear_text_finding("AMI", endpoint(5038, host=host, tls=tls), Door(is_local=is_local, greeting=""))
    assert (found is not None) is is_warned
