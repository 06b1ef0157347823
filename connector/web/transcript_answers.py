"""A transcript as HTTP gives it, in each form that may be asked for. Knows no route."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from fastapi import Response
from fastapi.responses import JSONResponse

from connector.domain.content_types import content_type
from connector.domain.speech import Word
from connector.domain.transcript import Transcript
from connector.domain.transcript_document import Occasion, document, occasion_of
from connector.domain.transcript_forms import kros, sinch, srt, timed, turns, vtt
from connector.domain.vcon import MEDIA_TYPE, vcon
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from connector.services.lookup import copies
from connector.web.files import NOT_KEPT
from connector.web.transcript_bodies import transcript_view


class Form(StrEnum):
    JSON = "json"
    TEXT = "text"
    TIMED = "timed"
    VTT = "vtt"
    SRT = "srt"
    SINCH = "sinch"
    KROS = "kros"
    DIALGEN = "dialgen"
    DOCUMENT = "document"
    VCON = "vcon"


Words: TypeAlias = Sequence[Sequence[Word]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What somebody reads, and of what it is."""

    transcript: Transcript
    #: Only where the form shows them.
    words: Words
    call: CallFile
    #: None: it is no longer among the call's.
    recording: RecordingFile | None

    @property
    def occasion(self) -> Occasion:
        began = None if self.recording is None else self.recording.recording.started_at
        rendering = None if self.recording is None else self.recording.rendering
        return occasion_of(self.transcript, began or self.call.call.started_at, rendering)


def _vcon(read: Reading) -> dict[str, object]:
    stored = copies(read.recording) if read.recording is not None else []
    sound = stored[0][1] if stored else None
    return vcon(read.transcript, read.words, read.occasion, read.call.call, sound)


_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}
_TYPES: Final = {
    Form.TEXT: content_type("a.txt"),
    Form.TIMED: content_type("a.txt"),
    Form.VTT: content_type("a.vtt"),
    Form.SRT: content_type("a.srt"),
}
_TEXTS: Final[Mapping[Form, Callable[[Reading], str]]] = {
    Form.TEXT: lambda read: read.transcript.labelled + "\n",
    Form.TIMED: lambda read: timed(read.transcript.lines),
    Form.VTT: lambda read: vtt(read.transcript.lines, read.words),
    Form.SRT: lambda read: srt(read.transcript.lines, read.words),
}
_BODIES: Final[Mapping[Form, Callable[[Reading], object]]] = {
    Form.JSON: lambda read: transcript_view(read.transcript),
    Form.SINCH: lambda read: sinch(read.transcript.lines),
    Form.KROS: lambda read: kros(read.transcript),
    Form.DIALGEN: lambda read: turns(read.transcript.lines, read.occasion.began_at),
    Form.DOCUMENT: lambda read: document(read.transcript, read.words, read.occasion),
    Form.VCON: _vcon,
}
#: They show single words.
BY_WORDS: Final = frozenset({Form.VTT, Form.SRT, Form.DOCUMENT, Form.VCON})
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The words, in the form that is asked for",
        "content": {content_type.partition(";")[0]: _TEXT for content_type in _TYPES.values()}
        | {MEDIA_TYPE: {"schema": {"type": "object"}}},
    }
}


def answer(read: Reading, form: Form) -> Response:
    if form in _TEXTS:
        return Response(_TEXTS[form](read), media_type=_TYPES[form], headers=NOT_KEPT)
    media_type = MEDIA_TYPE if form is Form.VCON else None
    return JSONResponse(_BODIES[form](read), headers=NOT_KEPT, media_type=media_type)
