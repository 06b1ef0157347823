"""Whole conversations with a real FreeSWITCH 1.11, byte by byte: what it said, and what was made of it."""

import json
from pathlib import Path

from connector.pbx.freeswitch.esl_codec import Frame, Frames, event_of
from connector.pbx.freeswitch.esl_event import EslEvent

_FOLDER = Path(__file__).parent / "transcripts"

NAMES = sorted(path.stem for path in _FOLDER.glob("*.jsonl"))
#: Those whose events are JSON, as ours are.
JSON_NAMES = [name for name in NAMES if name.endswith("_json")]


def said(name: str) -> bytes:
    """Every byte that FreeSWITCH sent, in order."""
    return b"".join(_parts(name, "S"))


def asked(name: str) -> list[bytes]:
    """What the client sent, one piece a command."""
    return _parts(name, "C")


def frames(name: str) -> list[Frame]:
    return Frames().feed(said(name))


def events(name: str) -> list[EslEvent]:
    """Of a conversation with JSON events."""
    return [event for frame in frames(name) if (event := event_of(frame)) is not None]


def _parts(name: str, direction: str) -> list[bytes]:
    rows = map(json.loads, (_FOLDER / f"{name}.jsonl").read_text().splitlines())
    return [row["data"].encode() for row in rows if row["dir"] == direction]
