"""What lies in DBOS's store, from outside: queue work, count it, give it back, forget it.

Knows DBOS's client, which raises when the store is away, where DBOS itself would wait for ever. Blocks: its caller is a
thread. Must not know how work runs.
"""

from contextlib import ExitStack

import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from connector.domain.decision import Due
from connector.engine import sqlite_store

APPLICATION = "callreel"
WORKFLOW = "run"
#: Never to change: DBOS runs only what its own version queued, and an update must not strand the rest. What work
#: consists of stands in its input, not in the workflow's source.
VERSION = "pipeline-1"
_CONNECTIONS = 10
_ANYBODY = "anybody"
#: Asking is most of what an idle work role costs. On one machine only what was left at the start lies in a queue.
_POLL_SECONDS = 1.0
_SHARED_POLL_SECONDS = 0.2
#: No transaction of ours holds SQLite's write lock for long.
_SLICE = 200
_AT_HAND = "PENDING"
_UNFINISHED = ["ENQUEUED", _AT_HAND]
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
#: A server that vanished is noticed before a role's drain time is over.
_NETWORK = {"connect_timeout": "5", "tcp_user_timeout": "15000"}


class DbosStore:
    def __init__(self, url: sqlalchemy.URL, node: str, concurrency: int) -> None:
        #: By several nodes.
        self.is_shared = url.get_backend_name() != "sqlite"
        self._node = node
        self._concurrency = concurrency
        self.url = url.set(drivername="postgresql", query=_NETWORK | dict(url.query)) if self.is_shared else url
        #: SQLite's connections, for DBOS to use; None on PostgreSQL, where it makes its own.
        self.connections: sqlalchemy.Engine | None = None
        self._held = ExitStack()

    def open(self) -> None:
        """Claim it for this node, bring its schema up to date, declare the queues."""
        if not self.is_shared:
            self._held.callback(sqlite_store.claimed(self.url).close)
            self.connections = sqlite_store.opened(self.url, _CONNECTIONS)
            self._held.callback(self.connections.dispose)
        DBOS.migrate(self.address)
        self._declare_queues()

    def _declare_queues(self) -> None:
        self._client = DBOSClient(
            system_database_url=self.address,
            system_database_engine=self.connections,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )
        self._held.callback(self._client.destroy)
        seconds = _SHARED_POLL_SECONDS if self.is_shared else _POLL_SECONDS
        for queue in self.queues():
            self._client.register_queue(queue, worker_concurrency=self._concurrency, polling_interval_sec=seconds)

    def close(self) -> None:
        """Let go of connections and of the claim; harmless when it was not opened."""
        self._held.close()

    @property
    def address(self) -> str:
        return self.url.render_as_string(hide_password=False)

    def queues(self) -> list[str]:
        """What this node takes work from."""
        return [_ANYBODY, self._queue(self._node)] if self.is_shared else [_ANYBODY]

    def enqueue(self, due: Due, steps: tuple[str, ...]) -> None:
        """Once; an id that is known already changes nothing."""
        options = EnqueueOptions(
            workflow_name=WORKFLOW, queue_name=self._queue(due.node), workflow_id=due.id, app_version=VERSION
        )
        self._client.enqueue(options, due.kind, list(steps), due.subject, due.attempt)

    def unfinished(self) -> int:
        """How much is queued or running of this node's work and of anybody's."""
        return len(self._found(_UNFINISHED, queues=self.queues() if self.is_shared else None))

    def left(self) -> list[str]:
        """All that is not over."""
        return self._found(_UNFINISHED)

    def unfinished_of(self, ids: list[str]) -> set[str]:
        """Those of them that are queued or running, on any node."""
        slices = [ids[start : start + _SLICE] for start in range(0, len(ids), _SLICE)]
        return {found for some in slices for found in self._found(_UNFINISHED, ids=some)}

    def forget_slice(self, completed_before: str) -> int:
        """Delete some of what ended before that time (ISO 8601); returns how many, 0 when none is left."""
        finished = self._found(_FINISHED, completed_before=completed_before, limit=_SLICE)
        if finished:
            self._client.delete_workflows(finished)
        return len(finished)

    def requeue(self, node: str) -> int:
        """Give back what that node had at hand and anybody can do; returns how much."""
        at_hand = self.at_hand(node)
        if at_hand:
            self._client.resume_workflows(at_hand, queue_name=_ANYBODY)
        return len(at_hand)

    def take_over(self, executor: str) -> None:
        """Queue what anybody else has at hand: nobody else is there."""
        found = self._client.list_workflows(status=[_AT_HAND], load_input=False, load_output=False)
        strangers = [workflow.workflow_id for workflow in found if workflow.executor_id != executor]
        if strangers:
            self._client.resume_workflows(strangers, queue_name=_ANYBODY)

    def at_hand(self, node: str) -> list[str]:
        """What that node has begun and not ended, and anybody can do."""
        return self._found([_AT_HAND], queues=[_ANYBODY] if self.is_shared else None, executor=node)

    def _queue(self, node: str | None) -> str:
        """On one machine every process sees the same files."""
        return f"node {node}" if node is not None and self.is_shared else _ANYBODY

    def _found(
        self,
        status: list[str],
        *,
        ids: list[str] | None = None,
        queues: list[str] | None = None,
        executor: str | None = None,
        completed_before: str | None = None,
        limit: int | None = None,
    ) -> list[str]:
        workflows = self._client.list_workflows(
            workflow_ids=ids,
            status=status,
            queue_name=queues,
            executor_id=executor,
            completed_before=completed_before,
            limit=limit,
            load_input=False,
            load_output=False,
        )
        return [workflow.workflow_id for workflow in workflows]
