"""Tidies up: local files whose copies are confirmed, the engine's memory of finished work, work that got stuck."""

import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from connector.domain.ids import Moment, RecordingId
from connector.errors import CatalogueUnavailable, ConnectorError, EngineStopped
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.engine import Engine
from connector.ports.notification_ledger import NotificationLedger
from connector.ports.shipping_ledger import ShippingLedger
from connector.ports.vault import Vault
from connector.services.removing import Removing

log = logging.getLogger(__name__)

_ROUND_SECONDS = 60.0
_BATCH = 200
#: Of a recording that is this old no file is told any more by a journal that was late.
_LATE_SECONDS = 86_400.0
#: How long the engine remembers finished work: long enough that a due row forwarded twice is still recognised.
_ENGINE_MEMORY_SECONDS = 86_400.0
_SECRETS_SECONDS = 86_400.0
_TOLD_SECONDS = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is kept for so long."""

    seconds: float
    #: Forgets what is from before that moment; returns how many.
    forget: Callable[[Moment], Awaitable[int]]


def free_percent(folder: Path) -> float:
    """Of the disk that the folder is on; all of it where nobody can tell."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return 100.0
    return 100.0 * usage.free / max(usage.total, 1)


class Janitor:
    def __init__(
        self,
        ledger: ShippingLedger,
        dues: Dues,
        engine: Engine,
        removing: Removing,
        notifications: NotificationLedger,
        vault: Vault,
        clock: Clock,
        *,
        node: str,
        folder: Path,
        keep_local_seconds: float,
        least_room_percent: float,
        spools: Sequence[Path] = (),
        memories: Sequence[Memory] = (),
        free_percent: Callable[[Path], float] = free_percent,
    ) -> None:
        self._ledger = ledger
        self._dues = dues
        self._engine = engine
        self._removing = removing
        self._notifications = notifications
        self._vault = vault
        self._clock = clock
        self._node = node
        self._folder = folder
        self._keep_local_seconds = keep_local_seconds
        self._least_room_percent = least_room_percent
        self._disks = (folder, *spools)
        self._free_percent = free_percent
        self._memories = memories
        self._daily_due_at = 0.0

    async def run(self) -> None:
        """Rounds for ever; a catalogue that does not answer makes a round wait."""
        while True:
            try:
                await self.round()
            except (CatalogueUnavailable, EngineStopped) as error:
                log.warning("janitor waits", extra={"hint": str(error)})
            await self._clock.sleep_until(self._clock.now() + _ROUND_SECONDS)

    async def round(self) -> None:
        """Once through everything, in slices."""
        await self.remove_local_files()
        await self.note_fileless()
        await self._engine.forget_finished(_ENGINE_MEMORY_SECONDS)
        await self.forget_daily()
        await self.forget_told()

    async def forget_daily(self) -> None:
        """Once a day: credentials and places that nothing refers to any more, and what nobody needs to remember."""
        now = self._clock.now()
        if now >= self._daily_due_at:
            for memory in self._memories:
                await memory.forget(now - memory.seconds)
            forgotten = await self._vault.forget_unused(now - _SECRETS_SECONDS, ())
            self._daily_due_at = now + _SECRETS_SECONDS
            if forgotten:
                log.info("secrets forgotten", extra={"count": forgotten})

    async def forget_told(self) -> int:
        """What was delivered or cancelled long ago leaves the list; returns how many."""
        before, forgotten = self._clock.now() - _TOLD_SECONDS, 0
        while dropped := await self._notifications.forget(before, _BATCH):
            forgotten += dropped
        return forgotten

    async def take_up_stuck(self) -> int:
        """Work that a crash left without a due row, and that the engine does not hold either, falls due again; returns
        how many."""
        found = await self._ledger.stuck(self._node, _BATCH)
        last_of = {due.subject: replace(due, attempt=due.attempt - 1).id for due in found}
        held = await self._engine.unfinished_of(last_of.values())
        stuck = [due for due in found if last_of[due.subject] not in held]
        await self._dues.add(stuck)
        for due in stuck:
            log.warning("taken up again", extra={"recording_id": due.subject, "attempt": due.attempt})
        return len(stuck)

    async def remove_local_files(self) -> int:
        """Local files go when every destination has confirmed and the keep time is over.
        Returns of how many recordings."""
        before = self._clock.now() - self._keep_seconds()
        removed = 0
        # What stays (no right to delete it, its PBX is gone) must not keep the others waiting.
        stayed: set[RecordingId] = set()
        while ids := await self._to_remove(before, stayed):
            for id in ids:
                if await self._has_removed(id):
                    removed += 1
                else:
                    stayed.add(id)
        return removed

    async def note_fileless(self) -> int:
        """Calls that nobody answered leave recordings without any file: they are not looked through again each round.
        Returns how many."""
        before, noted = self._clock.now() - _LATE_SECONDS, 0
        while found := await self._ledger.note_fileless(self._node, before, _BATCH):
            noted += found
        return noted

    def _keep_seconds(self) -> float:
        """As long as wished for, but not when room is short: the copies are where they belong."""
        short = [disk for disk in self._disks if self._free_percent(disk) < self._least_room_percent]
        if not short or not self._keep_local_seconds:
            return self._keep_local_seconds
        where = ", ".join(map(str, short))
        log.warning("local files kept no longer", extra={"hint": f"little room at {where}: see local.least_room"})
        return 0.0

    async def _to_remove(self, before: Moment, stayed: Set[RecordingId]) -> list[RecordingId]:
        ids = await self._ledger.files_to_remove(self._node, before, _BATCH + len(stayed))
        return [id for id in ids if id not in stayed]

    async def _has_removed(self, id: RecordingId) -> bool:
        file = await self._ledger.file(id)
        if file is None:
            return False
        try:
            is_gone = await self._removing.remove_local(file)
        except CatalogueUnavailable:
            raise
        except ConnectorError as error:
            log.warning("local files stay", extra={"recording_id": id, "hint": str(error)})
            return False
        shutil.rmtree(self._folder / "work" / id, ignore_errors=True)
        return is_gone
