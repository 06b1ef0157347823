"""One session, one client for all who share an endpoint and a key, closed with the last; no server is asked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused
from connector.storage.credentials import KeyPair
from connector.storage.s3_clients import S3Clients, client_key
from connector.storage.s3_place import Addressing, S3Place

KEYS = KeyPair(key_id="AKIA1", secret=Secret("hush-hush"), region="eu-west-1")
PLACE = S3Place(bucket="recordings")


@pytest.fixture
def clients() -> S3Clients:
    return S3Clients()


async def link(clients: S3Clients, place: S3Place, keys: KeyPair = KEYS, endpoint: str | None = None) -> str:
    key = client_key(place, keys, endpoint=endpoint)
    client = await clients.borrow(key)
    url = await client.generate_presigned_url("get_object", {"Bucket": place.bucket, "Key": "a b"}, 60)
    await clients.give_back(key)
    return url


@pytest.fixture
async def config(clients: S3Clients) -> AsyncIterator[Any]:
    key = client_key(replace(PLACE, endpoint="https://s3.example.com"), KEYS)
    client: Any = await clients.borrow(key)
    yield client.meta.config
    await clients.give_back(key)


async def test_the_configuration_is_what_was_measured(config: Any) -> None:
    assert config.signature_version == "s3v4"
    assert config.s3["addressing_style"] == "path"
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (10, 120, 16)
    assert (config.retries["total_max_attempts"], config.retries["mode"]) == (4, "standard")


async def test_who_shares_endpoint_and_key_shares_a_client_until_the_last_goes(clients: S3Clients) -> None:
    key, same = client_key(PLACE, KEYS), client_key(replace(PLACE, bucket="another"), KEYS)
    first, second = await clients.borrow(key), await clients.borrow(same)
    assert first is second
    await clients.give_back(key)
    assert await clients.borrow(key) is first
    await clients.give_back(key)
    await clients.give_back(same)
    third = await clients.borrow(key)
    assert third is not first
    await clients.give_back(key)


async def test_others_have_clients_of_their_own(clients: S3Clients) -> None:
    places = [PLACE, replace(PLACE, endpoint="https://s3.example.com"), replace(PLACE, region="eu-west-2")]
    keys = [client_key(place, KEYS) for place in places]
    keys.append(client_key(PLACE, replace(KEYS, secret=Secret("another"))))
    borrowed = [await clients.borrow(key) for key in keys]
    assert len({id(client) for client in borrowed}) == 4
    for key in keys:
        await clients.give_back(key)


@pytest.mark.parametrize(
    ("place", "starts"),
    [
        (PLACE, "https://recordings.s3."),
        (replace(PLACE, addressing=Addressing.PATH), "https://s3.eu-west-1.amazonaws.com/recordings/a%20b?"),
        (replace(PLACE, endpoint="https://minio.local:9000"), "https://minio.local:9000/recordings/a%20b?"),
        (
            replace(PLACE, endpoint="https://r2.example.com", addressing=Addressing.VIRTUAL),
            "https://recordings.r2.example.com/a%20b?",
        ),
    ],
    ids=["Amazon", "Amazon by path", "endpoint", "endpoint, virtual"],
)
async def test_where_the_bucket_stands_in_an_address(clients: S3Clients, place: S3Place, starts: str) -> None:
    url = await link(clients, place)
    assert url.startswith(starts)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert "/eu-west-1/s3/" in query["X-Amz-Credential"][0]


async def test_a_public_endpoint_before_amazon_has_the_bucket_in_its_path(clients: S3Clients) -> None:
    url = await link(clients, PLACE, endpoint="https://files.example.com")
    assert url.startswith("https://files.example.com/recordings/")


async def test_lent_keys_go_with_their_token(clients: S3Clients) -> None:
    url = await link(clients, PLACE, replace(KEYS, session_token=Secret("lent")))
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == ["lent"]


async def test_the_regions_order_is_place_key_default(clients: S3Clients) -> None:
    here = replace(PLACE, region="ap-south-1")
    assert "/ap-south-1/" in parse_qs(urlsplit(await link(clients, here)).query)["X-Amz-Credential"][0]
    without = replace(KEYS, region="")
    assert "/us-east-1/" in parse_qs(urlsplit(await link(clients, PLACE, without)).query)["X-Amz-Credential"][0]


async def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, clients: S3Clients) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-s")
    with pytest.raises(DestinationRefused, match="AWS_PROFILE names a profile that is not there"):
        await clients.borrow(client_key(PLACE, None))
