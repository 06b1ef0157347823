"""The engine without durability, for tests: the same promises as long as the object lives.

Knows asyncio only; must not know a database.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection

from connector.domain.decision import Due
from connector.engine.steps import Steps
from connector.errors import EngineStopped
from connector.ports.engine import Plans


class MemoryEngine:
    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._steps: Steps | None = None
        self._queue: deque[Due] = deque()
        self._at_hand: dict[str, Due] = {}
        #: How many steps of a piece of work are done: its checkpoint.
        self._done: dict[str, int] = {}
        self._known: set[str] = set()
        self._finished_at: dict[str, float] = {}
        self._changed = asyncio.Condition()
        self._workers: list[asyncio.Task[None]] = []

    async def start(self, plans: Plans) -> None:
        """Take up what was at hand when this object was drained, and be ready for more."""
        self._steps = steps = Steps(plans)
        self._queue.extendleft(reversed(self._at_hand.values()))
        self._at_hand.clear()
        self._workers = [asyncio.create_task(self._work(steps), name=f"worker {n}") for n in range(self._concurrency)]

    async def enqueue(self, due: Due) -> None:
        """Run it once; the same id again is nothing new."""
        if self._steps is None:
            raise EngineStopped("the engine is not running (yet, or any more): start it first")
        self._steps.names(due.kind)
        if due.id in self._known:
            return
        self._known.add(due.id)
        async with self._changed:
            self._queue.append(due)
            self._changed.notify()

    async def room(self) -> int:
        """As many as may run, and as many again."""
        return max(2 * self._concurrency - await self.unfinished(), 0)

    async def unfinished(self) -> int:
        """What is queued and what is at hand."""
        return len(self._queue) + len(self._at_hand)

    async def unfinished_of(self, ids: Collection[str]) -> set[str]:
        """Those of them that are queued or at hand."""
        return {due.id for due in self._queue if due.id in ids} | {id for id in self._at_hand if id in ids}

    async def forget_finished(self, older_than_seconds: float) -> int:
        """Drop the ids of work that ended so long ago."""
        moment = time.monotonic() - older_than_seconds
        forgotten = [work for work, finished_at in self._finished_at.items() if finished_at <= moment]
        for work in forgotten:
            del self._finished_at[work]
            self._known.discard(work)
        return len(forgotten)

    async def drain(self, seconds: float) -> None:
        """Let each step at hand come to its end; what runs longer is cut off and runs again after the next start."""
        async with self._changed:
            self._steps = None
            self._changed.notify_all()
        if self._workers:
            await asyncio.wait(self._workers, timeout=seconds)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []

    async def _work(self, steps: Steps) -> None:
        while (due := await self._next()) is not None:
            await self._run(steps, due)

    async def _next(self) -> Due | None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._steps is None or self._queue)
            if self._steps is None:
                return None
            due = self._queue.popleft()
            self._at_hand[due.id] = due
            return due

    async def _run(self, steps: Steps, due: Due) -> None:
        for name in steps.names(due.kind)[self._done.get(due.id, 0) :]:
            if self._steps is None:
                return
            if not await steps.run(due.kind, name, due.subject, due.attempt):
                break
            self._done[due.id] = self._done.get(due.id, 0) + 1
        self._done.pop(due.id, None)
        del self._at_hand[due.id]
        self._finished_at[due.id] = time.monotonic()
