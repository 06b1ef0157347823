"""A recording's way from CAPTURED to AVAILABLE: render, store. Each step may run again.

A step that cannot go on has said so in the catalogue before it raises: a later attempt as a due row, or a final state.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.notification import telling
from connector.domain.products import keeps_sound, kinds, next_work
from connector.domain.recording import ArtefactKind, Delivery, Recording
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import (
    CatalogueUnavailable,
    ConnectorError,
    DestinationRefused,
    IllegalTransition,
    NoRoom,
    SourceMissing,
    is_passing,
)
from connector.network.backoff import next_try
from connector.ports.clock import Clock
from connector.ports.destinations import Destinations
from connector.ports.dues import Dues
from connector.ports.engine import Step
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.guarding import Postponed, guarded
from connector.services.manifesting import with_manifest
from connector.services.remaking import HeldUp, Remaking
from connector.services.rendering import Renderer, discard
from connector.services.storing import CopyKey, Later, Storing, abandon, copy_key, give_up

log = logging.getLogger(__name__)

#: A full disk of our own is looked at this often; it never becomes final.
_ROOM_SECONDS = 30.0
#: When the schedule is over and a backup holds it, the destination is tried this often.
_BACK_FILL_SECONDS = 86_400.0
_SILENCE_SPREAD = 0.1
#: What waits for a destination that nobody asked because it is known to be down looks again after so long at most.
_LONGEST_UNASKED_SECONDS = 1800.0
_UNPROVEN = frozenset({DeliveryState.WAITING, DeliveryState.REFUSED, DeliveryState.GAVE_UP})
_NOBODY: Mapping[str, str] = MappingProxyType({})
_ON_ITS_WAY_OUT = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})


class Shipping:
    def __init__(
        self,
        ledger: ShippingLedger,
        dues: Dues,
        renderer: Renderer,
        storing: Storing,
        remaking: Remaking,
        destinations: Destinations,
        clock: Clock,
        folder: Path,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._dues = dues
        self._renderer = renderer
        self._storing = storing
        self._remaking = remaking
        self._destinations = destinations
        self._clock = clock
        self._folder = folder
        self._draw = draw

    @property
    def steps(self) -> list[tuple[str, Step]]:
        return guarded((("render", self.render), ("store", self.store)), self._stumbled)

    async def render(self, subject: str, attempt: int) -> None:
        """CAPTURED becomes RENDERED, or FAILED with the reason."""
        file = await self._file(subject)
        if not _goes_on_its_way(file.recording):
            return
        try:
            rendering = await self._renderer.render(file)
            deliveries = self._deliveries(file)
            if any(delivery.kind is ArtefactKind.MANIFEST for delivery in deliveries):
                rendering = await asyncio.to_thread(with_manifest, file, rendering, self._folder)
        except CatalogueUnavailable:
            raise
        except ConnectorError as error:
            await self._give_way(file, attempt, error)
            return
        try:
            await self._ledger.rendered(file.recording.id, rendering, deliveries)
        except IllegalTransition:
            await self._discard_late(await self._file(subject))
            raise
        log.info("rendered", extra=_facts(file) | {"seconds": round(rendering.duration_seconds, 3)})
        for trouble in rendering.troubles:
            log.warning("source damaged", extra=_facts(file) | {"hint": trouble})

    async def store(self, subject: str, attempt: int) -> None:
        """Every waiting delivery is tried once, and those that stand in for one; what has to wait shares one more. What
        landed although the recording was on its way out by then falls due for removal. RENDERED becomes AVAILABLE when
        a destination holds everything, or FAILED when none ever will."""
        file = await self._file(subject)
        try:
            file = await self._store_waiting(file, attempt)
        except IllegalTransition:
            file = await self._file(subject)
            await self._remove_late_copies(file)
            await self._discard_late(file)
            raise
        await self._remove_late_copies(file)
        if file.recording.state is RecordingState.RENDERED:
            await self._finish(file, attempt)

    async def _finish(self, file: RecordingFile, attempt: int) -> None:
        if _complete_destinations(file) or _complete_destinations(file, await self._backups(file)):
            await self._ledger.moved(file.recording.id, RecordingEvent.STORED, due=[self._telling(file, attempt)])
            log.info("available", extra=_facts(file))
        elif not any(delivery.state is DeliveryState.WAITING for delivery in file.deliveries):
            reasons = "; ".join(sorted({delivery.reason for delivery in file.deliveries if delivery.reason}))
            due = [self._telling(file, attempt)]
            await self._ledger.moved(file.recording.id, RecordingEvent.GIVEN_UP, reason=reasons, due=due)
            log.error("recording %s", RecordingState.FAILED_STORE, extra=_facts(file) | {"hint": reasons})

    async def waive(self, subject: str, destination: str = "") -> list[Delivery]:
        """Do without what was refused or given up, there or anywhere; at a destination that is named also without what
        still waits, when the recording is available. Returns those deliveries."""
        file = await self._file(subject)
        states = {DeliveryState.REFUSED, DeliveryState.GAVE_UP}
        if destination and file.recording.state is RecordingState.AVAILABLE:
            states.add(DeliveryState.WAITING)
        given_up = [
            delivery
            for delivery in file.deliveries
            if delivery.state in states and destination in ("", delivery.destination)
        ]
        for delivery in given_up:
            await abandon(self._destinations, file, delivery)
            await give_up(self._ledger, delivery, DeliveryEvent.WAIVED, delivery.reason)
        return given_up

    async def _brought_back(self, file: RecordingFile, attempt: int) -> tuple[RecordingFile, HeldUp]:
        try:
            return await self._remaking.bring_back(file)
        except CatalogueUnavailable:
            raise
        except ConnectorError as error:
            if is_passing(error):
                await self._wait_for(file, attempt, error, "storing")
            raise

    async def _store_waiting(self, file: RecordingFile, attempt: int) -> RecordingFile:
        """Each is asked for anew: it may be erased while another one is on its way. Returns how it is afterwards."""
        file, held_up = await self._brought_back(file, attempt)
        for waiting, why in held_up:
            await self._postpone(file, waiting, attempt, why)
        tried = {copy_key(waiting) for waiting, _ in held_up}
        while file.rendering is not None and (delivery := _next_waiting(file, tried)):
            tried.add(copy_key(delivery))
            file, later = await self._storing.deliver(file, delivery)
            if later is not None:
                await self._postpone(file, delivery, attempt, later)
                file = await self._ledger.refreshed(file)
        return file

    async def _discard_late(self, file: RecordingFile) -> None:
        """Whoever removed it has looked before its files appeared: nobody else would."""
        if file.recording.state in _ON_ITS_WAY_OUT:
            await asyncio.to_thread(discard, file, self._folder)
            log.info("discarded what was made", extra=_facts(file))

    async def _remove_late_copies(self, file: RecordingFile) -> None:
        """Whoever removed it may have looked before the last byte of a copy had landed."""
        recording = file.recording
        if recording.state in _ON_ITS_WAY_OUT and any(_may_be_there(delivery) for delivery in file.deliveries):
            attempt = await self._ledger.next_attempt(recording.id)
            due = replace(self._due(recording, attempt, 0.0), kind="remove")
            await self._dues.add([due])
            log.warning("removed again", extra=_facts(file) | {"hint": "a copy may have landed meanwhile"})

    async def _backups(self, file: RecordingFile) -> dict[str, str]:
        """Who stands in for whom by the configuration: a copy that stands in for one may serve another as well."""
        found: dict[str, str] = {}
        if all(delivery.state is not DeliveryState.STORED for delivery in file.deliveries):
            return found
        for name in {delivery.destination for delivery in file.deliveries if not delivery.stands_for}:
            with suppress(DestinationRefused):
                destination = await self._destinations.find(name, file.recording)
                found[name] = destination.backup if destination else ""
        return found

    async def _stumbled(self, subject: str, attempt: int, reason: str) -> None:
        file = await self._file(subject)
        wait = next_try(attempt, self._draw())
        if wait is not None:
            await self._dues.add([self._due(file.recording, attempt + 1, wait)])
        elif file.recording.state is RecordingState.CAPTURED:
            due = [self._telling(file, attempt)]
            await self._ledger.moved(file.recording.id, RecordingEvent.UNUSABLE, reason=reason, due=due)
        elif file.recording.state is RecordingState.RENDERED:
            due = [self._telling(file, attempt)]
            await self._ledger.moved(file.recording.id, RecordingEvent.GIVEN_UP, reason=reason, due=due)

    async def _file(self, subject: str) -> RecordingFile:
        file = await self._ledger.file(RecordingId(subject))
        if file is None:
            raise SourceMissing(f"the catalogue knows no recording {subject}")
        return file

    async def _give_way(self, file: RecordingFile, attempt: int, error: ConnectorError) -> None:
        """Rendering failed: a passing trouble comes again, sound that is broken is final until somebody retries."""
        if is_passing(error):
            await self._wait_for(file, attempt, error, "rendering")
        due = [self._telling(file, attempt)]
        await self._ledger.moved(file.recording.id, RecordingEvent.UNUSABLE, reason=str(error), due=due)
        log.error("recording %s", RecordingState.FAILED_RENDER, extra=_facts(file) | {"hint": str(error)})

    async def _wait_for(self, file: RecordingFile, attempt: int, error: ConnectorError, what: str) -> NoReturn:
        by_schedule = next_try(attempt, self._draw()) or _LONGEST_UNASKED_SECONDS
        wait = _ROOM_SECONDS if isinstance(error, NoRoom) else by_schedule
        await self._dues.add([self._due(file.recording, attempt + 1, wait)])
        log.warning("%s postponed", what, extra=_facts(file) | {"hint": str(error), "seconds": wait})
        raise Postponed(f"recording {file.recording.id}: {error}") from error

    async def _postpone(self, file: RecordingFile, delivery: Delivery, attempt: int, later: Later) -> None:
        # Its name was chosen by this very try, perhaps, or an earlier version landed.
        delivery = file.as_known(delivery)
        if not later.was_asked:
            due = self._due(file.recording, attempt + 1, self._wait_unasked(delivery, attempt, later))
            await self._ledger.delivery_untried(delivery, later.reason, due)
            return
        wait = next_try(delivery.attempts + 1, self._draw())
        if wait is None and copy_key(delivery) in _held(file, {delivery.destination: later.backup}):
            # Nothing is lost: it goes there as soon as it can be reached.
            wait = _BACK_FILL_SECONDS
        if wait is None:
            await abandon(self._destinations, file, delivery)
            await give_up(self._ledger, delivery, DeliveryEvent.GAVE_UP, later.reason)
        else:
            # Not sooner than it asked for, and not all of them at that very moment.
            wait = max(wait, later.after_seconds * (1.0 + _SILENCE_SPREAD * self._draw()))
            await self._ledger.delivery_postponed(delivery, later.reason, self._due(file.recording, attempt + 1, wait))

    def _wait_unasked(self, delivery: Delivery, attempt: int, later: Later) -> float:
        """Longer from turn to turn, since all that wait for it come again and only the first one asks."""
        if next_try(delivery.attempts + 1) is None:
            return _BACK_FILL_SECONDS
        wait = min(next_try(attempt, self._draw()) or _LONGEST_UNASKED_SECONDS, _LONGEST_UNASKED_SECONDS)
        return max(wait, later.after_seconds * (1.0 + _SILENCE_SPREAD * self._draw()))

    def _deliveries(self, file: RecordingFile) -> list[Delivery]:
        made = kinds(file.recording.options, file.call.kind)
        return [
            Delivery(recording_id=file.recording.id, kind=kind, destination=name)
            for name in self._destinations.names_for(file.recording)
            for kind in (*made, *((ArtefactKind.MANIFEST,) if self._destinations.wants_manifest(name) else ()))
        ]

    def _due(self, recording: Recording, attempt: int, wait: float) -> Due:
        at = self._clock.now() + wait
        return Due(kind=next_work(recording), subject=recording.id, attempt=attempt, node=recording.node, at=at)

    def _telling(self, file: RecordingFile, attempt: int) -> Due:
        return telling(file.recording.id, f"shipped/{attempt}", self._clock.now())


def _goes_on_its_way(recording: Recording) -> bool:
    """Not the sound that is deleted once its words are there."""
    return recording.state is RecordingState.CAPTURED and keeps_sound(recording.options)


def _next_waiting(file: RecordingFile, tried: Set[CopyKey]) -> Delivery | None:
    """Nothing of what is on its way out. Sound comes first: whoever has a manifest has what it tells of."""
    if file.recording.state in _ON_ITS_WAY_OUT:
        return None
    waiting = (delivery for delivery in file.deliveries if delivery.state is DeliveryState.WAITING)
    untried = (delivery for delivery in waiting if copy_key(delivery) not in tried)
    return min(untried, key=lambda delivery: not delivery.kind.is_sound, default=None)


def _may_be_there(delivery: Delivery) -> bool:
    """Stored, or begun by a try that ended without proof."""
    return delivery.state is DeliveryState.STORED or (delivery.state in _UNPROVEN and delivery.object_name != "")


def _held(file: RecordingFile, backups: Mapping[str, str]) -> set[CopyKey]:
    """What each destination has, or somebody for it: by what the catalogue says, and by who is whose backup."""
    stored = [delivery for delivery in file.deliveries if delivery.state is DeliveryState.STORED]
    held = {(name, one.kind) for name, backup in backups.items() for one in stored if one.destination == backup}
    return held | {(name, one.kind) for one in stored for name in (one.destination, one.stands_for)}


def _complete_destinations(file: RecordingFile, backups: Mapping[str, str] = _NOBODY) -> list[str]:
    """Those that hold everything, by themselves or by their backups; sound waits for no words."""
    wished = [one for one in file.deliveries if not one.stands_for and one.kind is not ArtefactKind.TRANSCRIPT]
    wished = wished or [one for one in file.deliveries if not one.stands_for]
    held = _held(file, backups)
    missing = {one.destination for one in wished if (one.destination, one.kind) not in held}
    return [name for name in dict.fromkeys(one.destination for one in wished) if name not in missing]


def _facts(file: RecordingFile) -> dict[str, str]:
    recording = file.recording
    return {"recording_id": recording.id, "call_id": recording.call_id, "organisation": recording.organisation}
