"""One connection of panoramisk's, mended: nothing lost at packet edges, nothing replayed, nothing logged, no free task.

Knows bytes, questions and their answers; not when to connect, what to ask, or what an event means.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator

from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from connector.domain.ids import Moment
from connector.pbx.asterisk.ami_message import (
    END,
    LONGEST_MESSAGE_BYTES,
    AmiMessage,
    Fields,
    Messages,
    TooLong,
    action_bytes,
)
from connector.ports.clock import Clock

Heard = Callable[[AmiMessage, Moment], None]
_GREETING = "Asterisk Call Manager/"

_log = logging.getLogger(__name__)


class _Part(Message):  # type: ignore[misc]  # panoramisk has no types
    """A message as panoramisk's gathering of answers wants it."""

    def __init__(self, message: AmiMessage) -> None:
        # Backwards, so that of a name that stands twice the first one stays.
        super().__init__(dict(reversed(message.lines)))
        self.ours = message


class Question(Action):  # type: ignore[misc]  # panoramisk has no types
    """An action and what has been answered to it so far."""

    def __init__(self, action: str, fields: Fields, *, as_list: bool) -> None:
        super().__init__({"Action": action, **fields}, as_list=as_list)

    @property
    def messages(self) -> list[AmiMessage]:
        return [part.ours for part in self.responses]

    @property
    def multi(self) -> bool:
        """Upstream waits for ever for the rest of a list that was refused."""
        return bool(self.as_list and self.responses) and self.responses[0].eventlist.lower() == "start"

    @property
    def completed(self) -> bool:
        return not self.multi or (len(self.responses) > 1 and self.responses[-1].event.endswith("Complete"))


class Link(Manager):  # type: ignore[misc]  # panoramisk has no types
    """Connects once. Every byte that arrives is a sign of life."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, heard: Heard, clock: Clock) -> None:
        super().__init__(host=host, port=port, ssl=tls, protocol_factory=lambda: _Protocol(self, clock))
        self._heard = heard
        self._opening: asyncio.Task[object] | None = None
        loop = asyncio.get_running_loop()
        self.heard_at = clock.now()
        self.greeted: asyncio.Future[str] = loop.create_future()
        #: Why the connection is gone; done as soon as it is.
        self.lost: asyncio.Future[str] = loop.create_future()

    def connect(self) -> asyncio.Task[object]:
        self._opening = super().connect()
        return self._opening

    def connection_made(self, opened: asyncio.Task[object]) -> None:
        # Upstream tries again by itself after a failure. Whoever waits for the task is told of it.
        if not opened.cancelled() and opened.exception() is None:
            super().connection_made(opened)
            self.pinger.cancel()
            if self.lost.done():
                self.close()

    def ask(self, action: str, fields: Fields, *, as_list: bool = False) -> Question:
        """Raises ValueError for fields that cannot be sent, ConnectionError without a connection."""
        if self.lost.done() or self.protocol is None:
            raise ConnectionError("there is no connection")
        question = Question(action, fields, as_list=as_list)
        self.protocol.send(question)
        return question

    def forget(self, question: Question) -> None:
        """Nobody waits for the answer any more."""
        self.protocol.responses.pop(question.id, None)

    def dispatch(self, message: AmiMessage, received_at: Moment) -> None:
        try:
            self._heard(message, received_at)
        except Exception:
            # The events behind it in the same packet, and the connection, must not go down with it.
            _log.exception("an AMI event could not be used", extra={"event": message.event})

    def connection_lost(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        self.greeted.cancel()

    def drop(self, reason: str) -> None:
        """End it at once; `lost` is done when this returns."""
        self.connection_lost(reason)
        if self._opening is not None:
            self._opening.cancel()
        self.close()


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    closed: bool

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._messages = Messages()
        #: What there is of an item of a list that a value with an empty line in it tore apart.
        self._torn = b""

    def send(self, question: Question) -> None:
        written = action_bytes(sorted(question.items()))
        self.responses[question.id] = question
        self.transport.write(written)

    def data_received(self, data: bytes) -> None:
        self._link.heard_at = now = self._clock.now()
        try:
            for raw in self._messages.feed(data):
                whole = self._whole(raw)
                if whole:
                    self._received(AmiMessage.parsed(whole), now)
        except TooLong as error:
            self._link.drop(f"it sent {error}")
        self._greet()

    def connection_lost(self, error: Exception | None) -> None:
        self.close()
        self._link.connection_lost(str(error) if error else "the PBX closed the connection")

    def close(self) -> None:
        """Upstream keeps what is unanswered and sends it again on the next connection."""
        for question in self.responses.values():
            question.future.cancel()
        if not self.closed:
            self.closed = True
            self.transport.abort()

    def _greet(self) -> None:
        greeting = self._messages.greeting
        if greeting is None or self._link.greeted.done():
            return
        if greeting.startswith(_GREETING):
            self._link.greeted.set_result(greeting)
        else:
            self._link.drop(f"it is no AMI: it says {greeting[:60]!r}")

    def _whole(self, raw: bytes) -> bytes:
        """Asterisk writes the variables of a `Status` as they are, whatever lines are in them. Only its last line, the
        ActionID, ends an item; nothing else comes in between."""
        if not self._torn and not raw.startswith(b"Event: Status\r\n"):
            return raw
        whole = self._torn + raw
        is_ended = any(f"\r\nActionID: {question.id}".encode() in whole for question in self._lists())
        if is_ended or not any(self._lists()) or len(whole) > LONGEST_MESSAGE_BYTES:
            self._torn = b""
            return whole
        self._torn = whole + END
        return b""

    def _lists(self) -> Iterator[Question]:
        return (question for question in self.responses.values() if question.multi)

    def _received(self, message: AmiMessage, now: Moment) -> None:
        found = (self.responses.get(id) for id in message.all("ActionID"))
        question = next((question for question in found if question is not None), None)
        # An event with the id of an action that wants no list is news like any other.
        if question is not None and (not message.event or question.multi):
            if question.add_message(_Part(message)):
                self._link.forget(question)
        elif message.event:
            self._link.dispatch(message, now)
