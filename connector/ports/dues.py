"""Work that falls due: written with the state that causes it, forwarded to the engine when its time has come."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from connector.domain.decision import Due
from connector.domain.ids import Moment


class Dues(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def add(self, dues: Sequence[Due]) -> None:
        """Write them; one with the same id as a waiting one changes nothing."""
        ...

    async def any_fallen(self, node: str, now: Moment, *, of: Collection[str] = (), but: Collection[str] = ()) -> bool:
        """Whether there is one. Who asks again and again asks this first: while nobody writes, it costs next to
        nothing."""
        ...

    async def fallen(
        self, node: str, now: Moment, limit: int, *, of: Collection[str] = (), but: Collection[str] = ()
    ) -> list[Due]:
        """The oldest due rows, of this node or anybody's, whose time has come; of these kinds, or of all but these."""
        ...

    async def forwarded(self, dues: Sequence[Due]) -> None:
        """The engine holds them now: delete the rows. Unknown ones are fine."""
        ...

    async def waiting(self) -> int:
        """How many rows there are in all."""
        ...

    async def left(self, before: Moment) -> Mapping[str, int]:
        """How many fell due before that moment and are only for a node of which nobody has heard since; by that node.
        On one machine no node is ever heard of: whoever asks knows which one it is."""
        ...
