"""What happened between two looks at calls and recordings. Pure: knows states; knows no catalogue and no reader.

What came and went between two looks is told as far as it can be reckoned from what is there at the second one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import RecordingState


class Happened(StrEnum):
    """In the order in which they happen, as far as there is one."""

    CALL_STARTED = "call.started"
    CALL_ANSWERED = "call.answered"
    RECORDING_STARTED = "recording.started"
    RECORDING_PAUSED = "recording.paused"
    RECORDING_RESUMED = "recording.resumed"
    RECORDING_FINISHED = "recording.finished"
    CALL_ENDED = "call.ended"
    RECORDING_AVAILABLE = "recording.available"
    RECORDING_FAILED = "recording.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMark:
    """So much of a call as shows that something happened."""

    at: Moment
    is_answered: bool
    #: It ended, or it turned out to be part of another one.
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMark:
    at: Moment
    call_id: CallId
    state: RecordingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    what: Happened
    call_id: CallId
    recording_id: RecordingId | None = None
    state: RecordingState | None = None


_H, _R = Happened, RecordingState
_ORDER: Final = tuple(Happened)
_CAPTURED: Final = (_H.RECORDING_STARTED, _H.RECORDING_FINISHED)
#: What has happened to a recording that is in that state.
_UP_TO: Final[Mapping[RecordingState, tuple[Happened, ...]]] = {
    _R.REQUESTED: (),
    _R.RECORDING: (_H.RECORDING_STARTED,),
    _R.PAUSED: (_H.RECORDING_STARTED, _H.RECORDING_PAUSED),
    _R.CAPTURED: _CAPTURED,
    _R.RENDERED: _CAPTURED,
    _R.AVAILABLE: (*_CAPTURED, _H.RECORDING_AVAILABLE),
    _R.FAILED_CAPTURE: (_H.RECORDING_FAILED,),
    _R.FAILED_RENDER: (*_CAPTURED, _H.RECORDING_FAILED),
    _R.FAILED_STORE: (*_CAPTURED, _H.RECORDING_FAILED),
}
#: There is nothing more to tell of them.
SETTLED: Final = frozenset({_R.AVAILABLE, _R.ABSENT, _R.FAILED_CAPTURE, _R.REMOVING, _R.REMOVED})


def call_happenings(call_id: CallId, old: CallMark | None, new: CallMark) -> list[Happening]:
    found = []
    if old is None:
        found.append(Happened.CALL_STARTED)
    if new.is_answered and not (old and old.is_answered):
        found.append(Happened.CALL_ANSWERED)
    if new.is_over and not (old and old.is_over):
        found.append(Happened.CALL_ENDED)
    return [Happening(what=what, call_id=call_id) for what in found]


def recording_happenings(recording_id: RecordingId, old: RecordingMark | None, new: RecordingMark) -> list[Happening]:
    before = old.state if old else RecordingState.REQUESTED
    return [
        Happening(what=what, call_id=new.call_id, recording_id=recording_id, state=new.state)
        for what in _between(before, new.state)
    ]


def _between(before: RecordingState, after: RecordingState) -> Sequence[Happened]:
    if before is after:
        return ()
    if after is RecordingState.ABSENT:
        # Who heard that it started hears that it is over; of one that never began there is nothing to tell.
        return () if before is RecordingState.REQUESTED else (Happened.RECORDING_FINISHED,)
    if before is RecordingState.PAUSED and after is RecordingState.RECORDING:
        return (Happened.RECORDING_RESUMED,)
    known = _UP_TO.get(before, ())
    return [what for what in _UP_TO.get(after, ()) if what not in known]


def in_order(happenings: Sequence[Happening]) -> list[Happening]:
    return sorted(happenings, key=lambda one: _ORDER.index(one.what))
