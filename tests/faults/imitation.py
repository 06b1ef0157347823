"""The scripted PBX as a process that is told its script while it plays: one JSON line in, the moment it began out."""

import asyncio
import json
import sys
from pathlib import Path

from connector.pbx.scripted.exchange import Manners
from connector.pbx.scripted.paced_clock import PacedClock
from connector.pbx.scripted.player import Player
from connector.pbx.scripted.script_file import script_of

#: Files grow often: what a dead PBX loses is little.
_FLUSH_BYTES = 3200


async def play(socket: Path, spool: Path) -> None:
    """Until the standard input ends."""
    player = Player(socket, spool, clock=PacedClock(), manners=Manners(flush_bytes=_FLUSH_BYTES))
    lines = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with player.attended():
        while line := await lines.readline():
            began = player.add(script_of(json.loads(line)))
            sys.stdout.write(f"{began!r}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1]), Path(sys.argv[2])))
