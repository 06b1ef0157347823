"""An event socket of a script, for the byte: what it says, when it is silent, how it goes. Knows no FreeSWITCH."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from connector.domain.secret import Secret
from connector.settings import Endpoint

PASSWORD = "correct horse"
GREETING = b"Content-Type: auth/request\n\n"
CORE = "b2893743-040d-4a0a-8341-39b6f6a05802"
GOODBYE = (
    b"Content-Type: text/disconnect-notice\nContent-Length: 67\n\n"
    b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
)
REJECTION = b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n" + GOODBYE

#: From a command, all its lines, to what is said to it.
Answer = Callable[[str], bytes]


def reply(text: str, *lines: str) -> bytes:
    return "\n".join(("Content-Type: command/reply", f"Reply-Text: {text}", *lines, "", "")).encode()


def response(text: str) -> bytes:
    return b"Content-Type: api/response\nContent-Length: %d\n\n%s" % (len(text.encode()), text.encode())


def frame(body: bytes) -> bytes:
    """An event of those bytes."""
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(body), body)


def event(name: str, **headers: str) -> bytes:
    """`_` stands for `-`, except at the beginning."""
    named = {key[0] + key[1:].replace("_", "-"): value for key, value in headers.items()}
    return frame(json.dumps({"Event-Name": name, **named}, separators=(",", ":")).encode())


def says(text: str) -> Answer:
    return lambda _command: response(text)


def background(result: str) -> Answer:
    """As FreeSWITCH does: the reply, and then the end of the job."""

    def answer(command: str) -> bytes:
        return accepted(command) + event("BACKGROUND_JOB", Job_UUID=job_of(command), _body=result)

    return answer


def accepted(command: str) -> bytes:
    """A job that never ends."""
    return reply(f"+OK Job-UUID: {job_of(command)}", f"Job-UUID: {job_of(command)}")


def job_of(command: str) -> str:
    return command.partition("\nJob-UUID: ")[2]


class Peer:
    """One connection, as the server has it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._news = asyncio.Event()
        self.commands: list[str] = []
        self.is_gone = False

    def took(self, command: str) -> None:
        self.commands.append(command)
        self._news.set()

    def left(self) -> None:
        self.is_gone = True
        self._news.set()

    def named(self, beginning: str) -> list[str]:
        return [command for command in self.commands if command.startswith(beginning)]

    async def asked(self, beginning: str, times: int = 1) -> str:
        """The last of so many commands that begin so, as soon as they are there."""
        await self._until(lambda: len(self.named(beginning)) >= times)
        return self.named(beginning)[times - 1]

    async def gone(self) -> None:
        await self._until(lambda: self.is_gone)

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def end(self) -> None:
        """Everything written is still sent."""
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()

    async def _until(self, claim: Callable[[], bool]) -> None:
        while not claim():
            self._news.clear()
            await self._news.wait()


class EslServer:
    """`answers`: by the beginning of a command; the longest that fits counts, and without one it stays silent.
    Closes behind an answer that is a goodbye."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, greeting: bytes = GREETING) -> None:
        self.greeting = greeting
        self.answers: dict[str, Answer] = {
            "auth": lambda command: reply("+OK accepted") if command == f"auth {PASSWORD}" else _refusal(),
            "event json": lambda _: reply("+OK event listener enabled json"),
            "api global_getvar core_uuid": says(CORE),
            **(answers or {}),
        }
        self.peers: list[Peer] = []
        self._news = asyncio.Event()
        self._port = 0
        self._is_tls = False

    @property
    def endpoint(self) -> Endpoint:
        host = "localhost" if self._is_tls else "127.0.0.1"
        return Endpoint(user="", password=Secret(PASSWORD), host=host, port=self._port, tls=self._is_tls)

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["EslServer"]:
        server = await asyncio.start_server(self._served, "127.0.0.1", self._port, ssl=tls)
        self._port, self._is_tls = server.sockets[0].getsockname()[1], tls is not None
        try:
            yield self
        finally:
            server.close()
            for peer in self.peers:
                peer.abort()
            await server.wait_closed()

    async def peer(self, number: int = 1) -> Peer:
        """The n-th connection, as soon as it is there. Of each pair the first one is for commands."""
        while len(self.peers) < number:
            self._news.clear()
            await self._news.wait()
        return self.peers[number - 1]

    @property
    def commands(self) -> Peer:
        """The connection for commands that was made last."""
        return self.peers[-2]

    @property
    def events(self) -> Peer:
        """The connection for events that was made last."""
        return self.peers[-1]

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(writer)
        self.peers.append(peer)
        self._news.set()
        peer.write(self.greeting)
        try:
            while not writer.is_closing():
                command = (await reader.readuntil(b"\n\n")).decode().strip()
                said = self._answer(command)
                peer.write(said)
                peer.took(command)
                if said.endswith(GOODBYE):
                    peer.end()
        except (asyncio.IncompleteReadError, OSError):
            peer.left()
        finally:
            peer.left()
            writer.close()

    def _answer(self, command: str) -> bytes:
        known = [beginning for beginning in self.answers if command.startswith(beginning)]
        return self.answers[max(known, key=len)](command) if known else b""


def _refusal() -> bytes:
    return reply("-ERR invalid") + GOODBYE
