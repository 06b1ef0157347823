"""The scripted PBX as the rest of the house sees it: bytes to facts, commands to bytes.

Decides nothing; must work without numpy, as it runs in the capture role.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from connector.domain.events import (
    CallEvent,
    CommandTimedOut,
    PbxLost,
    RecorderClosed,
    RecorderFlushed,
    RecorderFound,
    RecorderStalled,
    Stamped,
)
from connector.domain.ids import Moment, SegmentId, found_segment_id
from connector.domain.pbx_commands import RING_SECONDS, PbxCommand, PlaceCall, PlaySound
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.fact_stream import QUEUE_LENGTH, FactStream
from connector.pbx.scripted.wire import (
    Confirmed,
    Lines,
    Placed,
    Resynchronise,
    Welcome,
    answer_frame,
    command_frame,
    from_player,
)
from connector.pbx.stamps import SteadyStamps
from connector.ports.clock import Clock

RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
ANSWER_TIMEOUT_SECONDS = 2.0
_CHUNK_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


class ScriptedPbx:
    """Implements ports.pbx.Pbx. A queue that is full makes it read no more: the PBX has to wait."""

    def __init__(
        self,
        name: str,
        socket: Path,
        *,
        clock: Clock,
        answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        queue_length: int = QUEUE_LENGTH,
    ) -> None:
        self._name = name
        self._socket = socket
        self._clock = clock
        self._answer_timeout_seconds = answer_timeout_seconds
        self._facts = FactStream(name, length=queue_length)
        self._writer: asyncio.StreamWriter | None = None
        #: Commands without an answer yet, the oldest first: when they are given up, and for which segment.
        self._unanswered: dict[int, tuple[Moment, SegmentId | None]] = {}
        self._asked = asyncio.Event()
        self._stamps = SteadyStamps()
        self._stamp: Callable[[Moment, Moment], Moment] = self._stamps.steady
        self._numbers = 0
        self._placed: dict[int, asyncio.Future[str]] = {}
        #: The dialplan's recorders have their path for a name there, and the Director's name here.
        self._found: dict[SegmentId, SegmentId] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        """A player has no release of its own."""
        return ""

    def events(self) -> AsyncIterator[Stamped]:
        return self._facts.of(self._run)

    async def execute(self, command: PbxCommand) -> None:
        self._numbers += 1
        segment = None if isinstance(command, PlaySound) else command.segment
        self._unanswered[self._numbers] = (self._clock.now() + self._answer_timeout_seconds, segment)
        self._asked.set()
        # Without a connection nothing is written, now or later: the command times out.
        if self._writer is not None:
            named = next((there for there, here in self._found.items() if here == segment), None)
            there = command if named is None or isinstance(command, PlaySound) else replace(command, segment=named)
            self._writer.write(command_frame(self._numbers, there))

    async def place(self, wanted: PlaceCall) -> None:
        if self._writer is None:
            raise PbxUnreachable(f"PBX {self._name} is not connected: no call was placed")
        self._numbers += 1
        number = self._numbers
        placed = self._placed[number] = asyncio.get_running_loop().create_future()
        self._writer.write(command_frame(number, wanted))
        alarm = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + RING_SECONDS))
        try:
            await asyncio.wait((placed, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            del self._placed[number]
        if placed.cancelled() or not placed.done():
            raise PbxUnreachable(f"PBX {self._name} did not say what became of the call")
        if reason := placed.result():
            raise PbxRefused(f"PBX {self._name}: {reason}")

    def troubles(self) -> list[str]:
        return [] if self._writer is not None else [f"PBX {self._name} does not answer at {self._socket}"]

    async def close(self) -> None:
        await self._facts.close()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stay_connected())
            tasks.create_task(self._give_up_unanswered())

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
            except OSError as error:
                _log.debug("PBX %s does not answer at %s: %s", self._name, self._socket, error)
                was_heard = False
            else:
                was_heard = await self._listen(reader, writer)
            failures = 0 if was_heard else failures + 1
            pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
            await self._clock.sleep_until(self._clock.now() + pause)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Until the connection is gone; whether the PBX said anything."""
        writer.write(answer_frame(Resynchronise()))
        was_heard, reason = False, "the PBX closed the connection"
        try:
            lines = Lines()
            while data := await reader.read(_CHUNK_BYTES):
                received_at = self._clock.now()
                for line in lines.feed(data):
                    self._writer, was_heard = writer, True
                    await self._heard(line, received_at)
        except (OSError, PbxUnreachable) as error:
            reason = str(error) or type(error).__name__
        finally:
            self._writer = None
            for placed in self._placed.values():
                placed.cancel()
            writer.close()
        if was_heard:
            await self._tell(self._clock.now(), PbxLost(reason=reason))
        return was_heard

    async def _heard(self, line: bytes, received_at: Moment) -> None:
        match from_player(line):
            case Confirmed(id=number):
                self._unanswered.pop(number, None)
            case Placed(id=number, reason=reason):
                if (placed := self._placed.get(number)) is not None and not placed.done():
                    placed.set_result(reason)
            case Welcome(pace=pace):
                # Time that runs faster than ours cannot be compared with it: the script's own stamps are taken.
                self._stamp = self._stamps.steady if pace == 1.0 else _as_it_is
            case Stamped(at=at, event=event):
                if isinstance(event, RecorderFound):
                    self._found[SegmentId(event.path)] = found_segment_id(self._name, event.path)
                    # Stamped with its beginning, long ago: no news of the other clock.
                    await self._tell(at, event)
                else:
                    await self._tell(self._stamp(at, received_at), self._named(event))

    def _named(self, event: CallEvent) -> CallEvent:
        if not isinstance(event, RecorderFlushed | RecorderStalled | RecorderClosed):
            return event
        named = replace(event, segment=self._found.get(event.segment, event.segment))
        if isinstance(event, RecorderClosed):
            self._found.pop(event.segment, None)
        return named

    async def _tell(self, at: Moment, event: CallEvent) -> None:
        await self._facts.put(at, event)

    async def _give_up_unanswered(self) -> None:
        while True:
            self._asked.clear()
            while self._unanswered:
                number = next(iter(self._unanswered))
                deadline, segment = self._unanswered[number]
                await self._clock.sleep_until(deadline)
                if self._unanswered.pop(number, None) is not None and segment is not None:
                    await self._tell(self._clock.now(), CommandTimedOut(segment=segment))
            await self._asked.wait()


def _as_it_is(pbx_stamp: Moment, _received_at: Moment) -> Moment:
    return pbx_stamp
