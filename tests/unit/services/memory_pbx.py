"""The Pbx port in memory: a test says what happens, and when a command is done."""

import asyncio
from collections.abc import AsyncIterator

from connector.domain.events import CallEvent, Stamped
from connector.domain.ids import CallId
from connector.domain.pbx_commands import PbxCommand, PlaceCall
from tests.clocks import SimulatedClock


class MemoryPbx:
    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._events: asyncio.Queue[Stamped | None] = asyncio.Queue()
        #: Every command, when it was handed over.
        self.begun: list[PbxCommand] = []
        self.done: list[PbxCommand] = []
        self._stuck: dict[CallId, asyncio.Event] = {}
        #: Every call that was to be placed; each is answered when a test says so, or refused.
        self.placing: list[tuple[PlaceCall, asyncio.Future[None]]] = []

    @property
    def name(self) -> str:
        return "office"

    @property
    def version(self) -> str:
        return "1.10.12"

    def tell(self, *events: CallEvent, at: float | None = None) -> None:
        for event in events:
            self._events.put_nowait(Stamped(at=self._clock.now() if at is None else at, event=event))

    def stick(self, call: CallId) -> asyncio.Event:
        """Commands of that call are not done before the event that this returns."""
        return self._stuck.setdefault(call, asyncio.Event())

    async def events(self) -> AsyncIterator[Stamped]:
        while (stamped := await self._events.get()) is not None:
            yield stamped

    async def execute(self, command: PbxCommand) -> None:
        self.begun.append(command)
        if command.call in self._stuck:
            await self._stuck[command.call].wait()
        self.done.append(command)

    async def place(self, wanted: PlaceCall) -> None:
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.placing.append((wanted, answered))
        await answered

    def troubles(self) -> list[str]:
        return []

    async def close(self) -> None:
        self._events.put_nowait(None)
