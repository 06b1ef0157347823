"""What goes beside the sound files for whoever has the bucket and not us: who, when, which channels, what lacks."""

from collections.abc import Sequence

from connector.domain.call import Call, Span
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.recording import Artefact, ChannelLabel, Gap, Recording, Rendering

#: Of this form; a reader asks for it before it reads on.
VERSION = 1


def manifest(recording: Recording, call: Call, rendering: Rendering) -> dict[str, object]:
    """As JSON; moments are UTC, seconds count from the recording's beginning."""
    begins = recording.started_at or recording.requested_at
    return {
        "manifest": VERSION,
        "recordingId": recording.id,
        "callId": call.id,
        "kind": str(call.kind),
        "organisation": recording.organisation,
        "pbx": recording.pbx,
        "direction": str(call.direction),
        "from": call.from_number,
        "to": call.to_number,
        "queue": call.queue,
        "agent": {"id": call.agent_id, "name": call.agent_name},
        "conference": call.conference,
        "startedAt": iso(begins),
        "endedAt": iso(recording.ended_at) if recording.ended_at is not None else None,
        "durationSeconds": round(rendering.duration_seconds, 3),
        "recordedBecause": recording.rule,
        "isPartial": rendering.is_partial,
        "channels": [_channel(label) for label in rendering.channels],
        "gaps": [_gap(gap) for gap in rendering.gaps],
        "pauses": _pauses(recording.pauses, begins),
        "tags": list(recording.options.tags or ()),
        "files": [_file(artefact) for artefact in rendering.artefacts],
    }


def _channel(label: ChannelLabel) -> dict[str, object]:
    return {"index": label.index, "role": str(label.role), "party": label.party}


def _gap(gap: Gap) -> dict[str, object]:
    return {
        "side": str(gap.side),
        "party": gap.party,
        "startSeconds": round(gap.start_seconds, 3),
        "endSeconds": round(gap.end_seconds, 3),
        "uncertainSeconds": round(gap.uncertain_seconds, 3),
        "reason": gap.reason,
    }


def _pauses(spans: Sequence[Span], begins: Moment) -> list[dict[str, object]]:
    return [
        {
            "startSeconds": round(span.start - begins, 3),
            "endSeconds": round(span.end - begins, 3) if span.end is not None else None,
        }
        for span in spans
    ]


def _file(artefact: Artefact) -> dict[str, object]:
    return {
        "kind": str(artefact.kind),
        "format": artefact.format,
        "sizeBytes": artefact.size_bytes,
        "md5": artefact.md5,
        "sha256": artefact.sha256,
        "durationSeconds": round(artefact.duration_seconds, 3),
        "sampleRate": artefact.sample_rate,
    }
