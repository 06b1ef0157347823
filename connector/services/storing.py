"""One artefact to one destination: choose its name once, put it, say what became of it, and who stands in."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from connector.domain.ids import Moment
from connector.domain.notification import telling
from connector.domain.object_names import NameFacts, plain_kind
from connector.domain.products import kinds
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.states import DeliveryEvent, DeliveryState
from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.ports.clock import Clock
from connector.ports.destinations import Destination, Destinations
from connector.ports.object_store import Digest
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger

log = logging.getLogger(__name__)

#: How many names are tried when others' objects have them already.
_NAMES = 1000
#: So long after it did not answer, a destination that has a backup is not asked again: each try costs its time limit.
_DOWN_SECONDS = 60.0
#: Whoever asks to be left alone for longer is asked again after so long all the same.
_LONGEST_SILENCE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Later:
    """Why it must be tried again, and how long the destination is to be left alone."""

    reason: str
    after_seconds: float = 0.0
    #: Who holds it meanwhile, or is to; "" for nobody.
    backup: str = ""
    #: No: it was known to be down, and nobody troubled it. That was no try.
    was_asked: bool = True


@dataclass(frozen=True, slots=True)
class _Silence:
    """Nobody asks it until then."""

    reason: str
    until: Moment


#: Its destination and kind, which tell a recording's deliveries apart.
CopyKey: TypeAlias = tuple[str, ArtefactKind]


def copy_key(delivery: Delivery) -> CopyKey:
    return delivery.destination, delivery.kind


class Storing:
    def __init__(self, ledger: ShippingLedger, destinations: Destinations, clock: Clock, folder: Path) -> None:
        self._ledger = ledger
        self._destinations = destinations
        self._clock = clock
        self._folder = folder
        #: Places that did not answer, or asked to be left alone.
        self._silent: dict[str, _Silence] = {}

    async def deliver(self, file: RecordingFile, delivery: Delivery) -> tuple[RecordingFile, Later | None]:
        """Put it where it belongs; returns how the recording is then, and why it must be tried again later, or None
        when it is settled. Where it cannot be had now and a backup is named, a delivery there is waiting afterwards."""
        outcome = await self._tried(file, delivery)
        if isinstance(outcome, RecordingFile):
            is_newer = outcome.as_known(delivery).state is DeliveryState.WAITING
            return outcome, Later("a newer version was made meanwhile") if is_newer else None
        return await self._ledger.refreshed(file), outcome

    async def _tried(self, file: RecordingFile, delivery: Delivery) -> RecordingFile | Later | None:
        """How the recording is when the copy has landed; why it must be tried again; or None when it was refused."""
        facts = _facts(delivery)
        destination: Destination | None = None
        try:
            destination = await self._destination(file, delivery)
            if silence := self._silence(destination):
                await self._stand_in(delivery, destination)
                left_seconds = silence.until - self._clock.now()
                log.info("delivery waits", extra=facts | {"hint": silence.reason, "seconds": left_seconds})
                # Not its reason: that may name another's copy.
                reason = f"destination {destination.name!r} is left alone for a while: it could not take another copy"
                return Later(reason, left_seconds, destination.backup, was_asked=False)
            name = await self._put(file, delivery, destination)
        except (DestinationUnreachable, NoRoom, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            log.warning("delivery postponed", extra=facts | {"hint": reason})
            if destination is None:
                return Later(reason)
            wished_seconds = silence_seconds(error)
            self._leave_alone(delivery, destination, reason, wished_seconds)
            await self._stand_in(delivery, destination)
            return Later(reason, wished_seconds, destination.backup)
        except DestinationRefused as error:
            # First who stands in: once it is refused nobody looks at it again, whoever crashes in between.
            if destination is not None:
                await self._stand_in(delivery, destination)
            await give_up(self._ledger, delivery, DeliveryEvent.REFUSED, str(error))
            log.error("delivery refused", extra=facts | {"hint": str(error)})
            return None
        self._silent.pop(_place(destination), None)
        return await self._note_stored(file, delivery, destination.store.url(name))

    async def find_landed(self, file: RecordingFile, lost: Sequence[Delivery]) -> dict[CopyKey, Later]:
        """What of it lies where it belongs is STORED then: a restored catalogue knows of no copy that was made after
        its backup. Returns those of which nobody can tell now."""
        unsure: dict[CopyKey, Later] = {}
        for delivery in lost:
            try:
                await self._find_landed(file, delivery)
            except DestinationUnreachable as error:
                reason = f"its work file is lost, and it cannot be looked for there: {error}"
                unsure[copy_key(delivery)] = Later(reason, silence_seconds(error))
            except DestinationRefused as error:
                facts = _facts(delivery) | {"object": delivery.object_name}
                log.warning("a copy may be there", extra=facts | {"hint": str(error)})
        return unsure

    async def _find_landed(self, file: RecordingFile, delivery: Delivery) -> None:
        destination, artefact = await self._destination(file, delivery), file.artefact(delivery)
        for name in _names(file, delivery, destination):
            found = await destination.store.facts(name)
            if found is None:
                return
            if found.is_same_as(_digest(artefact)):
                if (name, destination.place) != (delivery.object_name, delivery.place):
                    await self._ledger.named(delivery, name, destination.place)
                await self._note_stored(file, delivery, destination.store.url(name))
                return

    async def _note_stored(self, file: RecordingFile, delivery: Delivery, url: str) -> RecordingFile:
        version = file.artefact(delivery).version
        anew = f"/{version}" if version > 1 else ""
        due = telling(delivery.recording_id, f"stored/{delivery.destination}/{delivery.kind}{anew}", self._clock.now())
        after = await self._ledger.stored(file, delivery, url=url, version=version, due=[due])
        log.info("stored", extra=_facts(delivery) | {"url": url})
        return after

    async def _destination(self, file: RecordingFile, delivery: Delivery) -> Destination:
        """Where it began, for its name is committed there and parts of it may be; else as the configuration says."""
        if delivery.place:
            found = await self._destinations.holding(delivery, file.recording)
        else:
            found = await self._destinations.find(delivery.destination, file.recording)
        if found is None:
            raise DestinationRefused(
                f"destination {delivery.destination!r} is not in the configuration: add it again, or waive it"
            )
        return found

    async def _stand_in(self, delivery: Delivery, destination: Destination) -> None:
        if not destination.backup or delivery.stands_for:
            return
        stand_in = Delivery(
            recording_id=delivery.recording_id,
            kind=delivery.kind,
            destination=destination.backup,
            stands_for=delivery.destination,
        )
        await self._ledger.stood_in(stand_in)

    def _leave_alone(self, delivery: Delivery, destination: Destination, reason: str, wished_seconds: float) -> None:
        """As long as it wished; one that has a backup for a minute at least."""
        has_stand_in = destination.backup and not delivery.stands_for
        seconds = max(wished_seconds, _DOWN_SECONDS if has_stand_in else 0.0)
        until = self._clock.now() + seconds
        known = self._silent.get(_place(destination))
        # Of several at once the one that it told the most.
        if seconds and (known is None or known.until < until):
            self._silent[_place(destination)] = _Silence(reason, until)

    def _silence(self, destination: Destination) -> _Silence | None:
        silence = self._silent.get(_place(destination))
        return silence if silence and self._clock.now() < silence.until else None

    async def _put(self, file: RecordingFile, delivery: Delivery, destination: Destination) -> str:
        artefact = file.artefact(delivery)
        source = self._folder / artefact.path
        digest = _digest(artefact)
        # What lies there under its name is ours, proven when it was stored.
        overwrite = destination.overwrite or bool(file.recording.options.overwrite) or delivery.has_earlier
        name = delivery.object_name
        committed = name if delivery.place == destination.place else ""
        for suffix in range(_NAMES):
            name = name or _name(file, artefact, destination, suffix)
            try:
                if name != committed:
                    await self._ledger.named(delivery, name, destination.place, overwrite=overwrite)
                    committed = name
                await destination.store.put(name, source, digest, overwrite=overwrite)
            except ObjectExists as error:
                if delivery.has_earlier:
                    # Under another name it would be a second file, and nobody would know of the first one.
                    raise DestinationRefused(f"what lies there as {name!r} cannot be replaced") from error
                name = ""
            else:
                return name
        raise DestinationRefused(f"{_NAMES} names like {name!r} are taken at {destination.name!r}: change its template")


async def give_up(ledger: ShippingLedger, delivery: Delivery, event: DeliveryEvent, reason: str) -> None:
    """It will not go there by itself any more; of what was made anew the earlier version stays what is stored."""
    if delivery.has_earlier:
        event, reason = DeliveryEvent.KEPT, f"an earlier version lies there still, the newer one does not go: {reason}"
    await ledger.delivery_moved(delivery, event, reason=reason)


async def abandon(destinations: Destinations, file: RecordingFile, delivery: Delivery) -> None:
    """Nobody goes on with it: what of it is there already goes, as far as it can be reached."""
    if not delivery.object_name:
        return
    try:
        destination = await destinations.holding(delivery, file.recording)
        if destination is not None:
            await destination.store.abandon(delivery.object_name)
    except (DestinationRefused, DestinationUnreachable) as error:
        log.warning("not tidied up", extra={"recording_id": delivery.recording_id, "hint": str(error)})


async def leads_elsewhere(destinations: Destinations, file: RecordingFile, delivery: Delivery) -> bool:
    """Whether the configuration leads it away from where parts of it may be."""
    if not delivery.place:
        return False
    try:
        begun = await destinations.holding(delivery, file.recording)
        wished = await destinations.find(delivery.destination, file.recording)
    except DestinationRefused:
        return True
    return begun is None or wished is None or begun.place != wished.place


def silence_seconds(error: BaseException) -> float:
    """How long the destination asked to be left alone, as far as we heed it; 0 when it did not."""
    asked = error.retry_after_seconds if isinstance(error, DestinationUnreachable) else None
    return min(asked or 0.0, _LONGEST_SILENCE_SECONDS)


def _place(destination: Destination) -> str:
    """Not its name: every call that brings an address of its own has the same."""
    return destination.place or destination.name


def _names(file: RecordingFile, delivery: Delivery, destination: Destination) -> Iterator[str]:
    """Under which it may lie there: the one that was chosen last, and those that would be tried one after the other."""
    if delivery.object_name:
        yield delivery.object_name
    for suffix in range(_NAMES):
        yield _name(file, file.artefact(delivery), destination, suffix)


def _digest(artefact: Artefact) -> Digest:
    return Digest(size_bytes=artefact.size_bytes, md5=artefact.md5, sha256=artefact.sha256)


def _facts(delivery: Delivery) -> dict[str, str]:
    return {"recording_id": delivery.recording_id, "destination": delivery.destination, "artefact": delivery.kind}


def _name(file: RecordingFile, artefact: Artefact, destination: Destination, suffix: int) -> str:
    recording, call = file.recording, file.call
    facts = NameFacts(
        call_id=call.id,
        recording_id=recording.id,
        organisation=recording.organisation,
        from_number=call.from_number,
        to_number=call.to_number,
        agent=call.agent_id,
        queue=call.queue,
        direction=call.direction,
        pbx=recording.pbx,
        node=recording.node,
        agent_name=call.agent_name,
        plain_kind=plain_kind(kinds(recording.options, call.kind)),
        started_at=recording.started_at or recording.requested_at,
        timezone=destination.timezone,
    )
    return destination.template.name(facts, artefact.kind, artefact.format, suffix)
