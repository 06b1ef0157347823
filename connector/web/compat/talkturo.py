"""Talkturo's door: the recording switch of an assistant, and the download that is named by the call. The paths are
ours, since Talkturo documents none; an assistant is an agent here."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from connector.domain.access import Access, KeyRole
from connector.domain.recording import ArtefactKind
from connector.domain.setting_changes import AgentSetting, SettingsChange
from connector.errors import DestinationRefused, NotFound
from connector.ports.call_search import CallFile
from connector.services.absences import absence, chosen
from connector.services.file_links import FileLinks
from connector.services.house_settings import HouseSettings, SettingsView
from connector.services.lookup import LinkedFile
from connector.web.absences import absence_answer
from connector.web.compat.reception import Reception
from connector.web.door import Door
from connector.web.keeping import PRINTED
from connector.web.problems import PROBLEMS

_FORMAT: Final = "mp3"
#: Who is sent on goes on at once.
_LINK_SECONDS: Final = 300.0

_Id = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTED, description="the agent's id")]
_Whose = Annotated[str | None, Query(description="for keys of the whole house: whose")]


class AssistantChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    recording_enabled: StrictBool = Field(description="whether this agent's calls are recorded")


class Assistant(BaseModel):
    id: str
    recording_enabled: bool = Field(description="as it holds where neither a rule nor the call says otherwise")


def talkturo_router(door: Door, reception: Reception, settings: HouseSettings, links: FileLinks) -> APIRouter:
    router = APIRouter(tags=["Talkturo"], responses=PROBLEMS)

    @router.get("/v1/assistants/{assistant_id}", operation_id="talkturo_get_assistant")
    async def get_assistant(
        assistant_id: _Id, access: Annotated[Access, door.needs(KeyRole.READ)], organisation: _Whose = None
    ) -> Assistant:
        """Whether an agent's calls are recorded."""
        _check_seen(access, assistant_id)
        return _assistant(assistant_id, await settings.view(access, organisation))

    @router.patch("/v1/assistants/{assistant_id}", operation_id="talkturo_patch_assistant")
    async def patch_assistant(
        assistant_id: _Id,
        wanted: AssistantChange,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        organisation: _Whose = None,
    ) -> Assistant:
        """From the next call on."""
        _check_seen(access, assistant_id)
        name = AgentSetting(assistant_id, "recording_enabled").name
        change = SettingsChange(values={name: wanted.recording_enabled})
        return _assistant(assistant_id, await settings.change(access, organisation, change))

    @router.get(
        "/v1/calls/{call_id}/recording/download",
        operation_id="talkturo_download",
        status_code=307,
        response_class=RedirectResponse,
    )
    async def download(
        call_id: str, request: Request, access: Annotated[Access, door.needs(KeyRole.LISTEN)]
    ) -> Response:
        """To the stereo file, which is named by the call's id."""
        file = await reception.call(access, call_id)
        missing = absence(file, chosen(file, ""))
        if missing is not None:
            return absence_answer(request, missing)
        sound = await reception.sound(access, file, ArtefactKind.STEREO, _FORMAT)
        if sound is None:
            raise DestinationRefused(f"the storage of call {call_id} gives no links")
        return RedirectResponse(_download(links, file, sound))

    return router


def _check_seen(access: Access, assistant_id: str) -> None:
    agents = access.key.limits.agents
    if agents and assistant_id not in agents:
        raise NotFound(f"there is no assistant {assistant_id!r}")


def _assistant(assistant_id: str, view: SettingsView) -> Assistant:
    switch = view.effective.agents.get(assistant_id)
    own = switch.record if switch is not None else None
    return Assistant(id=assistant_id, recording_enabled=view.effective.recording_enabled if own is None else own)


def _download(links: FileLinks, file: CallFile, sound: LinkedFile) -> str:
    """On this very server, whatever name it is reached by: stores have names of their own for it."""
    ending = sound.delivery.object_name.rpartition(".")[2]
    link = urlsplit(links.link(sound.delivery, _LINK_SECONDS, f"{file.call.id}.{ending}").url)
    return f"{link.path}?{link.query}"
