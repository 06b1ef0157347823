"""Sinch's door to conferences: who is in one, and instructions about its recording. Whatever else Sinch's Conference
API rules is the dialplan's business, and is answered so."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call, CallKind, CallState, Leg
from connector.domain.ids import Moment
from connector.domain.instructions import instructions
from connector.errors import NotFound
from connector.ports.call_search import CallFilter
from connector.ports.clock import Clock
from connector.web.compat.bodies import json_of
from connector.web.compat.reception import Reception, is_name
from connector.web.compat.sinch_entry import Arrival, SinchEntry
from connector.web.compat.sinch_orders import BODY, DONE, MOST_LIVE, SinchOrders, calls_of, is_shared
from connector.web.problems import PROBLEMS


class Participant(BaseModel):
    cli: str
    id: str = Field(description="the participant's call; empty for one that the key does not see")
    duration: int
    muted: bool = Field(default=False, description="always false: the PBX does not tell us")
    onhold: bool


class Conference(BaseModel):
    participants: list[Participant]


def sinch_conferences_router(entry: SinchEntry, reception: Reception, orders: SinchOrders, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/calling/v1", tags=["Sinch"], responses=PROBLEMS)
    path = "/conferences/id/{conference_id}"
    acts: dict[str, Any] = {"status_code": 204, "response_class": Response, "responses": DONE}
    never: dict[str, Any] = {"status_code": 501, "response_class": Response, "responses": {501: DONE[501]}}

    @router.get(path, operation_id="sinch_get_conference")
    async def conference(conference_id: str, arrival: Annotated[Arrival, entry.needs(KeyRole.READ)]) -> Conference:
        """Who is in it now."""
        found = await _conference(reception, arrival.access, conference_id)
        wanted = CallFilter(kind=CallKind.CALL, state=CallState.LIVE, pbx=found.pbx)
        calls = calls_of(await reception.lookup.page(arrival.access, wanted, limit=MOST_LIVE, after=None))
        now = clock.now()
        present = [leg for leg in found.legs if leg.ended_at is None and found.state is CallState.LIVE]
        return Conference(participants=[_participant(leg, calls.get(leg.channel, ""), now) for leg in present])

    @router.patch(path, operation_id="sinch_manage_conference", openapi_extra=BODY, **acts)
    async def manage_conference(
        conference_id: str, request: Request, arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]
    ) -> Response:
        """Instructions about the recording of the conference."""
        said = instructions(_no_command(await json_of(request)))
        return await orders.carry_out(arrival, await _conference(reception, arrival.access, conference_id), said)

    @router.patch(path + "/{call_id}", operation_id="sinch_manage_participant", openapi_extra=BODY, **acts)
    async def manage_participant(
        conference_id: str, call_id: str, request: Request, arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]
    ) -> Response:
        """Instructions about the recording of one participant's call."""
        said = instructions(_no_command(await json_of(request)))
        found = await _conference(reception, arrival.access, conference_id)
        participant = (await reception.call(arrival.access, call_id)).call
        if not is_shared(found, participant):
            raise NotFound(f"call {call_id} is not in conference {conference_id}")
        return await orders.carry_out(arrival, participant, said)

    @router.delete(path, operation_id="sinch_kick_all", **never)
    async def kick_all(conference_id: str, arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]) -> Response:
        """Answered 501."""
        raise _not_ours("kicking participants")

    @router.delete(path + "/{call_id}", operation_id="sinch_kick_participant", **never)
    async def kick(
        conference_id: str, call_id: str, arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]
    ) -> Response:
        """Answered 501."""
        raise _not_ours("kicking a participant")

    return router


async def _conference(reception: Reception, access: Access, said: str) -> Call:
    """The one that is called so and lives, else the last one that did; or the one whose own id that is."""
    missing = NotFound(f"there is no conference {said!r}")
    if not is_name(said):
        raise missing
    for state in (CallState.LIVE, None):
        wanted = CallFilter(kind=CallKind.CONFERENCE, conference=said, state=state)
        found = await reception.lookup.page(access, wanted, limit=1, after=None)
        if found:
            return found[0].call
    call = (await reception.call(access, said)).call
    if call.kind is not CallKind.CONFERENCE:
        raise missing
    return call


def _no_command(body: object) -> object:
    """mute, unmute, onhold, resume: of those the PBX is the master."""
    if isinstance(body, dict) and "command" in body:
        raise _not_ours(f"command {str(body['command'])[:40]!r}")
    return body


def _not_ours(what: str) -> HTTPException:
    detail = f"{what} is the dialplan's business: callreel records conferences and does not rule them"
    return HTTPException(HTTPStatus.NOT_IMPLEMENTED, detail)


def _participant(leg: Leg, call_id: str, now: Moment) -> Participant:
    return Participant(
        cli=leg.number,
        id=call_id,
        duration=max(round(now - leg.created_at), 0),
        onhold=bool(leg.holds) and leg.holds[-1].end is None,
    )
