"""An engine in a process of its own, for tests that kill it: `URL NODE FOLDER`, then one order a line on its input.

Each step makes one file (the effect, idempotent) and writes one line into the diary (what happened how often).
Orders: `queue SUBJECT…`, `finish` (all that is queued, then drain and leave), `leave` (drain at once). A file
`die-SUBJECT-STEP-before` (or `-after`) in the folder makes that step kill the process there, once; with
`wait-SUBJECT-STEP` it waits for ever.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from connector.domain.decision import Due
from connector.engine.dbos import DbosEngine
from connector.ports.engine import Step
from connector.roles.lifeline import leave
from tests.contract.engine.diary import settled

STEPS = ("collect", "assemble", "encode", "store", "verify")


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def step(name: str, node: str, folder: Path) -> Step:
    async def run(subject: str, attempt: int) -> None:
        _die_if_told(folder / f"die-{subject}-{name}-before")
        with (folder / "diary").open("a") as diary:
            diary.write(f"{subject} {name} {node}\n")
        if (folder / f"wait-{subject}-{name}").exists():
            say(node, "waits", subject)
            await asyncio.Event().wait()
        await asyncio.sleep(0.01)
        (folder / f"{subject}-{name}").touch()
        _die_if_told(folder / f"die-{subject}-{name}-after")
        if name == STEPS[-1]:
            say(node, "done", subject)

    return run


def _die_if_told(order: Path) -> None:
    if order.exists():
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, node: str, folder: Path) -> None:
    engine = DbosEngine(url, node, 4)
    await engine.start({"ship": [(name, step(name, node, folder)) for name in STEPS]})
    say(node, "up", os.getpid())
    while True:
        order, *subjects = (await asyncio.to_thread(sys.stdin.readline)).split() or ["finish"]
        for subject in subjects:
            await engine.enqueue(Due(kind="ship", subject=subject, at=0.0))
        say(node, "queued", len(subjects))
        if order in {"finish", "leave"}:
            if order == "finish":
                await settled(engine)
            await engine.drain(2)
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    leave(0)
