"""Events of a real FreeSWITCH's conversations as patterns: encoded once in either format, numbered as they are sent.

Pure: knows what events look like on the wire; no socket, and nothing of who reads them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.freeswitch.event import Event
from tests.unit.pbx.freeswitch import transcripts

#: As wide as what stands there afterwards, so that no length changes.
_SEQUENCE: Final = "Q" * 8
_CALL: Final = "C" * 8
_STAMP: Final = "T" * 16
_VARIABLES: Final = 60

#: The legs of the one whole call of the conversations, without the ends of their uuids, which number the calls.
CALLER, CALLEE = "dcbf650e-0000-4000-8000-0001", "0fa73e50-0000-4000-8000-0002"
#: What our driver subscribes to, of that call.
_TOLD: Final = ("CREATE", "ANSWER", "BRIDGE", "UNBRIDGE", "HANGUP_COMPLETE")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One event, encoded but for its number, its call and its time."""

    name: str
    is_caller: bool
    json_frame: bytes
    plain_frame: bytes

    def frame(self, kind: str, sequence: int, call: int = 0, stamp_microseconds: int = 0) -> bytes:
        frame = self.json_frame if kind == "json" else self.plain_frame
        frame = frame.replace(_SEQUENCE.encode(), b"%08d" % sequence)
        frame = frame.replace(_STAMP.encode(), b"%016d" % (stamp_microseconds or 1_795_229_838_360_470))
        return frame.replace(_CALL.encode(), b"%08d" % call)


def caller(call: int) -> str:
    return f"{CALLER}{call:08}"


def callee(call: int) -> str:
    return f"{CALLEE}{call:08}"


def mixes() -> dict[str, list[Pattern]]:
    """What is flooded, by name."""
    call, conference = _headers("call_record_json"), _headers("conference_record_json")
    return {
        "custom": [_pattern(_custom(call))],
        "short": [_pattern(_short(call))],
        "channel": [_pattern(one) for one in call if one["Event-Name"].startswith("CHANNEL_")],
        "conference": [_pattern(one) for one in conference if one.get("Event-Subclass") == "conference::maintenance"],
        "calls": whole_call(),
    }


def whole_call() -> list[Pattern]:
    """Two legs from beginning to end, as our driver is told of them."""
    names = {f"CHANNEL_{name}" for name in _TOLD}
    return [_pattern(one) for one in _of_call(_headers("call_record_json")) if one["Event-Name"] in names]


def recorder_patterns() -> dict[str, Pattern]:
    """RECORD_START and RECORD_STOP of the caller's leg."""
    found = [one for one in _of_call(_headers("call_record_json")) if one["Event-Name"].startswith("RECORD_")]
    return {one["Event-Name"]: _pattern(one) for one in found}


def _headers(conversation: str) -> list[dict[str, Any]]:
    frames = transcripts.frames(conversation)
    return [json.loads(frame.body) for frame in frames if frame.content_type == "text/event-json"]


def _of_call(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the call's two legs, under the uuids that are ours."""
    legs = {
        next(one["Unique-ID"] for one in events if one.get("Unique-ID", "").startswith(leg[:8])): leg
        for leg in (CALLER, CALLEE)
    }
    mine = [one for one in events if one.get("Unique-ID") in legs]
    text = json.dumps(mine)
    for real, leg in legs.items():
        text = text.replace(real, leg + _CALL)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _custom(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the `event` application of the dialplan sends: the whole channel, here with sixty variables."""
    answered = next(one for one in events if one["Event-Name"] == "CHANNEL_ANSWER")
    variables = [name for name in answered if name.startswith("variable_")]
    kept = {name: value for name, value in answered.items() if name not in variables[_VARIABLES:]}
    return {"Event-Subclass": "callreel::record", **kept, "Event-Name": "CUSTOM"}


def _short(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a module sends that adds no channel: an event's own headers and a few more."""
    own = {name: value for name, value in events[0].items() if name.startswith(("Event-", "Core-", "FreeSWITCH-"))}
    return {"Event-Subclass": "callreel::record", **own, "Event-Name": "CUSTOM", "Unique-ID": CALLER, "Action": "start"}


def _pattern(headers: Mapping[str, Any]) -> Pattern:
    told = {**headers, "Event-Sequence": _SEQUENCE, "Event-Date-Timestamp": _STAMP}
    body = str(told.pop("_body", ""))
    told.pop("Content-Length", None)
    event = Event(headers["Event-Name"], told, body, subclass=str(headers.get("Event-Subclass", "")))
    is_caller = str(headers.get("Unique-ID", "")).startswith(CALLER)
    return Pattern(event.name, is_caller, event.json_frame, event.plain_frame)
