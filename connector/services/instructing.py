"""Brings instructions from the catalogue's command rows to the Director that owns the call."""

import logging
from collections.abc import Callable, Sequence

from connector.domain.events import InstructionGiven
from connector.domain.outbound import ORIGINATE
from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.commands import Command, Commands
from connector.services.intake import Intake

log = logging.getLogger(__name__)

#: A look costs half a millisecond of CPU: at 20 ms it would be three per cent of a core for nothing.
_POLL_SECONDS = 0.05
_BACK_OFF_SECONDS = 1.0


class Instructing:
    def __init__(
        self,
        commands: Commands,
        intakes: Sequence[Intake],
        clock: Clock,
        node: str,
        dial: Callable[[Command], None] | None = None,
    ) -> None:
        """`dial` takes the orders that are about no call yet: to place one."""
        self._commands = commands
        self._intakes = intakes
        self._clock = clock
        self._node = node
        self._dial = dial
        #: Handed over, and not yet settled in the catalogue: the answer comes by the journal.
        self._handed_over: set[str] = set()

    async def run(self) -> None:
        while True:
            wait = _POLL_SECONDS
            try:
                await self.hand_over()
            except CatalogueUnavailable:
                wait = _BACK_OFF_SECONDS
            await self._clock.sleep_until(self._clock.now() + wait)

    async def hand_over(self) -> None:
        """Every open row of this node, once, to the intake that knows its call; an unknown call is everybody's to
        refuse, the first PBX does."""
        rows = await self._commands.open_for(self._node, self._clock.now())
        self._handed_over &= {row.id for row in rows}
        for row in rows:
            if row.id in self._handed_over:
                continue
            self._handed_over.add(row.id)
            if row.action == ORIGINATE and self._dial is not None:
                self._dial(row)
                continue
            owner = next((one for one in self._intakes if one.director.knows(row.call_id)), self._intakes[0])
            await owner.instruct(
                InstructionGiven(command_id=row.id, action=row.action, call=row.call_id, options=row.options, by=row.by)
            )
