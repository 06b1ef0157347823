"""A server that does nothing but remember what reached it, byte by byte. Shares no code with the proxy before it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

REPLY: Final = b"heard " * 5000


@dataclass(slots=True, eq=False)
class Heard:
    """One request; `body` grows while it comes."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "HearingServer"

    def heed(self) -> None:
        heard = Heard(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.server.heard.append(heard)
        is_early = "early" in self.path
        if not is_early:
            self._hear(heard)
        self.send_response(200)
        self.send_header("Content-Length", str(len(REPLY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(REPLY)
        if is_early:
            self._hang_up()

    def _hang_up(self) -> None:
        # As real ones do: a connection that is closed with something unread takes the answer away with it.
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)
        while self.rfile.read1():
            pass

    def _hear(self, heard: Heard) -> None:
        if heard.headers.get("transfer-encoding") == "chunked":
            while size_bytes := int(self.rfile.readline(), 16):
                heard.body += self.rfile.read(size_bytes)
                self.rfile.readline()
            self.rfile.readline()
        else:
            length = int(heard.headers.get("content-length", "0"))
            while len(heard.body) < length:
                piece = self.rfile.read1(length - len(heard.body))
                if not piece:
                    return
                heard.body += piece
        heard.is_whole = True

    def log_message(self, *_: object) -> None:
        pass


for _method in ("PUT", "GET", "HEAD", "POST", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler.heed)


class HearingServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[Heard] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def last(self) -> Heard:
        return self.heard[-1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Resets are what the tests are about."""


@contextmanager
def hearing() -> Iterator[HearingServer]:
    with HearingServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
