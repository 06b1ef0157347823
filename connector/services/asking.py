"""Asks the control callbacks about calls, in the order in which things came to pass.

A call never waits: what is asked and answered here runs beside it. Knows no PBX and no rules; who is asked about a call
is told from outside.
"""

import asyncio
import json
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connector.domain.call import Call, CallKind, CallState
from connector.domain.ids import CallId, Moment, derived_id
from connector.domain.inquiry import CallMoment, inquiry, moments
from connector.domain.instructions import Instruction, Instructions, instructions
from connector.errors import AddressForbidden, EndpointUnreachable, IllegalInstruction
from connector.ports.clock import Clock
from connector.ports.poster import Letter, Poster, Reply
from connector.services.letters import letter
from connector.services.obeying import Obeying
from connector.settings import CallbackSettings, Otherwise

log = logging.getLogger(__name__)

_ANSWER_BYTES: Final = 65_536
#: Questions under way at once.
_AT_ONCE: Final = 200
#: So many without an answer in a row are said where people look.
_SILENT: Final = 3
_REMEMBERED_ENDS: Final = 10_000
_INSTEAD: Final = {Otherwise.YES: Instruction(action="start"), Otherwise.NO: Instruction(action="discard")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """What the configuration says now."""

    endpoints: Mapping[str, CallbackSettings]
    #: Which of them is asked about a call at that moment; empty: none.
    asked_about: Callable[[Call, Moment], str]
    #: Where our API is reached; empty: nowhere.
    public_url: str = ""


@dataclass(slots=True)
class Counts:
    """Of one callback, since this process began."""

    asked: int = 0
    answered: int = 0
    #: In a row, up to now.
    silent: int = 0
    trouble: str = ""


@dataclass(slots=True)
class _Known:
    """One call that lives."""

    call: Call
    waiting: deque[tuple[CallMoment, Call, Moment]] = field(default_factory=deque)
    #: Somebody is asking about it now.
    is_asking: bool = False
    #: What an answer said stands, whatever becomes of the next question.
    is_answered: bool = False


class Asking:
    def __init__(self, callbacks: Callbacks, obeying: Obeying, poster: Poster, clock: Clock) -> None:
        self._callbacks = callbacks
        self._obeying = obeying
        self._poster = poster
        self._clock = clock
        self._known: dict[CallId, _Known] = {}
        #: Something of them may change after their end.
        self._ended: OrderedDict[CallId, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self.counts: dict[str, Counts] = {}

    def follow(self, callbacks: Callbacks) -> None:
        """Another configuration from now on."""
        self._callbacks = callbacks

    def adopted(self, calls: Sequence[Call]) -> None:
        """Calls that an earlier process knew: what had come to pass before is not asked about again."""
        self._known |= {call.id: _Known(call) for call in calls if call.state is CallState.LIVE}

    def noticed(self, call: Call) -> None:
        """A new picture of a call. Returns at once."""
        if call.id in self._ended:
            return
        known = self._known.get(call.id)
        at = self._clock.now()
        passed = [(moment, call, at) for moment in moments(known.call if known else None, call)]
        known = known or self._known.setdefault(call.id, _Known(call))
        known.call = call
        known.waiting.extend(passed)
        if known.waiting and not known.is_asking:
            known.is_asking = True
            self._begin(self._ask_all(known))
        if call.kind is CallKind.CONFERENCE:
            for work in self._obeying.met(call):
                self._begin(work)
        if call.state is CallState.ENDED:
            self._forget(call)

    def troubles(self) -> list[str]:
        """What an administrator should know."""
        return [
            f"callback {name}: no answer to the last {counts.silent} questions: {counts.trouble}"
            for name, counts in sorted(self.counts.items())
            if counts.silent >= _SILENT and name in self._callbacks.endpoints
        ]

    async def close(self) -> None:
        """What is under way is let go: the calls are recorded as the rules say."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _forget(self, call: Call) -> None:
        self._known.pop(call.id, None)
        self._ended[call.id] = None
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)
        if call.kind is CallKind.CALL:
            self._obeying.ended(call)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("question broke", extra={"hint": f"{type(error).__name__}: {error}"}, exc_info=error)

    async def _ask_all(self, known: _Known) -> None:
        try:
            while known.waiting:
                moment, call, at = known.waiting.popleft()
                name = self._callbacks.asked_about(call, at)
                endpoint = self._callbacks.endpoints.get(name)
                if endpoint is not None and moment in endpoint.events:
                    await self._ask(known, name, endpoint, moment, call, at)
        finally:
            known.is_asking = False

    async def _ask(
        self, known: _Known, name: str, endpoint: CallbackSettings, moment: CallMoment, call: Call, at: Moment
    ) -> None:
        counts = self.counts.setdefault(name, Counts())
        counts.asked += 1
        try:
            async with self._room:
                answer = _read(await self._poster.post(self._letter(endpoint, moment, call, at)))
        except (EndpointUnreachable, AddressForbidden, IllegalInstruction) as error:
            counts.silent += 1
            counts.trouble = str(error)
            facts = {"callback": name, "call_id": call.id, "asked": moment, "hint": str(error)}
            log.warning("callback gave no answer", extra=facts | {"otherwise": endpoint.otherwise})
            instead = _INSTEAD.get(endpoint.otherwise)
            if instead is not None and not known.is_answered and moment is not CallMoment.ENDED:
                await self._obeying.obey(call, instead, f"callback {name}", derived_id("otherwise", call.id))
            return
        counts.answered += 1
        counts.silent = 0
        known.is_answered = True
        facts = {"callback": name, "call_id": call.id, "asked": moment, "ignored": ", ".join(answer.ignored)}
        log.debug("callback answered", extra=facts | {"instructions": len(answer.given)})
        # Of a call that is over nothing more can be wished.
        for number, one in enumerate(answer.given if moment is not CallMoment.ENDED else (), start=1):
            command_id = derived_id("callback", call.id, moment, str(number))
            await self._obeying.obey(call, one, f"callback {name}", command_id)

    def _letter(self, endpoint: CallbackSettings, moment: CallMoment, call: Call, at: Moment) -> Letter:
        base = self._callbacks.public_url
        resource = f"{base}/calling/v1/calls/id/{call.id}" if base and call.kind is CallKind.CALL else ""
        return letter(
            endpoint,
            endpoint.url,
            id=f"msg_{derived_id('inquiry', call.id, moment).replace('-', '')}",
            body=inquiry(call, moment, at, resource),
            at=self._clock.now(),
            limit_seconds=endpoint.timeout_seconds,
            most_bytes=_ANSWER_BYTES,
        )


def _read(reply: Reply) -> Instructions:
    """An answer without a body says that everything stays as it is. What it holds is never repeated."""
    if not 200 <= reply.status < 300:
        raise EndpointUnreachable(f"it answers {reply.status}")
    if reply.is_cut:
        raise IllegalInstruction(f"its answer has more than {_ANSWER_BYTES} bytes")
    if not reply.content.strip():
        return Instructions()
    try:
        body = json.loads(reply.content)
    except (ValueError, RecursionError) as error:
        raise IllegalInstruction("its answer is no JSON") from error
    return instructions(body)
