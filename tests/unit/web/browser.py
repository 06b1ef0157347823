"""A browser in a few lines: asks an ASGI application as a server would."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Browser:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        #: Gone after so many messages; None: stays to the end.
        self.leaves_after: int | None = None
        self.sent: list[dict[str, Any]] = []
        self._has_left = asyncio.Event()

    async def ask(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        self.sent = []
        self._has_left = asyncio.Event()
        self._leave_in_time()
        await self._app(_scope(url, method, headers or {}), self._receive(body), self._took)
        content = b"".join(message.get("body", b"") for message in self.sent)
        answered = {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}
        return Answer(self.sent[0]["status"], answered, content)

    def leave(self) -> None:
        """In the middle of an answer."""
        self._has_left.set()

    def _receive(self, body: bytes) -> Any:
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await self._has_left.wait()
            return {"type": "http.disconnect"}

        return receive

    async def _took(self, message: Any) -> None:
        self.sent.append(message)
        self._leave_in_time()
        await asyncio.sleep(0)

    def _leave_in_time(self) -> None:
        if self.leaves_after is not None and len(self.sent) >= self.leaves_after:
            self._has_left.set()


def _scope(url: str, method: str, headers: Mapping[str, str]) -> dict[str, Any]:
    # Two slashes in front are of the path, too.
    parts = urlsplit(f"http://host{url}" if url.startswith("/") else url)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode(errors="surrogateescape")) for name, value in headers.items()],
    }
