"""A CallLedger in memory that a test can make unavailable."""

import asyncio
from collections.abc import Sequence

from connector.domain.decision import Change
from connector.errors import CatalogueUnavailable
from connector.ports.call_ledger import JournalPosition, Unfinished


class MemoryLedger:
    def __init__(self) -> None:
        self.batches: list[tuple[Change, ...]] = []
        self.places: dict[str, JournalPosition] = {}
        self.is_available = True
        self.refusals = 0
        self.changed = asyncio.Event()

    @property
    def changes(self) -> list[Change]:
        return [change for batch in self.batches for change in batch]

    async def apply(self, node: str, changes: Sequence[Change], position: JournalPosition) -> None:
        self._answer()
        self.batches.append(tuple(changes))
        self.places[node] = position

    async def position(self, node: str) -> JournalPosition | None:
        self._answer()
        return self.places.get(node)

    async def unfinished(self, node: str, pbx: str) -> Unfinished:
        self._answer()
        return Unfinished(calls=(), recordings=(), segments=())

    def _answer(self) -> None:
        if not self.is_available:
            self.refusals += 1
            raise CatalogueUnavailable("it is locked")
