"""Which machines take part, and when each was last heard of."""

from typing import Protocol

from connector.domain.ids import Moment


class Nodes(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def seen(self, node: str, at: Moment) -> None:
        """The node was alive at that moment; an earlier moment than the known one changes nothing."""
        ...

    async def silent_since(self, moment: Moment) -> list[str]:
        """The nodes that were last seen before that moment, by name."""
        ...

    async def forget(self, node: str) -> None:
        """Take it off the list; one that is not on it is fine."""
        ...
