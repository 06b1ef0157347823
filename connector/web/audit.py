"""The audit log over HTTP: for administrators, of their own organisation. Speaks HTTP in, services out."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.audit import AuditLine
from connector.domain.moments import iso
from connector.services.auditing import Auditing
from connector.web.cursors import LONGEST_CURSOR, decoded, encoded, foreign
from connector.web.door import Door
from connector.web.problems import PROBLEMS

_LIST: Final = "audit"
_TEXT: Final = Query(max_length=200)


class AuditView(BaseModel):
    number: int = Field(description="1 for the first line; none is left out")
    at: str = Field(description="when, in UTC", json_schema_extra={"format": "date-time"})
    action: str = Field(description="what was done, as recording.listened")
    by: str = Field(description="who: a key's id, a job, the command line")
    organisation: str | None = Field(description="whose; null: the house's own")
    subject: str = Field(description="the id of what it was done to")
    address: str = Field(description="from where, as far as known")
    details: dict[str, Any]
    digest: str = Field(description="of this line and the one before it, SHA-256")


class AuditPage(BaseModel):
    lines: list[AuditView] = Field(description="the newest first")
    next_cursor: str | None


def audit_router(door: Door, auditing: Auditing) -> APIRouter:
    router = APIRouter(tags=["audit"], responses=PROBLEMS)

    @router.get("/v1/audit", operation_id="list_audit")
    async def audit(
        request: Request,
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        subject: Annotated[str, _TEXT] = "",
        action: Annotated[str, _TEXT] = "",
        by: Annotated[str, _TEXT] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
    ) -> AuditPage:
        """Who did what: filters by the id of a call, recording or key, by an action or its beginning (`recording.`),
        by who did it."""
        before = None if cursor is None else _before(cursor)
        found = await auditing.page(access, limit=limit + 1, before=before, subject=subject, action=action, by=by)
        page, next_cursor = found[:limit], _cursor(found, limit)
        if next_cursor is not None:
            query = urlencode({**request.query_params, "cursor": next_cursor})
            response.headers["link"] = f'</v1/audit?{query}>; rel="next"'
        return AuditPage(lines=[audit_view(line) for line in page], next_cursor=next_cursor)

    return router


def audit_view(line: AuditLine) -> AuditView:
    deed = line.deed
    return AuditView(
        number=line.number,
        at=iso(line.at),
        action=deed.action,
        by=deed.by,
        organisation=deed.organisation,
        subject=deed.subject,
        address=deed.address,
        details=dict(deed.details),
        digest=line.digest,
    )


def _cursor(found: Sequence[AuditLine], limit: int) -> str | None:
    """None when there is nothing behind this page."""
    if len(found) <= limit:
        return None
    return encoded(_LIST, found[limit - 1].number)


def _before(cursor: str) -> int:
    name, number = decoded(cursor, str, int)
    if name != _LIST:
        raise foreign()
    return int(number)
