"""Feeds one PBX's Director: events, instructions and time in; journal and commands out.

Takes events in order and never waits for the PBX, the catalogue or a callback: what is decided goes into the journal,
then the commands into their call's outbox. Decides nothing itself.
"""

import asyncio
import logging
from collections.abc import Callable

from connector.domain.call import Call, CallState
from connector.domain.decision import CommandAnswered, Decision
from connector.domain.director import Director
from connector.domain.events import CallEvent, InstructionGiven, PbxLost, PbxResynchronised, Stamped, TimePassed
from connector.domain.ids import Moment
from connector.domain.recording import Recording
from connector.ports.clock import Clock
from connector.ports.journal import Journal
from connector.ports.pbx import Pbx
from connector.services.outbox import Outbox

log = logging.getLogger(__name__)

#: How exactly alarms ring when nothing else happens; with every event they ring too.
_TICK_SECONDS = 0.05
_TURNS_OF_COMMANDS = 2


class Intake:
    def __init__(
        self,
        pbx: Pbx,
        director: Director,
        journal: Journal,
        clock: Clock,
        watch: Callable[[Call], None] = lambda _: None,
    ) -> None:
        """`watch` is shown every new picture of a call; it returns at once."""
        self._pbx = pbx
        self._director = director
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._events: asyncio.Queue[Stamped] = asyncio.Queue(maxsize=10_000)
        self._wake_at: Moment | None = None
        self._woken = asyncio.Event()
        self._awaited: dict[str, asyncio.Future[CommandAnswered]] = {}
        self.is_connected = False

    @property
    def director(self) -> Director:
        return self._director

    @property
    def pbx_name(self) -> str:
        return self._pbx.name

    def standing(self) -> dict[str, object]:
        """How it is with this PBX now, for reports."""
        return {
            "is_connected": self.is_connected,
            "version": self._pbx.version if self.is_connected else "",
            "live_calls": self._director.live_calls,
            "recorders": self._director.live_recordings,
            "problems": self.troubles(),
        }

    def troubles(self) -> list[str]:
        """What an administrator should know about this PBX now."""
        said = self._pbx.troubles()
        return said if said or self.is_connected else [f"PBX {self._pbx.name} does not answer"]

    async def instruct(self, instruction: InstructionGiven) -> None:
        """Put an instruction into the stream of events; its answer comes by the journal."""
        await self._events.put(Stamped(at=self._clock.now(), event=instruction))

    async def tell(self, stamped: Stamped) -> None:
        """Put a fact into the stream that the driver does not tell: a file of a call that is over."""
        await self._events.put(stamped)

    async def ordered(self, instruction: InstructionGiven) -> CommandAnswered:
        """The same, and its answer; the same id again is answered again. No limit of time: that is the caller's."""
        answer = self._awaited.setdefault(instruction.command_id, asyncio.get_running_loop().create_future())
        await self.instruct(instruction)
        return await asyncio.shield(answer)

    async def run(self) -> None:
        """Until the PBX's events end."""
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(self._pbx, tasks)
            timer = tasks.create_task(self._tell_time(), name=f"time for {self._pbx.name}")
            worker = tasks.create_task(self._work(outbox), name=f"intake of {self._pbx.name}")
            async for event in self._pbx.events():
                await self._events.put(event)
            await self._events.join()
            timer.cancel()
            worker.cancel()

    async def _work(self, outbox: Outbox) -> None:
        while True:
            stamped = await self._events.get()
            self._log_connection(stamped)
            decision = self._director.handle(stamped.event, stamped.at)
            if decision.changes:
                self._journal.append(decision.changes)
                self._answer(decision)
            for command in decision.commands:
                outbox.put(command)
            self._wake(decision.wake_at)
            self._events.task_done()
            # A full queue gives no other task a turn, and commands are other tasks, the outbox's and then the driver's:
            # they leave before anything else is done.
            for _ in range(_TURNS_OF_COMMANDS if decision.commands else 1):
                await asyncio.sleep(0)
            _log_decision(decision, stamped.event)
            self._show(decision)

    def _show(self, decision: Decision) -> None:
        for change in decision.changes:
            if isinstance(change, Call):
                self._watch(change)

    def _answer(self, decision: Decision) -> None:
        for change in decision.changes:
            if isinstance(change, CommandAnswered) and (answer := self._awaited.pop(change.command_id, None)):
                answer.set_result(change)

    def _wake(self, at: Moment | None) -> None:
        is_sooner = at is not None and (self._wake_at is None or at < self._wake_at)
        self._wake_at = at
        if is_sooner:
            self._woken.set()

    async def _tell_time(self) -> None:
        while True:
            if self._wake_at is None:
                self._woken.clear()
                await self._woken.wait()
                continue
            await self._clock.sleep_until(self._clock.now() + _TICK_SECONDS)
            if self._wake_at is not None and self._wake_at <= self._clock.now():
                await self._events.put(Stamped(at=self._clock.now(), event=TimePassed()))

    def _log_connection(self, stamped: Stamped) -> None:
        match stamped.event:
            case PbxLost(reason=reason):
                self.is_connected = False
                log.warning("pbx lost", extra={"pbx": self._pbx.name, "reason": reason})
            case PbxResynchronised(channels=channels, recorders=recorders):
                self.is_connected = True
                facts = {"pbx": self._pbx.name, "channels": len(channels), "recorders": len(recorders)}
                log.info("pbx resynchronised", extra=facts)


def _log_decision(decision: Decision, event: CallEvent) -> None:
    for change in decision.changes:
        if isinstance(change, Recording):
            facts = {"recording_id": change.id, "call_id": change.call_id, "organisation": change.organisation}
            log.info("recording %s", change.state, extra=facts | {"rule": change.rule, "reason": change.reason})
        elif isinstance(change, CommandAnswered):
            facts = {"command_id": change.command_id, "outcome": change.outcome}
            log.info("instruction %s", "done" if change.is_done else "refused", extra=facts | _order_of(event))
        elif isinstance(change, Call) and change.state is CallState.ENDED and _is_nobodys(change):
            facts = {"call_id": change.id, "reason": change.verdict.reason if change.verdict else ""}
            log.warning("call of no organisation", extra=facts)


def _is_nobodys(call: Call) -> bool:
    """It would have been ruled, and was not recorded: whoever keeps the list of organisations has to know."""
    return not call.organisation and call.joined is None and call.verdict is not None and not call.verdict.record


def _order_of(event: CallEvent) -> dict[str, str]:
    """A dialplan that gets no answer has only the log: there its words are found by the leg."""
    if not isinstance(event, InstructionGiven):
        return {}
    about = {"channel": event.channel, "call_id": event.call}
    return {"action": event.action, "by": event.by} | {name: value for name, value in about.items() if value}
