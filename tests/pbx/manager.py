"""The manager interface as the rig speaks it: for what tests do to the PBX, and to see what it tells.

Nothing of callreel's own: what is under test does not prove itself.
"""

import asyncio
import itertools
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from connector.errors import PbxRefused
from tests.pbx.configuration import Login

LIMIT_SECONDS: Final = 5.0
Packet = dict[str, str]


class Manager:
    """`async with Manager(asterisk.ports.ami, asterisk.admin) as manager:`"""

    def __init__(self, port: int, login: Login) -> None:
        self.events: list[Packet] = []
        self._port = port
        self._login = login
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Packet]] = {}
        self._news = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def act(self, action: str, fields: Mapping[str, str], limit_seconds: float = LIMIT_SECONDS) -> Packet:
        """Raises PbxRefused with Asterisk's own words."""
        number = str(next(self._numbers))
        answer: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(limit_seconds):
            packet = await answer
        if packet["Response"] == "Error":
            raise PbxRefused(packet.get("Message", ""))
        return packet

    async def told(self, event: str, limit_seconds: float = LIMIT_SECONDS, **fields: str) -> Packet:
        """The first event of that name and with those fields, since we came or still to come."""
        wanted = {"Event": event, **fields}
        async with asyncio.timeout(limit_seconds), self._news:
            while True:
                for packet in self.events:
                    if wanted.items() <= packet.items():
                        return packet
                await self._news.wait()

    def all(self, event: str) -> list[Packet]:
        return [packet for packet in self.events if packet.get("Event") == event]

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._reader.readline()
        self._reading = asyncio.create_task(self._read())
        await self.act("Login", {"Username": self._login.user, "Secret": self._login.secret})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._reading is not None
        self._reading.cancel()
        self._writer.close()
        await self._writer.wait_closed()

    async def _read(self) -> None:
        packet: Packet = {}
        while line := (await self._reader.readline()).decode(errors="replace"):
            key, colon, value = line.rstrip("\r\n").partition(": ")
            if colon:
                packet[key] = value
            elif packet:
                await self._take(packet)
                packet = {}

    async def _take(self, packet: Packet) -> None:
        answer = self._answers.pop(packet.get("ActionID", ""), None) if "Response" in packet else None
        if answer is not None and not answer.done():
            answer.set_result(packet)
            return
        self.events.append(packet)
        async with self._news:
            self._news.notify_all()
