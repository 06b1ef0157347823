"""The durable engine: runs the steps of a piece of work in order, to the end, through crashes."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from connector.domain.decision import Due

#: One step of a kind of work: gets the subject's id and the attempt, never bytes or secrets. It may run again when it
#: is done, and asks the catalogue what is: work that was interrupted begins again at some step, or at the first. A step
#: that raises ends this attempt: it has said in the catalogue what becomes of it (a new due row, or a final state).
Step: TypeAlias = Callable[[str, int], Awaitable[None]]

#: For each kind of work: its steps by name, in order.
Plans: TypeAlias = Mapping[str, Sequence[tuple[str, Step]]]


class Engine(Protocol):
    async def start(self, plans: Plans) -> None:
        """Take up what an earlier process left unfinished, and be ready for more."""
        ...

    async def enqueue(self, due: Due) -> None:
        """Run the work of `due.kind` on `due.subject` once; the same `due.id` again is nothing new. What names a node
        runs on that node only. Raises UnknownWork, EngineStopped, CatalogueUnavailable (the engine's own store)."""
        ...

    async def room(self) -> int:
        """How many more pieces of work it wants to be given now: what waits for it elsewhere costs it nothing."""
        ...

    async def unfinished(self) -> int:
        """How many pieces of work that this node could do are queued or running: its own and anybody's. What waits for
        another node is not counted, or a dead node would hold up the living."""
        ...

    async def unfinished_of(self, ids: Collection[str]) -> set[str]:
        """Which of these pieces of work are queued or running, wherever."""
        ...

    async def forget_finished(self, older_than_seconds: float) -> int:
        """Drop the engine's records of work that ended; returns how many."""
        ...

    async def drain(self, seconds: float) -> None:
        """Take no more, give what runs this long to end its step, then stop."""
        ...
