"""Agents as calls name them, whoever else has heard of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAgent:
    id: str
    #: As the last of his calls has it; empty: it has none.
    name: str
    #: When that one began.
    last_call_at: Moment


class SeenAgents(Protocol):
    async def of(self, organisation: str, *, most: int) -> Sequence[SeenAgent]:
        """The first `most` of them by their ids. Cheap however many calls there are; raises CatalogueUnavailable when
        the catalogue cannot answer now."""
        ...
