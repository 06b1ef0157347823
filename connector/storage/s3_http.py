"""The library's HTTP session, except that it goes nowhere else than it was sent, for a recording is not for whoever
answers 307; waits only so long for leave to send a body; and says the guard's refusals in the words of a destination.
Loads aiobotocore; s3_clients alone imports it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession  # type: ignore[import-untyped]  # the library has no types
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from botocore.exceptions import HTTPClientError  # type: ignore[import-untyped]  # the library has no types

from connector.errors import AddressForbidden, DestinationRefused

#: Servers and proxies that do not know `Expect: 100-continue` never say 100, and aiohttp would wait for it until the
#: request's own limit is over. Others tell in this time that they want no body at all.
LEAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Straight:
    session: ClientSession

    async def request(self, method: str, **arguments: Any) -> ClientResponse:
        return await self.session.request(method, **arguments, allow_redirects=False, middlewares=(_impatient,))


class StraightSession(AIOHTTPSession):  # type: ignore[misc]  # the library has no types
    async def _get_session(self, proxy_url: str | None) -> _Straight:
        return _Straight(await super()._get_session(proxy_url))

    async def send(self, request: Any) -> Any:
        try:
            return await super().send(request)
        except HTTPClientError as error:
            if isinstance(forbidden := error.kwargs.get("error"), AddressForbidden):
                # As it is the library would try it again.
                raise DestinationRefused(str(forbidden)) from forbidden
            raise


async def _impatient(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """As RFC 9110 wants it: who waits for leave does not wait for ever."""
    timer = asyncio.get_running_loop().call_later(LEAVE_SECONDS, _give_leave, request)
    try:
        return await handler(request)
    finally:
        timer.cancel()


def _give_leave(request: ClientRequest) -> None:
    # There is no public name for it; None for a request that does not wait.
    leave: asyncio.Future[bool] | None = getattr(request, "_continue", None)
    if leave is not None and not leave.done():
        leave.set_result(True)
