"""Calls that the API has the PBX place. Parses, authorises, delegates; what may be called, the configuration says."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from connector.domain.access import Access, KeyRole
from connector.domain.outbound import CallWish
from connector.domain.states import CommandState
from connector.services.placing import PlacedCall, Placing
from connector.web.door import Door
from connector.web.idempotency import Once, OnceRoute
from connector.web.problems import PROBLEMS

_STATUSES: Final[Mapping[CommandState, str]] = {
    CommandState.OPEN: "queued",
    CommandState.DONE: "answered",
    CommandState.REFUSED: "failed",
    CommandState.EXPIRED: "failed",
}
#: As the domain reads them, and answers.
_NUMBER: Final[dict[str, Any]] = {"pattern": r"^\+?[0-9]{1,32}$"}
_AGENT: Final[dict[str, Any]] = {"pattern": r"^[A-Za-z0-9_.@+-]*$"}
_Id = Annotated[str, Path(min_length=1, max_length=200)]


class OutboundCallRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_number: str = Field(
        description="what the called one sees; one of api.outbound.caller_ids", max_length=40, json_schema_extra=_NUMBER
    )
    to_number: str = Field(
        description="who is called: digits, with or without + before them", max_length=40, json_schema_extra=_NUMBER
    )
    endpoint_id: str | None = Field(
        None, description="the phone that rings first; not needed if only one is configured"
    )
    recording_enabled: StrictBool | None = Field(None, description="unsaid: the rules decide")
    recording_options: dict[str, Any] | None = Field(None, description="how it is recorded, if it is")
    client_state: str | None = Field(
        None, description="returned in every notification; letters, digits and _ . / : @ + = ~ | -", max_length=500
    )
    agent: Annotated[str, Field(max_length=64, json_schema_extra=_AGENT)] | None = Field(
        None, description="the agent's id, as the channel variable CALLREEL_AGENT"
    )
    command_id: str | None = Field(
        None, description="the same one places one call", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$"
    )


class OutboundCall(BaseModel):
    id: str
    command_id: str
    status: str = Field(description="queued: it waits or rings; answered: somebody took up the phone; failed")
    reason: str | None = Field(description="why it failed")
    call_id: str | None = Field(description="known once it is answered")


def outbound_router(door: Door, once: Once, placing: Placing) -> APIRouter:
    router = APIRouter(route_class=OnceRoute, tags=["calls"], responses=PROBLEMS)

    @router.post(
        "/v1/outbound-calls",
        operation_id="place_call",
        status_code=HTTPStatus.ACCEPTED,
    )
    async def place(
        wanted: OutboundCallRequest, access: Annotated[Access, once.needs(KeyRole.CONTROL)]
    ) -> OutboundCall:
        """Has a phone of the house ring and connects it with a number."""
        return _answer(await placing.place(access, _wish(wanted), wanted.command_id or ""))

    @router.get(
        "/v1/outbound-calls/{command_id}",
        operation_id="get_placed_call",
    )
    async def placed(command_id: _Id, access: Annotated[Access, door.needs(KeyRole.CONTROL)]) -> OutboundCall:
        """What became of it."""
        return _answer(await placing.placed(access, command_id))

    return router


def _wish(wanted: OutboundCallRequest) -> CallWish:
    return CallWish(
        from_number=wanted.from_number,
        to_number=wanted.to_number,
        endpoint_id=wanted.endpoint_id or "",
        recording_enabled=wanted.recording_enabled,
        recording_options=wanted.recording_options or {},
        client_state=wanted.client_state or "",
        agent=wanted.agent or "",
    )


def _answer(placed: PlacedCall) -> OutboundCall:
    return OutboundCall(
        id=placed.command_id,
        command_id=placed.command_id,
        status=_STATUSES[placed.state],
        reason=placed.reason or None,
        call_id=placed.call_id,
    )
