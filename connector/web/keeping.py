"""How long recordings are kept, over HTTP: extended, deleted, held, released. Speaks HTTP in, services out."""

import base64
import binascii
import re
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from connector.domain.access import Access, KeyRole
from connector.domain.ids import Moment
from connector.domain.keeping import UNLIMITED
from connector.domain.moments import iso
from connector.errors import BadRequest
from connector.ports.erasure_ledger import ErasureState
from connector.services.erasure_views import CallErasure
from connector.services.keeping import Held, RecordingKeeper
from connector.web.door import Door
from connector.web.problems import problems
from connector.web.whole_numbers import WHOLE

MOMENT: Final[dict[str, Any]] = {"format": "date-time"}
#: No control characters.
PRINTED: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
_ID: Final = re.compile(PRINTED)
CallId = Annotated[str, Path(max_length=200, pattern=PRINTED, description="the call's id")]
Cursor = Annotated[str | None, Query(max_length=400)]
_STATES: Final[dict[ErasureState, Literal["erased", "under_way", "cannot_be"]]] = {
    ErasureState.ERASED: "erased",
    ErasureState.UNDER_WAY: "under_way",
    ErasureState.CANNOT: "cannot_be",
}
ErasedWord = Literal["erased", "under_way", "cannot_be"]


class Extension(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Annotated[StrictInt, Field(ge=1, le=3650), WHOLE] | Literal["unlimited"] = Field(description="from today on")


class KeptRecording(BaseModel):
    id: str
    expires_at: str | None = Field(json_schema_extra=MOMENT, description="null: without end")


class KeptCall(BaseModel):
    call_id: str
    recordings: list[KeptRecording]


class ErasedThingView(BaseModel):
    recording_id: str
    kind: str = Field(description="an artefact's kind; transcript; source: the files of the PBX and our own")
    destination: str = Field(description="empty where there is none")
    state: ErasedWord
    reason: str


class ErasedCallView(BaseModel):
    call_id: str
    state: ErasedWord = Field(description="the worst of its things")
    reason: str
    things: list[ErasedThingView]


class HoldWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[StrictStr, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""


class HoldView(BaseModel):
    recording_id: str
    call_id: str
    reason: str
    by: str
    at: str = Field(json_schema_extra=MOMENT)
    release_by: str | None = Field(description="who has asked for its release; another key must ask, too")
    release_at: str | None = Field(json_schema_extra=MOMENT)


class HoldPage(BaseModel):
    holds: list[HoldView]
    next_cursor: str | None


class CallHolds(BaseModel):
    call_id: str
    holds: list[HoldView]


class Released(BaseModel):
    call_id: str
    released: bool
    holds: list[HoldView] = Field(description="those that wait for a second key")


def keeping_router(door: Door, keeper: RecordingKeeper) -> APIRouter:
    router = APIRouter(tags=["retention"])
    _add_ends(router, door, keeper)
    _add_holds(router, door, keeper)
    return router


def _add_ends(router: APIRouter, door: Door, keeper: RecordingKeeper) -> None:
    @router.post("/v1/calls/{call_id}/recording/extend", operation_id="extend_recording", responses=problems(409, 410))
    async def extend(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)], call_id: CallId, wanted: Extension
    ) -> KeptCall:
        """Keep it longer: so many days from today. It never shortens; the organisation's plan is the limit."""
        days = UNLIMITED if wanted.days == "unlimited" else wanted.days
        kept = await keeper.extend(access, call_id, days)
        views = [KeptRecording(id=one.recording_id, expires_at=moment(one.expires_at)) for one in kept]
        return KeptCall(call_id=call_id, recordings=views)

    @router.delete(
        "/v1/calls/{call_id}/recording",
        operation_id="delete_recording",
        status_code=HTTPStatus.ACCEPTED,
        responses=problems(409, 423),
    )
    async def delete(access: Annotated[Access, door.needs(KeyRole.ADMIN)], call_id: CallId) -> ErasedCallView:
        """From every destination, with the transcript, for ever. The answer says how far it is; asking again, too."""
        return erased_call_view(await keeper.delete(access, call_id))


def _add_holds(router: APIRouter, door: Door, keeper: RecordingKeeper) -> None:
    path = "/v1/calls/{call_id}/recording/hold"

    @router.put(path, operation_id="hold_recording", responses=problems(409, 410))
    async def hold(
        access: Annotated[Access, door.needs(KeyRole.ADMIN)], call_id: CallId, wanted: HoldWish | None = None
    ) -> CallHolds:
        """Legal hold: neither a user nor a job deletes it. Asking again calls a release off that was asked for."""
        held = await keeper.hold(access, call_id, (wanted or HoldWish()).reason)
        return CallHolds(call_id=call_id, holds=[_view(one) for one in held])

    @router.delete(
        path,
        operation_id="release_recording",
        responses={**problems(), 202: {"model": Released, "description": "a second key has to ask, too"}},
    )
    async def release(
        response: Response, access: Annotated[Access, door.needs(KeyRole.ADMIN)], call_id: CallId
    ) -> Released:
        """Two different keys must ask: the first is answered 202, the second 200."""
        answer = await keeper.release(access, call_id)
        if answer.waiting:
            response.status_code = HTTPStatus.ACCEPTED
        return Released(call_id=call_id, released=not answer.waiting, holds=[_view(one) for one in answer.waiting])

    @router.get("/v1/holds", operation_id="list_holds", responses=problems())
    async def holds(
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Cursor = None,
    ) -> HoldPage:
        """All that is on legal hold, by the recordings' ids."""
        found = await keeper.holds(access, limit=limit + 1, after=after_of("hold", cursor))
        last = found[limit - 1].recording_id if len(found) > limit else ""
        following = next_page(response, "/v1/holds", "hold", last, limit)
        return HoldPage(holds=[_view(one) for one in found[:limit]], next_cursor=following)


def erased_call_view(found: CallErasure) -> ErasedCallView:
    things = [
        ErasedThingView(
            recording_id=thing.recording_id,
            kind=thing.kind,
            destination=thing.destination,
            state=_STATES[thing.state],
            reason=thing.reason,
        )
        for thing in found.things
    ]
    return ErasedCallView(call_id=found.call_id, state=_STATES[found.state], reason=found.reason, things=things)


def erased_word(state: ErasureState) -> ErasedWord:
    return _STATES[state]


def moment(at: Moment | None) -> str | None:
    return None if at is None else iso(at)


def next_page(response: Response, path: str, kind: str, last: str, limit: int) -> str | None:
    """The cursor behind that one, in the header, too; none when there is no further page."""
    if not last:
        return None
    cursor = base64.urlsafe_b64encode(f"{kind} {last}".encode()).decode()
    response.headers["link"] = f'<{path}?{urlencode({"limit": limit, "cursor": cursor})}>; rel="next"'
    return cursor


def after_of(kind: str, cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        said, _, last = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, ValueError):
        said, last = "", ""
    if said != kind or not _ID.fullmatch(last):
        raise BadRequest("this cursor is none of ours: take next_cursor of the page before", pointer="cursor")
    return last


def _view(held: Held) -> HoldView:
    hold = held.hold
    return HoldView(
        recording_id=held.recording_id,
        call_id=held.call_id,
        reason=hold.reason,
        by=hold.by,
        at=iso(hold.at),
        release_by=hold.release_by or None,
        release_at=moment(hold.release_at),
    )
