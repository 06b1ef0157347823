"""Asterisk's REST interface (ARI): requests, its events, stored files. Mends what aioari leaves undone.

Knows no call and no recording. Heavy to load (aiohttp): imported only where an `ari` is configured.
"""

import asyncio
import json
import logging
import random
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

import aiohttp

from connector.errors import ConnectorError, PbxRefused
from connector.network.backoff import delay_seconds
from connector.pbx.asterisk.ari_http import LOGIN_REFUSED, REQUEST_SECONDS, AriHttp, AriRefused
from connector.ports.clock import Clock
from connector.settings import Endpoint

with warnings.catch_warnings():
    # Of aioari's own text, where nobody made bytecode of it at the installation.
    warnings.simplefilter("ignore")
    import aioari

APPLICATION = "callreel"
_PIECE_BYTES = 256 * 1024
#: The first wait and the longest one, after an outage and after a refusal that only a person can mend.
_OUTAGE_SECONDS = (0.5, 30.0)
_REFUSED_SECONDS = (15.0, 120.0)

_log = logging.getLogger(__name__)

AriEvent: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A recording as Asterisk gives it."""

    #: How the file's name ends: wav, wav16.
    format: str
    #: What the file had when the answer began.
    size_bytes: int
    pieces: AsyncIterator[bytes]


class _Client(aioari.Client):  # type: ignore[misc]  # aioari has no types
    """The library's client, which reads on after a frame that it does not understand."""

    async def listen(self, came_up: Callable[[], None], heard: Callable[[AriEvent], None]) -> None:
        """Until the connection is gone."""
        async with await self.swagger.events.eventWebsocket(app=APPLICATION) as websocket:
            came_up()
            async for message in websocket:
                event = _event_of(message)
                if event is not None:
                    heard(event)


class _Replaced(Exception):
    """Another connection has taken our application's name: there can be one only."""


class Ari:
    """One Asterisk's ARI. Requests work without `run`; `run` is for those who want events, one process per PBX."""

    def __init__(
        self, name: str, endpoint: Endpoint, *, ca: str = "", clock: Clock, draw: Callable[[], float] = random.random
    ) -> None:
        self._place = f"ARI of PBX {name!r} at {endpoint.host}:{endpoint.port}"
        self._name = name
        self._endpoint = endpoint
        self._ca = ca
        self._clock = clock
        self._draw = draw
        self._http: AriHttp | None = None
        self._client: _Client | None = None
        self._describing = asyncio.Lock()
        self._listeners: list[Callable[[AriEvent], None]] = []
        self._is_up = asyncio.Event()
        #: Why no events are heard, and what to do; "" while they are.
        self.trouble = f"{self._place}: not connected yet"

    async def run(self) -> None:
        """Stay connected for events, for ever; wait longer after each failure, and long when the login is refused."""
        failures = 0
        while True:
            self.trouble, (first, limit) = await self._listened()
            failures = 1 if self._is_up.is_set() else failures + 1
            self._is_up.clear()
            (_log.warning if failures == 1 else _log.debug)("ARI down", extra={"pbx": self._name, "hint": self.trouble})
            wait = delay_seconds(failures, first=first, factor=2.0, limit=limit, jitter=self._draw())
            await self._clock.sleep_until(self._clock.now() + wait)

    async def up(self) -> None:
        """Wait until events are heard."""
        await self._is_up.wait()

    @contextmanager
    def listening(self, heard: Callable[[AriEvent], None]) -> Iterator[None]:
        """Every event of our application goes to `heard` meanwhile; it must not wait."""
        self._listeners.append(heard)
        try:
            yield
        finally:
            self._listeners.remove(heard)

    async def request(self, resource: str, operation: str, **fields: str) -> Any:
        """One operation by the names of ARI's own description (`channels`, `snoopChannelWithId`); returns its answer.
        Raises PbxRefused (AriRefused where Asterisk said no) and PbxUnreachable; never sent twice."""
        http = self._opened()
        with http.translated():
            client = await self._described(http)
            api = client.swagger.get_resource(resource)
            known = api.get_operation(operation) if api is not None else None
            if known is None:
                raise PbxRefused(f"{self._place} offers no {resource}.{operation}: load res_ari_{resource}.so")
            async with await known(**fields) as response:
                text = await response.text()
            return json.loads(text) if text else None

    @asynccontextmanager
    async def stored(self, recording: str) -> AsyncIterator[StoredFile]:
        """A stored recording's file, read as it comes; errors as with `request`, also while reading."""
        # A long file may take its time, a silence in between may not.
        patience = aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_SECONDS, sock_read=REQUEST_SECONDS)
        url = f"/ari/recordings/stored/{quote(recording, safe='')}/file"
        http = self._opened()
        with http.translated():
            response = await http.request("GET", url, timeout=patience)
        try:
            kind = response.content_type.rpartition("/")[2]
            yield StoredFile(kind, response.content_length or 0, _pieces(http, response))
        finally:
            # Closing the connection is the only way not to read the rest.
            response.close()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            await self._http.close()

    def _opened(self) -> AriHttp:
        if self._http is None:
            self._http = AriHttp(self._place, self._endpoint, self._ca)
        return self._http

    async def _described(self, http: AriHttp) -> _Client:
        """aioari learns from Asterisk what there is to call."""
        async with self._describing:
            if self._client is None:
                client = _Client(f"{http.origin}/", http)
                try:
                    await client.init()
                except (LookupError, TypeError, AttributeError) as error:
                    raise ValueError("what it tells of itself is no description of ARI") from error
                self._client = client
            return self._client

    async def _listened(self) -> tuple[str, tuple[float, float]]:
        """Until the connection is gone: why it went, and how long to wait."""
        # After each loss it may be another version that answers.
        self._client = None
        try:
            http = self._opened()
            with http.translated():
                client = await self._described(http)
                await client.listen(self._came_up, self._hear)
        except _Replaced:
            return f"{self._place}: another program took the application {APPLICATION!r}: stop that", _REFUSED_SECONDS
        except AriRefused as error:
            return str(error), _REFUSED_SECONDS if error.status in LOGIN_REFUSED else _OUTAGE_SECONDS
        except ConnectorError as error:
            return str(error), _OUTAGE_SECONDS
        return f"{self._place}: Asterisk closed the connection; we connect again", _OUTAGE_SECONDS

    def _came_up(self) -> None:
        self.trouble = ""
        self._is_up.set()

    def _hear(self, event: AriEvent) -> None:
        if event["type"] == "ApplicationReplaced":
            raise _Replaced
        for heard in list(self._listeners):
            heard(event)


async def _pieces(http: AriHttp, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    with http.translated():
        async for piece in response.content.iter_chunked(_PIECE_BYTES):
            yield piece


def _event_of(message: aiohttp.WSMessage) -> AriEvent | None:
    event = None
    if message.type is aiohttp.WSMsgType.TEXT:
        with suppress(ValueError):
            event = json.loads(message.data)
    if isinstance(event, dict) and isinstance(event.get("type"), str):
        return event
    _log.error("ARI event dropped", extra={"hint": f"{str(message.data)[:200]!r} is none"})
    return None
