"""Somebody's endpoint: a server of its own that keeps what it is sent, and answers as the test says."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.faults.waiting import until


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    raw: bytes
    #: What the test wanted to know at that very moment.
    seen: object = None

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))


@dataclass
class Manners:
    """How it answers from now on."""

    status: int = 200
    answer: Callable[[dict[str, Any]], object] = lambda _: None
    #: While cleared, nothing is answered.
    gate: threading.Event = field(default_factory=threading.Event)
    look: Callable[[dict[str, Any]], object] = lambda _: None


class Receiver:
    def __init__(self) -> None:
        self.manners = Manners()
        self.manners.gate.set()
        self.received: list[Received] = []
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def __enter__(self) -> "Receiver":
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.manners.gate.set()
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    @property
    def endpoint(self) -> dict[str, Any]:
        """As the configuration has it."""
        return {"url": self.url, "allow_private": ["127.0.0.0/8"]}

    def open(self) -> None:
        """Again at the port that it had before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def until(self, count: int) -> list[Received]:
        until(lambda: len(self.received) >= count, lambda: f"{count} letters: {self.types}")
        return self.received

    @property
    def types(self) -> list[str]:
        return [one.body.get("type") or one.body.get("event") or "?" for one in self.received]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        raw = request.rfile.read(int(request.headers["content-length"]))
        body = json.loads(raw)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.path, headers, raw, self.manners.look(body)))
        self.manners.gate.wait()
        said = self.manners.answer(body)
        content = b"" if said is None else json.dumps(said).encode()
        try:
            request.send_response(self.manners.status)
            request.send_header("content-length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)
        except OSError:
            # Whoever asked has died meanwhile.
            pass
