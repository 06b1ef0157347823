"""Conferences: those that live and those that were, and orders for them. A conference is a call of its own kind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call, CallKind, CallState, Leg
from connector.domain.ids import CallId, Moment
from connector.domain.instructions import Instruction
from connector.domain.moments import iso
from connector.errors import BadRequest, Conflict, NotFound
from connector.ports.call_search import CallFile, CallFilter, CallPlace
from connector.services.ordering import Ordering
from connector.web.control import ORDERED, Orders
from connector.web.cursors import LONGEST_CURSOR, decoded, encoded
from connector.web.door import Door
from connector.web.idempotency import Once, OnceRoute
from connector.web.option_bodies import OrderBody, StartBody
from connector.web.problems import PROBLEMS

_LIST: Final = "conferences"
_TEXT: Final = r"^[^\x00-\x1f\x7f]+$"
_Conference = Annotated[
    str, Path(min_length=1, max_length=200, pattern=_TEXT, description="its id, or its name while it lives")
]
_Name = Annotated[str | None, Query(min_length=1, max_length=200, pattern=_TEXT, description="its name or number")]
_Cursor = Annotated[
    str | None, Query(min_length=1, max_length=LONGEST_CURSOR, description="next_cursor of the page before")
]


class Participant(BaseModel):
    number: str
    name: str
    joined_at: str
    left_at: str | None


class ConferenceView(BaseModel):
    id: str
    name: str = Field(description="what people call it; its number")
    state: str = Field(description="live or ended")
    organisation: str
    pbx: str
    started_at: str
    ended_at: str | None
    recording_id: str | None = Field(description="of the newest one")
    recording_state: str | None
    participants: list[Participant] = Field(description="each stay is one; as they came")


class ConferencePage(BaseModel):
    conferences: list[ConferenceView]
    next_cursor: str | None


class ConferenceLookup(Protocol):
    """Looking calls up, as far as it is needed here."""

    async def call(self, access: Access, call_id: str) -> CallFile: ...

    async def page(
        self, access: Access, wanted: CallFilter, *, limit: int, after: CallPlace | None
    ) -> Sequence[CallFile]: ...


def conferences_router(door: Door, once: Once, lookup: ConferenceLookup, ordering: Ordering) -> APIRouter:
    router = APIRouter(route_class=OnceRoute, tags=["conferences"], responses=PROBLEMS)
    listing, orders = _Listing(lookup), Orders(ordering)
    reader, controller = door.needs(KeyRole.READ), once.needs(KeyRole.CONTROL)

    @router.get("/v1/conferences", operation_id="list_conferences")
    async def conferences(
        request: Request,
        response: Response,
        access: Annotated[Access, reader],
        state: CallState | None = None,
        name: _Name = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: _Cursor = None,
    ) -> ConferencePage:
        """Those that live first, then those that were; each the newest first."""
        wanted = CallFilter(kind=CallKind.CONFERENCE, state=state, conference=name)
        found, following = await listing.page(access, wanted, limit, cursor)
        if following is not None:
            query = dict(request.query_params) | {"cursor": following}
            response.headers["link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
        return ConferencePage(conferences=[_view(one) for one in found], next_cursor=following)

    @router.get("/v1/conferences/{conference}", operation_id="get_conference")
    async def conference(access: Annotated[Access, reader], conference: _Conference) -> ConferenceView:
        return _view(await listing.found(access, conference))

    @router.post("/v1/conferences/{conference}/recording/start", operation_id="start_conference", responses=ORDERED)
    async def start(
        request: Request, access: Annotated[Access, controller], conference: _Conference, body: StartBody | None = None
    ) -> Response:
        """Records the conference from now on."""
        instruction = (body or StartBody()).instruction()
        return await orders.answer(request, access, (await listing.found(access, conference)).call, instruction)

    def add(action: str) -> None:
        path = f"/v1/conferences/{{conference}}/recording/{action}"
        words = f"{action.capitalize()} what is recorded of it"

        @router.post(path, operation_id=f"{action}_conference", summary=words, responses=ORDERED)
        async def order(
            request: Request,
            access: Annotated[Access, controller],
            conference: _Conference,
            body: OrderBody | None = None,
        ) -> Response:
            instruction = Instruction(action=action, command_id=(body and body.command_id) or "")
            return await orders.answer(request, access, (await listing.found(access, conference)).call, instruction)

    for action in ("stop", "pause", "resume"):
        add(action)
    return router


class _Listing:
    def __init__(self, lookup: ConferenceLookup) -> None:
        self._lookup = lookup

    async def page(
        self, access: Access, wanted: CallFilter, limit: int, cursor: str | None
    ) -> tuple[list[CallFile], str | None]:
        """And the cursor of the next one."""
        states = [wanted.state] if wanted.state is not None else [CallState.LIVE, CallState.ENDED]
        after: CallPlace | None = None
        if cursor is not None:
            state, after = _read(cursor)
            states = states[states.index(state) :] if state in states else []
        found: list[CallFile] = []
        for state in states:
            asked = replace(wanted, state=state)
            # One more than is shown tells whether there is a next page.
            found += await self._lookup.page(access, asked, limit=limit + 1 - len(found), after=after)
            after = None
            if len(found) > limit:
                return found[:limit], _written(found[limit - 1].call)
        return found, None

    async def found(self, access: Access, conference: str) -> CallFile:
        """By its id, or by the name of one that lives. Raises NotFound; Conflict where several have that name."""
        try:
            call = await self._lookup.call(access, conference)
        except NotFound:
            return await self._living(access, conference)
        if call.call.kind is not CallKind.CONFERENCE:
            raise NotFound(f"{conference!r} is no conference")
        return call

    async def _living(self, access: Access, name: str) -> CallFile:
        wanted = CallFilter(kind=CallKind.CONFERENCE, state=CallState.LIVE, conference=name)
        living = await self._lookup.page(access, wanted, limit=2, after=None)
        if not living:
            raise NotFound(f"there is no conference {name!r}, and none of that name lives")
        if len(living) > 1:
            raise Conflict(f"several conferences called {name!r} live: say which one by its id")
        return living[0]


def _written(call: Call) -> str:
    return encoded(_LIST, call.state.value, call.started_at, call.id)


def _read(cursor: str) -> tuple[CallState, CallPlace]:
    name, state, started_at, call_id = decoded(cursor, str, str, float, str)
    if name != _LIST or state not in set(CallState):
        raise BadRequest("this cursor is another list's: take next_cursor of the page before", pointer="cursor")
    return CallState(state), CallPlace(started_at=Moment(started_at), call_id=CallId(call_id))


def _view(file: CallFile) -> ConferenceView:
    call = file.call
    newest = max((one.recording for one in file.recordings), key=lambda one: one.requested_at, default=None)
    return ConferenceView(
        id=call.id,
        name=call.conference,
        state=call.state.value,
        organisation=call.organisation,
        pbx=call.pbx,
        started_at=iso(call.started_at),
        ended_at=None if call.ended_at is None else iso(call.ended_at),
        recording_id=None if newest is None else newest.id,
        recording_state=None if newest is None else newest.state.value,
        participants=[_participant(leg) for leg in sorted(call.legs, key=lambda leg: leg.created_at)],
    )


def _participant(leg: Leg) -> Participant:
    left_at = None if leg.ended_at is None else iso(leg.ended_at)
    return Participant(number=leg.number, name=leg.name, joined_at=iso(leg.created_at), left_at=left_at)
