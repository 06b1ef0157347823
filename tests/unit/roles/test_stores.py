"""What a destination's settings become: the store with its quick retries and its limit, or a refusal."""

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.network.clock import SystemClock
from connector.ports.object_store import Digest
from connector.ports.pins import Pin
from connector.roles.stores import Stores, azure_access, check_access, feeler_of, s3_access
from connector.settings import DestinationSettings
from connector.storage.memory import MemoryUploads
from connector.storage.s3_place import GOOGLE_ENDPOINT, Addressing, Conditions
from tests.unit.network.hostile_server import Hostile, hostile

KEYS = Secret("KEY:s3cret/+:eu-west-1")
AZURE_KEY = Secret(base64.b64encode(bytes(64)).decode())


async def test_a_folder_is_stored_in_with_the_permissions_of_the_configuration(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"")
    (tmp_path / "calls").mkdir()
    settings = DestinationSettings(url=f"file://{tmp_path}/calls/{{queue}}/", mode="0604", folder_mode="0705")
    store = Stores(MemoryUploads(), SystemClock()).made(settings)
    empty = Digest(
        size_bytes=0,
        md5="d41d8cd98f00b204e9800998ecf8427e",
        sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
    await store.put("sales/one.mp3", source, empty)
    await store.close()
    assert oct((tmp_path / "calls/sales/one.mp3").stat().st_mode)[-3:] == "604"
    assert oct((tmp_path / "calls/sales").stat().st_mode)[-3:] == "705"


def test_everything_that_is_configured_of_a_bucket_reaches_it() -> None:
    settings = DestinationSettings(
        url="s3://calls/pbx/{queue}/",
        credentials=KEYS,
        endpoint="https://s3.example.com:9000",
        public_endpoint="https://calls.example.com",
        region="us-east-1",
        addressing="virtual",
        ca="/etc/our-ca.pem",
        proxy=Secret("http://proxy:3128"),
        storage_class="STANDARD_IA",
        server_encryption="aws:kms",
        kms_key="of-ours",
        tags={"team": "sales"},
        metadata={"from": "pbx"},
    )
    place, keys = s3_access(settings)
    assert (place.bucket, place.scheme, place.endpoint) == ("calls", "s3", "https://s3.example.com:9000")
    assert (place.public_endpoint, place.region) == ("https://calls.example.com", "us-east-1")
    assert (place.addressing, place.conditions) == (Addressing.VIRTUAL, Conditions.UNKNOWN)
    assert (place.ca_file, place.proxy) == (Path("/etc/our-ca.pem"), Secret("http://proxy:3128"))
    assert (place.storage_class, place.encryption, place.kms_key) == ("STANDARD_IA", "aws:kms", "of-ours")
    assert (place.tags, place.metadata) == ({"team": "sales"}, {"from": "pbx"})
    assert keys is not None
    assert (keys.key_id, keys.secret.reveal(), keys.region) == ("KEY", "s3cret/+", "eu-west-1")


def test_a_bucket_without_credentials_has_those_of_the_machine() -> None:
    assert s3_access(DestinationSettings(url="s3://calls/"))[1] is None


def test_google_is_asked_as_google_wants_it() -> None:
    place, keys = s3_access(DestinationSettings(url="gs://calls/", credentials=Secret("GOOG:s3cret")))
    assert (place.scheme, place.endpoint, place.region) == ("gs", GOOGLE_ENDPOINT, "auto")
    assert (place.addressing, place.conditions) == (Addressing.PATH, Conditions.IGNORED)
    assert keys is not None
    assert keys.secret.reveal() == "s3cret"


def test_everything_that_is_configured_of_a_container_reaches_it() -> None:
    settings = DestinationSettings(
        url="azure://acme/$root/pbx/",
        credentials=AZURE_KEY,
        endpoint="https://blobs.example.com",
        storage_class="Cool",
        tags={"team": "sales"},
    )
    place, _ = azure_access(settings)
    assert (place.account, place.container, place.endpoint) == ("acme", "$root", "https://blobs.example.com")
    assert (place.access_tier, place.tags) == ("Cool", {"team": "sales"})


@pytest.mark.parametrize(
    ("url", "credentials", "said"),
    [
        ("s3://calls/", "KEY", "key:secret:region"),
        ("s3://calls/", "KEY::eu", "the secret is empty"),
        ("gs://calls/", "GOOG:s3cret:eu", "key:secret"),
        ("gs://calls/", None, "needs credentials"),
        ("azure://acme/calls/", "s3cret", ""),
        ("azure://acme/calls/", None, "needs credentials"),
    ],
)
def test_credentials_that_cannot_be_any_are_refused_without_being_repeated(
    url: str, credentials: str | None, said: str
) -> None:
    settings = DestinationSettings(url=url, credentials=Secret(credentials) if credentials else None)
    for refusing in _all_ways(settings):
        with pytest.raises(DestinationRefused) as refused:
            refusing()
        assert said in str(refused.value)
        assert "s3cret" not in str(refused.value)


def _all_ways(settings: DestinationSettings) -> list[Callable[[], Any]]:
    return [lambda: check_access(settings), lambda: Stores(MemoryUploads(), SystemClock()).made(settings)]


@pytest.mark.parametrize(
    ("url", "credentials"),
    [("s3://calls/", KEYS), ("gs://calls/", Secret("GOOG:s3cret")), ("azure://acme/calls/", AZURE_KEY)],
)
async def test_a_bucket_has_a_store_that_asks_nobody_before_it_is_used(url: str, credentials: Secret) -> None:
    settings = DestinationSettings(url=url, credentials=credentials)
    check_access(settings)
    store = Stores(MemoryUploads(), SystemClock()).made(settings)
    assert "calls" in store.url("a.mp3")
    assert "s3cret" not in store.url("a.mp3")
    await store.close()


# --- servers that a user has named --------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as made:
        made.says(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n",
            b"x-ms-request-id: 1\r\nx-ms-error-code: BlobNotFound\r\n\r\n",
        )
        yield made


def _at(server: Hostile, scheme: str, *, is_guarded: bool) -> DestinationSettings:
    url, credentials = {"s3": ("s3://calls/", KEYS), "azure": ("azure://acme/calls/", AZURE_KEY)}[scheme]
    endpoint = f"http://127.0.0.1:{server.port}"
    return DestinationSettings(url=url, credentials=credentials, endpoint=endpoint, is_guarded=is_guarded)


@pytest.mark.parametrize("scheme", ["s3", "azure"])
async def test_a_users_server_is_reached_only_where_the_configuration_lets_it_be(server: Hostile, scheme: str) -> None:
    allowing = Stores(MemoryUploads(), SystemClock(), allow_private=("127.0.0.1/32",))
    closed = Stores(MemoryUploads(), SystemClock())
    for stores, is_guarded in ((allowing, True), (closed, False), (allowing, False)):
        store = stores.made(_at(server, scheme, is_guarded=is_guarded))
        assert await store.facts("a.mp3") is None
        await store.close()
    reached = server.connections
    refused = closed.made(_at(server, scheme, is_guarded=True))
    with pytest.raises(DestinationRefused, match=r"only config\.yaml could allow"):
        await refused.facts("a.mp3")
    await refused.close()
    feeler = feeler_of(_at(server, scheme, is_guarded=True))
    assert feeler is not None
    assert isinstance((await feeler.put("a", b"x", Pin())).error, DestinationRefused)
    await feeler.close()
    assert server.connections == reached > 0
