"""Instructions for the capture node that owns a call, handed over through the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import CallId, Moment
from connector.domain.states import CommandState


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    id: str
    node: str
    call_id: CallId
    action: str
    options: str = ""
    by: str = ""
    expires_at: Moment
    state: CommandState = CommandState.OPEN
    outcome: str = ""


class Commands(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def post(self, command: Command) -> Command:
        """Hand it over; an id that is known already returns the earlier command as it stands and adds nothing."""
        ...

    async def open_for(self, node: str, now: Moment) -> Sequence[Command]:
        """Open ones of this node, oldest first; those past `expires_at` become EXPIRED and are not returned."""
        ...

    async def find(self, command_id: str) -> Command | None:
        """The command as it stands; None when unknown."""
        ...

    async def expiries(self, action: str, after: Moment) -> Sequence[Moment]:
        """Of every node's commands of that action: those moments after `after` until which they are, or were, good;
        the earliest first."""
        ...

    async def forget(self, before: Moment) -> int:
        """Settled ones that could have been obeyed until then; returns how many. Their ids would act again."""
        ...
