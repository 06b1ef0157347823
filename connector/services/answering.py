"""Brings what a dialplan asks of its own call to the intake that knows the call, and its answer back."""

import uuid
from collections.abc import Sequence

from connector.domain.decision import CommandAnswered
from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId
from connector.errors import NotFound
from connector.ports.clock import Clock
from connector.services.intake import Intake

#: The question comes by another way than the PBX's news of its channel, and may be faster.
_NEWS_SECONDS = 0.1
_LOOK_SECONDS = 0.005


class Answering:
    def __init__(self, intakes: Sequence[Intake], clock: Clock) -> None:
        self._intakes = intakes
        self._clock = clock

    async def answer(self, pbx: str, channel: ChannelId, action: str, options: str) -> CommandAnswered:
        """What became of it. Raises NotFound when nobody can be asked. No limit of time: that is the caller's."""
        intake = await self._owner(pbx, channel)
        instruction = InstructionGiven(
            command_id=f"dialplan-{uuid.uuid4()}", action=action, channel=channel, options=options, by="dialplan"
        )
        return await intake.ordered(instruction)

    async def _owner(self, pbx: str, channel: ChannelId) -> Intake:
        able = [intake for intake in self._intakes if pbx in {"", intake.pbx_name}]
        if not able:
            known = ", ".join(intake.pbx_name for intake in self._intakes)
            raise NotFound(f"no PBX is called {pbx!r} here: set CALLREEL_PBX to one of {known or 'none'}")
        until = self._clock.now() + _NEWS_SECONDS
        while (owner := _hearing(able, channel)) is None and self._clock.now() < until:
            await self._clock.sleep_until(self._clock.now() + _LOOK_SECONDS)
        if owner is None and len(able) > 1:
            known = ", ".join(intake.pbx_name for intake in able)
            raise NotFound(f"none of the PBXs {known} has told of this call: is the right one connected?")
        return owner or able[0]


def _hearing(intakes: Sequence[Intake], channel: ChannelId) -> Intake | None:
    return next((intake for intake in intakes if intake.director.hears(channel)), None)
