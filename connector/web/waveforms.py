"""The waveform of a recording, for players that draw it before a byte of sound is there. Speaks HTTP in, services
out."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response

from connector.domain.access import Access, KeyRole
from connector.errors import NotFound
from connector.services.absences import Absence, Outlook
from connector.services.fetching import Fetching
from connector.services.waveforms import Waveforms
from connector.web import ranges
from connector.web.absences import absence_answer
from connector.web.door import Door
from connector.web.files import NOT_KEPT
from connector.web.problems import problems
from connector.web.sound_forms import CallLookup, RecordingName, heard
from connector.web.streams import recording_of

_MEDIA_TYPE: Final = "application/octet-stream"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    **problems(410),
    200: {
        "description": "Lowest and highest sample of left and right per pixel: audiowaveform's .dat, version 2, 8 bit",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "It is still what `If-None-Match` names"},
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "the ETag of what is there already: 304 when it is the same",
}


def waveforms_router(door: Door, lookup: CallLookup, fetching: Fetching, waveforms: Waveforms) -> APIRouter:
    """Nothing is written down in the audit log: no word can be heard by it."""
    router = APIRouter(tags=["recordings"])

    @router.get(
        "/v1/recordings/{recording_id}/waveform",
        operation_id="get_waveform",
        response_class=Response,
        responses=_RESPONSES,
        openapi_extra={"parameters": [_IF_NONE_MATCH]},
    )
    async def waveform(
        request: Request, access: Annotated[Access, door.needs(KeyRole.LISTEN)], recording_id: RecordingName
    ) -> Response:
        """The waveform of its sound, as players draw it; 404 with the reason where there is none."""
        call, own = await recording_of(lookup, fetching, access, recording_id)
        file = heard(request, call, own)
        if isinstance(file, Response):
            return file
        try:
            drawn = await waveforms.of(file)
        except NotFound as error:
            none = Absence(outlook=Outlook.NEVER, reason="no waveform", detail=str(error))
            return absence_answer(request, none)
        headers = {**NOT_KEPT, "etag": f'"{drawn.sha256}"', "x-content-type-options": "nosniff"}
        if ranges.has_it(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(drawn.content, media_type=_MEDIA_TYPE, headers=headers)

    return router
