"""The durable engine on DBOS: SQLite on one machine, PostgreSQL beyond it, the same workflow.

Knows DBOS and how to keep it apart from the process around it: it launches in a thread without an event loop, so that
its executor and its waiting for a database are its own. A piece of work has one of its threads, which waits while a
step runs in our loop: each hop between loops would cost as much as a step. Must not know what steps do.

On one machine work goes straight to DBOS's threads: a queue would have to be asked again and again, which costs more
than the work. Where several nodes share a store it is queued, and runs where it can. See docs/decisions/0029.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from connector.domain.decision import Due
from connector.engine.dbos_store import APPLICATION, VERSION, WORKFLOW, DbosStore
from connector.engine.steps import Steps
from connector.errors import CatalogueUnavailable, ConfigError, EngineStopped
from connector.ports.engine import Plans

log = logging.getLogger(__name__)

T = TypeVar("T")

_NOT_RUNNING = "the engine is not running (yet, or any more): start it first"
#: For each piece of work that may run where nodes share a store: what was taken over by another one while this one hung
#: waits in its thread for the other's result. Threads begin when they are wanted.
_SHARED_THREADS_FOR_EACH = 8
_THIS_MACHINE = "this machine"
#: How often it is looked for whether that is done which was there at the start.
_LEFT_SECONDS = 2.0
#: What a step that is cut off may take to notice.
_CUT_OFF_SECONDS = 2.0
#: What letting go of the store may take; DBOS waits for an absent one for ever.
_STOP_SECONDS = 5.0
#: What DBOS may take to note that a piece has ended, and how often that is looked for.
_WRITTEN_SECONDS, _LOOK_SECONDS = 1.0, 0.02
#: So long the store may take to note what begins; SQLite's lock is waited for half a minute.
_NOTE_SECONDS = 35.0
#: What may wait in the engine where it is queued, for each piece that runs: enough that nobody is idle.
_QUEUED_FOR_EACH = 3


class DbosEngine:
    """`concurrency` pieces of work run at once; on PostgreSQL as many again of those that only this node can do, and
    every node must give the same number, since the queue of all is one. `executor_id` is the node's name: of two live
    processes with the same one, the second would run the work of the first again. An SQLite file has one process."""

    #: DBOS is one per process.
    _running: "DbosEngine | None" = None

    def __init__(self, url: str, executor_id: str, concurrency: int) -> None:
        self._node = executor_id
        self._concurrency = concurrency
        self._store = DbosStore(sqlalchemy.make_url(url), executor_id, concurrency)
        #: A machine that has got another name works on under it.
        self._executor_id = executor_id if self._store.is_shared else _THIS_MACHINE
        self._steps = Steps({})
        self._tasks: set[asyncio.Task[object]] = set()
        self._at_hand = 0
        self._is_idle = asyncio.Event()
        self._is_draining = False
        self._left: list[str] = []
        self._asking: asyncio.Task[None] | None = None

    async def start(self, plans: Plans) -> None:
        """Take up what this node left unfinished, and be ready for more."""
        if DbosEngine._running is not None:
            raise EngineStopped("a second engine cannot start in one process: drain the first one")
        if os.environ.get("DBOS__CLOUD"):
            raise ConfigError("the environment variable DBOS__CLOUD would have the engine call its vendor: unset it")
        DbosEngine._running = self
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(max_workers=6, thread_name_prefix="engine")
        self._steps = Steps(plans)
        self._is_draining = False
        self._is_idle.set()
        try:
            await self._apart(self._launch)
            if not self._store.is_shared:
                self._asking = asyncio.create_task(self._ask_no_more(), name="engine's queues")
        except BaseException:
            await self._apart(self._destroy)
            self._threads.shutdown(wait=False)
            raise

    async def enqueue(self, due: Due) -> None:
        """Run it once, on its node or on any; the same id again is nothing new."""
        steps = self._steps.names(due.kind)
        if self._store.is_shared:
            await self._asked(lambda: self._store.enqueue(due, steps))
        else:
            await self._begin(due, steps)

    async def room(self) -> int:
        """How much more it wants to hold now."""
        if not self._store.is_shared:
            return max(self._concurrency - self._at_hand, 0)
        return max((1 + _QUEUED_FOR_EACH) * self._concurrency - await self.unfinished(), 0)

    async def unfinished(self) -> int:
        """How much is queued or running of this node's work and of anybody's."""
        return await self._asked(self._store.unfinished)

    async def unfinished_of(self, ids: Collection[str]) -> set[str]:
        """Those of them that are queued or running, on any node."""
        return await self._asked(lambda: self._store.unfinished_of(sorted(ids)))

    async def forget_finished(self, older_than_seconds: float) -> int:
        """Drop the records of work that ended so long ago, in slices so that nobody waits long for the lock."""
        before = (datetime.now(UTC) - timedelta(seconds=older_than_seconds)).isoformat()
        forgotten = 0
        while dropped := await self._asked(lambda: self._store.forget_slice(before)):
            forgotten += dropped
        return forgotten

    async def requeue(self, node: str) -> int:
        """Give back to all what that node had at hand and anybody can do; returns how much. The node should be dead:
        what it still runs would run twice up to its next step, where DBOS turns the earlier run away."""
        return await self._asked(lambda: self._store.requeue(node))

    async def drain(self, seconds: float) -> None:
        """Take no more, give running steps this long to end, then stop. Where nodes share the store
        the rest is given back to all; on one machine the next start takes it up. When the store is away, threads of
        DBOS stay behind and wait for it: end the process by `leave`, not by returning."""
        if DbosEngine._running is not self or self._is_draining:
            return
        self._is_draining = True
        # Nothing is fetched while running steps come to their end.
        self._stop_asking()
        if self._asking is not None:
            self._asking.cancel()
        try:
            async with asyncio.timeout(seconds):
                await self._is_idle.wait()
        except TimeoutError:
            log.warning("drain time over", extra={"cut_off": self._at_hand, "hint": "they run again after the start"})
        await self._cut_off()
        await self._written_down()
        await self._let_go()

    async def _cut_off(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CUT_OFF_SECONDS)

    async def _written_down(self) -> None:
        """DBOS notes a moment later that a piece has ended: left or given back before, it would run again."""
        with suppress(CatalogueUnavailable, TimeoutError):
            async with asyncio.timeout(_WRITTEN_SECONDS):
                while await self._apart(lambda: self._store.at_hand(self._executor_id)):  # noqa: ASYNC110  # it tells nobody
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                if self._store.is_shared:
                    with suppress(CatalogueUnavailable):
                        await self._apart(lambda: self._store.requeue(self._node))
                await self._apart(self._destroy)
        except TimeoutError:
            log.warning("engine store does not answer", extra={"hint": "nothing is lost: it runs after the next start"})
        finally:
            self._threads.shutdown(wait=False)

    def _launch(self) -> None:
        logger = logging.getLogger("dbos")
        # With a handler of somebody's there, DBOS adds none of its own and leaves the lines to ours.
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        # What fails here is raised; DBOS would log it, with its trace, as well.
        logger.setLevel(logging.CRITICAL)
        self._store.open()
        if not self._store.is_shared:
            # An earlier version's, which went by the name that the node had then.
            self._store.take_over(_THIS_MACHINE)
            self._left = self._store.left()
        self._work = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(self._workflow())
        self._dbos = DBOS(config=self._config())
        DBOS.listen_queues(self._store.queues())
        logger.setLevel(logging.CRITICAL)
        DBOS.launch()
        logger.setLevel(logging.ERROR)

    async def _ask_no_more(self) -> None:
        """On one machine, once DBOS has taken up what an earlier process left, and a queue what an earlier version
        did."""
        try:
            while await self._apart(lambda: self._store.unfinished_of(self._left)):  # noqa: ASYNC110  # DBOS tells nobody
                await asyncio.sleep(_LEFT_SECONDS)
            self._stop_asking()
            # It looks for delays and time limits, which our work has not, and DBOS has no switch for it.
            self._dbos._background_jobs_stop_event.set()  # noqa: SLF001
        except CatalogueUnavailable as error:
            # It only costs something.
            log.warning("the engine goes on asking its queues", extra={"hint": str(error)})

    def _stop_asking(self) -> None:
        """What DBOS.destroy does first: queues are asked no more. What is at hand goes on."""
        for event in self._dbos.background_thread_stop_events:
            event.set()

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._store.address,
            system_database_engine=self._store.connections,
            application_version=VERSION,
            executor_id=self._executor_id,
            max_executor_threads=self._concurrency * (_SHARED_THREADS_FOR_EACH if self._store.is_shared else 1),
            # The default is pickle: whoever may write the store could run code here.
            serializer=DBOSPortableJSONSerializer(),
            log_level="ERROR",
            enable_otlp=False,
            # We use none; it only sets how long stopping waits for the listener.
            notification_listener_polling_interval_sec=0.2,
        )

    def _destroy(self) -> None:
        DBOS.destroy(destroy_registry=True)
        self._store.close()
        DbosEngine._running = None

    async def _begin(self, due: Due, steps: tuple[str, ...]) -> None:
        """Noted when this returns, and in the hands of a thread, or the next in turn; what is noted after all when
        nobody waits for it any more runs, too."""

        def act() -> None:
            with SetWorkflowID(due.id):
                DBOS.start_workflow(self._work, due.kind, list(steps), due.subject, due.attempt)

        try:
            async with asyncio.timeout(_NOTE_SECONDS):
                await self._asked(act)
        except TimeoutError as error:
            raise self._unavailable(f"it took longer than {_NOTE_SECONDS:.0f} s") from error

    def _workflow(self) -> Callable[[str, list[str], str, int], None]:
        def run(kind: str, names: list[str], subject: str, attempt: int) -> None:
            self._loop.call_soon_threadsafe(self._count, 1)
            try:
                self._run(kind, names, subject, attempt)
            finally:
                self._loop.call_soon_threadsafe(self._count, -1)

        return run

    def _run(self, kind: str, names: list[str], subject: str, attempt: int) -> None:
        """In a thread of DBOS's, and dumb on purpose: what is recorded must fit whatever version replays it."""
        steps = self._steps.to_run(kind, names)
        if not self._store.is_shared:
            # Nobody else can have it meanwhile: that a step is done stands in the catalogue, and noting it would cost
            # as much as all the rest here.
            self._handed_over(kind, steps, subject, attempt)
            return
        for name in steps:
            if self._is_draining:
                raise asyncio.CancelledError
            if not DBOS.run_step({"name": name}, self._handed_over, kind, [name], subject, attempt):
                return

    def _handed_over(self, kind: str, names: list[str], subject: str, attempt: int) -> bool:
        """To our loop. A cancelled step leaves no record, and runs again: DBOS records exceptions, not this."""
        if self._loop.is_closed():
            raise asyncio.CancelledError
        steps = self._tracked(self._in_turn(kind, names, subject, attempt))
        try:
            return asyncio.run_coroutine_threadsafe(steps, self._loop).result()
        except CancelledError as error:
            raise asyncio.CancelledError from error

    async def _in_turn(self, kind: str, names: list[str], subject: str, attempt: int) -> bool:
        for name in names:
            if self._is_draining:
                raise asyncio.CancelledError
            if not await self._steps.run(kind, name, subject, attempt):
                return False
        return True

    async def _tracked(self, steps: Coroutine[object, object, bool]) -> bool:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await steps
        finally:
            self._tasks.discard(task)

    def _count(self, difference: int) -> None:
        self._at_hand += difference
        if self._at_hand == 0:
            self._is_idle.set()
        else:
            self._is_idle.clear()

    async def _asked(self, act: Callable[[], T]) -> T:
        if DbosEngine._running is not self or self._is_draining:
            raise EngineStopped(_NOT_RUNNING)
        return await self._apart(act)

    async def _apart(self, act: Callable[[], T]) -> T:
        """In a thread of ours: DBOS must not find our loop, nor hold it up."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act)
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise self._unavailable(_reason(error)) from error

    def _unavailable(self, reason: str) -> CatalogueUnavailable:
        store = self._store.url.render_as_string(hide_password=True)
        mend = "is it up?" if self._store.is_shared else "has its disk room, and does nobody else hold it?"
        return CatalogueUnavailable(f"the engine's store {store} does not answer: {reason}; {mend}")


def _reason(error: sqlalchemy.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).partition("\n")[0]
