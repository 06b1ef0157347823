"""The clients' libraries are loaded when the first bucket is asked, and the loop serves others meanwhile."""

import subprocess
import sys

import pytest

#: Prints which libraries were loaded by another thread than the loop's.
_PROGRAM = """
import asyncio, sys, threading
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.roles.stores import Stores
from connector.settings import DestinationSettings
from connector.storage.memory import MemoryUploads

LIBRARIES = ("aiohttp", "aiobotocore", "botocore")
loaded = {}

class Onlooker:
    def find_spec(self, name, *_):
        if name in LIBRARIES:
            loaded[name] = threading.current_thread() is threading.main_thread()

async def ask(url, credentials, *wanted):
    settings = DestinationSettings(url=url, credentials=Secret(credentials), endpoint="http://127.0.0.1:9")
    store = Stores(MemoryUploads(), SystemClock()).made(settings)
    assert not loaded
    asked = asyncio.create_task(store.facts("x"))
    while set(loaded) < set(wanted) and not asked.done():
        await asyncio.sleep(0.001)
    # Nobody is there to answer.
    asked.cancel()
    await asyncio.wait({asked})
    await store.close()

sys.meta_path.insert(0, Onlooker())
asyncio.run(ask(*sys.argv[1:]))
print(*sorted(name for name, is_by_loop in loaded.items() if not is_by_loop))
"""
_KEY = "A" * 86 + "=="


@pytest.mark.parametrize(
    ("url", "credentials", "libraries"),
    [
        ("s3://calls/", "KEY:secret:eu-central-1", ["aiobotocore", "aiohttp", "botocore"]),
        ("azure://acme/calls/", _KEY, ["aiohttp"]),
    ],
)
def test_a_library_is_loaded_by_the_first_request_and_not_in_the_loop(
    url: str, credentials: str, libraries: list[str]
) -> None:
    command = [sys.executable, "-c", _PROGRAM, url, credentials, *libraries]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.stdout.split() == libraries, answer.stderr
