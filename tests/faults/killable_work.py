"""The work role, which dies or stands still at planned points of its steps: before, in the middle, when it writes."""

import asyncio
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from connector.audio import workshop
from connector.audio.artefact_file import part_path
from connector.catalogue.database import Database
from connector.domain.decision import Due
from connector.engine import takeover
from connector.engine.dbos import DbosEngine
from connector.ports.engine import Plans, Step
from connector.ports.workshop import Job, Result
from connector.roles import work
from connector.services import shipping
from connector.storage.part_file import PartFile
from tests.faults.doom import Doom, live_again_and_again

Answer = TypeVar("Answer")

#: In this order for one step: waiting = it has begun and waits for something; uncommitted = its first writing into the
#: catalogue is done but for the commit; committed = that is there, and the rest of the step is not.
MOMENTS = ("before", "waiting", "uncommitted", "committed", "after")

_LOOK_SECONDS = 0.02

_step: ContextVar[str] = ContextVar("step", default="no step")


def killable(doom: Doom) -> Callable[[Plans], Plans]:
    """Every step of the plans, with a death possible at each moment."""
    _doom_writing(doom)
    _doom_files(doom)
    _doom_hand_over(doom)

    def around(plans: Plans) -> Plans:
        return {
            kind: [(name, _killable(f"{kind}/{name}", step, doom)) for name, step in steps]
            for kind, steps in plans.items()
        }

    return around


def _killable(name: str, step: Step, doom: Doom) -> Step:
    async def doomed(subject: str, attempt: int) -> None:
        _step.set(name)
        doom.reached(f"{name}/before")
        who = f"{subject}/{attempt}"
        while doom.holds(name, who):  # noqa: ASYNC110  # what another process wrote
            await asyncio.sleep(_LOOK_SECONDS)
        asyncio.get_running_loop().call_soon(doom.reached, f"{name}/waiting")
        await step(subject, attempt)
        doom.pass_by(name, who)
        doom.reached(f"{name}/after")

    return doomed


def _doom_writing(doom: Doom) -> None:
    write = Database.write

    async def doomed(self: Database, writing: Callable[[Connection], Answer]) -> Answer:
        step = _step.get()

        def uncommitted(connection: Connection) -> Answer:
            answer = writing(connection)
            doom.reached(f"{step}/uncommitted")
            return answer

        answer = await write(self, uncommitted)
        doom.reached(f"{step}/committed")
        return answer

    Database.write = doomed  # type: ignore[method-assign, assignment]  # the point of this program


def _doom_files(doom: Doom) -> None:
    """An artefact that is written in part, and a copy that is whole and has no name yet."""
    make, settle = workshop.EncoderProcesses.make, PartFile.settle

    async def doomed_make(self: workshop.EncoderProcesses, job: Job) -> Result:
        making = asyncio.ensure_future(make(self, job))
        parts = [part_path(product.path) for product in job.products]
        while not making.done() and not any(part.exists() for part in parts):
            await asyncio.wait((making,), timeout=0.001)
        doom.reached("half an artefact")
        return await making

    def doomed_settle(self: PartFile) -> None:
        settle(self)
        doom.reached("half a copy")

    workshop.EncoderProcesses.make = doomed_make  # type: ignore[method-assign]  # the point of this program
    PartFile.settle = doomed_settle  # type: ignore[method-assign]  # the point of this program


def _doom_hand_over(doom: Doom) -> None:
    """The engine has the work, and the catalogue's row is still there."""
    enqueue = DbosEngine.enqueue

    async def doomed(self: DbosEngine, due: Due) -> None:
        doom.reached("due row read")
        await enqueue(self, due)
        doom.reached("work queued")

    DbosEngine.enqueue = doomed  # type: ignore[method-assign]  # the point of this program


def main(config: Path, folder: Path) -> int:
    # On PostgreSQL a node that died has to listen for another of its name: no test starts two.
    takeover._LISTEN_SECONDS = 0.1
    # A full disk of ours is looked at again soon: half a minute would prove no more.
    shipping._ROOM_SECONDS = 1.0
    around = killable(Doom(folder))
    return live_again_and_again(lambda: asyncio.run(work.run(config, around)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
