"""Threads for file work that may hang: few, a store's own, each call with a time limit.

The loop's default executor belongs to others; a dead network disk may take these threads and no more.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from connector.errors import DestinationUnreachable

Answer = TypeVar("Answer")

#: Work looks at it between two pieces and gives up when nobody waits any more.
Stop = threading.Event

_CLOSING_SECONDS = 10.0


class Abandoned(Exception):
    """The caller does not wait any more; the work was undone."""


class FileThreads:
    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = asyncio.Semaphore(count)
        self._running: dict[Future[Any], Stop] = {}

    async def run(self, work: Callable[[Stop], Answer], *, seconds: float) -> Answer:
        """Run it in a thread. When it takes longer, or the caller is cancelled, the work is told to stop; the thread
        may take its time to notice."""
        stop = Stop()
        async with self._free:
            future = self._pool.submit(work, stop)
            self._running[future] = stop
            future.add_done_callback(lambda done: self._running.pop(done, None))
            try:
                async with asyncio.timeout(seconds):
                    return await asyncio.wrap_future(future)
            except TimeoutError as error:
                raise DestinationUnreachable(
                    f"{self._name} did not answer within {seconds:.0f} s: is its disk or network share alive?"
                ) from error
            finally:
                stop.set()

    async def close(self) -> None:
        """Stop what runs and wait for it a while; a thread that hangs in the kernel is left behind."""
        for stop in list(self._running.values()):
            stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        waiting = [asyncio.wrap_future(future) for future in list(self._running)]
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await asyncio.gather(*waiting, return_exceptions=True)
        except TimeoutError:
            return
