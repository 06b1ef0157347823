"""Which of a call's recordings is meant, and why there is nothing to hear or to read. Pure; knows no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from connector.domain.call import CallState
from connector.domain.moments import iso
from connector.domain.retention import RETENTION
from connector.domain.states import IN_CAPTURE, RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from connector.errors import NotFound
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from connector.services.converting import sounds_of

#: The one that runs, instead of its id.
CURRENT: Final = "current"
_GONE: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
_FAILED: Final = frozenset({RecordingState.FAILED_CAPTURE, RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE})


class Outlook(Enum):
    #: It is being made: ask again.
    NOT_YET = "not yet"
    NEVER = "never"
    #: It was there once.
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    outlook: Outlook
    #: In a word or two, for programs: off, no answer, too short, failed, no copy, not ready, removed.
    reason: str
    #: For people.
    detail: str
    #: What stands behind it, for programs: of a recording its state, the tombstone's of one that was removed.
    facts: Mapping[str, object] = field(default_factory=dict)


def chosen(call: CallFile, wanted: str) -> RecordingFile | None:
    """By id or as `current`; else the newest that can be heard, or the newest. None: the call has none at all. Raises
    NotFound for one that is not the call's."""
    newest_first = sorted(call.recordings, key=lambda one: one.recording.requested_at, reverse=True)
    if wanted == CURRENT:
        return current(call)
    if wanted:
        found = next((one for one in newest_first if one.recording.id == wanted), None)
        if found is None:
            raise NotFound(f"call {call.call.id} has no recording {wanted!r}")
        return found
    return next((one for one in newest_first if sounds_of(one)), next(iter(newest_first), None))


def current(call: CallFile) -> RecordingFile:
    """The one that runs. Raises NotFound."""
    running = [one for one in call.recordings if one.recording.state in IN_CAPTURE]
    if not running:
        raise NotFound(f"nothing is being recorded on call {call.call.id}")
    return running[-1]


def absence(call: CallFile, file: RecordingFile | None) -> Absence | None:
    """Why it cannot be heard; None: it can."""
    if file is None:
        return _not_recorded(call)
    recording, state = file.recording, file.recording.state
    if state in _GONE:
        return _removed(file)
    if sounds_of(file):
        return None
    facts: dict[str, object] = {"recording_id": recording.id, "state": state.value, "because": recording.reason or None}
    if state in _FAILED:
        return Absence(outlook=Outlook.NEVER, reason="failed", detail=f"{state}: {recording.reason}", facts=facts)
    if state is RecordingState.ABSENT:
        reason = "no answer" if call.call.answered_at is None else "too short"
        detail = f"nothing was recorded: {recording.reason}"
        return Absence(outlook=Outlook.NEVER, reason=reason, detail=detail, facts=facts)
    if state is RecordingState.AVAILABLE:
        detail = f"no copy of it can be had: {_deliveries(file)}"
        return Absence(outlook=Outlook.NEVER, reason="no copy", detail=detail, facts=facts)
    doing = "it is still being recorded" if state in IN_CAPTURE else "its files are being made and stored"
    return Absence(outlook=Outlook.NOT_YET, reason="not ready", detail=f"{doing}: ask again", facts=facts)


def transcript_of(call: CallFile, file: RecordingFile | None, *, is_named: bool) -> Transcript | None:
    """That of the recording; without a recording being named the newest that can be read."""
    if file is not None and (is_named or call.transcript(file.recording.id) is not None):
        return call.transcript(file.recording.id)
    readable = [one for one in call.transcripts if one.state is TranscriptionState.DONE]
    return next(reversed(readable or call.transcripts), None)


def unread(transcript: Transcript | None, call: CallFile, file: RecordingFile | None) -> Absence | None:
    """Why there are no words; None: there are. Those of a removed recording may outlive it."""
    if transcript is None:
        missing = absence(call, file)
        off = Absence(outlook=Outlook.NEVER, reason="off", detail="no transcript was asked for")
        return missing or off
    if transcript.state is TranscriptionState.REMOVED:
        detail = f"the transcript was removed: {transcript.reason or 'its time was over'}"
        facts = {"recording_id": transcript.recording_id, "removed_because": transcript.reason}
        return Absence(outlook=Outlook.GONE, reason="removed", detail=detail, facts=facts)
    if transcript.state is TranscriptionState.FAILED:
        return Absence(outlook=Outlook.NEVER, reason="failed", detail=f"no transcript: {transcript.reason}")
    if transcript.state is TranscriptionState.WAITING:
        return Absence(outlook=Outlook.NOT_YET, reason="not ready", detail="the transcript is being made: ask again")
    return None


def _not_recorded(call: CallFile) -> Absence:
    verdict = call.call.verdict
    if call.call.state is CallState.LIVE and (verdict is None or verdict.record):
        return Absence(outlook=Outlook.NOT_YET, reason="not ready", detail="nothing is recorded yet: ask again")
    if verdict is not None and not verdict.record:
        detail = f"it was not recorded: {verdict.reason}"
        return Absence(outlook=Outlook.NEVER, reason="off", detail=detail, facts={"because": verdict.reason})
    if call.call.answered_at is None:
        return Absence(outlook=Outlook.NEVER, reason="no answer", detail="nobody answered")
    return Absence(outlook=Outlook.NEVER, reason="too short", detail="it ended before anything was recorded")


def _removed(file: RecordingFile) -> Absence:
    recording, keeping = file.recording, file.keeping
    facts: dict[str, object] = {
        "recording_id": recording.id,
        "recorded_at": _said(recording.started_at),
        "removed_at": _said(keeping.removed_at),
        "removed_by": keeping.removed_by or None,
        "removed_because": recording.reason or None,
        "is_expired": keeping.removed_by == RETENTION,
        "expires_at": _said(keeping.expires_at),
        "is_complete": recording.state is RecordingState.REMOVED,
    }
    why = f": {recording.reason}" if recording.reason else ""
    when = f" at {iso(keeping.removed_at)}" if keeping.removed_at is not None else ""
    return Absence(outlook=Outlook.GONE, reason="removed", detail=f"the recording was removed{when}{why}", facts=facts)


def _deliveries(file: RecordingFile) -> str:
    said: Sequence[str] = [f"{one.kind} is {one.state} at {one.destination!r}" for one in file.deliveries]
    return "; ".join(said) or "none was made"


def _said(moment: float | None) -> str | None:
    return None if moment is None else iso(moment)
