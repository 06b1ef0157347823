"""What somebody orders of a live call, on its way to the capture node that owns it, and what became of it.

Goes through rows in the catalogue; knows no PBX and no HTTP.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Final, Protocol

from connector.domain.access import Access
from connector.domain.call import Call, CallState
from connector.domain.ids import CallId
from connector.domain.instructions import Instruction, own_command_id
from connector.domain.states import CommandState
from connector.errors import CatalogueUnavailable, Conflict, NotFound
from connector.ports.clock import Clock
from connector.ports.commands import Command, Commands
from connector.ports.vault import Vault

#: How long somebody waits for the outcome, and how often is looked. Capture looks twenty times a second.
_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.025
#: What capture finds later than this is not wanted any more: the talk has gone on.
_GOOD_FOR_SECONDS: Final = 30.0
#: An answer may be on its way through the journal for so long.
_ANSWERED_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An instruction that was given, as it stands."""

    #: As its sender calls it.
    command_id: str
    call_id: CallId
    action: str
    state: CommandState
    #: Empty while it is OPEN; the refusal in words, or what was done.
    outcome: str


class Audited(Protocol):
    """The audit log, as far as it is needed here."""

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None: ...


class Ordering:
    def __init__(
        self,
        commands: Commands,
        vault: Vault,
        auditing: Audited,
        clock: Clock,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._commands = commands
        self._vault = vault
        self._auditing = auditing
        self._clock = clock
        self._patience_seconds = patience_seconds

    async def order(self, access: Access, call: Call, instruction: Instruction) -> Order:
        """The same command id again is the earlier order as it stands. OPEN when capture has not said within two
        seconds. Raises Conflict for a call that has ended, and for an id that was another order's."""
        said = instruction.command_id or str(uuid.uuid4())
        command_id = own_command_id(access.organisation or "", said)
        posted = await self._commands.find(command_id) if instruction.command_id else None
        if posted is None:
            posted = await self._posted(access, call, instruction, command_id)
        if (posted.call_id, posted.action) != (call.id, instruction.action):
            raise Conflict(f"command {said!r} was {posted.action} of call {posted.call_id}: choose another command_id")
        return self._as_order(await self._outcome(posted), said)

    async def ordered(self, access: Access, command_id: str) -> Order:
        """What became of it. Raises NotFound for one that this organisation has not given."""
        found = await self._commands.find(own_command_id(access.organisation or "", command_id))
        if found is None:
            raise NotFound(f"there is no command {command_id!r}")
        return self._as_order(found, command_id)

    async def _posted(self, access: Access, call: Call, instruction: Instruction, command_id: str) -> Command:
        if call.state is CallState.ENDED:
            raise Conflict(f"call {call.id} has ended: only a live one can be told to {instruction.action}")
        options = await self._sealed(instruction)
        details = {"order": instruction.action, "command": command_id} | ({"options": options} if options else {})
        # Written down first: what cannot be is not done either.
        await self._auditing.done(
            access, "instruction.given", subject=call.id, organisation=call.organisation, **details
        )
        return await self._commands.post(
            Command(
                id=command_id,
                node=call.node,
                call_id=call.id,
                action=instruction.action,
                options=options,
                by=access.by,
                expires_at=self._clock.now() + _GOOD_FOR_SECONDS,
            )
        )

    async def _sealed(self, instruction: Instruction) -> str:
        """The options with credentials by the name under which they are kept now."""
        if instruction.credentials is None:
            return instruction.options
        name = await self._vault.keep(instruction.credentials)
        return json.dumps(json.loads(instruction.options or "{}") | {"credentials": name})

    async def _outcome(self, posted: Command) -> Command:
        """As it stands once it is settled, or when the patience is over. It is on its way: a catalogue that cannot
        answer now changes nothing about that."""
        until = self._clock.now() + self._patience_seconds
        found = posted
        while found.state is CommandState.OPEN and self._clock.now() < until:
            await self._clock.sleep_until(self._clock.now() + _LOOK_SECONDS)
            try:
                found = await self._commands.find(posted.id) or found
            except CatalogueUnavailable:
                continue
        return found

    def _as_order(self, command: Command, said: str) -> Order:
        # Only a capture node that lives writes down that one is over.
        over_at = command.expires_at + _ANSWERED_SECONDS
        is_over = command.state is CommandState.OPEN and over_at <= self._clock.now()
        state = CommandState.EXPIRED if is_over else command.state
        outcome = command.outcome
        if state is CommandState.EXPIRED and not outcome:
            outcome = f"node {command.node!r} has not taken it in time"
        return Order(command_id=said, call_id=command.call_id, action=command.action, state=state, outcome=outcome)
