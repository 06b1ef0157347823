"""Work nodes watch each other: what a dead one had at hand and anybody can do is given back to all.

Knows heartbeats and who may give back; must not know what the work is. PostgreSQL only: DBOS itself leaves a dead
node's work lying until that node returns. The nodes' clocks must agree within a few seconds.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Protocol

import psycopg
import sqlalchemy

from connector.errors import CatalogueUnavailable, EngineStopped, NodeInUse
from connector.ports.clock import Clock
from connector.ports.nodes import Nodes

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
#: So long without a heartbeat is dead.
DEAD_SECONDS = 20.0
#: How long a newcomer listens for another process of its name.
_LISTEN_SECONDS = 2.5 * BEAT_SECONDS
#: A node that is gone for a week was taken away.
_FORGOTTEN_SECONDS = 7 * 86_400.0
#: Any number that no other program's lock in this database has.
_LOCK = 0x63616C6C7265656C
_ANSWER_SECONDS = 5.0
#: A machine that lost its power closes no connection: the server would keep its lock for hours.
_NOTICE_OUR_DEATH = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"


class Requeues(Protocol):
    async def requeue(self, node: str) -> int:
        """Give back to all what that node had at hand and anybody can do; returns how much."""
        ...


class Leadership:
    """One node at a time gives work back: two could take a run away from the node that has just got it. Held by a
    connection's lock, so that it falls free with the process."""

    def __init__(self, url: str) -> None:
        self._url = sqlalchemy.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    async def is_ours(self) -> bool:
        """Hold it, or get it if nobody does."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if self._connection is not None:
                    await self._connection.execute("SELECT 1")
                    return True
                return await self._won()
        except (psycopg.Error, TimeoutError) as error:
            await self.give_up()
            raise CatalogueUnavailable(f"the engine's PostgreSQL does not answer: {error}; is it up?") from error

    async def give_up(self) -> None:
        """Let another have it; harmless without it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _won(self) -> bool:
        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        try:
            await connection.execute(_NOTICE_OUR_DEATH)
            row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
        except BaseException:
            await connection.close()
            raise
        if row is not None and row[0]:
            self._connection = connection
            return True
        await connection.close()
        return False


class Takeover:
    """`node` is the engine's executor id, and nothing else may send heartbeats under it."""

    def __init__(self, engine: Requeues, nodes: Nodes, clock: Clock, node: str, leadership: Leadership) -> None:
        self._engine = engine
        self._nodes = nodes
        self._clock = clock
        self._node = node
        self._leadership = leadership

    async def claim(self) -> None:
        """Before the engine starts: raise NodeInUse when another live process works under our name."""
        began = self._clock.now()
        if await self._is_fresh(began - DEAD_SECONDS):
            await self._clock.sleep_until(began + _LISTEN_SECONDS)
            if await self._is_fresh(began):
                raise NodeInUse(
                    f"another process works as node {self._node!r}: stop it, or give this one its own node name"
                )
        await self._nodes.seen(self._node, self._clock.now())

    async def run(self) -> None:
        """Send heartbeats and look after the others; for ever."""
        while True:
            try:
                await self._nodes.seen(self._node, self._clock.now())
                await self.look()
            except (CatalogueUnavailable, EngineStopped) as error:
                log.warning("no heartbeat", extra={"node": self._node, "hint": str(error)})
            await self._clock.sleep_until(self._clock.now() + BEAT_SECONDS)

    async def look(self) -> int:
        """Give back what dead nodes had at hand, if that is ours to do; returns how much."""
        if not await self._leadership.is_ours():
            return 0
        dead = await self._nodes.silent_since(self._clock.now() - DEAD_SECONDS)
        return sum([await self._bury(node) for node in dead if node != self._node])

    async def leave(self) -> None:
        """After the engine has drained: nobody need wait for us, and our next start need not listen."""
        await self._leadership.give_up()
        with suppress(CatalogueUnavailable):
            await self._nodes.forget(self._node)

    async def _bury(self, node: str) -> int:
        given_back = await self._engine.requeue(node)
        if given_back:
            log.warning("work of a dead node taken over", extra={"node": node, "pieces": given_back})
        elif node in await self._nodes.silent_since(self._clock.now() - _FORGOTTEN_SECONDS):
            await self._nodes.forget(node)
        return given_back

    async def _is_fresh(self, since: float) -> bool:
        """Whether a heartbeat of our name came at that moment or after it."""
        known = await self._nodes.silent_since(float("inf"))
        return self._node in known and self._node not in await self._nodes.silent_since(since)
