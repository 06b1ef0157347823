"""Our store alone, in a process of its own: `upload_ours.py ENDPOINT BUCKET AT_ONCE FILE…` puts all; prints JSON.

Keys come by the environment, as the peers get them.
"""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Final

from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.ports.object_store import Digest
from connector.storage.credentials import KeyPair
from connector.storage.memory import MemoryUploads
from connector.storage.s3 import S3Store
from connector.storage.s3_clients import S3Clients
from connector.storage.s3_place import S3Place

_TICK_SECONDS: Final = 0.005


class Loop:
    """How long others have to wait at the most."""

    def __init__(self) -> None:
        self.lag_seconds = 0.0

    async def watch(self) -> None:
        while True:
            due = time.perf_counter() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self.lag_seconds = max(self.lag_seconds, time.perf_counter() - due)


async def put_all(endpoint: str, bucket: str, at_once: int, files: list[Path]) -> dict[str, float]:
    keys = KeyPair(
        key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret=Secret(os.environ["AWS_SECRET_ACCESS_KEY"]),
        region="us-east-1",
    )
    # Rendering knows them long before.
    digests = {file: _digest(file) for file in files}
    clients, place = S3Clients(), S3Place(bucket=bucket, endpoint=endpoint)
    store = S3Store(place, keys, uploads=MemoryUploads(), clock=SystemClock(), clients=clients)
    turns, loop = asyncio.Semaphore(at_once), Loop()

    async def put(file: Path) -> None:
        async with turns:
            await store.put(file.name, file, digests[file])

    # The library's first client takes its time; a daemon has one for all its life.
    await store.facts("nothing")
    watching = asyncio.create_task(loop.watch())
    cpu_began, began = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for file in files:
            tasks.create_task(put(file))
    facts = {"wall_seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu_began}
    watching.cancel()
    await store.close()
    return facts | {"lag_ms": 1000 * loop.lag_seconds, "peak_megabytes": _peak_megabytes()}


def _digest(file: Path) -> Digest:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            md5.update(piece)
            sha256.update(piece)
    return Digest(size_bytes=file.stat().st_size, md5=md5.hexdigest(), sha256=sha256.hexdigest())


def _peak_megabytes() -> float:
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    endpoint, bucket, at_once, *files = sys.argv[1:]
    facts = asyncio.run(put_all(endpoint, bucket, int(at_once), [Path(file) for file in files]))
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
