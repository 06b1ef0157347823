"""What was said in a call, in the form that is asked for; and hearing it again."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from connector.domain.access import Access, KeyRole
from connector.domain.transcript import Transcript
from connector.errors import NotFound
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.services.absences import chosen, transcript_of, unread
from connector.services.ordering import Audited
from connector.services.rehearing import Rehearing
from connector.web.absences import absence_answer
from connector.web.door import Door
from connector.web.idempotency import Once, OnceRoute
from connector.web.problems import PROBLEMS
from connector.web.sound_forms import CallLookup, CallName, WhichRecording
from connector.web.transcript_answers import BY_WORDS, RESPONSES, Form, Reading, answer
from connector.web.transcript_bodies import (
    AskedView,
    DocumentView,
    KrosTranscriptView,
    SinchTranscriptView,
    TranscriptView,
    TranscriptWish,
    TurnView,
    VersionsView,
    asked_view,
    versions_view,
)

_Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="an earlier one; unsaid: the newest")]
_PATH: Final = "/v1/calls/{call_id}/transcript"


def transcripts_router(
    door: Door, once: Once, lookup: CallLookup, ledger: TranscriptionLedger, rehearing: Rehearing, auditing: Audited
) -> APIRouter:
    router = APIRouter(tags=["transcripts"], responses=PROBLEMS, route_class=OnceRoute)
    _add_reading(router, door, lookup, ledger, auditing)

    @router.get(f"{_PATH}/versions", operation_id="list_transcript_versions")
    async def versions(
        access: Annotated[Access, door.needs(KeyRole.LISTEN)], call_id: CallName, recording: WhichRecording = None
    ) -> VersionsView:
        """Which engine made which; the words of each are had by its number."""
        call = await lookup.call(access, call_id)
        file = chosen(call, recording or "")
        found = transcript_of(call, file, is_named=recording is not None)
        if found is None:
            raise NotFound(f"no transcript of call {call.call.id} was asked for")
        return versions_view(found.recording_id, await ledger.versions(found.recording_id))

    @router.post(_PATH, operation_id="make_transcript", status_code=HTTPStatus.ACCEPTED)
    async def again(
        access: Annotated[Access, once.needs(KeyRole.ADMIN)], call_id: CallName, wanted: TranscriptWish | None = None
    ) -> AskedView:
        """Hear it again, or for the first time. What there is stays readable until the newer one is made, and then as
        an earlier version; 409 while one is being made."""
        wish = wanted or TranscriptWish()
        return asked_view(await rehearing.again(access, call_id, wish.recording, wish.engine or ""))

    return router


def _add_reading(
    router: APIRouter, door: Door, lookup: CallLookup, ledger: TranscriptionLedger, auditing: Audited
) -> None:
    @router.get(
        _PATH,
        operation_id="get_transcript",
        response_model=TranscriptView | SinchTranscriptView | KrosTranscriptView | list[TurnView] | DocumentView,
        responses=RESPONSES,
    )
    async def transcript(
        request: Request,
        access: Annotated[Access, door.needs(KeyRole.LISTEN)],
        call_id: CallName,
        format: Annotated[Form, Query(description="sinch, kros and dialgen: as those services have it")] = Form.JSON,
        recording: WhichRecording = None,
        version: _Version = None,
    ) -> Response:
        """What was said, and by whom."""
        call = await lookup.call(access, call_id)
        file = chosen(call, recording or "")
        found = transcript_of(call, file, is_named=recording is not None)
        missing = unread(found, call, file)
        if missing is not None or found is None:
            assert missing is not None
            return absence_answer(request, missing)
        found = await _of_version(ledger, found, version)
        await auditing.done(
            access,
            "transcript.read",
            subject=found.recording_id,
            organisation=found.organisation,
            call_id=call.call.id,
            format=format.value,
        )
        words = await ledger.words(found.recording_id, found.version) if format in BY_WORDS else ()
        own = next((one for one in call.recordings if one.recording.id == found.recording_id), None)
        return answer(Reading(transcript=found, words=words, call=call, recording=own), format)


async def _of_version(ledger: TranscriptionLedger, current: Transcript, version: int | None) -> Transcript:
    if version in (None, current.version):
        return current
    versions = await ledger.versions(current.recording_id)
    found = next((one for one in versions if one.version == version), None)
    if found is None:
        known = ", ".join(str(one.version) for one in versions)
        raise NotFound(f"the transcript of {current.recording_id} has no version {version}: it has {known}")
    return found
