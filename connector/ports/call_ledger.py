"""What capture writes: one node's calls, from the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.call import Call
from connector.domain.decision import Change
from connector.domain.recording import Recording, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPosition:
    """Everything before this byte of this journal file is in the catalogue."""

    file: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """What a node's Directors start with after a restart."""

    calls: tuple[Call, ...]
    recordings: tuple[Recording, ...]
    segments: tuple[Segment, ...]


class CallLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def apply(self, node: str, changes: Sequence[Change], position: JournalPosition) -> None:
        """All changes and the position in one transaction. Applying them again changes nothing. A recording that work
        owns already (CAPTURED or later) keeps its state whatever an older change says."""
        ...

    async def position(self, node: str) -> JournalPosition | None:
        """Up to where this node's journal was applied; None for a new node."""
        ...

    async def unfinished(self, node: str, pbx: str) -> Unfinished:
        """The live calls of that PBX, with all their legs, recordings still in capture and the segments of these."""
        ...
