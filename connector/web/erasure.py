"""Erasing all of a call or of a number, over HTTP. Speaks HTTP in, services out."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.services.erasing import SHOWN, Erasing, ErasureView
from connector.web.door import Door
from connector.web.keeping import (
    MOMENT,
    PRINTED,
    Cursor,
    ErasedCallView,
    ErasedWord,
    after_of,
    erased_call_view,
    erased_word,
    next_page,
)
from connector.web.problems import problems

_Text = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=PRINTED)]


class ErasureOfCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    call_id: _Text


class ErasureOfNumber(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+$")] = Field(
        description="as the PBX shows it; another spelling is another number"
    )


class ErasureShown(BaseModel):
    id: str
    state: ErasedWord = Field(description="under_way as long as anything is; cannot_be: somebody has to act")
    call_id: str | None
    number: str | None = Field(description="null for a call's, and as soon as nothing is left to erase")
    by: str
    at: str = Field(json_schema_extra=MOMENT)
    erased: int = Field(description="how many calls")
    under_way: int
    cannot_be: int
    calls: list[ErasedCallView] = Field(description="by id")
    next_cursor: str | None


def erasure_router(door: Door, erasing: Erasing) -> APIRouter:
    router = APIRouter(prefix="/v1/erasures", tags=["retention"])

    @router.post("", operation_id="erase", status_code=HTTPStatus.ACCEPTED, responses=problems(410))
    async def erase(
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        wanted: ErasureOfCall | ErasureOfNumber,
    ) -> ErasureShown:
        """Every copy, transcript, note and work file, and then the number and the name themselves. What a legal hold
        keeps or a destination does not let go is named; a restored backup is erased again."""
        if isinstance(wanted, ErasureOfCall):
            found = await erasing.erase(access, call_id=wanted.call_id)
        else:
            found = await erasing.erase(access, number=wanted.number)
        response.headers["location"] = _path(found)
        return _shown(response, found, SHOWN)

    @router.get("/{erasure_id}", operation_id="get_erasure", responses=problems())
    async def erasure(
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        erasure_id: Annotated[str, Path(max_length=200, pattern=PRINTED)],
        limit: Annotated[int, Query(ge=1, le=200)] = SHOWN,
        cursor: Cursor = None,
    ) -> ErasureShown:
        """How far it is now."""
        found = await erasing.look(access, erasure_id, limit=limit, after=after_of("erased", cursor))
        return _shown(response, found, limit)

    return router


def _path(found: ErasureView) -> str:
    return f"/v1/erasures/{quote(found.erasure.id, safe='')}"


def _shown(response: Response, found: ErasureView, limit: int) -> ErasureShown:
    erasure = found.erasure
    return ErasureShown(
        id=erasure.id,
        state=erased_word(found.state),
        call_id=erasure.call_id or None,
        number=erasure.number or None,
        by=erasure.by,
        at=iso(erasure.at),
        erased=found.erased,
        under_way=found.under_way,
        cannot_be=found.cannot,
        calls=[erased_call_view(call) for call in found.calls],
        next_cursor=next_page(response, _path(found), "erased", found.after, limit),
    )
