"""What all speech servers of ours have in common: they run on this machine, remember what they were asked, and may be
told to behave badly. Subclasses know what is asked and answered."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.speech_servers.tones import Hearing
from tests.speech_servers.troubles import Trouble

#: As long as a server that takes 25 MB has it, and no more.
_MOST_BYTES = 26_000_000


@dataclass
class Asked:
    hearing: Hearing
    #: What stood beside the sound, by name; of several with one name each.
    fields: list[tuple[str, str]]
    size_bytes: int

    def field(self, name: str) -> str | None:
        return next((value for known, value in self.fields if known == name), None)


class Refusal(Exception):
    """What the server says when it is not asked as it has to be."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class SpeechServer:
    key: str = "sk-hush-hush/0123456789"
    model: str = "whisper-1"
    #: What it finds, or says that it was told.
    language: str = "en"
    trouble: Trouble | None = None
    #: An answer is made this long with what clients do not read.
    padded_to_bytes: int = 0
    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    #: All requests that came, and those that were as they have to be.
    requests: int = 0
    asked: list[Asked] = field(default_factory=list)

    path = "/"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    async def answered(self, request: web.Request) -> dict[str, Any]:
        """Raises Refusal for what the real one would refuse, too."""
        raise NotImplementedError

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        """In its own words."""
        raise NotImplementedError

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.trouble is not None:
            return await self.trouble(request)
        try:
            answer = await self.answered(request)
        except Refusal as refusal:
            return web.json_response(self.refused(refusal), status=refusal.status)
        return web.json_response(self._padded(answer))

    def check_key(self, request: web.Request, scheme: str) -> None:
        said = request.headers.get("Authorization", "")
        if said != f"{scheme} {self.key}":
            # They do tell that much of it.
            raise Refusal(401, f"Incorrect API key provided: {said[:-5]}*****")

    def _padded(self, answer: dict[str, Any]) -> dict[str, Any]:
        numbers = list(range(50000, 50000 + self.padded_to_bytes // 7))
        return (
            {"segments_of_another_kind": [{"tokens": numbers, "inner": {"deep": [[]]}}], **answer}
            if numbers
            else answer
        )

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Self]:
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_route("*", "/{anything:.*}", self.serve)
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, self.host, 0, ssl_context=tls)
        await site.start()
        self.scheme = "https" if tls else "http"
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()
