"""Sinch's door to calls: what is known of one, and instructions about its recording. Speaks Sinch's names."""

import json
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call, CallKind, CallState
from connector.domain.inquiry import CallMoment, inquiry, written
from connector.domain.instructions import instructions
from connector.errors import NotFound
from connector.web.compat.bodies import json_of
from connector.web.compat.reception import Reception, talk_seconds
from connector.web.compat.sinch_entry import Arrival, SinchEntry
from connector.web.compat.sinch_orders import BODY, DONE, SinchOrders
from connector.web.problems import PROBLEMS


class CalledParty(BaseModel):
    type: str = Field(description="number or sip")
    endpoint: str


class SinchCall(BaseModel):
    """What Sinch tells of a call. Rates and debits are null: nothing is charged here."""

    from_: str = Field(serialization_alias="from")
    to: CalledParty
    domain: str = Field(description="pstn or sip")
    callId: str  # noqa: N815
    duration: int = Field(description="seconds that were talked; 0 while it lasts")
    status: str = Field(description="ONGOING or FINAL")
    result: str
    reason: str
    timestamp: str
    custom: str = ""
    userRate: None = None  # noqa: N815
    debit: None = None


def sinch_calls_router(entry: SinchEntry, reception: Reception, orders: SinchOrders) -> APIRouter:
    router = APIRouter(prefix="/calling/v1", tags=["Sinch"], responses=PROBLEMS)

    @router.get("/calls/id/{call_id}", operation_id="sinch_get_call")
    async def get_call(call_id: str, arrival: Annotated[Arrival, entry.needs(KeyRole.READ)]) -> SinchCall:
        """What is known of a call."""
        return _sinch_call(await _call(reception, arrival.access, call_id))

    @router.patch(
        "/calls/id/{call_id}",
        operation_id="sinch_manage_call",
        status_code=204,
        response_class=Response,
        responses=DONE,
        openapi_extra=BODY,
    )
    async def manage_call(
        call_id: str, request: Request, arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]
    ) -> Response:
        """StartRecording, StopRecording, PauseRecording, ResumeRecording; what rules the call itself is ignored."""
        said = instructions(await json_of(request))
        return await orders.carry_out(arrival, await _call(reception, arrival.access, call_id), said)

    return router


async def _call(reception: Reception, access: Access, call_id: str) -> Call:
    call = (await reception.call(access, call_id)).call
    if call.kind is CallKind.CONFERENCE:
        raise NotFound(f"{call_id} is a conference: ask /calling/v1/conferences/id/{call_id}")
    return call


def _sinch_call(call: Call) -> SinchCall:
    # The words are those of the callbacks, so that both tell the same.
    came = json.loads(inquiry(call, CallMoment.INCOMING, call.started_at))
    went = json.loads(inquiry(call, CallMoment.ENDED, call.started_at))
    is_over = call.state is CallState.ENDED
    return SinchCall(
        from_=call.from_number,
        to=CalledParty(**came["to"]),
        domain=came["domain"],
        callId=call.id,
        duration=talk_seconds(call),
        status="FINAL" if is_over else "ONGOING",
        result=went["result"] if is_over else "N/A",
        reason=went["reason"] if is_over else "N/A",
        timestamp=written(call.started_at),
    )
