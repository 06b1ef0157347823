"""Domain values for tests: each builder gives a whole, plausible thing, and every field can be said otherwise."""

from typing import Any

from connector.domain.call import Call, CallState, Leg, Role, Side, Verdict
from connector.domain.decision import Due
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId, SegmentId
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.recording import (
    Artefact,
    ArtefactKind,
    ChannelLabel,
    Delivery,
    FlushPoint,
    Levels,
    Recording,
    Rendering,
    Segment,
    SegmentState,
)

#: 2026-01-05 09:00:00 UTC, a Monday morning.
MORNING: Moment = 1767603600.0
CALL = CallId("call-1")
RECORDING = RecordingId("recording-1")
SEGMENT = SegmentId("segment-1")
CALLER = ChannelId("1767603600.1")
AGENT = ChannelId("1767603600.2")

CHANNELS = (
    ChannelLabel(index=0, role=Role.CALLER, party="+4930123456"),
    ChannelLabel(index=1, role=Role.AGENT, party="201"),
)


def a_leg(**over: Any) -> Leg:
    known: dict[str, Any] = {
        "channel": CALLER,
        "linked": CALLER,
        "number": "+4930123456",
        "name": "Zoé Müller",
        "device": "PJSIP/carrier-a",
        "dialled": "201",
        "context": "from-trunk",
        "created_at": MORNING,
        "answered_at": MORNING + 4,
    }
    return Leg(**(known | over))


def a_call(**over: Any) -> Call:
    """A live, answered, inbound call of a caller (left) and agent 201 (right)."""
    known: dict[str, Any] = {
        "id": CALL,
        "organisation": "default",
        "pbx": "asterisk",
        "node": "here",
        "state": CallState.LIVE,
        "legs": (
            a_leg(),
            a_leg(channel=AGENT, number="201", name="Ada", device="PJSIP/201", dialled="", context="internal"),
        ),
        "from_number": "+4930123456",
        "to_number": "201",
        "agent_id": "201",
        "agent_name": "Ada",
        "started_at": MORNING,
        "answered_at": MORNING + 4,
        "verdict": Verdict(record=True, reason="the rule for everything"),
    }
    return Call(**(known | over))


def a_recording(**over: Any) -> Recording:
    """Asked for, of `a_call`."""
    known: dict[str, Any] = {
        "id": RECORDING,
        "call_id": CALL,
        "organisation": "default",
        "pbx": "asterisk",
        "node": "here",
        "rule": "the rule for everything",
        "destinations": ("archive",),
        "requested_at": MORNING + 4,
    }
    return Recording(**(known | over))


def a_segment(**over: Any) -> Segment:
    """The caller's own voice, closed after 40 seconds."""
    known: dict[str, Any] = {
        "id": SEGMENT,
        "recording_id": RECORDING,
        "call_id": CALL,
        "channel": CALLER,
        "role": Role.CALLER,
        "side": Side.LEFT,
        "path": "recording-1/segment-1-rx.wav",
        "state": SegmentState.CLOSED,
        "requested_at": MORNING + 4,
        "started_at": MORNING + 4.1,
        "stopped_at": MORNING + 44.1,
        "flushes": (FlushPoint(at=MORNING + 44.1, frames=320_000),),
    }
    return Segment(**(known | over))


def an_artefact(**over: Any) -> Artefact:
    known: dict[str, Any] = {
        "recording_id": RECORDING,
        "kind": ArtefactKind.STEREO,
        "format": "mp3",
        "path": "recording-1/stereo.mp3",
        "size_bytes": 160_000,
        "md5": "9e107d9d372bb6826bd81d3542a419d6",
        "sha256": "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
        "duration_seconds": 40.0,
        "sample_rate": 8000,
        "channels": CHANNELS,
    }
    return Artefact(**(known | over))


def a_rendering(**over: Any) -> Rendering:
    """One stereo artefact, nothing missing."""
    known: dict[str, Any] = {
        "duration_seconds": 40.0,
        "gaps": (),
        "channels": CHANNELS,
        "levels": tuple(
            Levels(side=side, silence_ratio=0.4, clipped_ratio=0.0, peak=0.8, is_silent=False) for side in Side
        ),
        "is_partial": False,
        "troubles": (),
        "artefacts": (an_artefact(),),
        "peaks_path": "recording-1/peaks.json",
    }
    return Rendering(**(known | over))


def a_delivery(**over: Any) -> Delivery:
    """The stereo artefact on its way to the destination `archive`."""
    known: dict[str, Any] = {"recording_id": RECORDING, "kind": ArtefactKind.STEREO, "destination": "archive"}
    return Delivery(**(known | over))


def a_due(**over: Any) -> Due:
    known: dict[str, Any] = {"kind": "ship", "subject": RECORDING, "node": "here", "at": MORNING + 45}
    return Due(**(known | over))


def a_notification(id: str = "msg_1", **over: Any) -> Notification:
    known: dict[str, Any] = {
        "endpoint": "crm",
        "organisation": "default",
        "recording_id": f"recording of {id}",
        "call_id": "call-1",
        "told": Told.FINISHED,
        "body": '{"event":"notify","name":"Zoé"}',
        "created_at": MORNING,
        "next_at": MORNING,
    }
    return Notification(id=id, **(known | over))


def an_attempt(**over: Any) -> Attempt:
    known: dict[str, Any] = {"at": MORNING + 5, "seconds": 0.5, "status": 500, "reason": "it answered 500"}
    return Attempt(**(known | over))


TAKEN = an_attempt(status=204, reason="")
