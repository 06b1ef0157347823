"""AzureStore keeps the promises, and those that only a real server can hold it to."""

import asyncio
import os
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from connector.errors import DestinationRefused, ObjectExists
from connector.ports.object_store import ObjectFacts
from connector.storage.azure import AzureStore
from tests.contract.storage.azure_rig import (
    LARGE,
    MEBIBYTE,
    Container,
    in_blocks,
    landed,
    proxied,
)
from tests.contract.storage.places import Place, digest_of
from tests.contract.storage.suite import NAME, OTHER, SOUND, ObjectStoreContract, content_of
from tests.storage_servers.azurite import Azurite


class TestAzure(ObjectStoreContract):
    # Nobody can fill it, and it reads no pipe: a death in mid upload is tested below.
    test_killed_in_the_middle_of_a_put_nothing_is_seen_and_the_next_put_works = None  # type: ignore[assignment]
    test_without_room_nothing_is_seen_and_it_is_no_fault_of_the_destination = None  # type: ignore[assignment]

    @pytest.fixture
    def place(self, azurite: Azurite, tmp_path: Path) -> Place:
        return Container(azurite, tmp_path)


class TestAzureInBlocks(TestAzure):
    """The same with blocks of 64 KiB for all that is not small."""

    @pytest.fixture
    def place(self, azurite: Azurite, tmp_path: Path) -> Place:
        class InBlocks(Container):
            def open(self) -> AzureStore:
                return self.opened(self.server.key, part_bytes=1 << 16, single_bytes=1000)

            def names(self) -> list[str]:
                """Without blobs that never became any: Azure keeps their blocks for a week, for whoever goes on."""
                answer = self.server.client.ask("GET", f"/{self.name}", {"restype": "container", "comp": "list"})
                return sorted(answer.texts("Name"))

        return InBlocks(azurite, tmp_path)


@pytest.fixture
def container(azurite: Azurite, tmp_path: Path) -> Container:
    return Container(azurite, tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "large.wav"
    path.write_bytes(LARGE)
    return path


# --- a signature that may only write ------------------------------------------------------------------------------


async def test_a_signature_that_may_only_write_stores_and_says_what_it_may_not(
    container: Container, source: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.wav"
    small.write_bytes(SOUND)
    store = in_blocks(container, container.access("cw"))
    await store.put("small.wav", small, digest_of(SOUND))
    await store.put(NAME, source, digest_of(LARGE))
    for asked in (store.facts(NAME), content_of(store, NAME), store.link(NAME, 60.0)):
        with pytest.raises(DestinationRefused, match="signature"):
            await asked
    with pytest.raises(DestinationRefused, match="may the signature delete there"):
        await store.remove(NAME)
    with pytest.raises(ObjectExists):
        await store.put("small.wav", small, digest_of(SOUND))
    await store.close()
    assert await landed(container) == LARGE


async def test_a_signature_that_is_over_is_refused_by_that_name(container: Container, tmp_path: Path) -> None:
    small = tmp_path / "small.wav"
    small.write_bytes(SOUND)
    store = container.opened(container.access("cw", hours=-1))
    with pytest.raises(DestinationRefused) as refusal:
        await store.put(NAME, small, digest_of(SOUND))
    await store.close()
    assert not isinstance(refusal.value, ObjectExists)
    assert container.names() == []


# --- links --------------------------------------------------------------------------------------------------------


def fetched(url: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(Request(url)) as answer:
        return answer.read(), dict(answer.headers.items())


async def test_a_link_gives_the_sound_to_anybody_under_the_name_he_shall_see(
    container: Container, tmp_path: Path
) -> None:
    name, filename = "Zoé Müller/a+b 100%.mp3", 'Gespräch "1" mit Zoé.mp3'
    small = tmp_path / "small.mp3"
    small.write_bytes(SOUND)
    store = container.open()
    await store.put(name, small, digest_of(SOUND))
    before = time.time()
    link = await store.link(name, 600.0, filename=filename)
    plain = await store.link(name, 600.0)
    await store.close()
    assert before + 599 <= link.expires_at <= time.time() + 600
    body, headers = await asyncio.to_thread(fetched, link.url)
    assert body == SOUND
    assert headers["content-type"] == "audio/mpeg"
    assert f"filename*=UTF-8''{quote(filename)}" in headers["content-disposition"]
    body, headers = await asyncio.to_thread(fetched, plain.url)
    assert body == SOUND
    assert "content-disposition" not in headers


async def test_a_link_opens_nothing_else_and_not_for_longer(container: Container, tmp_path: Path) -> None:
    small = tmp_path / "small.mp3"
    small.write_bytes(SOUND)
    store = container.open()
    for name in ("one.mp3", "two.mp3"):
        await store.put(name, small, digest_of(SOUND))
    link = await store.link("one.mp3", 600.0)
    late = await store.link("one.mp3", -1.0)
    await store.close()
    for url in (link.url.replace("one.mp3", "two.mp3"), link.url.replace("sp=r", "sp=rw"), late.url):
        assert await asyncio.to_thread(_status, url) == 403
    assert await asyncio.to_thread(_status, link.url, "DELETE") == 403
    assert await asyncio.to_thread(_status, link.url) == 200


# --- what others put ----------------------------------------------------------------------------------------------


async def test_of_anothers_blob_the_facts_are_what_azure_knows(container: Container) -> None:
    path, headers = f"/{container.name}/theirs.mp3", {"x-ms-blob-type": "BlockBlob"}
    assert container.server.client.ask("PUT", path, headers=headers, body=SOUND).status == 201
    store = container.open()
    facts = await store.facts("theirs.mp3")
    await store.close()
    assert facts == ObjectFacts(size_bytes=len(SOUND), md5=digest_of(SOUND).md5)


async def test_a_blob_with_snapshots_is_removed_with_them(container: Container, tmp_path: Path) -> None:
    small = tmp_path / "small.mp3"
    small.write_bytes(SOUND)
    store = container.open()
    await store.put(NAME, small, digest_of(SOUND))
    snapshot = container.server.client.ask("PUT", f"/{container.name}/{NAME}", {"comp": "snapshot"})
    assert snapshot.status == 201
    await store.remove(NAME)
    await store.close()
    query = {"restype": "container", "comp": "list", "include": "snapshots"}
    assert container.server.client.ask("GET", f"/{container.name}", query).texts("Name") == []


async def test_a_long_blob_is_read_in_ranges_and_never_of_two_blobs(azurite: Azurite, tmp_path: Path) -> None:
    content = os.urandom(MEBIBYTE) * 20
    source = tmp_path / "source.wav"
    source.write_bytes(content)
    container = Container(azurite, tmp_path)
    store = container.open()
    await store.put(NAME, source, digest_of(content))
    assert await content_of(store, NAME) == content
    pieces = store.read(NAME)
    assert content.startswith(await anext(pieces))
    source.write_bytes(OTHER + content)
    await store.put(NAME, source, digest_of(OTHER + content), overwrite=True)
    with pytest.raises(Exception, match="replaced while it was read"):
        async for _ in pieces:
            pass
    await store.close()


async def test_who_seeks_and_leaves_early_asks_for_a_mebibyte_and_no_more(azurite: Azurite, tmp_path: Path) -> None:
    source = tmp_path / "source.wav"
    source.write_bytes(LARGE)
    async with proxied(azurite) as proxy:
        store = Container(azurite, tmp_path, proxy.endpoint).open()
        await store.put(NAME, source, digest_of(LARGE))
        pieces = store.read(NAME, 5_000_000)
        assert await anext(pieces) == LARGE[5_000_000:][:MEBIBYTE]
        await pieces.aclose()  # type: ignore[attr-defined]  # an async generator
        await store.close()
    ranges = [head.header("x-ms-range") for head in proxy.heads if head.method == "GET"]
    assert ranges == [f"bytes=5000000-{5_000_000 + MEBIBYTE - 1}"]


def _status(url: str, method: str = "GET") -> int:
    try:
        with urlopen(Request(url, method=method)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
