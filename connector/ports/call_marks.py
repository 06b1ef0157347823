"""What people add to a call: tags and notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import CallId, Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    id: str
    call_id: CallId
    organisation: str
    text: str
    by: str
    at: Moment


class CallMarks(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def tag(self, call_id: CallId, organisation: str, tags: Sequence[str], *, by: str, at: Moment) -> None:
        """Those that it has already stay as they are."""
        ...

    async def untag(self, call_id: CallId, tag: str) -> bool:
        """Whether it had that tag, given by people; those that it got from rules or the dialplan stay."""
        ...

    async def note(self, note: Note) -> None:
        """The call is found by its words from now on."""
        ...

    async def remove_note(self, call_id: CallId, note_id: str) -> bool:
        """Whether the call had that note."""
        ...
