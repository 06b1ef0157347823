"""What a control callback is asked about a call: Sinch's ice, ace and dice, and a conference's begin and end. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from connector.domain.call import Call, CallKind, CallState, Direction, Leg
from connector.domain.ids import Moment

_VERSION: Final = 1


class CallMoment(StrEnum):
    """When a call is asked about."""

    INCOMING = "incoming"
    ANSWERED = "answered"
    ENDED = "ended"


#: As they are called on the wire: of a call, of a conference.
_EVENTS: Final = {
    CallMoment.INCOMING: ("ice", "conference_started"),
    CallMoment.ANSWERED: ("ace", ""),
    CallMoment.ENDED: ("dice", "conference_ended"),
}


def moments(before: Call | None, call: Call) -> list[CallMoment]:
    """What has come to pass between two pictures of a call. One that became part of another has neither answer nor
    end of its own."""
    if call.joined is not None or not call.legs:
        return []
    passed = []
    if before is None or not before.legs:
        passed.append(CallMoment.INCOMING)
    is_conference = call.kind is CallKind.CONFERENCE
    if call.answered_at is not None and (before is None or before.answered_at is None) and not is_conference:
        passed.append(CallMoment.ANSWERED)
    if call.state is CallState.ENDED and (before is None or before.state is not CallState.ENDED):
        passed.append(CallMoment.ENDED)
    return passed


def inquiry(call: Call, moment: CallMoment, at: Moment, resource_url: str = "") -> bytes:
    """The body as it is posted. `resource_url`: where our API has that call, when it can be reached."""
    name = _EVENTS[moment][call.kind is CallKind.CONFERENCE]
    said: dict[str, Any] = {"event": name, **_subject(call)}
    if resource_url:
        said["callResourceUrl"] = resource_url
    said |= {"timestamp": written(at), "version": _VERSION, "custom": "", "applicationKey": call.organisation}
    if call.kind is CallKind.CALL:
        said |= _OF_CALL[moment](call)
    said |= {"direction": call.direction, "agent": call.agent_id, "queue": call.queue, "pbx": call.pbx}
    return json.dumps(said, ensure_ascii=False).encode()


def written(at: Moment) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _subject(call: Call) -> dict[str, str]:
    if call.kind is CallKind.CONFERENCE:
        return {"conferenceId": call.conference}
    return {"callid": call.id}


def _incoming(call: Call) -> Mapping[str, Any]:
    is_inside = call.direction is Direction.INTERNAL
    return {
        "cli": call.from_number,
        "to": {"type": "sip" if is_inside else "number", "endpoint": call.to_number},
        "domain": "sip" if is_inside else "pstn",
        "originationType": "SIP" if is_inside else "PSTN",
        "rdnis": "",
        "duration": 0,
        "callHeaders": [],
    }


def _answered(_: Call) -> Mapping[str, Any]:
    return {}


def _ended(call: Call) -> Mapping[str, Any]:
    answered, ended = call.answered_at, call.ended_at
    return {
        "reason": _reason(call),
        "result": "ANSWERED" if answered is not None else "NOANSWER",
        "duration": round(ended - answered) if answered is not None and ended is not None else 0,
        "from": call.from_number,
        "to": {"type": "number", "endpoint": call.to_number},
    }


_OF_CALL: Final = {CallMoment.INCOMING: _incoming, CallMoment.ANSWERED: _answered, CallMoment.ENDED: _ended}


def _reason(call: Call) -> str:
    """Who left first hung up."""
    if call.answered_at is None:
        return "CANCEL"
    talked = [leg for leg in call.legs if leg.answered_at is not None and leg.ended_at is not None]
    if not talked:
        return "N/A"
    first = min(call.legs, key=lambda leg: leg.created_at)
    return "CALLERHANGUP" if min(talked, key=_end) is first else "CALLEEHANGUP"


def _end(leg: Leg) -> Moment:
    return leg.ended_at or 0.0
