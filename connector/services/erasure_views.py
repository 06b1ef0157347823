"""What of a call is erased, under way, or cannot be erased, thing by thing. Pure; knows states, no ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connector.domain.call import CallState
from connector.domain.ids import CallId, RecordingId
from connector.domain.recording import Delivery
from connector.domain.states import IN_CAPTURE, DeliveryState, RecordingState
from connector.ports.erasure_ledger import CallRemains, ErasureState
from connector.ports.shipping_ledger import RecordingFile

ERASED, UNDER_WAY, CANNOT = ErasureState.ERASED, ErasureState.UNDER_WAY, ErasureState.CANNOT
#: Nothing was ever there, or nothing is any more. What was given up is looked for while the recording goes.
_NOTHING = frozenset(
    {DeliveryState.DELETED, DeliveryState.WAIVED, DeliveryState.REFUSED, DeliveryState.GAVE_UP, DeliveryState.WAITING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedThing:
    recording_id: RecordingId
    #: An artefact's kind; `transcript`, or `source`: the PBX's files and ours.
    kind: str
    #: Empty where there is none.
    destination: str = ""
    state: ErasureState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallErasure:
    call_id: CallId
    state: ErasureState
    reason: str
    things: tuple[ErasedThing, ...]


def call_erasure(remains: CallRemains, *, is_whole: bool = True) -> CallErasure:
    """As it is now."""
    things = tuple(thing for file in remains.files for thing in _things(remains, file))
    state, reason = _together(things)
    if is_whole and remains.call.state is CallState.LIVE and remains.call.joined is None and state is not CANNOT:
        state, reason = UNDER_WAY, "the call is live: when it has ended"
    return CallErasure(call_id=remains.call.id, state=state, reason=reason, things=things)


def _things(remains: CallRemains, file: RecordingFile) -> Iterator[ErasedThing]:
    recording = file.recording
    stays, reason = _stays(remains, file)
    for delivery in file.deliveries:
        copy, why = (stays, reason) if stays else _copy(recording.state, delivery)
        yield ErasedThing(
            recording_id=recording.id,
            kind=str(delivery.kind),
            destination=delivery.destination,
            state=copy,
            reason=why,
        )
    source = stays or (UNDER_WAY if recording.id in remains.with_sources or _is_leaving(recording.state) else ERASED)
    yield ErasedThing(recording_id=recording.id, kind="source", state=source, reason=reason)
    if recording.id in remains.with_transcript:
        yield ErasedThing(recording_id=recording.id, kind="transcript", state=stays or UNDER_WAY, reason=reason)


def _stays(remains: CallRemains, file: RecordingFile) -> tuple[ErasureState | None, str]:
    """What keeps all of a recording."""
    held = remains.holds.get(file.recording.id)
    if held is not None:
        return CANNOT, f"it is on legal hold{f': {held}' if held else ''}"
    if file.recording.state in IN_CAPTURE:
        return UNDER_WAY, "it is being recorded: when it has ended"
    return None, ""


def _copy(state: RecordingState, delivery: Delivery) -> tuple[ErasureState, str]:
    if delivery.state is DeliveryState.UNDELETABLE:
        return CANNOT, f"{delivery.reason} (it is tried again every day)"
    is_done = delivery.state in _NOTHING and state in {RecordingState.REMOVED, RecordingState.ABSENT}
    return (ERASED if is_done or delivery.state is DeliveryState.DELETED else UNDER_WAY), ""


def _is_leaving(state: RecordingState) -> bool:
    return state not in {RecordingState.REMOVED, RecordingState.ABSENT}


def _together(things: Sequence[ErasedThing]) -> tuple[ErasureState, str]:
    """The worst of them, and why."""
    for state in (CANNOT, UNDER_WAY):
        found = next((thing for thing in things if thing.state is state), None)
        if found is not None:
            return state, found.reason
    return ERASED, ""
