"""What the tests of AzureStore share: a container as a place of the suite, signatures that a stranger made,
mishaps of their own."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.ports.uploads import Upload
from connector.storage.azure import AzureStore
from connector.storage.azure_credentials import AccountKey, azure_keys
from connector.storage.azure_place import AzurePlace
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import Place, digest_of
from tests.contract.storage.suite import NAME
from tests.storage_servers.authority import Authority
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.passage import Exchange, Passage
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.wire import Head

_VERSION = "2023-11-03"
#: Of the event loop, in which a connection that both sides have closed is gone.
_TURNS = 50

MEBIBYTE = 1 << 20
#: Six blocks of a mebibyte and the larger part of one.
LARGE = os.urandom(7 * MEBIBYTE - 100_001)


class HastyClock:
    """Waits for nothing, so that tries follow each other at once."""

    def now(self) -> Moment:
        return time.time()

    async def sleep_until(self, moment: Moment) -> None:
        await asyncio.sleep(0)


class Container(Place):
    """A fresh container in the server. `endpoint`: of a proxy before it."""

    def __init__(self, server: Azurite, folder: Path, endpoint: str = "") -> None:
        self.server = server
        self.name = server.new_bucket()
        self.uploads_folder = folder / "uploads"
        self.uploads = FiledUploads(self.uploads_folder)
        self.location = AzurePlace(account=server.account, container=self.name, endpoint=endpoint or server.endpoint)

    def open(self) -> AzureStore:
        return self.opened(self.server.key)

    def opened(self, credentials: str, *, part_bytes: int = 8 << 20, single_bytes: int = 16 << 20) -> AzureStore:
        return AzureStore(
            self.location,
            azure_keys(Secret(credentials)),
            uploads=self.uploads,
            part_bytes=part_bytes,
            single_bytes=single_bytes,
        )

    def names(self) -> list[str]:
        return self.server.names(self.name)

    async def under_way(self) -> list[Upload]:
        return await self.uploads.under_way(self.location.id)

    async def kept(self) -> tuple[str, ...]:
        """The blocks that are noted of the only upload."""
        return next((upload.parts for upload in await self.under_way()), ())

    @contextmanager
    def unwritable(self) -> Iterator[AzureStore]:
        yield self.opened(self.access("rl"))

    def access(self, permissions: str, *, hours: float = 1.0) -> str:
        """A shared access signature to the container, as its owner makes one."""
        expiry = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        resource = f"/blob/{self.server.account}/{self.name}"
        said = [permissions, "", expiry, resource, "", "", "", _VERSION, "c", "", "", "", "", "", "", ""]
        signature = AccountKey(Secret(self.server.key)).signature("\n".join(said))
        words = {"sv": _VERSION, "se": expiry, "sr": "c", "sp": permissions, "sig": signature}
        return urlencode(words, quote_via=quote)


@asynccontextmanager
async def proxied(server: Azurite, authority: Authority | None = None) -> AsyncIterator[FaultProxy]:
    """A proxy before it that goes away when the connections that were just closed have."""
    async with FaultProxy(server.endpoint, authority=authority) as proxy:
        try:
            yield proxy
        finally:
            for _ in range(_TURNS):
                await asyncio.sleep(0)


async def settled(proxy: FaultProxy) -> None:
    """When nothing is on its way through it any more, and no connection open."""
    await proxy.until(lambda: not proxy._passages)


@dataclass(frozen=True)
class Meanwhile:
    """Something else happens just before the request arrives."""

    act: Callable[[], None]

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await asyncio.to_thread(self.act)
        await passage.pass_on(exchange)


def is_block(head: Head) -> bool:
    return head.method == "PUT" and "comp=block&" in head.query


def is_commit(head: Head) -> bool:
    return head.method == "PUT" and "comp=blocklist" in head.query


def in_blocks(container: Container, credentials: str = "") -> AzureStore:
    return container.opened(credentials or container.server.key, part_bytes=MEBIBYTE, single_bytes=MEBIBYTE)


async def landed(container: Container) -> bytes:
    """What lies there, with a stranger's eyes; its MD5 is the whole's."""
    answer = await asyncio.to_thread(container.server.client.ask, "GET", f"/{container.name}/{NAME}")
    assert answer.status == 200
    properties = await asyncio.to_thread(container.server.client.ask, "HEAD", f"/{container.name}/{NAME}")
    facts = digest_of(answer.body)
    assert properties.headers["x-ms-meta-callreel_sha256"] == facts.sha256
    return answer.body


def put_by_a_stranger(container: Container, content: bytes) -> None:
    headers = {"x-ms-blob-type": "BlockBlob"}
    answer = container.server.client.ask("PUT", f"/{container.name}/{NAME}", headers=headers, body=content)
    assert answer.status == 201
