"""Calls that somebody has the PBX place: whether he may, the order for capture, and what became of it.

Goes through rows in the catalogue; knows no PBX and no HTTP.
"""

import asyncio
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connector.domain.access import Access
from connector.domain.call import Call
from connector.domain.ids import CallId, ChannelId, Moment
from connector.domain.instruction import options_text
from connector.domain.instructions import own_command_id
from connector.domain.outbound import (
    ORIGINATE,
    SETTLED_SECONDS,
    CallOrder,
    CallWish,
    Permitted,
    answered_call,
    order_of,
    place_call,
)
from connector.domain.states import CommandState
from connector.errors import CatalogueUnavailable, Conflict, NotFound, NotPermitted, TooManyRequests
from connector.ports.clock import Clock
from connector.ports.commands import Command, Commands
from connector.services.ordering import Audited
from connector.settings.outbound import OutboundSettings

#: How long somebody waits for the outcome, and how often is looked.
_PATIENCE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCall:
    """A call that was ordered, as it stands."""

    #: As its sender calls the order.
    command_id: str
    #: OPEN: it waits, or the device rings.
    state: CommandState
    #: Why it came to nothing.
    reason: str = ""
    #: Known once somebody has answered.
    call_id: CallId | None = None


class Placing:
    def __init__(
        self,
        commands: Commands,
        auditing: Audited,
        settings: Callable[[], OutboundSettings | None],
        node: str,
        clock: Clock,
    ) -> None:
        """`settings`: as the configuration has them now. `node`: ours."""
        self._commands = commands
        self._auditing = auditing
        self._settings = settings
        self._node = node
        self._clock = clock
        #: Who comes next counts what was posted before.
        self._counting = asyncio.Lock()

    async def place(self, access: Access, wish: CallWish, command_id: str = "") -> PlacedCall:
        """The same command id again is the earlier order as it stands. Raises NotPermitted that names the setting,
        BadRequest, TooManyRequests, and Conflict for an id that was another order's."""
        settings = self._settings()
        if settings is None:
            raise NotPermitted("calls are placed only where api.outbound of the configuration says which")
        order = self._order(access, wish, settings)
        said = command_id or str(uuid.uuid4())
        id = own_command_id(access.organisation or "", said)
        async with self._counting:
            posted = await self._commands.find(id) if command_id else None
            if posted is None:
                await self._check_rate(settings.per_minute)
                posted = await self._posted(access, order, id, settings.node or self._node)
        if posted.action != ORIGINATE or not order_of(posted.options).is_same_as(order):
            raise Conflict(f"command {said!r} was something else: choose another command_id")
        return _as_placed(await self._outcome(posted), said, self._clock.now())

    async def placed(self, access: Access, command_id: str) -> PlacedCall:
        """What became of it. Raises NotFound for one that this organisation has not ordered."""
        found = await self._commands.find(own_command_id(access.organisation or "", command_id))
        if found is None or found.action != ORIGINATE:
            raise NotFound("no such call was ordered")
        return _as_placed(found, command_id, self._clock.now())

    def _order(self, access: Access, wish: CallWish, settings: OutboundSettings) -> CallOrder:
        permitted = Permitted(
            numbers=settings.numbers,
            caller_ids=settings.caller_ids,
            endpoints=settings.endpoints,
            context=settings.context,
        )
        channel = ChannelId(f"callreel-{uuid.uuid4()}")
        wanted = place_call(wish, permitted, access.organisation, channel)
        now = self._clock.now()
        seen = Call(
            id=CallId(""),
            organisation=access.organisation or "",
            pbx=settings.pbx,
            node=settings.node,
            from_number=wanted.caller_id,
            to_number=wanted.number,
            agent_id=wanted.agent,
            started_at=now,
        )
        if not access.sees(seen, options_text(wanted.options).tags or ()):
            raise NotPermitted("this key is limited to calls of other numbers, agents or tags")
        return CallOrder(pbx=settings.pbx, organisation=access.organisation, ordered_at=now, wanted=wanted)

    async def _check_rate(self, per_minute: int) -> None:
        """Raises TooManyRequests: a key that was stolen must not cost a fortune overnight. Whatever web role posted
        them, and whether it has been started again since."""
        minute_ago = self._clock.now() - _MINUTE
        posted = await self._commands.expiries(ORIGINATE, minute_ago + SETTLED_SECONDS)
        if len(posted) >= per_minute:
            # So many before the last ones have to be a minute old.
            wait = posted[-per_minute] - SETTLED_SECONDS - minute_ago
            said = f"{per_minute} calls in a minute are all that api.outbound.per_minute allows"
            raise TooManyRequests(said, retry_after_seconds=math.ceil(wait))

    async def _posted(self, access: Access, order: CallOrder, id: str, node: str) -> Command:
        wanted = order.wanted
        # Written down first: what cannot be is not done either.
        await self._auditing.done(
            access,
            "call.placed",
            subject=id,
            pbx=order.pbx,
            device=wanted.device,
            number=wanted.number,
            caller_id=wanted.caller_id,
        )
        return await self._commands.post(
            Command(
                id=id,
                node=node,
                call_id=CallId(""),
                action=ORIGINATE,
                options=order.text,
                by=access.by,
                expires_at=self._clock.now() + SETTLED_SECONDS,
            )
        )

    async def _outcome(self, posted: Command) -> Command:
        """As it stands once it is settled, or when the patience is over."""
        until = self._clock.now() + _PATIENCE_SECONDS
        found = posted
        while found.state is CommandState.OPEN and self._clock.now() < until:
            await self._clock.sleep_until(self._clock.now() + _LOOK_SECONDS)
            try:
                found = await self._commands.find(posted.id) or found
            except CatalogueUnavailable:
                continue
        return found


def _as_placed(command: Command, said: str, now: Moment) -> PlacedCall:
    # Only a capture node that lives writes down that one is over.
    is_over = command.state is CommandState.OPEN and command.expires_at <= now
    state = CommandState.EXPIRED if is_over else command.state
    if state is CommandState.DONE:
        return PlacedCall(command_id=said, state=state, call_id=answered_call(command.outcome))
    reason = f"node {command.node!r} has not said what became of it" if state is CommandState.EXPIRED else ""
    return PlacedCall(command_id=said, state=state, reason=command.outcome or reason)
