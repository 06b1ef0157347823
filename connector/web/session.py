"""Signing in and out of the web page, and who is signed in. Speaks HTTP in, services out."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.domain.secret import Secret
from connector.services.ordering import Audited
from connector.services.sessions import Sessions
from connector.web.body_parts import At
from connector.web.door import Door
from connector.web.keys import KeyLimits, key_limits
from connector.web.problems import problems
from connector.web.session_cookie import SessionCookies, carried, forget_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a page has to know before it can show anything."""

    version: str
    organisations: Callable[[], Collection[str]]
    #: Whether the configuration lets anybody place calls.
    may_place_calls: Callable[[], bool]


class SignIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: StrictStr = Field(min_length=1, max_length=300, description="as it was given out: callreel_…")


class SessionBody(BaseModel):
    key_id: str
    name: str = Field(description="the key's: what it is for")
    organisation: str | None = Field(description="null: the whole house")
    organisations: list[str] = Field(description="those whose calls it sees")
    roles: list[KeyRole]
    limits: KeyLimits = Field(description="which calls it sees; empty lists limit nothing")
    expires_at: At | None = Field(description="the end of the session; null when a key was shown")
    version: str = Field(description="callreel's")
    may_place_calls: bool = Field(description="whether POST /v1/outbound-calls is for it")


def session_router(
    door: Door, cookies: SessionCookies, sessions: Sessions, auditing: Audited, around: Surroundings
) -> APIRouter:
    router = APIRouter(tags=["session"])

    @router.post("/v1/session", operation_id="sign_in", responses=problems())
    async def sign_in(request: Request, response: Response, wanted: SignIn) -> SessionBody:
        """For pages in a browser: whoever shows a key is given a cookie (HttpOnly, SameSite=Strict) that stands for it
        at this API for twelve hours, and at no other service's door. Requests with it that change something want the
        header `x-callreel-page: 1`, too. Where a request shows a key besides, the key counts."""
        cookies.check_origin(request)
        shown = wanted.key.strip()
        access = await door.admitted(request, shown, KeyRole.READ)
        session = sessions.begun(Secret(shown), access.key)
        until = iso(session.ends_at)
        await auditing.done(access, "session.begun", subject=access.key.id, until=until)
        cookies.give(request, response, session)
        return _body(access, until, around)

    @router.get("/v1/session", operation_id="get_session", responses=problems())
    async def get_session(access: Annotated[Access, door.needs(KeyRole.READ)]) -> SessionBody:
        """Who asks, and what he may."""
        return _body(access, None if access.ends_at is None else iso(access.ends_at), around)

    @router.delete("/v1/session", operation_id="sign_out", status_code=204, responses=problems())
    async def sign_out(request: Request) -> Response:
        """The browser forgets the session, if it has one. Revoke the key to end it wherever else it was carried to."""
        if carried(request):
            cookies.check_page(request)
        response = Response(status_code=204)
        forget_session(request, response)
        return response

    return router


def _body(access: Access, expires_at: str | None, around: Surroundings) -> SessionBody:
    key = access.key
    return SessionBody(
        key_id=key.id,
        name=key.name,
        organisation=key.organisation,
        organisations=sorted(around.organisations()) if key.organisation is None else [key.organisation],
        roles=list(key.roles),
        limits=key_limits(key.limits),
        expires_at=expires_at,
        version=around.version,
        may_place_calls=key.may(KeyRole.CONTROL) and around.may_place_calls(),
    )
