"""Endpoints that a call has named: a bucket of its own is reached, this house's inside is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.network.guard import Guard
from connector.storage.credentials import KeyPair
from connector.storage.s3_bucket import S3Bucket
from connector.storage.s3_clients import S3Clients
from connector.storage.s3_place import S3Place
from tests.storage_servers.authority import Authority
from tests.unit.network.hostile_server import Hostile, hostile

KEYS = KeyPair(key_id="AKIA1", secret=Secret("hush-hush"), region="eu-west-1")
CALLERS = Guard(is_callers=True)
OPEN = Guard(is_callers=True, allowed=("127.0.0.1/32", "::1/128"))
NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as made:
        made.says(NOTHING)
        yield made


@asynccontextmanager
async def bucket(
    endpoint: str, guard: Guard | None, *, proxy: str = "", ca_file: Path | None = None
) -> AsyncIterator[S3Bucket]:
    place = S3Place(
        bucket="recordings",
        endpoint=endpoint,
        proxy=Secret(proxy) if proxy else None,
        ca_file=ca_file,
    )
    made = S3Bucket(place, KEYS, S3Clients(guard))
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_an_endpoint_inside_is_refused_at_once_and_never_reached(server: Hostile, scheme: str, host: str) -> None:
    async with bucket(f"{scheme}://{host}:{server.port}", CALLERS) as made:
        with pytest.raises(DestinationRefused, match=r"only config\.yaml could allow that"):
            await made.look("a.mp3")
    assert server.connections == 0


async def test_without_a_guard_it_is_reached(server: Hostile) -> None:
    async with bucket(f"http://127.0.0.1:{server.port}", None) as made:
        assert await made.look("a.mp3") is None
    assert server.connections == 1


async def test_what_the_configuration_opens_is_reached(server: Hostile, tmp_path: Path) -> None:
    async with bucket(f"http://127.0.0.1:{server.port}", OPEN) as made:
        assert await made.look("a.mp3") is None
    authority = Authority(tmp_path)
    async with hostile(tls=authority.serving()) as secure:
        secure.says(NOTHING)
        async with bucket(f"https://localhost:{secure.port}", OPEN, ca_file=authority.ca_file) as made:
            assert await made.look("a.mp3") is None


async def test_without_tls_it_goes_to_no_public_address() -> None:
    async with bucket("http://93.184.215.14", CALLERS) as made:
        with pytest.raises(DestinationRefused, match="write https://"):
            await made.look("a.mp3")


async def test_it_goes_by_no_proxy_which_would_look_up_names_itself(
    monkeypatch: pytest.MonkeyPatch, server: Hostile
) -> None:
    async with hostile() as proxy:
        proxy.says(NOTHING)
        address = f"http://127.0.0.1:{proxy.port}"
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, address)
        for own in ("", address):
            async with bucket(f"http://127.0.0.1:{server.port}", OPEN, proxy=own) as made:
                assert await made.look("a.mp3") is None
            async with bucket("https://localhost:1", CALLERS, proxy=own) as made:
                with pytest.raises(DestinationRefused, match="localhost is at"):
                    await made.look("a.mp3")
        assert (server.connections, proxy.connections) == (2, 0)


async def test_links_are_signed_without_going_anywhere(server: Hostile) -> None:
    async with bucket("https://files.example.com", CALLERS) as made:
        assert (await made.signed("a.mp3", 60, "")).startswith("https://files.example.com/recordings/a.mp3?")
