"""Applies the journal to the catalogue, one task per process. Knows batches, back-off and how far behind it is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from connector.catalogue.journal import Held, Journal
from connector.domain.decision import Change
from connector.errors import CatalogueUnavailable
from connector.ports.call_ledger import CallLedger, JournalPosition
from connector.ports.clock import Clock

Answer = TypeVar("Answer")

BATCH_CHANGES = 1_000
#: At most one transaction in this time: work and web want SQLite's lock too, and look for news after each one.
PAUSE_SECONDS = 0.1
#: What was decided is sent to the PBX first: the catalogue's thread would take the processor from it. Who is far behind
#: pauses no longer, either.
SHORT_PAUSE_SECONDS = 0.02
SYNC_SECONDS = 0.2
FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class JournalWriter:
    def __init__(self, journal: Journal, ledger: CallLedger, node: str, clock: Clock) -> None:
        self._journal = journal
        self._ledger = ledger
        self._node = node
        self._clock = clock
        #: Applied so far; None before the catalogue was asked.
        self._position: JournalPosition | None = None
        #: Changes of earlier processes minus all that were applied from the files.
        self._balance = 0
        self._appended = asyncio.Event()
        self._progressed = asyncio.Event()
        journal.on_append = self._appended.set

    @property
    def lag(self) -> int:
        """How many changes the catalogue does not have yet, as far as is known."""
        return self._balance + self._journal.written + self._journal.unapplied_held

    async def run(self) -> None:
        """Runs until cancelled; whatever goes wrong with the catalogue, it tries again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sync_for_ever(), name="journal sync")
            group.create_task(self._apply_for_ever(), name="journal writer")

    async def drained(self, timeout: float) -> bool:
        """Wait until everything appended is in the catalogue; False when that takes longer."""
        try:
            async with asyncio.timeout(timeout):
                while self._position is None or self.lag:
                    self._progressed.clear()
                    await self._progressed.wait()
        except TimeoutError:
            return False
        return True

    async def _apply_for_ever(self) -> None:
        known = await self._patiently(lambda: self._ledger.position(self._node))
        position = self._journal.origin(known)
        self._balance = await asyncio.to_thread(self._journal.backlog, position)
        self._position = position
        self._progressed.set()
        self._journal.remove_applied(position)
        while True:
            self._appended.clear()
            while await self._apply_next(position):
                if self._position.file != position.file:
                    self._journal.remove_applied(self._position)
                position = self._position
                self._progressed.set()
                pause = SHORT_PAUSE_SECONDS if self.lag >= BATCH_CHANGES else PAUSE_SECONDS
                await self._clock.sleep_until(self._clock.now() + pause)
            await self._appended.wait()
            await self._clock.sleep_until(self._clock.now() + SHORT_PAUSE_SECONDS)

    async def _apply_next(self, after: JournalPosition) -> bool:
        """One transaction's worth; False when there is nothing to apply."""
        batch = self._journal.recent(after, BATCH_CHANGES)
        if batch is None:
            batch = await asyncio.to_thread(self._journal.read, after, BATCH_CHANGES)
        if batch.position == after:
            return await self._apply_held(after)
        await self._apply(batch.changes, batch.position)
        self._balance -= len(batch.changes)
        self._position = batch.position
        return True

    async def _apply_held(self, position: JournalPosition) -> bool:
        """What found no room on the disk may still find it in the catalogue: later from the file once more."""
        held: list[Held] = self._journal.held(BATCH_CHANGES)
        if held:
            await self._apply([change for line in held for change in line.changes], position)
        for line in held:
            line.is_applied = True
        return bool(held)

    async def _apply(self, changes: "list[Change] | tuple[Change, ...]", position: JournalPosition) -> None:
        await self._patiently(lambda: self._ledger.apply(self._node, changes, position))

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            try:
                answer = await ask()
            except CatalogueUnavailable as error:
                if retry_seconds == FIRST_RETRY_SECONDS:
                    log.warning("the catalogue lags behind until it answers again", extra={"error": str(error)})
                await self._clock.sleep_until(self._clock.now() + retry_seconds)
                retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
            else:
                if retry_seconds != FIRST_RETRY_SECONDS:
                    log.info("the catalogue answers again", extra={"lag": self.lag})
                return answer

    async def _sync_for_ever(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + SYNC_SECONDS)
            self._journal.write_held()
            sync = self._journal.unsynced()
            if sync is not None:
                await asyncio.to_thread(sync)
