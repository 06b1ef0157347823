"""A role's tie to whoever started it: the supervisor, systemd, or a person at a terminal.

Knows signals, the supervisor's lifeline and systemd's socket; must not know what the role does. Standard library only.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

#: The supervisor's word, kept here too: no role may import the supervisor.
LIFELINE = "CALLREEL_LIFELINE"
_BEAT_SECONDS = 1.0


class Lifeline:
    """`stop_requested`: drain and leave. `reload_requested`: clear it, read the configuration again, say `ready`."""

    def __init__(self, supervisor: socket.socket | None) -> None:
        self.stop_requested = asyncio.Event()
        self.reload_requested = asyncio.Event()
        self._supervisor = supervisor

    def ready(self) -> None:
        """The role does its work now, or does it with the new configuration."""
        self._say(b"ready")
        self._notify("READY=1")

    def stop(self) -> None:
        """Somebody wants us gone."""
        if not self.stop_requested.is_set():
            self.stop_requested.set()
            self._notify("STOPPING=1")

    def reload(self) -> None:
        """Somebody changed the configuration."""
        self._notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self.reload_requested.set()

    def beat(self) -> None:
        """The event loop turns."""
        self._say(b"beat")
        if _is_watched():
            self._notify("WATCHDOG=1")

    def listen(self) -> None:
        """The supervisor never says anything; the end of it can be read."""
        assert self._supervisor is not None
        try:
            is_over = not self._supervisor.recv(4096)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            is_over = True
        if is_over:
            asyncio.get_running_loop().remove_reader(self._supervisor)
            self.stop()

    def _say(self, word: bytes) -> None:
        # A full pipe means that the supervisor stands still: nothing to wait for. A broken one is read in `listen`.
        if self._supervisor is not None:
            with suppress(OSError):
                self._supervisor.send(word)

    def _notify(self, *lines: str) -> None:
        address = os.environ.get("NOTIFY_SOCKET")
        if self._supervisor is not None or not address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.connect("\0" + address[1:] if address.startswith("@") else address)
            manager.send("\n".join(lines).encode())


@asynccontextmanager
async def lifeline() -> AsyncIterator[Lifeline]:
    """Hold it around all that the role does, in the role's own event loop: a loop that is blocked stops beating."""
    loop = asyncio.get_running_loop()
    supervisor = _supervisor()
    life = Lifeline(supervisor)
    handlers = {signal.SIGTERM: life.stop, signal.SIGINT: life.stop, signal.SIGHUP: life.reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    if supervisor is not None:
        loop.add_reader(supervisor, life.listen)
    beating = loop.create_task(_beat(life), name="beat")
    try:
        yield life
    finally:
        beating.cancel()
        for number in handlers:
            loop.remove_signal_handler(number)
        if supervisor is not None:
            loop.remove_reader(supervisor)
            supervisor.close()


def leave(code: int) -> NoReturn:
    """End the process now. After draining, a thread may still wait for a database that is away (the engine's do, for
    ever), and a normal exit would wait for the thread."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


async def _beat(life: Lifeline) -> None:
    pause = min(_BEAT_SECONDS, float(os.environ.get("WATCHDOG_USEC") or "inf") / 2e6)
    while True:
        life.beat()
        await asyncio.sleep(pause)


def _is_watched() -> bool:
    return "WATCHDOG_USEC" in os.environ and os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())


def _supervisor() -> socket.socket | None:
    """Our end of the lifeline. What we start ourselves must neither see nor keep it."""
    number = os.environ.pop(LIFELINE, "")
    if not number:
        return None
    supervisor = socket.socket(fileno=int(number))
    supervisor.setblocking(False)
    supervisor.set_inheritable(False)
    return supervisor
