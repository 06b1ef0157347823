"""How answers look: tables for people, JSON for programs."""

import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from connector.domain import moments
from connector.domain.ids import Moment
from connector.ports.shipping_ledger import RecordingFile

_WIDE = 10_000


def print_json(thing: object) -> None:
    print(json.dumps(thing, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Collection[str] = ()) -> None:
    """What is in the columns of `whole` is never broken into lines. Only a terminal has a width to keep to."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*map(printable, row))
    is_narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    # Names come from callers: no markup, no emoji.
    Console(width=None if is_narrow else _WIDE, markup=False, emoji=False, highlight=False).print(table)


def printable(text: str) -> str:
    """Without the control characters by which a caller's name could speak to the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def iso(moment: Moment | None) -> str | None:
    """UTC, to the millisecond."""
    return moments.iso(moment) if moment is not None else None


def seconds_text(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def as_json(file: RecordingFile) -> dict[str, Any]:
    """Everything about a recording in the words of the API."""
    recording, call, rendering = file.recording, file.call, file.rendering
    return {
        "id": recording.id,
        "call_id": call.id,
        "organisation": recording.organisation,
        "pbx": recording.pbx,
        "state": str(recording.state),
        "reason": recording.reason,
        "rule": recording.rule,
        "direction": str(call.direction),
        "from_number": call.from_number,
        "to_number": call.to_number,
        "agent": call.agent_id,
        "agent_name": call.agent_name,
        "queue": call.queue,
        "started_at": iso(recording.started_at or recording.requested_at),
        "ended_at": iso(recording.ended_at),
        "duration_seconds": rendering.duration_seconds if rendering else None,
        "partial": rendering.is_partial if rendering else None,
        "channels": [
            {"index": label.index, "role": str(label.role), "party": label.party}
            for label in (rendering.channels if rendering else ())
        ],
        "gaps": [
            {
                "side": str(gap.side),
                "party": gap.party,
                "start": round(gap.start_seconds, 3),
                "end": round(gap.end_seconds, 3),
                "uncertain": round(gap.uncertain_seconds, 3),
                "reason": gap.reason,
            }
            for gap in (rendering.gaps if rendering else ())
        ],
        "troubles": list(rendering.troubles) if rendering else [],
        "levels": [
            {
                "side": str(level.side),
                "silence_ratio": round(level.silence_ratio, 4),
                "clipped_ratio": round(level.clipped_ratio, 6),
                "peak": round(level.peak, 4),
                "is_silent": level.is_silent,
            }
            for level in (rendering.levels if rendering else ())
        ],
        "files": _files(file),
    }


def _files(file: RecordingFile) -> list[dict[str, Any]]:
    found = []
    for delivery in file.deliveries:
        artefact = file.artefact(delivery)
        found.append(
            {
                "kind": str(delivery.kind),
                "format": artefact.format,
                "destination": delivery.destination,
                "state": str(delivery.state),
                "reason": delivery.reason,
                "attempts": delivery.attempts,
                "url": delivery.url,
                "size_bytes": artefact.size_bytes,
                "sha256": artefact.sha256,
                "md5": artefact.md5,
                "sample_rate": artefact.sample_rate,
                "duration_seconds": artefact.duration_seconds,
            }
        )
    return found
