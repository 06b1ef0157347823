"""A recording's way out: every copy, the work files, the PBX's files; what could not be deleted is named.

Knows nothing of why it goes, but that nothing goes that is on legal hold.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.products import WITHDRAWING
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import DestinationRefused, DestinationUnreachable, IllegalTransition
from connector.network.backoff import next_try
from connector.ports.clock import Clock
from connector.ports.destinations import Destination, Destinations
from connector.ports.dues import Dues
from connector.ports.engine import Step
from connector.ports.object_store import Digest
from connector.ports.segment_source import SegmentSource
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.guarding import Postponed, guarded
from connector.services.papers import papers
from connector.services.rendering import discard
from connector.services.storing import abandon, silence_seconds

log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 86_400.0
_ON_ITS_WAY_OUT = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
#: What was begun and not proven stored.
_GIVEN_UP = frozenset({DeliveryState.REFUSED, DeliveryState.GAVE_UP})
_UNFINISHED = _GIVEN_UP | {DeliveryState.WAITING}
_HOLD_SECONDS = 3600.0


class Removing:
    def __init__(
        self,
        ledger: ShippingLedger,
        dues: Dues,
        sources: Mapping[str, SegmentSource],
        destinations: Destinations,
        clock: Clock,
        folder: Path,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._dues = dues
        self._sources = sources
        self._destinations = destinations
        self._clock = clock
        self._folder = folder
        self._draw = draw

    @property
    def steps(self) -> list[tuple[str, Step]]:
        steps = (("remove copies", self.remove_copies), ("remove files", self.remove_files), ("forget", self.forget))
        return guarded(steps, self._fall_due_again)

    async def remove_copies(self, subject: str, attempt: int) -> None:
        """Every stored copy is deleted, or named undeletable, or waited for; one that is left to its bucket stays."""
        file = await self._leaving(subject)
        if file is None:
            return
        if file.keeping.hold is not None:
            # Somebody threw it away with its call while another held it.
            reason = "it is on legal hold: nothing of it goes before that is released"
            await self._fall_due_again(subject, attempt, reason, _HOLD_SECONDS)
            raise Postponed(reason)
        unknown, silence = "", 0.0
        for delivery in file.deliveries:
            try:
                await self._remove_wherever(file, delivery, attempt)
            except DestinationUnreachable as error:
                unknown, silence = str(error), max(silence, silence_seconds(error))
        if unknown:
            await self._fall_due_again(subject, attempt, unknown, silence)
            raise Postponed(unknown)

    @property
    def withdrawal(self) -> list[tuple[str, Step]]:
        return guarded((("withdraw", self.withdraw),), self._withdraw_again)

    async def withdraw(self, subject: str, attempt: int) -> None:
        """What is to be deleted of a recording that stays: the file of its transcript."""
        file = await self._ledger.file(RecordingId(subject))
        if file is None or file.recording.state in _ON_ITS_WAY_OUT:
            return
        for delivery in file.deliveries:
            if delivery.state is DeliveryState.DELETING:
                try:
                    await self._delete(file, delivery)
                except DestinationUnreachable as error:
                    await self._withdraw_again(subject, attempt, str(error))
                    raise Postponed(str(error)) from error
        await asyncio.to_thread(self._remove_papers, file)

    async def remove_files(self, subject: str, attempt: int) -> None:
        """Our own files of it, and the PBX's."""
        file = await self._removing(subject)
        if file is not None:
            await self.remove_local(file)

    async def forget(self, subject: str, attempt: int) -> None:
        """REMOVING becomes REMOVED when no copy is left to wait for."""
        file = await self._removing(subject)
        if file is None:
            return
        states = {delivery.state for delivery in file.deliveries}
        if DeliveryState.STORED in states:
            await self._fall_due_again(subject, attempt, "a copy landed meanwhile")
        if states & {DeliveryState.STORED, DeliveryState.DELETING}:
            return
        await self._ledger.moved(file.recording.id, RecordingEvent.GONE, reason=file.recording.reason)
        log.info("removed", extra={"recording_id": file.recording.id, "reason": file.recording.reason})

    async def remove_local(self, file: RecordingFile) -> bool:
        """The work files and the PBX's segments, and of one that is on its way out the picture of its sound; what is
        gone already is fine. Returns whether nothing is left: of a PBX that is not in the configuration any more the
        segments stay where they are."""
        await asyncio.to_thread(self._remove_ours, file)
        await self._ledger.artefacts_removed(file.recording.id)
        source = self._sources.get(file.recording.pbx)
        if source is None:
            return False
        for segment in file.segments:
            await source.remove(segment.path)
        await self._ledger.sources_removed(file.recording.id)
        return True

    def _remove_ours(self, file: RecordingFile) -> None:
        for artefact in file.rendering.artefacts if file.rendering else ():
            (self._folder / artefact.path).unlink(missing_ok=True)
        if file.recording.state in _ON_ITS_WAY_OUT:
            discard(file, self._folder)

    def _remove_papers(self, file: RecordingFile) -> None:
        for paper in papers(file.recording.id, ArtefactKind.TRANSCRIPT, self._folder):
            paper.unlink(missing_ok=True)

    async def _remove_wherever(self, file: RecordingFile, delivery: Delivery, attempt: int) -> None:
        """Whatever has become of it. Raises DestinationUnreachable when nobody can tell now whether it is there."""
        state = delivery.state
        if state in _UNFINISHED:
            await abandon(self._destinations, file, delivery)
        if state in _GIVEN_UP:
            await self._remove_unproven(file, delivery)
        try:
            waits = state is DeliveryState.WAITING
            has_landed = waits and (delivery.has_earlier or await self._has_landed(file, delivery))
        except DestinationRefused as error:
            await self._name_undeletable(delivery, _may_lie_there(delivery, error))
            return
        if has_landed:
            # Whoever stored it may have said so meanwhile.
            with suppress(IllegalTransition):
                await self._ledger.delivery_moved(delivery, DeliveryEvent.STORED)
            state = DeliveryState.STORED
        if state is DeliveryState.STORED:
            await self._ledger.delivery_moved(delivery, DeliveryEvent.DELETING)
            state = DeliveryState.DELETING
        if state is DeliveryState.DELETING:
            await self._remove_copy(file, delivery, attempt)

    async def _is_ours(self, file: RecordingFile, delivery: Delivery) -> bool:
        """Whether what is to be deleted is our copy. One that was never proven stored may have been kept out by
        another's object of that name."""
        return _is_proven(delivery) or await self._has_landed(file, delivery)

    async def _has_landed(self, file: RecordingFile, delivery: Delivery) -> bool:
        """Whether a try to store, whose end a crash hid, has left our object there after all. Raises
        DestinationUnreachable when nobody can tell now, DestinationRefused when nobody ever can."""
        if not delivery.object_name:
            return False
        artefact = file.artefact(delivery)
        digest = Digest(size_bytes=artefact.size_bytes, md5=artefact.md5, sha256=artefact.sha256)
        found = await (await self._holding(file, delivery)).store.facts(delivery.object_name)
        return found is not None and found.is_same_as(digest)

    async def _remove_unproven(self, file: RecordingFile, delivery: Delivery) -> None:
        """The last try may have left our object there although no answer said so. Nobody waits for a place that was
        given up: what cannot be looked for is named."""
        try:
            if await self._has_landed(file, delivery):
                await (await self._holding(file, delivery)).store.remove(delivery.object_name)
                log.info("copy removed", extra={"recording_id": delivery.recording_id, "object": delivery.object_name})
        except (DestinationRefused, DestinationUnreachable) as error:
            log.warning("copy not looked for", extra={"recording_id": delivery.recording_id, "hint": str(error)})

    async def _holding(self, file: RecordingFile, delivery: Delivery) -> Destination:
        destination = await self._destinations.holding(delivery, file.recording)
        if destination is None:
            raise DestinationRefused(f"destination {delivery.destination!r} is not in the configuration any more")
        return destination

    async def _name_undeletable(self, delivery: Delivery, reason: str) -> None:
        await self._ledger.delivery_moved(delivery, DeliveryEvent.UNDELETABLE, reason=reason)
        log.error("copy undeletable", extra={"recording_id": delivery.recording_id, "hint": reason})

    async def _removing(self, subject: str) -> RecordingFile | None:
        file = await self._ledger.file(RecordingId(subject))
        return file if file is not None and file.recording.state is RecordingState.REMOVING else None

    async def _leaving(self, subject: str) -> RecordingFile | None:
        """Also when it is gone as far as anybody knew: a copy may have landed late."""
        file = await self._ledger.file(RecordingId(subject))
        return file if file is not None and file.recording.state in _ON_ITS_WAY_OUT else None

    async def _remove_copy(self, file: RecordingFile, delivery: Delivery, attempt: int) -> None:
        try:
            await self._delete(file, delivery)
        except DestinationUnreachable as error:
            await self._fall_due_again(file.recording.id, attempt, str(error), silence_seconds(error))

    async def _delete(self, file: RecordingFile, delivery: Delivery) -> None:
        """What cannot be is named. Raises DestinationUnreachable."""
        try:
            if await self._is_ours(file, delivery):
                await (await self._holding(file, delivery)).store.remove(delivery.object_name)
        except DestinationRefused as error:
            if not await self._is_gone(file, delivery):
                reason = str(error) if _is_proven(delivery) else _may_lie_there(delivery, error)
                await self._name_undeletable(delivery, reason)
                return
        await self._ledger.delivery_moved(delivery, DeliveryEvent.DELETED)

    async def _is_gone(self, file: RecordingFile, delivery: Delivery) -> bool:
        """Somebody else has deleted what we may not. No when nobody can tell."""
        try:
            return await (await self._holding(file, delivery)).store.facts(delivery.object_name) is None
        except (DestinationRefused, DestinationUnreachable):
            return False

    async def _fall_due_again(self, subject: str, attempt: int, reason: str, wished_seconds: float = 0.0) -> None:
        """For as long as it takes: what was to be removed must not stay because a try failed."""
        file = await self._leaving(subject)
        if file is not None:
            await self._postpone("remove", file, attempt, reason, wished_seconds)

    async def _withdraw_again(self, subject: str, attempt: int, reason: str) -> None:
        file = await self._ledger.file(RecordingId(subject))
        if file is not None:
            await self._postpone(WITHDRAWING, file, attempt, reason)

    async def _postpone(
        self, kind: str, file: RecordingFile, attempt: int, reason: str, wished_seconds: float = 0.0
    ) -> None:
        wait = max(next_try(attempt, self._draw()) or _LONGEST_WAIT_SECONDS, wished_seconds)
        recording, at = file.recording, self._clock.now() + wait
        due = Due(kind=kind, subject=recording.id, attempt=attempt + 1, node=recording.node, at=at)
        await self._dues.add([due])
        log.warning("removal postponed", extra={"recording_id": recording.id, "hint": reason, "seconds": wait})


def _is_proven(delivery: Delivery) -> bool:
    """One that is tried again may be one that nobody has ever seen there."""
    return delivery.stored_at is not None or delivery.state is not DeliveryState.DELETING


def _may_lie_there(delivery: Delivery, error: DestinationRefused) -> str:
    return f"a copy may lie there as {delivery.object_name!r}: see for yourself, and delete it; {error}"
