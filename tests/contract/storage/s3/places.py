"""A bucket on one of the S3 servers as the suite and the fault tests see it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from connector.domain.secret import Secret
from connector.storage.credentials import KeyPair
from connector.storage.s3 import S3Store
from connector.storage.s3_clients import S3Clients
from connector.storage.s3_place import S3Place
from connector.storage.time_limits import TimeLimits
from tests.clocks import SimulatedClock
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import Place
from tests.storage_servers.faults import Answered
from tests.storage_servers.passage import Exchange, Passage
from tests.storage_servers.proxy import FaultProxy
from tests.storage_servers.rclone import Rclone
from tests.storage_servers.s3_client import Keys
from tests.storage_servers.seaweedfs import SeaweedFs
from tests.storage_servers.waiting import until
from tests.storage_servers.wire import Head

#: The least that a strict server takes for a part that is not the last.
SMALL_PART_BYTES = 5 << 20
#: Less than a part.
SOUND = b"the sound of a call " * 100


def key_pair(keys: Keys) -> KeyPair:
    return KeyPair(key_id=keys.id, secret=Secret(keys.secret), region="us-east-1")


class Bucket(Place):
    """A fresh one. Each store remembers uploads in a folder of its own, unless told which."""

    def __init__(self, server: SeaweedFs | Rclone, folder: Path, *, single_bytes: int = 16 << 20) -> None:
        self.server = server
        self.keys = key_pair(server.keys)
        self.clients = S3Clients()
        self.place = S3Place(
            bucket=server.new_bucket(),
            endpoint=server.endpoint,
            ca_file=server.ca_file if isinstance(server, Rclone) else None,
        )
        self._single_bytes = single_bytes
        self._folders = (folder / f"uploads-{number}" for number in count())

    def open(self, **different: Any) -> S3Store:
        """`different`: from what this place has, by the names of S3Store's parameters or `place`, `keys`."""
        own: dict[str, Any] = {
            "place": self.place,
            "keys": self.keys,
            # Each time another: a store that shall go on with another's is given the other's.
            "uploads": FiledUploads(next(self._folders)),
            "clock": SimulatedClock(),
            "clients": self.clients,
            "part_bytes": SMALL_PART_BYTES,
            "single_bytes": self._single_bytes,
        }
        return S3Store(**own | different)

    def names(self) -> list[str]:
        return self.server.names(self.place.bucket)


def content_of_parts(count: int) -> bytes:
    """So many parts that all differ, the last one short."""
    return b"".join(bytes([number]) * SMALL_PART_BYTES for number in range(1, count)) + b"the end"


class FullBucket(Bucket):
    """Behind a proxy that says for the server that there is no room, to whatever is larger than 100 kB."""

    def __init__(self, server: SeaweedFs | Rclone, folder: Path, proxy: FaultProxy, *, single_bytes: int) -> None:
        super().__init__(server, folder, single_bytes=single_bytes)
        self._proxy = proxy

    @contextmanager
    def full(self) -> Iterator[S3Store]:
        self._proxy.order(Answered(507, "InsufficientCapacity"), when=_is_large, times=None)
        yield self.open(place=replace(self.place, endpoint=self._proxy.endpoint))

    @contextmanager
    def unwritable(self) -> Iterator[S3Store]:
        """The writer's key is for other buckets."""
        if isinstance(self.server, SeaweedFs):
            self.server.make_bucket("another")
            place = replace(self.place, bucket="another")
            yield self.open(place=place, keys=key_pair(self.server.writer_keys))
        else:
            yield self.open(keys=replace(self.keys, secret=Secret("wrong")))


@dataclass(frozen=True)
class Held:
    """It waits at the proxy until the test lets it go."""

    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await self.released.wait()
        await passage.pass_on(exchange)


def _is_large(head: Head) -> bool:
    return head.method == "PUT" and int(head.header("content-length") or 0) > 100_000


def soon() -> TimeLimits:
    """Limits for a test that waits for one to be over."""
    return TimeLimits(answer_seconds=1.0, slowest_bytes_per_second=1 << 30, complete_seconds=1.0)


async def farewells() -> None:
    """Until no connection of this process is left: TLS ends after its store was closed, and the loop must live so
    long. A store that was not closed is found here, too."""
    await until(lambda: not _own_connections(), lambda: f"the end of {_own_connections()}")


def _own_connections() -> list[str]:
    ours = {_target(link) for link in Path("/proc/self/fd").iterdir()}
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return [
        f"{words[1]} -> {words[2]}"
        for words in lines
        if f"socket:[{words[9]}]" in ours and not words[2].endswith(":0000")
    ]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
