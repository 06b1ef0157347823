"""Steps that write down what happens to them, and tests that wait for what is written."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import TypeAlias

from connector.ports.engine import Engine, Step

LIMIT_SECONDS = 20.0
Entry: TypeAlias = tuple[str, str, int]


class Diary:
    """Entries are (step, subject, attempt), in the order in which the steps began."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ended: list[Entry] = []
        self.at_once = 0
        self.most_at_once = 0
        #: Steps of these names wait here until the event is set.
        self.gates: dict[str, asyncio.Event] = defaultdict(_open_gate)
        self.errors: dict[tuple[str, str], Exception] = {}
        self._changed = asyncio.Condition()

    def plan(self, *names: str) -> list[tuple[str, Step]]:
        return [(name, self._step(name)) for name in names]

    def of(self, subject: str) -> list[str]:
        return [step for step, about, _ in self.entries if about == subject]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    async def until_ended(self, step: str, *subjects: str) -> None:
        await self.until(lambda: {about for name, about, _ in self.ended if name == step} >= set(subjects))

    def _step(self, name: str) -> Step:
        async def step(subject: str, attempt: int) -> None:
            self.entries.append((name, subject, attempt))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await self._tell()
            try:
                await self.gates[name].wait()
                if (error := self.errors.get((name, subject))) is not None:
                    raise error
                self.ended.append((name, subject, attempt))
            finally:
                self.at_once -= 1
            await self._tell()

        return step

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


async def settled(engine: Engine) -> None:
    """Until nothing is queued or running: the engine writes that down a moment after the last step."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while await engine.unfinished():
            pass
