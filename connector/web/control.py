"""Orders for live calls: start, stop, pause and resume, and what became of them."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call
from connector.domain.ids import derived_id
from connector.domain.instructions import Instruction
from connector.domain.states import CommandState
from connector.errors import Conflict, NotFound
from connector.services.ordering import Order, Ordering
from connector.web.door import Door
from connector.web.idempotency import Once, OnceRoute
from connector.web.option_bodies import OrderBody, StartBody
from connector.web.problems import PROBLEMS
from connector.web.sound_forms import CallLookup, CallName

_RETRY_SECONDS: Final = 2
_CommandName = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="as it was given, or answered")
]


class OrderView(BaseModel):
    command_id: str
    call_id: str
    action: str = Field(description="start, stop, pause or resume")
    state: str = Field(description="open: not answered yet; done; refused; expired: nobody took it in time")
    outcome: str = Field(description="what was done, or why it was not; empty while it is open")


#: Of a route that gives an order.
ORDERED: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    200: {"model": OrderView, "description": "It is done"},
    202: {
        "model": OrderView,
        "description": "It is on its way: GET /v1/commands/{command_id} tells what becomes of it",
    },
}


class Orders:
    """How an order is given and answered, whatever it is about."""

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering

    async def answer(self, request: Request, access: Access, call: Call, instruction: Instruction) -> Response:
        """200 when it is done, 202 while nobody has answered. Raises Conflict with the refusal in words."""
        order = await self._ordering.order(access, call, _named(request, access, instruction))
        if order.state in {CommandState.REFUSED, CommandState.EXPIRED}:
            raise Conflict(order.outcome)
        is_open = order.state is CommandState.OPEN
        headers = {"location": f"/v1/commands/{order.command_id}", "retry-after": str(_RETRY_SECONDS)}
        return JSONResponse(_view(order).model_dump(), 202 if is_open else 200, headers if is_open else None)


def control_router(door: Door, once: Once, lookup: CallLookup, ordering: Ordering) -> APIRouter:
    router = APIRouter(route_class=OnceRoute, tags=["control"], responses=PROBLEMS)
    orders = Orders(ordering)
    controller = once.needs(KeyRole.CONTROL)

    @router.post("/v1/calls/{call_id}/recording/start", operation_id="start_recording", responses=ORDERED)
    async def start(
        request: Request, access: Annotated[Access, controller], call_id: CallName, body: StartBody | None = None
    ) -> Response:
        """Records the call from now on, or as soon as it is answered."""
        instruction = (body or StartBody()).instruction()
        call = (await lookup.call(access, call_id)).call
        return await orders.answer(request, access, call, instruction)

    def add(action: str, path: str, name: str, summary: str) -> None:
        @router.post(path, operation_id=name, summary=summary, responses=ORDERED)
        async def order(
            request: Request, access: Annotated[Access, controller], call_id: CallName, body: OrderBody | None = None
        ) -> Response:
            instruction = Instruction(action=action, command_id=(body and body.command_id) or "")
            call = (await lookup.call(access, call_id)).call
            return await orders.answer(request, access, call, instruction)

    for action in ("stop", "pause", "resume"):
        words = f"{action.capitalize()} what is recorded"
        add(action, f"/v1/calls/{{call_id}}/recording/{action}", f"{action}_recording", words)
        add(action, f"/v1/calls/{{call_id}}/recording/current/{action}", f"{action}_current_recording", words)

    @router.get("/v1/commands/{command_id}", operation_id="get_command")
    async def command(access: Annotated[Access, door.needs(KeyRole.CONTROL)], command_id: _CommandName) -> OrderView:
        """What became of an order."""
        order = await ordering.ordered(access, command_id)
        try:
            # Another key of the organisation may see other calls only.
            await lookup.call(access, order.call_id)
        except NotFound:
            raise NotFound(f"there is no command {command_id!r}") from None
        return _view(order)

    return router


def _named(request: Request, access: Access, instruction: Instruction) -> Instruction:
    """An Idempotency-Key names it, too: then it acts once even if the answer could not be kept."""
    key = request.headers.get("idempotency-key")
    if instruction.command_id or not key:
        return instruction
    said = derived_id("idempotency key", access.key.id, request.url.path, key)
    return replace(instruction, command_id=said)


def _view(order: Order) -> OrderView:
    return OrderView(
        command_id=order.command_id,
        call_id=order.call_id,
        action=order.action,
        state=order.state.value,
        outcome=order.outcome,
    )
