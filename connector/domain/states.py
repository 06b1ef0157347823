"""Everything about states lives here: one table for each thing that has them, and the one function that moves.

A state names a durable fact, never an activity. An event that a state does not list changes nothing and raises
IllegalTransition. docs/states.md is generated from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from connector.errors import IllegalTransition


class RecordingState(StrEnum):
    #: A recorder was asked for; nothing is proven yet.
    REQUESTED = "requested"
    #: At least one recorder is verified on disk.
    RECORDING = "recording"
    #: Recorders run but write silence (or what will be cut out).
    PAUSED = "paused"
    #: Every segment is closed or given up, and some frame exists.
    CAPTURED = "captured"
    #: All artefacts are made, with their hashes.
    RENDERED = "rendered"
    #: The first destination (or its backup) holds all artefacts.
    AVAILABLE = "available"
    #: There is nothing to have: no answer, too short, joined another recording.
    ABSENT = "absent"
    #: Sound there was or should have been, and it did not arrive at capture.
    FAILED_CAPTURE = "failed-at-capture"
    FAILED_RENDER = "failed-at-render"
    FAILED_STORE = "failed-at-store"
    #: On its way out of every place that holds a copy.
    REMOVING = "removing"
    REMOVED = "removed"


class RecordingEvent(StrEnum):
    VERIFIED = "verified"
    CALL_ENDED_FIRST = "call ended first"
    REFUSED = "recorder refused"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"
    SOURCE_LOST = "source lost, no frame"
    JOINED = "joined another recording"
    RENDERED = "rendered"
    UNUSABLE = "unusable"
    STORED = "stored"
    GIVEN_UP = "every delivery given up"
    RETRIED = "retried"
    DISCARDED = "discarded"
    ERASED = "erased"
    EXPIRED = "expired"
    GONE = "every copy gone"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    STORED = "stored"
    #: The destination said no for good; somebody has to mend it.
    REFUSED = "refused"
    #: It stayed unreachable until the tries were over.
    GAVE_UP = "gave-up"
    #: Somebody decided to do without this copy.
    WAIVED = "waived"
    DELETING = "deleting"
    DELETED = "deleted"
    UNDELETABLE = "undeletable"
    #: Its days are over; the bucket's own rules end it, not we.
    LEFT = "left"


class DeliveryEvent(StrEnum):
    STORED = "stored"
    REFUSED = "refused"
    GAVE_UP = "tries over"
    RETRIED = "retried"
    WAIVED = "waived"
    DELETING = "deleting"
    DELETED = "deleted"
    UNDELETABLE = "undeletable"
    LEFT = "left to the bucket"
    #: A newer version is to lie where this one does.
    SUPERSEDED = "made anew"
    KEPT = "earlier version kept"


class TranscriptionState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    REMOVED = "removed"


class TranscriptionEvent(StrEnum):
    DONE = "done"
    FAILED = "failed"
    RETRIED = "retried"
    REMOVED = "removed"


class NotificationState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


class NotificationEvent(StrEnum):
    DELIVERED = "delivered"
    DIED = "tries over"
    REPLAYED = "replayed"
    CANCELLED = "endpoint gone"


class CommandState(StrEnum):
    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class CommandEvent(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


_R, _RE = RecordingState, RecordingEvent
_D, _DE = DeliveryState, DeliveryEvent
_T, _TE = TranscriptionState, TranscriptionEvent
_N, _NE = NotificationState, NotificationEvent
_C, _CE = CommandState, CommandEvent

RECORDING: Mapping[RecordingState, Mapping[RecordingEvent, RecordingState]] = {
    _R.REQUESTED: {
        _RE.VERIFIED: _R.RECORDING,
        _RE.CALL_ENDED_FIRST: _R.ABSENT,
        _RE.REFUSED: _R.FAILED_CAPTURE,
        _RE.JOINED: _R.ABSENT,
        _RE.DISCARDED: _R.REMOVING,
    },
    _R.RECORDING: {
        _RE.PAUSED: _R.PAUSED,
        _RE.CLOSED: _R.CAPTURED,
        _RE.SOURCE_LOST: _R.FAILED_CAPTURE,
        _RE.JOINED: _R.ABSENT,
        _RE.DISCARDED: _R.REMOVING,
    },
    _R.PAUSED: {
        _RE.RESUMED: _R.RECORDING,
        _RE.CLOSED: _R.CAPTURED,
        _RE.SOURCE_LOST: _R.FAILED_CAPTURE,
        _RE.JOINED: _R.ABSENT,
        _RE.DISCARDED: _R.REMOVING,
    },
    _R.CAPTURED: {
        _RE.RENDERED: _R.RENDERED,
        _RE.UNUSABLE: _R.FAILED_RENDER,
        _RE.DISCARDED: _R.REMOVING,
        _RE.ERASED: _R.REMOVING,
    },
    _R.RENDERED: {
        _RE.STORED: _R.AVAILABLE,
        _RE.GIVEN_UP: _R.FAILED_STORE,
        _RE.DISCARDED: _R.REMOVING,
        _RE.ERASED: _R.REMOVING,
    },
    _R.AVAILABLE: {_RE.EXPIRED: _R.REMOVING, _RE.ERASED: _R.REMOVING},
    _R.FAILED_CAPTURE: {_RE.EXPIRED: _R.REMOVING, _RE.ERASED: _R.REMOVING},
    _R.FAILED_RENDER: {_RE.RETRIED: _R.CAPTURED, _RE.EXPIRED: _R.REMOVING, _RE.ERASED: _R.REMOVING},
    _R.FAILED_STORE: {_RE.RETRIED: _R.RENDERED, _RE.EXPIRED: _R.REMOVING, _RE.ERASED: _R.REMOVING},
    _R.REMOVING: {_RE.GONE: _R.REMOVED},
    _R.ABSENT: {},
    _R.REMOVED: {},
}

DELIVERY: Mapping[DeliveryState, Mapping[DeliveryEvent, DeliveryState]] = {
    _D.WAITING: {
        _DE.STORED: _D.STORED,
        _DE.REFUSED: _D.REFUSED,
        _DE.GAVE_UP: _D.GAVE_UP,
        _DE.WAIVED: _D.WAIVED,
        # Nobody can tell whether a try whose end a crash hid came off.
        _DE.UNDELETABLE: _D.UNDELETABLE,
        # Its place does not take the newer version.
        _DE.KEPT: _D.STORED,
    },
    _D.REFUSED: {_DE.RETRIED: _D.WAITING, _DE.WAIVED: _D.WAIVED, _DE.LEFT: _D.LEFT},
    _D.GAVE_UP: {_DE.RETRIED: _D.WAITING, _DE.WAIVED: _D.WAIVED, _DE.LEFT: _D.LEFT},
    _D.STORED: {_DE.DELETING: _D.DELETING, _DE.LEFT: _D.LEFT, _DE.SUPERSEDED: _D.WAITING},
    # A try that was under way came off after all: the copy is there, and is known.
    _D.DELETING: {_DE.DELETED: _D.DELETED, _DE.UNDELETABLE: _D.UNDELETABLE, _DE.STORED: _D.STORED},
    _D.DELETED: {_DE.STORED: _D.STORED},
    _D.WAIVED: {_DE.STORED: _D.STORED},
    # It is tried again every day: somebody may have given the right, or a lock may be over.
    _D.UNDELETABLE: {_DE.STORED: _D.STORED, _DE.DELETING: _D.DELETING},
    # What somebody wants erased goes from there, too.
    _D.LEFT: {_DE.DELETING: _D.DELETING},
}

TRANSCRIPTION: Mapping[TranscriptionState, Mapping[TranscriptionEvent, TranscriptionState]] = {
    _T.WAITING: {_TE.DONE: _T.DONE, _TE.FAILED: _T.FAILED, _TE.REMOVED: _T.REMOVED},
    _T.FAILED: {_TE.RETRIED: _T.WAITING, _TE.REMOVED: _T.REMOVED},
    # Made again with another engine: a newer version.
    _T.DONE: {_TE.DONE: _T.DONE, _TE.REMOVED: _T.REMOVED},
    _T.REMOVED: {},
}

NOTIFICATION: Mapping[NotificationState, Mapping[NotificationEvent, NotificationState]] = {
    _N.WAITING: {_NE.DELIVERED: _N.DELIVERED, _NE.DIED: _N.DEAD, _NE.CANCELLED: _N.CANCELLED},
    _N.DEAD: {_NE.REPLAYED: _N.WAITING},
    _N.DELIVERED: {_NE.REPLAYED: _N.WAITING},
    _N.CANCELLED: {_NE.REPLAYED: _N.WAITING},
}

COMMAND: Mapping[CommandState, Mapping[CommandEvent, CommandState]] = {
    _C.OPEN: {_CE.DONE: _C.DONE, _CE.REFUSED: _C.REFUSED, _CE.EXPIRED: _C.EXPIRED},
    _C.DONE: {},
    _C.REFUSED: {},
    _C.EXPIRED: {},
}

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


def moved(table: Mapping[State, Mapping[Event, State]], state: State, event: Event) -> State:
    """The state after `event`; an event that `state` does not allow raises and changes nothing."""
    try:
        return table[state][event]
    except KeyError:
        allowed = ", ".join(repr(str(name)) for name in table[state]) or "nothing"
        raise IllegalTransition(f"{str(event)!r} cannot happen to what is {state}; only {allowed} can") from None


#: States in which capture still owns the recording; afterwards only work and commands move it.
IN_CAPTURE = frozenset({RecordingState.REQUESTED, RecordingState.RECORDING, RecordingState.PAUSED})

#: States in which the PBX's files must stay where they are.
NEEDS_SOURCES = IN_CAPTURE | {RecordingState.CAPTURED, RecordingState.FAILED_RENDER}
