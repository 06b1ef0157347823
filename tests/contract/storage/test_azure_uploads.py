"""Large files go into Azure in blocks, and what a cut, a kill or a lost answer left there is gone on with."""

import asyncio
import sys
from pathlib import Path
from signal import SIGKILL

import pytest

from connector.errors import DestinationRefused, ObjectExists
from connector.storage.retrying import Retrying
from tests.contract.storage.azure_rig import (
    LARGE,
    MEBIBYTE,
    Container,
    HastyClock,
    Meanwhile,
    in_blocks,
    is_block,
    is_commit,
    landed,
    proxied,
    put_by_a_stranger,
    settled,
)
from tests.contract.storage.places import digest_of
from tests.contract.storage.suite import NAME, SOUND
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.faults import Answered, Deaf, ReplyLost, Reset
from tests.storage_servers.passage import Exchange
from tests.storage_servers.waiting import until_told


@pytest.fixture
def container(azurite: Azurite, tmp_path: Path) -> Container:
    return Container(azurite, tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "large.wav"
    path.write_bytes(LARGE)
    return path


def blocks_in(exchanges: list[Exchange]) -> list[str]:
    """The queries of blocks that the server took."""
    return [one.head.query for one in exchanges if is_block(one.head) and one.server_status == 201]


@pytest.mark.parametrize("permissions", ["", "cw"], ids=["account key", "write-only signature"])
async def test_cut_in_the_middle_of_a_block_a_new_store_sends_only_the_missing_ones(
    azurite: Azurite, tmp_path: Path, source: Path, permissions: str
) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        credentials = container.access(permissions) if permissions else azurite.key
        proxy.order(Reset(MEBIBYTE // 2), spared=4, times=None, when=is_block)
        first = in_blocks(container, credentials)
        with pytest.raises(Exception, match="the line broke"):
            await first.put(NAME, source, digest_of(LARGE))
        await first.close()
        await settled(proxy)
        sent, before = blocks_in(proxy.exchanges), len(proxy.exchanges)
        assert 1 <= len(sent) < 7
        kept = await container.kept()
        proxy.clear()
        second = in_blocks(container, credentials)
        await second.put(NAME, source, digest_of(LARGE))
        await second.close()
        again = blocks_in(proxy.exchanges[before:])
    # What the account key may ask for, a write-only signature has to know by itself.
    assert len(again) == 7 - (len(kept) if permissions else len(sent))
    assert permissions or not set(again) & set(sent)
    assert await container.under_way() == []
    assert await landed(container) == LARGE


async def test_killed_in_the_middle_of_an_upload_the_next_process_sends_only_the_missing_blocks(
    azurite: Azurite, tmp_path: Path, source: Path
) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        proxy.order(Deaf(MEBIBYTE // 2), spared=3, times=None, when=is_block)
        process = await _uploading(container, source)
        await until_told(lambda: _has_kept(container, 3), lambda: "three blocks", 30.0)
        process.kill()
        assert await process.wait() == -SIGKILL
        sent, before = blocks_in(proxy.exchanges), len(proxy.exchanges)
        proxy.clear()
        store = in_blocks(container)
        assert await store.facts(NAME) is None
        await store.put(NAME, source, digest_of(LARGE))
        await store.close()
        again = blocks_in(proxy.exchanges[before:])
    assert len(sent) == 3
    assert len(again) == 4
    assert not set(again) & set(sent)
    assert await landed(container) == LARGE


async def test_blocks_that_are_gone_are_sent_again_within_the_same_put(
    azurite: Azurite, tmp_path: Path, source: Path
) -> None:
    """A write-only signature cannot ask what is there: it learns of it when the blob is to be made."""
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        proxy.order(Answered(403, "AuthorizationFailure"), when=is_commit)
        store = in_blocks(container, container.access("cw"))
        with pytest.raises(DestinationRefused, match="network rules"):
            await store.put(NAME, source, digest_of(LARGE))
        assert len(await container.kept()) == 7
        container.server.remove_bucket(container.name)
        container.server.make_bucket(container.name)
        await store.put(NAME, source, digest_of(LARGE))
        await store.close()
        assert len(blocks_in(proxy.exchanges)) == 14
    assert await landed(container) == LARGE


async def test_a_file_that_is_not_as_promised_is_found_out_before_its_blocks_are_made_a_blob(
    container: Container, source: Path
) -> None:
    store = in_blocks(container)
    promised = digest_of(LARGE[:-1] + bytes([LARGE[-1] ^ 1]))
    with pytest.raises(DestinationRefused, match="not the file that was promised"):
        await store.put(NAME, source, promised)
    assert await store.facts(NAME) is None
    assert await container.under_way() == []
    await store.close()


async def test_before_many_bytes_are_sent_in_vain_it_is_looked_whether_the_name_is_taken(
    azurite: Azurite, tmp_path: Path, source: Path
) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        assert (
            azurite.client.ask(
                "PUT", f"/{container.name}/{NAME}", headers={"x-ms-blob-type": "BlockBlob"}, body=SOUND
            ).status
            == 201
        )
        store = in_blocks(container)
        with pytest.raises(ObjectExists):
            await store.put(NAME, source, digest_of(LARGE))
        assert not any(is_block(head) for head in proxy.heads)
        await store.put(NAME, source, digest_of(LARGE), overwrite=True)
        await store.close()
    assert await landed(container) == LARGE


async def test_who_takes_the_name_while_blocks_are_under_way_keeps_it(
    azurite: Azurite, tmp_path: Path, source: Path
) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        order = proxy.order(Deaf(), when=is_block, times=None, spared=3)
        store = in_blocks(container)
        putting = asyncio.create_task(store.put(NAME, source, digest_of(LARGE)))
        await proxy.until(lambda: bool(order.befallen))
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        proxy.clear()
        proxy.order(Meanwhile(lambda: put_by_a_stranger(container, SOUND)), when=is_commit)
        with pytest.raises(ObjectExists):
            await store.put(NAME, source, digest_of(LARGE))
        await store.close()
    assert await container.under_way() == []
    assert container.server.client.ask("GET", f"/{container.name}/{NAME}").body == SOUND


async def test_what_was_abandoned_is_begun_anew(azurite: Azurite, tmp_path: Path, source: Path) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        proxy.order(Reset(), spared=4, times=None, when=is_block)
        store = in_blocks(container)
        with pytest.raises(Exception, match="the line broke"):
            await store.put(NAME, source, digest_of(LARGE))
        assert await container.under_way() != []
        await store.abandon(NAME)
        await store.abandon("never begun.mp3")
        assert await container.under_way() == []
        proxy.clear()
        await settled(proxy)
        before = len(proxy.exchanges)
        await store.put(NAME, source, digest_of(LARGE))
        await store.close()
        assert len(blocks_in(proxy.exchanges[before:])) == 7


@pytest.mark.parametrize("overwrite", [False, True])
async def test_a_lost_answer_to_the_making_of_the_blob_does_no_harm(
    azurite: Azurite, tmp_path: Path, source: Path, *, overwrite: bool
) -> None:
    async with proxied(azurite) as proxy:
        container = Container(azurite, tmp_path, proxy.endpoint)
        proxy.order(ReplyLost(), times=2, when=is_commit)
        store = in_blocks(container)
        await Retrying(store, HastyClock()).put(NAME, source, digest_of(LARGE), overwrite=overwrite)
        await store.close()
        assert len(blocks_in(proxy.exchanges)) == 7
    assert await container.under_way() == []
    assert await landed(container) == LARGE


async def _uploading(container: Container, source: Path) -> asyncio.subprocess.Process:
    """A process that stores the file in blocks."""
    program = f"""
import asyncio
from pathlib import Path
from connector.domain.secret import Secret
from connector.storage.azure import AzureStore
from connector.storage.azure_credentials import azure_keys
from connector.storage.azure_place import AzurePlace
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import digest_of
place = AzurePlace(account={container.location.account!r}, container={container.name!r},
                   endpoint={container.location.endpoint!r})
uploads = FiledUploads(Path({str(container.uploads_folder)!r}))
store = AzureStore(place, azure_keys(Secret(input())), uploads=uploads, part_bytes={MEBIBYTE}, single_bytes={MEBIBYTE})
source = Path({str(source)!r})
asyncio.run(store.put({NAME!r}, source, digest_of(source.read_bytes())))
"""
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=root, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(f"{container.server.key}\n".encode())
    await process.stdin.drain()
    return process


async def _has_kept(container: Container, blocks: int) -> bool:
    return len(await container.kept()) == blocks
