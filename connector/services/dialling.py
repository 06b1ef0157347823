"""Carries out, beside the PBX, what was ordered to be called, and answers each order once.

Knows orders and drivers. An order is never carried out twice: one that may have been begun before this process lived is
refused.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from connector.domain.call import Call
from connector.domain.decision import CommandAnswered
from connector.domain.ids import CallId, ChannelId
from connector.domain.outbound import FRESH_SECONDS, CallOrder, answered, order_of
from connector.errors import ConnectorError
from connector.ports.clock import Clock
from connector.ports.commands import Command
from connector.ports.journal import Journal
from connector.ports.pbx import Pbx

log = logging.getLogger(__name__)

#: The PBX's news of the leg may be a little behind its answer.
_NEWS_SECONDS: Final = 1.0


class Dialling:
    def __init__(self, pbxs: Sequence[Pbx], journal: Journal, clock: Clock) -> None:
        self._pbxs = {pbx.name: pbx for pbx in pbxs}
        self._journal = journal
        self._clock = clock
        self._since = clock.now()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Of which call the legs are that we had made.
        self._calls: dict[ChannelId, asyncio.Future[CallId]] = {}

    def take(self, row: Command) -> None:
        """Begin it, or say why not; returns at once. To be given each row once."""
        try:
            order = order_of(row.options)
        except ValueError as error:
            self._answer(row, is_done=False, outcome=str(error))
            return
        if why_not := self._why_not(order):
            self._answer(row, is_done=False, outcome=why_not)
            return
        task = asyncio.create_task(self._carry_out(row, order), name=f"call for {row.by}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def noticed(self, call: Call) -> None:
        """A new picture of any call."""
        for leg in call.legs if self._calls else ():
            known = self._calls.get(leg.channel)
            if known is not None and not known.done():
                known.set_result(call.id)

    async def close(self) -> None:
        """What rings goes on ringing; nobody hears what becomes of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _why_not(self, order: CallOrder) -> str:
        if order.ordered_at < self._since:
            return "it was ordered before capture began anew, and may have been placed: look at the PBX, order it again"
        if order.ordered_at + FRESH_SECONDS < self._clock.now():
            return "it came too late, and was not placed: order it again"
        if order.pbx not in self._pbxs:
            return f"no PBX is called {order.pbx!r} here: see api.outbound.pbx and api.outbound.node"
        return ""

    async def _carry_out(self, row: Command, order: CallOrder) -> None:
        channel = order.wanted.channel
        known = self._calls[channel] = asyncio.get_running_loop().create_future()
        try:
            await self._pbxs[order.pbx].place(order.wanted)
        except ConnectorError as error:
            self._answer(row, is_done=False, outcome=str(error))
        except Exception as error:
            # The recorders of other calls must not go down with an order that nobody foresaw.
            log.exception("call not placed", extra={"command_id": row.id})
            self._answer(row, is_done=False, outcome=f"a fault of callreel's: {type(error).__name__}; see its log")
        else:
            self._answer(row, is_done=True, outcome=answered(await self._call(known)))
        finally:
            del self._calls[channel]

    async def _call(self, known: "asyncio.Future[CallId]") -> CallId | None:
        alarm = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + _NEWS_SECONDS))
        try:
            await asyncio.wait((known, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return known.result() if known.done() else None

    def _answer(self, row: Command, *, is_done: bool, outcome: str) -> None:
        self._journal.append((CommandAnswered(command_id=row.id, is_done=is_done, outcome=outcome),))
        log.info("call placed" if is_done else "call not placed", extra={"command_id": row.id, "outcome": outcome})
