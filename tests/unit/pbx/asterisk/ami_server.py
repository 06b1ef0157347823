"""An AMI server of a script, for the byte: what it says, when it is silent, how it goes. Knows no Asterisk."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from connector.domain.secret import Secret
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.settings import Endpoint

USER, PASSWORD = "callreel", "correct horse"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"

Answer = Callable[[AmiMessage], bytes]


def packet(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


def success(*lines: str) -> Answer:
    return lambda action: packet("Response: Success", f"ActionID: {action.get('ActionID')}", *lines)


def error(message: str) -> Answer:
    return lambda action: packet("Response: Error", f"ActionID: {action.get('ActionID')}", f"Message: {message}")


def listing(*items: str) -> Answer:
    """The items of a list, each as lines; as Asterisk does, with the ActionID at the end of an item."""

    def answer(action: AmiMessage) -> bytes:
        end = f"ActionID: {action.get('ActionID')}"
        head = packet("Response: Success", end, "EventList: start", "Message: will follow")
        rows = b"".join(packet(item, end) for item in items)
        return head + rows + packet("Event: ListComplete", end, "EventList: Complete", f"ListItems: {len(items)}")

    return answer


class Peer:
    """One connection, as the server has it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._news = asyncio.Event()
        self.actions: list[AmiMessage] = []
        self.is_gone = False

    def took(self, action: AmiMessage) -> None:
        self.actions.append(action)
        self._news.set()

    def left(self) -> None:
        self.is_gone = True
        self._news.set()

    def named(self, action: str) -> list[AmiMessage]:
        return [message for message in self.actions if message.get("Action") == action]

    async def asked(self, action: str, times: int = 1) -> AmiMessage:
        """The last of so many actions of that name, as soon as they are there."""
        await self._until(lambda: len(self.named(action)) >= times)
        return self.named(action)[times - 1]

    async def gone(self) -> None:
        await self._until(lambda: self.is_gone)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def tell(self, *lines: str) -> None:
        self.write(packet(*lines))

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _until(self, claim: Callable[[], bool]) -> None:
        while not claim():
            self._news.clear()
            await self._news.wait()


class AmiServer:
    def __init__(self, answers: Mapping[str, Answer] | None = None, *, greeting: bytes = GREETING) -> None:
        self.greeting = greeting
        self.answers: dict[str, Answer] = {
            "Login": success("Message: Authentication accepted"),
            "Filter": success(),
            "Ping": success("Ping: Pong"),
            **(answers or {}),
        }
        self.peers: list[Peer] = []
        self._news = asyncio.Event()
        self._port = 0
        self._is_tls = False

    @property
    def endpoint(self) -> Endpoint:
        host = "localhost" if self._is_tls else "127.0.0.1"
        return Endpoint(user=USER, password=Secret(PASSWORD), host=host, port=self._port, tls=self._is_tls)

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["AmiServer"]:
        # Only asked for one port: on localhost there may be two addresses.
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
        """The n-th connection, as soon as it is there."""
        while len(self.peers) < number:
            self._news.clear()
            await self._news.wait()
        return self.peers[number - 1]

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(writer)
        self.peers.append(peer)
        self._news.set()
        peer.write(self.greeting)
        try:
            while True:
                action = AmiMessage.parsed(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.get(action.get("Action"))
                if answer is not None:
                    peer.write(answer(action))
                peer.took(action)
        except (asyncio.IncompleteReadError, OSError):
            peer.left()
        finally:
            writer.close()
