"""Dialgen's door: get-metric, and the calls of a batch. Speaks Dialgen's names; knows nothing of recordings itself."""

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from connector.domain.access import Access, KeyRole
from connector.domain.recording import ArtefactKind
from connector.errors import ConnectorError, NotFound
from connector.ports.call_search import CallFile
from connector.services.lookup import LinkedFile
from connector.services.organisation_names import OrganisationNames
from connector.web.compat.reception import Reception, Turn, talk_seconds
from connector.web.door import Door
from connector.web.problems import PROBLEMS

#: A contact's calls carry it as a tag, so that it is not taken for another tag.
_CONTACT = "contact:"
_FORMAT = "mp3"


class CallData(BaseModel):
    id: str
    recordingUrl: str | None = Field(description="null: there is none, or the key may not listen")  # noqa: N815
    duration: int = Field(description="seconds that were talked")


class Metric(BaseModel):
    success: bool = True
    callData: CallData  # noqa: N815
    transcription: list[Turn] | None


class Batch(BaseModel):
    success: bool = True
    calls: list[CallData]


class _Route(APIRoute):
    """What goes wrong is said as everywhere, and with Dialgen's `success`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except (ConnectorError, RequestValidationError, HTTPException) as error:
                return await _with_success(request, error)

        return handled


def dialgen_router(door: Door, reception: Reception, names: OrganisationNames) -> APIRouter:
    router = APIRouter(route_class=_Route, tags=["Dialgen"], responses=PROBLEMS)

    @router.get("/api/v1/call/get-metric", operation_id="dialgen_get_metric")
    async def metric(
        access: Annotated[Access, door.needs(KeyRole.READ)],
        call_id: Annotated[str, Query(alias="callId", description="the call's id")],
        user_id: Annotated[str, Query(alias="userId", description="its organisation")] = "",
        agent_id: Annotated[str, Query(alias="agentId", description="its agent")] = "",
        contact_id: Annotated[str, Query(alias="contactId", description="its tag contact:…")] = "",
        batch_id: Annotated[str, Query(alias="batchId", description="one of its tags")] = "",
    ) -> Metric:
        """A call by its id; whatever else is said must fit it."""
        file = await reception.call(access, call_id)
        fits = (
            (not user_id or names.is_organisation(file.call.organisation, user_id))
            and (not agent_id or agent_id in {file.call.agent_id, file.call.agent_name})
            and (not contact_id or _CONTACT + contact_id in file.tags)
            and (not batch_id or batch_id in file.tags)
        )
        if not fits:
            raise NotFound(f"there is no call {call_id} of that user, agent, contact and batch")
        linked = await reception.sound(access, file, ArtefactKind.STEREO, _FORMAT)
        return Metric(callData=_call_data(file, linked), transcription=await reception.turns(access, file))

    @router.get("/api/v1/call/get-batch-calls", operation_id="dialgen_get_batch_calls")
    async def batch(
        access: Annotated[Access, door.needs(KeyRole.READ)],
        batch_id: Annotated[str, Query(alias="batchId", description="a tag of the calls")],
        limit: Annotated[int, Query(ge=1, le=200)] = 200,
    ) -> Batch:
        """The newest calls of a batch. The path is ours: Dialgen documents none."""
        found = await reception.tagged(access, batch_id, ArtefactKind.STEREO, _FORMAT, limit=limit)
        return Batch(calls=[_call_data(file, linked) for file, linked in found])

    return router


def _call_data(file: CallFile, linked: LinkedFile | None) -> CallData:
    url = linked.link.url if linked is not None else None
    return CallData(id=file.call.id, recordingUrl=url, duration=talk_seconds(file.call))


async def _with_success(request: Request, error: Exception) -> Response:
    kinds = (one for one in type(error).__mro__ if one in request.app.exception_handlers)
    answer: Response = await request.app.exception_handlers[next(kinds)](request, error)
    said = json.loads(bytes(answer.body)) | {"success": False}
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(json.dumps(said), answer.status_code, headers)
