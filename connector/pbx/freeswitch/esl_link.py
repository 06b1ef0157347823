"""One connection to an event socket: its login, its answers by their order, its silence and its loss.

Knows bytes, questions and deadlines; not when to connect, what to ask, or what an event means.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from connector.domain.ids import Moment
from connector.pbx.freeswitch.esl_codec import (
    API_RESPONSE,
    COMMAND_REPLY,
    EVENT_JSON,
    BrokenStream,
    Frame,
    Frames,
    command_bytes,
    event_of,
)
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.ports.clock import Clock

PING_SECONDS = 4.0
#: So long without a byte, or without the answer to a ping, is a peer that is gone.
SILENCE_SECONDS = 14.0
#: We ourselves were stopped or starved: that is no silence of the peer's.
_OVERSLEPT_SECONDS = 1.0
_PING = command_bytes("api global_getvar core_uuid")

Heard = Callable[[EslEvent, Moment], None]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Question:
    """Answers carry no name: the first one belongs to the first question."""

    future: asyncio.Future[Frame]
    due: Moment


class Link(asyncio.Protocol):
    """Connects once. Every byte that arrives is a sign of life."""

    def __init__(self, heard: Heard, clock: Clock) -> None:
        loop = asyncio.get_running_loop()
        self._heard = heard
        self._clock = clock
        self._frames = Frames()
        self._questions: deque[Question] = deque()
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Task[Any] | None = None
        self._is_paused = False
        self._farewell = ""
        self._heard_at = clock.now()
        #: Done when a password is wanted; cancelled when the connection is lost before that.
        self.greeted: asyncio.Future[None] = loop.create_future()
        #: Why the connection is gone; done as soon as it is.
        self.lost: asyncio.Future[str] = loop.create_future()
        #: What it said instead of a greeting, because it does not like our address.
        self.rejection = ""

    def connect(self, host: str, port: int, tls: ssl.SSLContext | None) -> asyncio.Task[Any]:
        opening = asyncio.get_running_loop().create_connection(lambda: self, host, port, ssl=tls)
        self._opening = asyncio.ensure_future(opening)
        return self._opening

    def ask(self, commands: Sequence[bytes], limit_seconds: float) -> list[Question]:
        """All at once. Raises ConnectionError without a connection."""
        if self.lost.done() or self._transport is None:
            raise ConnectionError("there is no connection")
        loop, due = asyncio.get_running_loop(), self._clock.now() + limit_seconds
        questions = [Question(loop.create_future(), due) for _ in commands]
        self._questions.extend(questions)
        self._transport.write(b"".join(commands))
        return questions

    def give_up(self, what: str) -> None:
        """Nobody waits any more. When the answer that is next is overdue, no later one can be trusted: it may be the
        answer to another question."""
        if self._questions and self._questions[0].due <= self._clock.now():
            self.drop(f"it did not answer {what} in time")

    def pause(self) -> None:
        self._is_paused = True
        if self._transport is not None and not self.lost.done():
            self._transport.pause_reading()

    def resume(self) -> None:
        self._is_paused = False
        self._grant_time()
        if self._transport is not None and not self.lost.done():
            self._transport.resume_reading()

    def drop(self, reason: str) -> None:
        """End it at once; `lost` is done when this returns, and no question is open."""
        if not self.lost.done():
            self.lost.set_result(reason)
        self.greeted.cancel()
        for question in self._questions:
            question.future.cancel()
        self._questions.clear()
        if self._opening is not None:
            self._opening.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def watch(self) -> None:
        """Until the connection is lost; drop it when the peer is gone without a word."""
        while not self.lost.done():
            if self._is_paused:
                # We do not listen.
                self._heard_at = self._clock.now()
            idle_seconds = self._clock.now() - self._heard_at
            if idle_seconds >= SILENCE_SECONDS:
                self.drop(f"it has said nothing for {idle_seconds:.0f} s, not even to a question")
                return
            if not self._is_paused:
                self.give_up("a question")
            if idle_seconds >= PING_SECONDS:
                # One at a time: the answer to a second one would be taken for that to the first.
                if not self._questions and not self.lost.done():
                    self.ask([_PING], SILENCE_SECONDS)
                due = min(self._clock.now() + PING_SECONDS, self._heard_at + SILENCE_SECONDS)
            else:
                due = self._heard_at + PING_SECONDS
            await self._clock.sleep_until(due)
            if self._clock.now() - due > _OVERSLEPT_SECONDS:
                self._heard_at = self._clock.now()
                self._grant_time()

    def _grant_time(self) -> None:
        """We did not listen: what was answered meanwhile is still to be read."""
        for question in self._questions:
            question.due = max(question.due, self._clock.now() + SILENCE_SECONDS)

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._heard_at = self._clock.now()
        if self.lost.done():
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        now = self._heard_at = self._clock.now()
        try:
            frames: Sequence[Frame] = self._frames.feed(data)
        except BrokenStream as error:
            self._all_received(error.frames, now)
            self.drop(f"it sent {error}")
        else:
            self._all_received(frames, now)

    def connection_lost(self, error: Exception | None) -> None:
        self.drop(self._farewell or (str(error) if error else "it closed the connection"))

    # What the peer tells

    def _all_received(self, frames: Sequence[Frame], now: Moment) -> None:
        for frame in frames:
            if self.lost.done():
                return
            kind = frame.content_type
            if kind == EVENT_JSON:
                self._dispatch(frame, now)
            elif kind in {API_RESPONSE, COMMAND_REPLY}:
                self._answered(frame)
            else:
                self._told(kind, frame)

    def _dispatch(self, frame: Frame, now: Moment) -> None:
        event = event_of(frame)
        if event is None:
            _log.warning("an event that cannot be read", extra={"bytes": len(frame.body)})
            return
        try:
            self._heard(event, now)
        except Exception:
            # The events behind it in the same packet, and the connection, must not go down with it.
            _log.exception("an event could not be used", extra={"event": event.name})

    def _answered(self, frame: Frame) -> None:
        if self._questions:
            self._questions.popleft().future.set_result(frame)
        else:
            self.drop("it answered what was not asked")

    def _told(self, kind: str, frame: Frame) -> None:
        if kind == "auth/request" and not self.greeted.done():
            self.greeted.set_result(None)
        elif kind == "text/rude-rejection":
            self.rejection = frame.text.strip()
            self.drop(self.rejection)
        # After a linger more is to come.
        elif kind == "text/disconnect-notice" and frame.headers.get("Content-Disposition") != "linger":
            self._farewell = frame.text.strip().partition("\n")[0] or "it said goodbye"
            self.drop(self._farewell)


async def within(clock: Clock, seconds: float, future: asyncio.Future[Any]) -> None:
    """Until the future is done or cancelled; raises what it raised, or TimeoutError."""
    alarm = asyncio.create_task(clock.sleep_until(clock.now() + seconds))
    try:
        await asyncio.wait((future, alarm), return_when=asyncio.FIRST_COMPLETED)
    finally:
        alarm.cancel()
    if not future.done():
        raise TimeoutError
    if not future.cancelled():
        future.result()
