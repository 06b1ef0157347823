"""A PBX: facts come out, commands go in."""

from collections.abc import AsyncIterator
from typing import Protocol

from connector.domain.events import Stamped
from connector.domain.pbx_commands import PbxCommand, PlaceCall


class Pbx(Protocol):
    @property
    def name(self) -> str:
        """The name that config.yaml gives it."""
        ...

    @property
    def version(self) -> str:
        """Its release, as `22.10.1`, as it said after the last connect; "" when it did not."""
        ...

    def events(self) -> AsyncIterator[Stamped]:
        """Every fact in order, for ever: connects, connects again with back-off, and says PbxResynchronised after each
        connect and PbxLost after each loss. Ends only when `close` was called. Iterated once."""
        ...

    async def execute(self, command: PbxCommand) -> None:
        """Do it, or say why not by an event (RecorderRefused, CommandTimedOut). Never raises for the PBX's sake, never
        repeats a command after a reconnect."""
        ...

    async def place(self, wanted: PlaceCall) -> None:
        """Place a call; returns when somebody has answered at the device. Raises PbxRefused with the PBX's reason
        (busy, no answer, no such device), PbxUnreachable when nobody can tell (any more). Never done twice."""
        ...

    def troubles(self) -> list[str]:
        """What an administrator should know about it now, each with what to do; empty when all is well."""
        ...

    async def close(self) -> None:
        """Let go of the PBX without touching a call or a recorder."""
        ...
