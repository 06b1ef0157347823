"""Containers at a server that a user has named: his own is reached, this house's inside is not."""

import base64
from collections.abc import AsyncIterator

import pytest

from connector.domain.secret import Secret
from connector.errors import ConnectorError, DestinationRefused
from connector.network.guard import Guard
from connector.ports.pins import Pin
from connector.storage.azure import AzureStore
from connector.storage.azure_credentials import azure_keys
from connector.storage.azure_feeler import AzureFeeler
from connector.storage.azure_place import AzurePlace
from connector.storage.memory import MemoryUploads
from tests.unit.network.hostile_server import Hostile, hostile

KEYS = azure_keys(Secret(base64.b64encode(bytes(64)).decode()))
USERS = Guard(is_callers=True)
OPEN = Guard(is_callers=True, allowed=("127.0.0.1/32", "::1/128"))
NOTHING = b"HTTP/1.1 404 Not Found\r\nx-ms-request-id: 1\r\nx-ms-error-code: BlobNotFound\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as made:
        made.says(NOTHING)
        yield made


def place(endpoint: str, proxy: str = "") -> AzurePlace:
    return AzurePlace(account="acme", container="calls", endpoint=endpoint, proxy=Secret(proxy) if proxy else None)


async def look(endpoint: str, guard: Guard | None, proxy: str = "") -> object:
    store = AzureStore(place(endpoint, proxy), KEYS, uploads=MemoryUploads(), guard=guard)
    try:
        return await store.facts("a.mp3")
    finally:
        await store.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"])
async def test_an_endpoint_inside_is_refused_and_never_reached(server: Hostile, scheme: str, host: str) -> None:
    with pytest.raises(DestinationRefused, match=r"only config\.yaml could allow that"):
        await look(f"{scheme}://{host}:{server.port}/acme", USERS)
    assert server.connections == 0


@pytest.mark.parametrize("guard", [None, OPEN], ids=["unguarded", "opened"])
async def test_what_nobody_forbids_is_reached(server: Hostile, guard: Guard | None) -> None:
    assert await look(f"http://localhost:{server.port}/acme", guard) is None
    assert server.connections == 1


async def test_without_tls_it_goes_to_no_public_address() -> None:
    with pytest.raises(DestinationRefused, match="write https://"):
        await look("http://93.184.215.14/acme", USERS)


async def test_it_goes_by_no_proxy(server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        monkeypatch.setenv("http_proxy", address)
        for own in ("", address):
            assert await look(f"http://127.0.0.1:{server.port}/acme", OPEN, own) is None
        assert (server.connections, proxy.connections) == (2, 0)


async def test_what_feels_it_is_guarded_as_well(server: Hostile) -> None:
    feeler = AzureFeeler(place(f"http://127.0.0.1:{server.port}/acme"), KEYS, guard=USERS)
    felt = await feeler.put("a", b"x", Pin())
    await feeler.close()
    assert isinstance(felt.error, ConnectorError)
    assert (type(felt.error), server.connections) == (DestinationRefused, 0)
