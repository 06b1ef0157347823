"""What the catalogue counts for whoever looks after the house: what waits, what was refused, what was stored last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from connector.domain.ids import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """How it stands with the copies of one destination."""

    waiting: int = 0
    refused: int = 0
    gave_up: int = 0
    #: Those that were to go and are there still.
    undeletable: int = 0
    stored_last: Moment | None = None
    #: Of one that is not stored, a refused one first.
    reason: str = ""
    #: Of one that could not be deleted.
    undeletable_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Work of one kind that waits for its time."""

    kind: str
    waiting: int
    #: When the first of it falls due, or fell due.
    oldest_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    #: By the destination's name: those that were asked for, and every other with a copy that is not stored.
    copies: Mapping[str, Copies] = field(default_factory=dict)
    queues: Sequence[Queue] = ()
    notifications_waiting: int = 0
    notifications_dead: int = 0


class HealthLedger(Protocol):
    async def standing(self, organisation: str | None, destinations: Collection[str]) -> Standing:
        """Of that organisation's recordings, or of all. Raises CatalogueUnavailable."""
        ...
