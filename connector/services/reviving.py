"""Taking up again what stopped on its way to its destinations, because somebody asks for it. Speaks to ports only.

Knows what can be retried and who may ask; what then becomes of it is shipping's.
"""

from dataclasses import dataclass
from typing import Final

from connector.domain.access import Access
from connector.domain.decision import Due
from connector.domain.ids import CallId, RecordingId
from connector.domain.products import next_work
from connector.domain.recording import Delivery
from connector.domain.states import IN_CAPTURE, DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import Conflict, NoLongerThere, NotFound, SourceMissing
from connector.ports.clock import Clock
from connector.ports.destinations import Destinations
from connector.ports.dues import Dues
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.lookup import Lookup
from connector.services.ordering import Audited
from connector.services.storing import abandon, leads_elsewhere

_FAILED: Final = frozenset({RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE})
#: Work looks at it again as soon as it is due.
_UNDER_WAY: Final = frozenset({RecordingState.CAPTURED, RecordingState.RENDERED, RecordingState.AVAILABLE})
_SETTLED_BADLY: Final = frozenset({DeliveryState.REFUSED, DeliveryState.GAVE_UP})
_GONE: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})


class Reviving:
    def __init__(self, ledger: ShippingLedger, dues: Dues, destinations: Destinations, clock: Clock) -> None:
        self._ledger = ledger
        self._dues = dues
        self._destinations = destinations
        self._clock = clock

    async def revive(self, subject: str) -> RecordingState:
        """Take a failed recording up again, from the stage that failed; returns its state. One that failed at capture,
        or is not there, stays as it is."""
        file = await self._ledger.file(RecordingId(subject))
        if file is None:
            raise SourceMissing(f"the catalogue knows no recording {subject}")
        due = await self._due(file)
        state = file.recording.state
        for delivery in file.deliveries:
            if delivery.state in _SETTLED_BADLY:
                if await leads_elsewhere(self._destinations, file, delivery):
                    # Nobody would know of its parts there any more.
                    await abandon(self._destinations, file, delivery)
                await self._ledger.delivery_moved(delivery, DeliveryEvent.RETRIED, due=[due])
        if state in _FAILED:
            return await self._ledger.moved(file.recording.id, RecordingEvent.RETRIED, due=[due])
        if state in _UNDER_WAY:
            await self._dues.add([due])
        return state

    async def _due(self, file: RecordingFile) -> Due:
        recording = file.recording
        return Due(
            kind=next_work(recording),
            subject=recording.id,
            attempt=await self._ledger.next_attempt(recording.id),
            node=recording.node,
            at=self._clock.now(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived:
    recording_id: RecordingId
    call_id: CallId
    #: Where it goes on from.
    state: RecordingState


class AskedRevival:
    """The same for whoever has a key: only where there is something to take up, and written down before."""

    def __init__(self, reviving: Reviving, ledger: ShippingLedger, lookup: Lookup, auditing: Audited) -> None:
        self._reviving = reviving
        self._ledger = ledger
        self._lookup = lookup
        self._auditing = auditing

    async def again(self, access: Access, recording_id: str) -> Revived:
        """Raises NotFound for another's, too; NoLongerThere when it is on its way out, Conflict when there is nothing
        to take up."""
        file = await self._seen(access, recording_id)
        _check(file)
        recording = file.recording
        await self._auditing.done(
            access,
            "recording.retried",
            subject=recording.id,
            organisation=recording.organisation,
            call_id=recording.call_id,
            state=recording.state.value,
        )
        state = await self._reviving.revive(recording.id)
        return Revived(recording_id=recording.id, call_id=recording.call_id, state=state)

    async def _seen(self, access: Access, recording_id: str) -> RecordingFile:
        unknown = NotFound(f"there is no recording {recording_id!r}")
        file = await self._ledger.file(RecordingId(recording_id))
        if file is None:
            raise unknown
        try:
            await self._lookup.call(access, file.call.id)
        except NotFound:
            raise unknown from None
        return file


def _check(file: RecordingFile) -> None:
    recording, state = file.recording, file.recording.state
    if state in _GONE:
        raise NoLongerThere(f"recording {recording.id} is {state}: there is nothing left to try again with")
    if state in IN_CAPTURE:
        raise Conflict(f"recording {recording.id} is {state} still: there is nothing to try again yet")
    if state is RecordingState.FAILED_CAPTURE:
        raise Conflict(f"the sound of recording {recording.id} was lost at capture: no retry brings it back")
    if not (state in _FAILED or state is RecordingState.CAPTURED or any(map(_is_missing, file.deliveries))):
        raise Conflict(f"recording {recording.id} is {state}, and every copy is settled: there is nothing to try again")


def _is_missing(delivery: Delivery) -> bool:
    return delivery.state in _SETTLED_BADLY or delivery.state is DeliveryState.WAITING
