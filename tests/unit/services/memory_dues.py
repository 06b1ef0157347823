"""Due rows in memory that a test can make unavailable."""

from collections import Counter
from collections.abc import Collection, Sequence

from connector.domain.decision import Due
from connector.domain.ids import Moment
from connector.errors import CatalogueUnavailable


class MemoryDues:
    def __init__(self, *dues: Due) -> None:
        self.rows = {due.id: due for due in dues}
        self.is_available = True
        #: False = the catalogue breaks between enqueue and delete.
        self.deletes = True

    async def add(self, dues: Sequence[Due]) -> None:
        for due in dues:
            self.rows.setdefault(due.id, due)

    async def any_fallen(self, node: str, now: Moment, *, of: Collection[str] = (), but: Collection[str] = ()) -> bool:
        return bool(await self.fallen(node, now, 1, of=of, but=but))

    async def fallen(
        self, node: str, now: Moment, limit: int, *, of: Collection[str] = (), but: Collection[str] = ()
    ) -> list[Due]:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        mine = [due for due in self.rows.values() if due.at <= now and due.node in {None, node}]
        mine = [due for due in mine if due.kind not in but and (not of or due.kind in of)]
        return sorted(mine, key=lambda due: (due.at, due.id))[:limit]

    async def forwarded(self, dues: Sequence[Due]) -> None:
        if not self.deletes:
            raise CatalogueUnavailable("it is locked")
        for due in dues:
            self.rows.pop(due.id, None)

    async def waiting(self) -> int:
        return len(self.rows)

    async def left(self, before: Moment) -> dict[str, int]:
        return Counter(due.node for due in self.rows.values() if due.node is not None and due.at < before)
