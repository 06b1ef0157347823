"""The peers' clients, each in a process of its own: `esl_peers.py greenswitch|genesis PORT COUNT`; prints JSON.

Run by the interpreter of the peers' own environment: only the standard library and the peer may be imported here.
"""

import asyncio
import importlib
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SUBSCRIPTION = "event plain ALL"


class Count:
    """How many events came, and how many not in order, by each event's Event-Sequence; done with the last one's."""

    def __init__(self, wanted: int, done: Callable[[], object]) -> None:
        self._final = wanted - 1
        self._newest = -1
        self._done = done
        self.heard = 0
        self.out_of_order = 0
        self._cpu_began = 0.0
        self._memory = Memory()
        self.facts: dict[str, object] = {}

    def begin(self) -> None:
        self._memory = Memory()
        self._cpu_began = time.process_time()

    def note(self, sequence: str) -> None:
        number = int(sequence)
        if number <= self._newest:
            self.out_of_order += 1
        self._newest = number
        self.heard += 1
        if number == self._final:
            self.facts = {"cpu_seconds": time.process_time() - self._cpu_began, "heard": self.heard}
            self.facts |= {"out_of_order": self.out_of_order, "grown_megabytes": self._memory.grown_megabytes}
            self._done()

    def say(self) -> None:
        sys.stdout.write(json.dumps(self.facts) + "\n")


class Memory:
    """How much more is resident than when it was made, at the most."""

    def __init__(self) -> None:
        # Forgets the peak so far.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._before = _kilobytes("VmRSS")

    @property
    def grown_megabytes(self) -> float:
        return (_kilobytes("VmHWM") - self._before) / 1024


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) if found else 0


def greenswitch(port: int, wanted: int) -> None:
    client: Any = importlib.import_module("greenswitch").InboundESL("127.0.0.1", port, "secret")
    done: Any = importlib.import_module("gevent.event").Event()
    count = Count(wanted, done.set)
    client.register_handle("*", lambda event: count.note(event.headers["Event-Sequence"]))
    client.connect()
    client.send(_SUBSCRIPTION)
    count.begin()
    client.send("api flood")
    done.wait()
    count.say()


async def genesis(port: int, wanted: int) -> None:
    done = asyncio.Event()
    count = Count(wanted, done.set)

    # Its quickest way: a plain function would run in a thread.
    async def heard(event: Any) -> None:
        count.note(event["Event-Sequence"])

    async with importlib.import_module("genesis").Inbound("127.0.0.1", port, "secret") as client:
        client.on("*", heard)
        await client.send(_SUBSCRIPTION)
        count.begin()
        await client.send("api flood")
        await done.wait()
        count.say()


def main() -> None:
    name, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if name == "greenswitch":
        greenswitch(port, wanted)
    else:
        asyncio.run(genesis(port, wanted))


if __name__ == "__main__":
    main()
