"""A process that floods one client with so many events, as fast as it reads them: `python -m tests.bench.esl_flood`.

Begins at `api flood`, ends when its client is gone or all are sent. Encoded beforehand, so that it is quicker than
whoever reads.
"""

import argparse
import asyncio
import json
import resource
import sys
from typing import Final

from .esl_events import Pattern, mixes
from .esl_server import Connection, Server

#: Events for each write.
_WRITE: Final = 16


class FloodServer(Server):
    def __init__(self, patterns: list[Pattern], count: int) -> None:
        super().__init__()
        self._patterns = patterns
        self._count = count
        self._wanted = asyncio.Event()
        self._gone = asyncio.Event()

    async def flood(self) -> None:
        await self._wanted.wait()
        news = self.news
        assert news is not None, "who asks for a flood has subscribed to it"
        for first in range(0, self._count, _WRITE):
            if self.news is None:
                break
            news.transport.write(self._frames(first, news.kind))
            await news.has_room.wait()
            # A client that is quicker than we are must be able to leave.
            await asyncio.sleep(0)
        used = resource.getrusage(resource.RUSAGE_SELF)
        await self._gone.wait()
        sys.stdout.write(json.dumps({"cpu_seconds": used.ru_utime + used.ru_stime}) + "\n")

    def _frames(self, first: int, kind: str) -> bytes:
        patterns, width = self._patterns, len(self._patterns)
        numbers = range(first, min(first + _WRITE, self._count))
        return b"".join(patterns[number % width].frame(kind, number, number // width) for number in numbers)

    def asked(self, command: str) -> str:
        if command == "flood":
            self._wanted.set()
            return "+OK"
        return super().asked(command)

    def lost(self, connection: Connection) -> None:
        if connection is self.news:
            self._wanted.set()
            self._gone.set()
        super().lost(connection)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mix")
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    server = FloodServer(mixes()[options.mix], options.count)
    asyncio.run(server.serve(server.flood))


if __name__ == "__main__":
    main()
