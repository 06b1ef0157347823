"""Does one kind of work beside the engine, so much at once: work so long that nothing else may wait behind it.

Knows due rows; must not know what the work is. A row goes when its work has come to an end, so what a crash cuts off
begins again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from connector.domain.decision import Due
from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.engine import Step
from connector.services.guarding import Postponed

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_WAIT_SECONDS = 5.0


class SideLine:
    def __init__(
        self,
        kind: str,
        steps: Sequence[tuple[str, Step]],
        dues: Dues,
        clock: Clock,
        node: str,
        at_once: Callable[[], int],
    ) -> None:
        """`at_once`: as the configuration says now."""
        self._kind = kind
        self._steps = steps
        self._dues = dues
        self._clock = clock
        self._node = node
        self._at_once = at_once
        #: By subject.
        self._at_hand: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """For ever; may be cancelled anywhere, and cuts off what is at hand then."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    for due in await self._next():
                        self._at_hand[due.subject] = tasks.create_task(self._do(due), name=due.id)
                    wait = _POLL_SECONDS
                except CatalogueUnavailable as error:
                    log.warning("work waits", extra={"kind": self._kind, "hint": str(error)})
                    wait = _WAIT_SECONDS
                await self._clock.sleep_until(self._clock.now() + wait)

    async def _next(self) -> list[Due]:
        """As many as there is room for; of one subject one at a time."""
        room = self._at_once() - len(self._at_hand)
        if room <= 0:
            return []
        if not await self._dues.any_fallen(self._node, self._clock.now(), of=(self._kind,)):
            return []
        fallen = await self._dues.fallen(self._node, self._clock.now(), room + 2 * len(self._at_hand), of=(self._kind,))
        following = {due.subject: due for due in reversed(fallen) if due.subject not in self._at_hand}
        return [due for due in fallen if following.get(due.subject) is due][:room]

    async def _do(self, due: Due) -> None:
        try:
            await self._through(due)
            await self._dues.forwarded([due])
        except CatalogueUnavailable as error:
            # Its row is still there: it begins anew.
            log.warning("work begins anew", extra={"due": due.id, "hint": str(error)})
            await self._clock.sleep_until(self._clock.now() + _WAIT_SECONDS)
        finally:
            del self._at_hand[due.subject]

    async def _through(self, due: Due) -> None:
        try:
            for _, step in self._steps:
                await step(due.subject, due.attempt)
        except Postponed as error:
            log.info("postponed", extra={"due": due.id, "hint": str(error)})
