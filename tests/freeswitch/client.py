"""A plain client of the event socket for the switch's own tests: asks one thing after the other, keeps every event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connector.pbx.freeswitch.esl_codec import Frame, Frames, event_of
from connector.pbx.freeswitch.esl_event import EslEvent
from tests.pbx.waiting import until


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.frames: list[Frame] = []
        self.events: list[EslEvent] = []
        self.is_over = asyncio.Event()
        self._reader = reader
        self._answers: asyncio.Queue[Frame] = asyncio.Queue()

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def send(self, text: str) -> None:
        self.writer.write(text.encode())

    async def ask(self, command: str) -> str:
        """The words of its answer."""
        self.send(f"{command}\n\n")
        frame = await asyncio.wait_for(self._answers.get(), 5)
        return frame.body.decode() if frame.content_type == "api/response" else frame.reply_text

    async def event(self, name: str, **headers: str) -> EslEvent:
        """The first one of that name with these headers (`_` for `-`), which may be there already."""
        wanted = {key.replace("_", "-"): value for key, value in headers.items()}

        def found() -> EslEvent | None:
            fitting = (one for one in self.events if one.name == name)
            return next((one for one in fitting if all(one.get(key) == value for key, value in wanted.items())), None)

        await until(lambda: found() is not None, lambda: f"{name} {wanted}; there were {self.names}", 5)
        event = found()
        assert event is not None
        return event

    async def read(self) -> None:
        frames = Frames()
        try:
            while data := await self._reader.read(1 << 16):
                for frame in frames.feed(data):
                    self._take(frame)
        except ConnectionError:
            pass
        finally:
            self.is_over.set()

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        event = event_of(frame)
        if event is not None:
            self.events.append(event)
        elif frame.content_type in {"command/reply", "api/response"}:
            self._answers.put_nowait(frame)


@asynccontextmanager
async def connected(port: int, password: str = "secret", events: str = "all") -> AsyncIterator[Client]:
    """Without a password it does not log in, without events it hears none."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(client.read())
        try:
            if password:
                assert await client.ask(f"auth {password}") == "+OK accepted"
            if events:
                assert (await client.ask(f"event json {events}")).startswith("+OK")
            yield client
        finally:
            reading.cancel()
            client.writer.close()
