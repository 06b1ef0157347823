"""Sinch's instructions, carried out one after the other. Knows what they are called; ordering knows who obeys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import Response

from connector.domain.access import Access
from connector.domain.call import Call, CallKind, CallState
from connector.domain.ids import ChannelId
from connector.domain.instructions import Instruction, Instructions
from connector.domain.states import CommandState
from connector.errors import Conflict, PbxUnreachable
from connector.ports.call_search import CallFile, CallFilter
from connector.services.ordering import Ordering
from connector.web.compat.reception import Reception
from connector.web.compat.sinch_entry import Arrival
from connector.web.option_bodies import DESTINATION_URL, ENGINE, LOCALE

#: What of a request we leave to the dialplan, by name.
IGNORED_HEADER: Final = "callreel-ignored"
#: As many calls as are looked through for a channel's.
MOST_LIVE: Final = 200

_NAMES: Final[Mapping[str, str]] = {
    "start": "StartRecording",
    "stop": "StopRecording",
    "pause": "PauseRecording",
    "resume": "ResumeRecording",
    "options": "recordingOptions",
}
_RECORDING_OPTIONS: Final = {
    "type": "object",
    "description": "Sinch's recording options, and ours",
    "properties": {
        "destinationUrl": {"type": "string", "pattern": DESTINATION_URL},
        "credentials": {"type": "string"},
        "format": {"type": "string", "enum": ["mp3", "wav", "flac", "opus"]},
        "notificationEvents": {"type": ["boolean", "string"]},
        "transcriptionOptions": {
            "type": "object",
            "properties": {
                "enabled": {"type": "boolean"},
                "locale": {"type": "string", "pattern": LOCALE},
                "engine": {"type": "string", "pattern": ENGINE},
                "maskDigits": {"type": "boolean"},
                "keepSound": {"type": "boolean"},
            },
        },
    },
}
_OPTIONS: Final = {"anyOf": [_RECORDING_OPTIONS, {"type": "array", "items": _RECORDING_OPTIONS}]}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "instructions": {
                            "type": "array",
                            "maxItems": 50,
                            "items": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string", "examples": ["startRecording", "stopRecording"]},
                                    "options": _OPTIONS,
                                    "commandId": {"type": "string", "maxLength": 200},
                                },
                            },
                        },
                        "action": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "record": {"type": "boolean"},
                                "recordingOptions": _OPTIONS,
                            },
                        },
                    },
                }
            }
        },
    }
}


DONE: Final[dict[int | str, dict[str, Any]]] = {
    202: {"description": "handed over: who records the call has not answered yet"},
    204: {"description": "obeyed"},
    501: {"description": "the dialplan rules that, not the recorder"},
}


class SinchOrders:
    def __init__(self, reception: Reception, ordering: Ordering) -> None:
        self._reception = reception
        self._ordering = ordering

    async def carry_out(self, arrival: Arrival, call: Call, said: Instructions) -> Response:
        """One after the other, up to the first that is refused. No body says that all were obeyed."""
        status = HTTPStatus.NO_CONTENT
        for number, one in enumerate(said.given, start=1):
            # What comes again acts once: the sender's own id, or one made of the signed request.
            given = replace(one, command_id=one.command_id or f"{arrival.seed}-{number}")
            order = await self._ordering.order(arrival.access, await self._meant(arrival.access, call, given), given)
            which = f"{_NAMES[one.action]} ({number} of {len(said.given)})"
            if order.state is CommandState.REFUSED:
                raise Conflict(f"{which} was refused: {order.outcome}; what stands behind it was not tried")
            if order.state is CommandState.EXPIRED:
                raise PbxUnreachable(f"{which}: capture on {call.node} did not take it in time")
            if order.state is CommandState.OPEN:
                status = HTTPStatus.ACCEPTED
        ignored = ", ".join(_writable(said.ignored))
        headers = {IGNORED_HEADER: ignored} if ignored else {}
        return Response(status_code=status, headers=headers)

    async def _meant(self, access: Access, call: Call, one: Instruction) -> Call:
        """The call, or the conference that it sits in."""
        if not one.is_of_conference or call.kind is CallKind.CONFERENCE:
            return call
        wanted = CallFilter(kind=CallKind.CONFERENCE, state=CallState.LIVE, pbx=call.pbx)
        conferences = await self._reception.lookup.page(access, wanted, limit=MOST_LIVE, after=None)
        sat_in = next((file.call for file in conferences if is_shared(file.call, call)), None)
        if sat_in is None:
            raise Conflict(f"call {call.id} is in no conference now: connectConf records the one that it is in")
        return sat_in


def channels(call: Call) -> set[ChannelId]:
    """Those that are in it now."""
    return {leg.channel for leg in call.legs if leg.ended_at is None}


def is_shared(conference: Call, call: Call) -> bool:
    """Whether a channel of the call sits in the conference; both are of one PBX."""
    same = (conference.organisation, conference.pbx) == (call.organisation, call.pbx)
    return same and not channels(conference).isdisjoint(channels(call))


def calls_of(files: Sequence[CallFile]) -> Mapping[ChannelId, str]:
    """Whose channel it is."""
    return {channel: file.call.id for file in files for channel in channels(file.call)}


def _writable(names: Sequence[str]) -> Iterator[str]:
    """As a header can hold them: one that ends with a blank would break the connection off."""
    for name in names[:10]:
        letters = (letter for letter in name[:40] if letter.isascii() and letter.isprintable() and letter != ",")
        if written := "".join(letters).strip():
            yield written
