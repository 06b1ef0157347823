"""Commands on their way to a PBX: in order within a call, side by side between calls, never waited for."""

import asyncio
from collections import deque

from connector.domain.ids import CallId
from connector.domain.pbx_commands import PbxCommand
from connector.ports.pbx import Pbx


class Outbox:
    def __init__(self, pbx: Pbx, tasks: asyncio.TaskGroup) -> None:
        self._pbx = pbx
        self._tasks = tasks
        self._waiting: dict[CallId, deque[PbxCommand]] = {}

    def put(self, command: PbxCommand) -> None:
        """Send it as soon as the earlier ones of its call are done."""
        queue = self._waiting.get(command.call)
        if queue is not None:
            queue.append(command)
            return
        self._waiting[command.call] = deque([command])
        self._tasks.create_task(self._send(command.call), name=f"outbox {command.call}")

    async def _send(self, call: CallId) -> None:
        queue = self._waiting[call]
        while queue:
            await self._pbx.execute(queue.popleft())
        del self._waiting[call]
