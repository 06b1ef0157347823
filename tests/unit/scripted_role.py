"""A role that does what its arguments say, tied to its supervisor as the real ones are: `NAME [HABIT…]`.

It prints what happens to it, one line an event, for the tests to wait for.
"""

import asyncio
import os
import signal
import sys
import time

from connector.roles.lifeline import Lifeline, lifeline


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main(name: str, habits: list[str]) -> int:
    async with lifeline() as life:
        say(name, "up", os.getpid())
        if "crashes" in habits:
            return 3
        if "spawns" in habits:
            say(name, "child", (await asyncio.create_subprocess_exec("sleep", "60")).pid)
        if "blocks" in habits:
            time.sleep(60)  # noqa: ASYNC251 # a blocked loop is the point
        if "unready" not in habits:
            life.ready()
        reloading = asyncio.create_task(reload(name, life))
        await life.stop_requested.wait()
        reloading.cancel()
        say(name, "stopping", os.getpid())
        if "stubborn" in habits:
            await asyncio.Event().wait()
        say(name, "drained", os.getpid())
    return 0


async def reload(name: str, life: Lifeline) -> None:
    while True:
        await life.reload_requested.wait()
        life.reload_requested.clear()
        say(name, "reloaded")
        life.ready()


if __name__ == "__main__":
    if "mute" in sys.argv:
        say(sys.argv[1], "up", os.getpid())
        signal.pause()
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
