"""Who comes in: the key of a request, and the role that a route needs. Knows headers; the doorkeeper knows keys."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from connector.domain.access import Access, KeyRole
from connector.errors import BadRequest, KeyRefused, SessionOver
from connector.services.sessions import Session
from connector.web.session_cookie import SessionCookies

_BEARER: Final = HTTPBearer(auto_error=False, scheme_name="bearer", description="Authorization: Bearer KEY")
_HEADER: Final = APIKeyHeader(name="x-api-key", auto_error=False, scheme_name="x-api-key", description="x-api-key: KEY")


class Doorkeeper(Protocol):
    async def admitted(self, shown: str, address: str) -> Access:
        """Who shows that key. Raises KeyRefused, TooManyRequests, CatalogueUnavailable."""
        ...

    def check(self, access: Access, role: KeyRole) -> None:
        """Raises NotPermitted, naming the role that is missing."""
        ...


class Door:
    def __init__(self, keeper: Doorkeeper, cookies: SessionCookies | None = None) -> None:
        """`cookies`: where a session of the web page stands for its key; elsewhere a cookie is nothing."""
        self._keeper = keeper
        self._cookies = cookies

    def needs(self, role: KeyRole) -> Any:
        """For a route's parameter: `access: Annotated[Access, door.needs(KeyRole.READ)]`."""
        return Depends(self._entry(role))

    async def admitted(self, request: Request, shown: str, role: KeyRole) -> Access:
        """For doors with keys of another shape."""
        access = await self._keeper.admitted(shown, address_of(request))
        self._keeper.check(access, role)
        return access

    def _entry(self, role: KeyRole) -> Callable[..., Awaitable[Access]]:
        async def access(
            request: Request,
            bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
            header: Annotated[str | None, Security(_HEADER)],
        ) -> Access:
            # What stands between us and the client may look at another one of them than we do.
            if any(len(request.headers.getlist(name)) > 1 for name in ("authorization", "x-api-key")):
                raise BadRequest("Authorization or x-api-key stands there twice: show one key")
            shown = {key for key in (bearer.credentials.strip() if bearer else "", (header or "").strip()) if key}
            if len(shown) > 1:
                raise BadRequest("Authorization and x-api-key hold different keys: show one")
            if shown:
                return await self.admitted(request, shown.pop(), role)
            session = self._cookies.of(request) if self._cookies else None
            if session is None:
                raise KeyRefused("a key is wanted: Authorization: Bearer KEY, or x-api-key: KEY")
            return await self._in_session(request, session, role)

        return access

    async def _in_session(self, request: Request, session: Session, role: KeyRole) -> Access:
        try:
            access = await self.admitted(request, session.key.reveal(), role)
        except KeyRefused as error:
            raise SessionOver(str(error)) from error
        return replace(access, ends_at=session.ends_at)


def address_of(request: Request) -> str:
    """The client's, behind trusted proxies, too: the server puts that right before."""
    return request.client.host if request.client else ""
