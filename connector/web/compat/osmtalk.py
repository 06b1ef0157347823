"""osmTalk's door to calls: the mono mix, the stereo file beside it, and what was said. Speaks osmTalk's names."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.domain.recording import ArtefactKind
from connector.services.fetching import LONGEST_LINK_SECONDS
from connector.web.compat.reception import Reception, Turn, talk_seconds
from connector.web.door import Door
from connector.web.problems import PROBLEMS

_FORMAT: Final = "wav"


class OsmtalkCall(BaseModel):
    id: str
    recordingUrl: str | None = Field(description="both voices in one channel; null: none, or the key may not listen")  # noqa: N815
    recordingMultiChannelUrl: str | None = Field(description="left: the caller, right: the agent")  # noqa: N815
    transcript: list[Turn] | None
    duration: int = Field(description="seconds that were talked")
    createdAt: str  # noqa: N815


def osmtalk_router(door: Door, reception: Reception) -> APIRouter:
    router = APIRouter(tags=["osmTalk"], responses=PROBLEMS)

    @router.get("/api/calls/{call_id}", operation_id="osmtalk_get_call")
    async def get_call(call_id: str, access: Annotated[Access, door.needs(KeyRole.READ)]) -> OsmtalkCall:
        """A call, with links that are good for seven days where the storage allows it."""
        file = await reception.call(access, call_id)
        mono = await reception.sound(access, file, ArtefactKind.MONO, _FORMAT, seconds=LONGEST_LINK_SECONDS)
        stereo = None
        if mono is not None:
            stereo = await reception.beside(
                access, file, mono, ArtefactKind.STEREO, _FORMAT, seconds=LONGEST_LINK_SECONDS
            )
        return OsmtalkCall(
            id=file.call.id,
            recordingUrl=mono.link.url if mono is not None else None,
            recordingMultiChannelUrl=stereo.link.url if stereo is not None else None,
            transcript=await reception.turns(access, file),
            duration=talk_seconds(file.call),
            createdAt=iso(file.call.started_at),
        )

    return router
