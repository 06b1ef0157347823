"""Notifications over HTTP: which there are, what became of each try, and sending one again. Administrators only."""

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.states import NotificationState
from connector.services.replaying import Replaying
from connector.web.cursors import LONGEST_CURSOR, decoded, encoded
from connector.web.door import Door
from connector.web.problems import PROBLEMS

_LIST: Final = "notifications"
_Name = Annotated[str, Query(max_length=200)]
_Id = Annotated[str, Path(max_length=100, description="As the list and the header webhook-id have it")]


class NotificationItem(BaseModel):
    id: str
    endpoint: Annotated[str, Field(description="Its name in the configuration")]
    organisation: str
    recording_id: str
    call_id: str
    type: Told
    destination: Annotated[str, Field(description="The destination that it speaks of, if it speaks of one")]
    state: NotificationState
    attempts: Annotated[int, Field(description="Since it was made, or replayed last")]
    created_at: str
    next_at: Annotated[str | None, Field(description="When it is tried next; null when nobody will")]
    reason: Annotated[str, Field(description="Why the last try failed, or why there will be none")]


class NotificationTry(BaseModel):
    at: str
    seconds: float
    status: Annotated[int | None, Field(description="What the endpoint answered; null when it answered nothing")]
    fallback: bool
    reason: Annotated[str, Field(description="Empty: it was taken")]


class NotificationDetail(NotificationItem):
    body: Annotated[str, Field(description="As it is sent, but for links, which are made at each try")]
    tries: Annotated[list[NotificationTry], Field(description="The last ones, oldest first")]


class NotificationPage(BaseModel):
    notifications: list[NotificationItem]
    next_cursor: str | None


def notifications_router(replaying: Replaying, door: Door) -> APIRouter:
    router = APIRouter(prefix="/v1/notifications", tags=["notifications"], responses=PROBLEMS)

    @router.get("", operation_id="list_notifications", response_model=NotificationPage)
    async def listed(
        request: Request,
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        endpoint: _Name = "",
        state: Annotated[list[NotificationState], Query(max_length=len(NotificationState))] = [],  # noqa: B006
        recording: _Name = "",
        call: _Name = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
    ) -> NotificationPage:
        """The newest first; all that is said must fit."""
        found = await replaying.page(
            access,
            states=state,
            endpoint=endpoint,
            recording_id=recording,
            call_id=call,
            limit=limit + 1,
            before="" if cursor is None else decoded(cursor, str, str)[1],
        )
        page = found[:limit]
        next_cursor = encoded(_LIST, page[-1].id) if len(found) > limit else None
        if next_cursor:
            response.headers["link"] = _next_link(request, next_cursor)
        return NotificationPage(notifications=[_item(one) for one in page], next_cursor=next_cursor)

    @router.get("/{id}", operation_id="get_notification", response_model=NotificationDetail)
    async def one(id: _Id, access: Annotated[Access, door.needs(KeyRole.ADMIN)]) -> NotificationDetail:
        """One of them, with its body and its tries."""
        return _detail(*await replaying.one(access, id))

    @router.post("/{id}/replay", operation_id="replay_notification", status_code=202, response_model=NotificationItem)
    async def replay(id: _Id, access: Annotated[Access, door.needs(KeyRole.ADMIN)]) -> NotificationItem:
        """It is sent again, with the same id, so that whoever has it already can tell. One that waits just waits on."""
        return _item(await replaying.replay(access, id))

    return router


def _item(one: Notification) -> NotificationItem:
    return NotificationItem(
        id=one.id,
        endpoint=one.endpoint,
        organisation=one.organisation,
        recording_id=one.recording_id,
        call_id=one.call_id,
        type=one.told,
        destination=one.destination,
        state=one.state,
        attempts=one.attempts,
        created_at=iso(one.created_at),
        next_at=iso(one.next_at) if one.state is NotificationState.WAITING else None,
        reason=one.reason,
    )


def _detail(one: Notification, attempts: Sequence[Attempt]) -> NotificationDetail:
    tries = [
        NotificationTry(
            at=iso(attempt.at),
            seconds=round(attempt.seconds, 3),
            status=attempt.status,
            fallback=attempt.is_fallback,
            reason=attempt.reason,
        )
        for attempt in attempts
    ]
    return NotificationDetail(**_item(one).model_dump(), body=one.body, tries=tries)


def _next_link(request: Request, cursor: str) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<{request.scope["path"]}?{urlencode([*asked, ("cursor", cursor)])}>; rel="next"'
