"""Brings the instructions of an answer to the intake that owns the call. Knows no endpoint and no HTTP."""

import asyncio
import json
import logging
from collections.abc import Coroutine, Mapping
from typing import Final, Protocol

from connector.domain.call import Call, CallKind
from connector.domain.decision import CommandAnswered
from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId, derived_id
from connector.domain.instructions import Instruction, own_command_id
from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.vault import Vault

log = logging.getLogger(__name__)

_OBEYED_SECONDS: Final = 10.0
_SEALING_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class Obedient(Protocol):
    """An intake, as far as it is needed here."""

    async def ordered(self, instruction: InstructionGiven) -> CommandAnswered: ...


class Obeying:
    def __init__(self, intakes: Mapping[str, Obedient], vault: Vault, clock: Clock) -> None:
        """The intakes by the names of their PBXs."""
        self._intakes = intakes
        self._vault = vault
        self._clock = clock
        self._conferring: dict[ChannelId, tuple[Instruction, str]] = {}

    async def obey(self, call: Call, one: Instruction, by: str, command_id: str) -> None:
        """`command_id` where the sender has said none. What becomes of it is in the log, by the intake."""
        if one.is_of_conference and call.kind is CallKind.CALL:
            # Who called is not there yet: it is said of the conference once he is.
            self._conferring[min(call.legs, key=lambda leg: leg.created_at).channel] = (one, by)
            return
        intake = self._intakes.get(call.pbx)
        if intake is None:
            return
        given = InstructionGiven(
            command_id=own_command_id(call.organisation, one.command_id) if one.command_id else command_id,
            action=one.action,
            call=call.id,
            options=await self._sealed(one),
            by=by,
        )
        try:
            async with asyncio.timeout(_OBEYED_SECONDS):
                await intake.ordered(given)
        except TimeoutError:
            log.error("instruction not settled", extra={"by": by, "call_id": call.id, "action": one.action})

    def met(self, conference: Call) -> list[Coroutine[None, None, None]]:
        """What was said of the conference that somebody would come to, now that he is there."""
        found = []
        for leg in conference.legs if self._conferring else ():
            waiting = self._conferring.pop(leg.channel, None)
            if waiting is not None:
                one, by = waiting
                found.append(self.obey(conference, one, by, derived_id("callback", conference.id, leg.channel)))
        return found

    def ended(self, call: Call) -> None:
        """He will not come any more."""
        for leg in call.legs:
            self._conferring.pop(leg.channel, None)

    async def _sealed(self, one: Instruction) -> str:
        """The options with credentials by the name under which they are kept now."""
        if one.credentials is None:
            return one.options
        waits = list(_SEALING_WAITS_SECONDS)
        while True:
            try:
                name = await self._vault.keep(one.credentials)
            except CatalogueUnavailable as error:
                if not waits:
                    raise
                log.warning("credentials wait for the catalogue", extra={"hint": str(error)})
                await self._clock.sleep_until(self._clock.now() + waits.pop(0))
            else:
                return json.dumps(json.loads(one.options or "{}") | {"credentials": name})
