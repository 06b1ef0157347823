"""What has come to pass of a recording that somebody may want to hear, oldest first. Knows states and copies; nothing
of endpoints, and not how it is put into words.

Reckoned from what the catalogue holds now, so whoever looks later finds all that an earlier look could have found, or
what has taken its place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.domain.call import Call
from connector.domain.ids import Moment
from connector.domain.notification import Told
from connector.domain.products import keeps_sound, kinds
from connector.domain.recording import ArtefactKind, Delivery, Recording
from connector.domain.states import DeliveryState, RecordingState
from connector.domain.take import JOINED

_FINISHED = frozenset(
    {
        RecordingState.CAPTURED,
        RecordingState.RENDERED,
        RecordingState.AVAILABLE,
        RecordingState.FAILED_RENDER,
        RecordingState.FAILED_STORE,
    }
)
#: A destination may hold everything while another is still being stored to.
_IS_STORED = frozenset({RecordingState.RENDERED, RecordingState.AVAILABLE})
_HAS_FAILED = frozenset({RecordingState.FAILED_CAPTURE, RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that came to pass."""

    told: Told
    at: Moment
    #: What tells it from the recording's other news of this kind: where it is available, at what it failed.
    about: str = ""
    #: What of it is there, by whoever holds it, the file first that a plain link means.
    copies: tuple[Delivery, ...] = ()
    #: The address that it speaks of.
    url: str = ""
    #: Of what lies there; each newer one is told anew.
    version: int = 1


def news(recording: Recording, call: Call, deliveries: Sequence[Delivery], now: Moment) -> list[News]:
    """Nothing of one that nobody is to be told of, that is removed, or that went on as another recording."""
    if recording.options.notification_events is False:
        return []
    found: list[News] = []
    for one in _found(recording, call, deliveries, now):
        # Two clocks may have seen it; what is later here is later for whoever reads the moments.
        found.append(replace(one, at=max(one.at, found[-1].at)) if found else one)
    return found


def main_copy(recording: Recording, call: Call, deliveries: Sequence[Delivery]) -> Delivery | None:
    """What a plain link is to: the main file of the first destination that holds everything."""
    sounds = [one for one in deliveries if one.kind is not ArtefactKind.TRANSCRIPT]
    return next((one.copies[0] for one in _available(recording, call, sounds, 0.0)), None)


def _found(recording: Recording, call: Call, deliveries: Sequence[Delivery], now: Moment) -> Iterator[News]:
    state = recording.state
    ended_at = recording.requested_at if recording.ended_at is None else recording.ended_at
    if state in _FINISHED:
        yield News(told=Told.FINISHED, at=ended_at)
    if state in _IS_STORED:
        sounds = [one for one in deliveries if one.kind is not ArtefactKind.TRANSCRIPT]
        if keeps_sound(recording.options):
            yield from sorted(_available(recording, call, sounds, now), key=_moment)
        yield from sorted(_transcribed(deliveries, now), key=_moment)
    if state in _HAS_FAILED:
        at = ended_at if state is RecordingState.FAILED_CAPTURE else now
        yield News(told=Told.FAILED, at=at, about=state)
    # The recording that it joined is told of.
    if state is RecordingState.ABSENT and not recording.reason.startswith(JOINED):
        yield News(told=Told.ABSENT, at=ended_at)


def _available(recording: Recording, call: Call, deliveries: Sequence[Delivery], now: Moment) -> list[News]:
    """Of each destination that holds everything, as wished first; by its backup as long as it lacks something."""
    stored = [one for one in deliveries if one.state is DeliveryState.STORED]
    held = {(one.destination, one.kind): one for one in stored if not one.stands_for}
    stand_ins = {(one.stands_for, one.kind): one for one in stored if one.stands_for}
    shared = {one.kind: one for one in stored if one.stands_for}
    found = list(_complete(recording, call, deliveries, stand_ins | held, now))
    if not found and recording.state is RecordingState.AVAILABLE:
        # Then it is there all the same: what stands in for one destination is the backup of another as well.
        anybodys = {(one.destination, one.kind): shared[one.kind] for one in deliveries if one.kind in shared}
        found = list(_complete(recording, call, deliveries, anybodys | stand_ins | held, now))[:1]
    return found


def _transcribed(deliveries: Sequence[Delivery], now: Moment) -> Iterator[News]:
    """Of each destination that holds what was said; the sound may be long there, or not yet."""
    for one in deliveries:
        if one.kind is ArtefactKind.TRANSCRIPT and one.state is DeliveryState.STORED:
            at = now if one.stored_at is None else one.stored_at
            yield News(
                told=Told.TRANSCRIBED, at=at, about=one.destination, copies=(one,), url=one.url, version=one.version
            )


def _complete(
    recording: Recording,
    call: Call,
    deliveries: Sequence[Delivery],
    copies: Mapping[tuple[str, ArtefactKind], Delivery],
    now: Moment,
) -> Iterator[News]:
    wished = [one for one in deliveries if not one.stands_for]
    for destination in dict.fromkeys(one.destination for one in wished):
        keys = [(destination, one.kind) for one in wished if one.destination == destination]
        found = [copies[key] for key in keys if key in copies]
        if len(found) == len(keys):
            yield _held_by(sorted(found, key=_order(recording, call)), destination, now)


def _held_by(copies: Sequence[Delivery], destination: str, now: Moment) -> News:
    """What a backup holds has a name of its own: it is told anew once it is where it was wished for."""
    return News(
        told=Told.AVAILABLE,
        at=max(now if one.stored_at is None else one.stored_at for one in copies),
        about=next((one.destination for one in copies if one.stands_for), destination),
        copies=tuple(copies),
        url=copies[0].url,
    )


def _order(recording: Recording, call: Call) -> Callable[[Delivery], int]:
    """The sound in the order of the options, then what describes it."""
    wished = [*kinds(recording.options, call.kind), *ArtefactKind]
    return lambda copy: wished.index(copy.kind)


def _moment(one: News) -> Moment:
    return one.at
