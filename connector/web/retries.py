"""A recording that stopped on its way is tried again, over HTTP. Parses, authorises, delegates."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.states import RecordingState
from connector.services.reviving import AskedRevival
from connector.web.door import Door
from connector.web.problems import problems
from connector.web.sound_forms import RecordingName


class RetriedRecording(BaseModel):
    recording_id: str
    call_id: str
    state: RecordingState = Field(description="where it goes on from")


def retries_router(door: Door, revival: AskedRevival) -> APIRouter:
    router = APIRouter(tags=["recordings"])

    @router.post(
        "/v1/recordings/{recording_id}/retry",
        operation_id="retry_recording",
        status_code=HTTPStatus.ACCEPTED,
        responses=problems(409, 410),
    )
    async def retry(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)], recording_id: RecordingName
    ) -> RetriedRecording:
        """From the stage that failed, and every copy that was refused, given up or is still waiting; once what was
        wrong is mended. 409 when there is nothing to try again."""
        revived = await revival.again(access, recording_id)
        return RetriedRecording(recording_id=revived.recording_id, call_id=revived.call_id, state=revived.state)

    return router
