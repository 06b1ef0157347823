"""What a request may ask of a recording's sound, and the words of routes for it. Knows no service that answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Protocol

from fastapi import Path, Query, Request, Response

from connector.domain.access import Access
from connector.domain.content_types import content_type
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import absence
from connector.services.converting import Source, sounds_of
from connector.web.absences import absence_answer
from connector.web.problems import PROBLEMS, problem

_NAME: Final = r"^[^\x00-\x1f\x7f]+$"
CallName = Annotated[str, Path(min_length=1, max_length=200, pattern=_NAME, description="the call's id")]
RecordingName = Annotated[str, Path(min_length=1, max_length=200, pattern=_NAME, description="the recording's id")]
WhichRecording = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        pattern=_NAME,
        description="the id of one of several, or `current`; unsaid: the newest that can be had",
    ),
]


class Sound(StrEnum):
    """A manifest is none."""

    MONO = "mono"
    STEREO = "stereo"
    LEFT = "left"
    RIGHT = "right"
    PARTICIPANTS = "participants"


WhichKind = Annotated[Sound | None, Query(description="which file; unsaid: the first that was wished for")]
WhichFormat = Annotated[AudioFormat | None, Query(description="unsaid: as it is stored")]

_SOUNDS: Final[dict[str, Any]] = {
    content_type(f"a.{form}"): {"schema": {"type": "string", "format": "binary"}} for form in AudioFormat
}
NOT_ACCEPTABLE: Final[Mapping[int | str, dict[str, Any]]] = {
    406: {**PROBLEMS[404], "description": "There is no such file of it; the detail names those that there are"}
}
STREAMED: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    **NOT_ACCEPTABLE,
    200: {"description": "The sound, whole; or made into another form while it is read", "content": _SOUNDS},
    206: {"description": "The part of it that `Range` asks for", "content": _SOUNDS},
    304: {"description": "It is still what `If-None-Match` names"},
    416: {**PROBLEMS[404], "description": "Nothing of it is in that range"},
}
#: Of a route that gives the sound itself.
STREAM_HEADERS: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": words}
        for name, words in (
            ("Range", "one part, as bytes=0-99; what is made while it is read comes whole"),
            ("If-Range", "the ETag of what is there already: another file comes whole"),
            ("If-None-Match", "the ETag of what is there already: 304 when it is the same"),
        )
    ]
}


class CallLookup(Protocol):
    """Looking calls up, as far as it is needed here."""

    async def call(self, access: Access, call_id: str) -> CallFile:
        """Raises NotFound, for another's call too."""
        ...


def artefact_kind(kind: Sound | None) -> ArtefactKind | None:
    return None if kind is None else ArtefactKind(kind.value)


def heard(request: Request, call: CallFile, file: RecordingFile | None) -> RecordingFile | Response:
    """The recording, or why it cannot be heard."""
    missing = absence(call, file)
    if missing is not None:
        return absence_answer(request, missing)
    assert file is not None
    return file


def not_stored(request: Request, file: RecordingFile, source: Source | None) -> Response:
    stored = ", ".join(dict.fromkeys(f"{one.kind} as {one.artefact.format}" for one in sounds_of(file)))
    detail = f"there is no such file of it; stored are: {stored}"
    if source is not None:
        detail += f". It can be made while it is read: ask /v1/recordings/{file.recording.id}/stream for it"
    return problem(406, detail, request)
