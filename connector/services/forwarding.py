"""Moves work whose time has come from the catalogue into the engine, oldest first; does at once what is small.

Knows due rows and how much the engine may hold; must not know what any work is.
"""

import logging
from collections.abc import Collection
from types import MappingProxyType

from connector.domain.decision import Due
from connector.errors import CatalogueUnavailable, EngineStopped, UnknownWork
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.engine import Engine, Plans
from connector.services.guarding import Postponed

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.075
#: When nothing has fallen due for a while.
_IDLE_POLL_SECONDS = 0.25
_IDLE_AFTER_SECONDS = 2.0
#: Looked at in one round.
_AT_ONCE = 32
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 10.0


class Forwarder:
    """The engine is given no more than it wants; what waits here costs no memory. A crash between enqueue and delete is
    harmless: the engine knows the id already."""

    def __init__(
        self,
        dues: Dues,
        engine: Engine,
        clock: Clock,
        node: str,
        direct: Plans = MappingProxyType({}),
        aside: Collection[str] = (),
    ) -> None:
        """`direct`: work so small that remembering how far it is would be most of it; done here, to the end, before its
        row goes. `aside`: kinds of work that somebody else sees to."""
        self._direct = direct
        self._aside = aside
        self._dues = dues
        self._engine = engine
        self._clock = clock
        self._node = node
        #: Rows that the engine has no plan for: they stay, for the version that has, and nobody waits behind them.
        self._unknown: set[str] = set()

    async def run(self) -> None:
        """For ever; may be cancelled anywhere."""
        wait = _FIRST_WAIT_SECONDS
        busy_until = self._clock.now()
        while True:
            try:
                if await self.forward():
                    busy_until = self._clock.now() + _IDLE_AFTER_SECONDS
            except (CatalogueUnavailable, EngineStopped) as error:
                log.warning("forwarding waits", extra={"seconds": wait, "hint": str(error)})
                await self._clock.sleep_until(self._clock.now() + wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            else:
                wait = _FIRST_WAIT_SECONDS
                is_busy = self._clock.now() < busy_until
                await self._clock.sleep_until(self._clock.now() + (_POLL_SECONDS if is_busy else _IDLE_POLL_SECONDS))

    async def forward(self) -> int:
        """One round; returns how many were done or taken by the engine."""
        if not await self._dues.any_fallen(self._node, self._clock.now(), but=self._aside):
            self._unknown.clear()
            return 0
        return await self._do_direct() + await self._enqueue()

    async def _do_direct(self) -> int:
        """Asked for by itself: else thousands that are older and wait for room in the engine would stand before it."""
        if not self._direct:
            return 0
        fallen = await self._dues.fallen(self._node, self._clock.now(), _AT_ONCE, of=[*self._direct])
        for due in fallen:
            await self._do(due)
        await self._dues.forwarded(fallen)
        return len(fallen)

    async def _enqueue(self) -> int:
        most = _AT_ONCE + len(self._unknown)
        fallen = await self._dues.fallen(self._node, self._clock.now(), most, but=[*self._aside, *self._direct])
        if not fallen:
            self._unknown.clear()
            return 0
        room = await self._engine.room()
        taken = [due for due in self._known(fallen)[:room] if await self._has_taken(due)]
        if taken:
            await self._dues.forwarded(taken)
        return len(taken)

    async def _do(self, due: Due) -> None:
        try:
            for _, step in self._direct[due.kind]:
                await step(due.subject, due.attempt)
        except Postponed as error:
            log.info("postponed", extra={"due": due.id, "hint": str(error)})

    def _known(self, fallen: list[Due]) -> list[Due]:
        return [due for due in fallen if due.id not in self._unknown]

    async def _has_taken(self, due: Due) -> bool:
        try:
            await self._engine.enqueue(due)
        except UnknownWork as error:
            self._unknown.add(due.id)
            log.error("due row skipped", extra={"due": due.id, "hint": str(error)})
            return False
        return True
