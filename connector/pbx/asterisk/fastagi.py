"""Where Asterisk's dialplan asks, over FastAGI: answered or closed in time, whatever the role's event loop does.

It lives in a thread with an event loop of its own: a call hangs on each question. Must not know what an answer means.
"""

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.domain.decision import CommandAnswered
from connector.domain.ids import ChannelId
from connector.errors import ConnectorError, IllegalInstruction
from connector.network.backoff import delay_seconds
from connector.pbx.asterisk import agi_protocol
from connector.pbx.asterisk.agi_protocol import Question, Reply

log = logging.getLogger(__name__)

_CHUNK_BYTES = 16 * 1024
_LONGEST_BIND_PAUSE_SECONDS = 30.0
_BUSY = "callreel is busy: what was asked is done as soon as it can be"
_FULL = "callreel is asked too much at once: nothing was done"
_LEAVING = "callreel is leaving: nothing was done"
_BROKEN = "callreel failed: its log says how"


#: (PBX or "", channel, action, options) -> what became of it; ConnectorErrors are told to the dialplan.
Answer: TypeAlias = Callable[[str, ChannelId, str, str], Coroutine[Any, Any, CommandAnswered]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiLimits:
    #: From the connection to its end: a call hangs on it.
    close_seconds: float = 0.25
    #: From the connection to the answer; what is left is for telling it.
    answer_seconds: float = 0.2
    head_bytes: int = 64 * 1024
    connections: int = 500
    #: Questions that the role has been told and has not answered.
    unanswered: int = 1000
    first_bind_pause_seconds: float = 1.0


class FastAgi:
    def __init__(self, address: str, answer: Answer, limits: AgiLimits = AgiLimits()) -> None:
        host, _, port = address.rpartition(":")
        self._address = address
        self._host, self._port = host.strip("[]"), int(port)
        self._answer = answer
        self._limits = limits
        #: "" while the dialplan can reach us.
        self.trouble = ""
        #: Where we listen; for port 0 the system chooses one.
        self.listening: Future[str] = Future()
        self._connections = 0
        self._unanswered: set[Future[CommandAnswered]] = set()

    async def run(self) -> None:
        """Until cancelled; no thread is left behind. `answer` runs in the event loop that runs this."""
        role, own, stop = asyncio.get_running_loop(), asyncio.new_event_loop(), asyncio.Event()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="fastagi") as executor:
            living = role.run_in_executor(executor, self._live, own, role, stop)
            try:
                await asyncio.shield(living)
            finally:
                with suppress(RuntimeError):  # it has ended by itself
                    own.call_soon_threadsafe(stop.set)
                await asyncio.wait({living})
                for asked in tuple(self._unanswered):
                    asked.cancel()

    def _live(self, own: asyncio.AbstractEventLoop, role: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: own) as runner:
            runner.run(self._serve(role, stop))

    async def _serve(self, role: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(role))
            await stop.wait()
            listening.cancel()

    async def _listen(self, role: asyncio.AbstractEventLoop) -> None:
        tries = 0
        while True:
            tries += 1
            try:
                server = await asyncio.start_server(
                    lambda reader, writer: self._attend(reader, writer, role), self._host, self._port, backlog=1024
                )
            except OSError as error:
                self._note(error)
                pause = delay_seconds(
                    tries,
                    first=self._limits.first_bind_pause_seconds,
                    factor=2.0,
                    limit=_LONGEST_BIND_PAUSE_SECONDS,
                    jitter=1.0,
                )
                await asyncio.sleep(pause)
                continue
            try:
                self._note(None)
                host, port = server.sockets[0].getsockname()[:2]
                self.listening.set_result(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
                await asyncio.get_running_loop().create_future()  # for ever
            finally:
                # Not `async with`, which would wait for who is still connected.
                server.close()

    def _note(self, error: OSError | None) -> None:
        before = self.trouble
        self.trouble = ""
        if error is not None:
            self.trouble = (
                f"FastAGI cannot listen on {self._address} ({error.strerror}): end the other program there or change "
                "capture.fastagi; until then the dialplan's subroutines answer ERROR"
            )
        if self.trouble and not before:
            log.error("fastagi does not listen", extra={"listen": self._address, "hint": self.trouble})
        elif before and not self.trouble:
            log.info("fastagi listens", extra={"listen": self._address})

    async def _attend(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: asyncio.AbstractEventLoop
    ) -> None:
        """One question; nothing that it does may harm another's."""
        self._connections += 1
        try:
            if self._connections <= self._limits.connections:
                async with asyncio.timeout(self._limits.close_seconds):
                    await self._converse(reader, writer, role)
        except (OSError, TimeoutError, EOFError) as error:
            log.debug("a FastAGI peer was left: %r", error)
        except Exception:
            log.exception("a FastAGI question failed")
        finally:
            self._connections -= 1
            # Not `close`: what a peer does not take must not keep the connection, and the call.
            writer.transport.abort()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: asyncio.AbstractEventLoop
    ) -> None:
        until = asyncio.get_running_loop().time() + self._limits.answer_seconds
        head = await self._head(reader)
        try:
            question = agi_protocol.question(head)
            options = question.options or await self._options(question, reader, writer)
        except IllegalInstruction as error:
            reply = Reply(status="REFUSED", reason=str(error))
        else:
            reply = await self._reply(question, options, until, role)
        writer.write(agi_protocol.variables(reply))
        # Asterisk reads all of it, then the end, and goes on; what it says to that is of no use.
        writer.write_eof()
        while await reader.read(_CHUNK_BYTES):
            pass

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        head = b""
        while not head.endswith(agi_protocol.END_OF_HEAD):
            more = await reader.read(_CHUNK_BYTES)
            if not more or len(head) + len(more) > self._limits.head_bytes:
                raise EOFError("no whole head of a FastAGI request")
            head += more
        return head

    async def _options(self, question: Question, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """One question back, where there can be an answer to it."""
        if question.action != "start":
            return ""
        writer.write(agi_protocol.options_wanted())
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise IllegalInstruction(f"{agi_protocol.OPTIONS_VARIABLE} is too long") from None
        return agi_protocol.options_said(line)

    async def _reply(self, question: Question, options: str, until: float, role: asyncio.AbstractEventLoop) -> Reply:
        if len(self._unanswered) >= self._limits.unanswered:
            return Reply(status="BUSY", reason=_FULL)
        asked = self._hand_over(question, options, role)
        if asked is None:
            return Reply(status="BUSY", reason=_LEAVING)
        answer = asyncio.wrap_future(asked)
        answer.add_done_callback(_look_at)
        await asyncio.wait({answer}, timeout=until - asyncio.get_running_loop().time())
        if not answer.done():
            return Reply(status="BUSY", reason=_BUSY)
        return _reply_of(question, asked)

    def _hand_over(
        self, question: Question, options: str, role: asyncio.AbstractEventLoop
    ) -> Future[CommandAnswered] | None:
        """To the role's event loop. It is not taken back when it is late: a late pause is better than none."""
        asking = self._answer(question.pbx, question.channel, question.action, options)
        try:
            asked = asyncio.run_coroutine_threadsafe(asking, role)
        except RuntimeError:
            asking.close()
            return None
        self._unanswered.add(asked)
        asked.add_done_callback(self._unanswered.discard)
        return asked


def _reply_of(question: Question, asked: Future[CommandAnswered]) -> Reply:
    try:
        return agi_protocol.reply(question, asked.result())
    except concurrent.futures.CancelledError:
        return Reply(status="BUSY", reason=_LEAVING)
    except ConnectorError as error:
        return Reply(status="REFUSED", reason=str(error))
    except Exception:
        log.exception("an instruction of the dialplan failed", extra={"action": question.action})
        return Reply(status="ERROR", reason=_BROKEN)


def _look_at(answer: asyncio.Future[CommandAnswered]) -> None:
    """Else an error that comes after its question was closed would be reported as never seen."""
    if not answer.cancelled():
        answer.exception()
