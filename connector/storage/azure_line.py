"""The line to one Azure account: signs each request as it leaves, sends it under a time limit, translates refusals.

Knows no order among requests, and nothing of what they are for.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.domain.ids import Moment
from connector.errors import AddressForbidden, DestinationRefused, DestinationUnreachable
from connector.network.guard import Guard, literal
from connector.storage.azure_answers import Act, answer_of, refusal
from connector.storage.azure_credentials import AzureKeys
from connector.storage.azure_errors import translated
from connector.storage.azure_place import AzurePlace
from connector.storage.azure_requests import Request
from connector.storage.azure_signing import Signed, signed
from connector.storage.sections import Section
from connector.storage.time_limits import TimeLimits

if TYPE_CHECKING:
    import aiohttp

_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    #: Found whatever their case.
    headers: Mapping[str, str]
    body: bytes


class AzureLine:
    """`wall` is the wall clock, not the house's: Azure compares it with its own, and NTP may set it any day.

    With a `guard` it goes only where that lets it, and by no proxy, which would look up names itself."""

    def __init__(
        self,
        place: AzurePlace,
        keys: AzureKeys,
        wall: Callable[[], Moment],
        limits: TimeLimits,
        guard: Guard | None = None,
    ) -> None:
        self._place = place
        self._keys = keys
        self._wall = wall
        self.limits = limits
        self._guard = guard.for_scheme(urlsplit(place.base).scheme) if guard is not None else None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._proxy: str | None = None

    async def answered(
        self, request: Request, act: Act, *, body: Section | bytes = b"", seconds: float | None = None
    ) -> Reply:
        """The whole answer. `seconds`: for those that take longer than their body's size explains."""
        what = f"{request.name!r} in {self._place.id}"
        limit_seconds = self.limits.for_bytes(request.size_bytes) if seconds is None else seconds
        if self._session is None:
            # Late, for many installations have no bucket; and in a thread, for it takes a while.
            await asyncio.to_thread(import_module, "aiohttp")
        with translated(act, what, limit_seconds):
            # The library has no limit for a peer that stops reading: this one ends everything.
            async with asyncio.timeout(limit_seconds):
                status, reply = await self._let_go(request, body)
        if 200 <= status < 300:
            if "x-ms-request-id" not in reply.headers:
                raise DestinationUnreachable(
                    f"cannot {act} {what} now: that is no answer of Azure's; who stands between?"
                )
            return reply
        raise refusal(answer_of(status, reply.headers, reply.body, self._wall()), act, what)

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _let_go(self, request: Request, body: Section | bytes) -> tuple[int, Reply]:
        """Where it may go; a refusal of the guard's is one that somebody has to mend."""
        try:
            if self._guard is not None:
                _check_literal(self._guard, self._place.base)
            return await self._exchanged(request, body)
        except AddressForbidden as error:
            raise DestinationRefused(str(error)) from error

    async def _exchanged(self, request: Request, body: Section | bytes) -> tuple[int, Reply]:
        from yarl import URL

        session = await self._opened()
        out: Signed = signed(request, self._place, self._keys, self._wall())
        async with session.request(
            request.method,
            # As it was signed, not as the library would write it.
            URL(out.url, encoded=True),
            headers=out.headers,
            data=(body or None) if isinstance(body, bytes) or len(body) else None,
            proxy=self._proxy,
            allow_redirects=False,
        ) as response:
            return response.status, Reply(response.headers, await response.read())

    async def _opened(self) -> "aiohttp.ClientSession":
        async with self._opening:
            if self._session is None:
                self._session = self._new_session(await asyncio.to_thread(self._trust))
            return self._session

    def _new_session(self, trust: ssl.SSLContext | bool) -> "aiohttp.ClientSession":
        import aiohttp

        from connector.network.guarded_names import guarded

        # No limit: a request that waits here for its turn would spend its time on it.
        if self._guard is None:
            self._proxy = self._place.proxy.reveal() if self._place.proxy else _proxy_of_environment(self._place.base)
            connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        else:
            connector = aiohttp.TCPConnector(limit=0, ssl=trust, **guarded(self._guard))
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers={"Content-Type"},
            headers={"User-Agent": "callreel"},
        )

    def _trust(self) -> ssl.SSLContext | bool:
        path = self._place.ca_file
        if path is None:
            return True
        try:
            return ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise DestinationRefused(
                f"cannot read an authority's certificate from {path} ({error.strerror or 'it holds none'}): mend `ca`"
            ) from error


def _check_literal(guard: Guard, base: str) -> None:
    """No name is looked up for an address, so nobody else would ask before the socket does."""
    host = urlsplit(base).hostname or ""
    if (address := literal(host)) is not None:
        guard.check(host, address)


def _proxy_of_environment(base: str) -> str | None:
    """Not the library's own way, which takes passwords for the endpoint from ~/.netrc as well."""
    from urllib.request import getproxies, proxy_bypass

    endpoint = urlsplit(base)
    if proxy_bypass(endpoint.hostname or ""):
        return None
    return getproxies().get(endpoint.scheme)
