"""Real processes whose printed lines are the events that a test waits for."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 20.0


class Talking:
    """A Python module run as a process; killed with all its group when the test is over."""

    def __init__(self, module: str, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._unread = b""
        self._unheard: list[list[str]] = []
        #: Processes of other groups that must not outlive the test.
        self.others: list[int] = []

    def __enter__(self) -> "Talking":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in (self.process.pid, *self.others):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def hear(self, *words: str) -> int:
        """Wait for a line that begins so, each line once; returns the number that follows (a pid), or 0."""
        while True:
            for line in self._unheard:
                if line[: len(words)] == list(words):
                    self._unheard.remove(line)
                    return int(line[len(words)]) if line[len(words) :] and line[len(words)].isdigit() else 0
            self._unheard.append(self._next())

    def hear_all(self, *lines: str) -> None:
        """Each of these, in any order."""
        for line in lines:
            self.hear(*line.split())

    def says_nothing_for(self, seconds: float) -> None:
        """The one way here to let time pass: any line fails the test."""
        assert self.process.stdout is not None
        assert not self._unread
        readable, _, _ = select.select([self.process.stdout], [], [], seconds)
        assert not readable, os.read(self.process.stdout.fileno(), 4096)

    def tell(self, order: str) -> None:
        """One line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(LIMIT_SECONDS)

    def _next(self) -> list[str]:
        heard = self._line().split()
        if heard[1:2] == ["up"]:
            self.others.append(int(heard[2]))
        return heard

    def _line(self) -> str:
        assert self.process.stdout is not None
        until = time.monotonic() + LIMIT_SECONDS
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self.process.stdout], [], [], max(until - time.monotonic(), 0))
            assert readable, "nothing more was said in time"
            more = os.read(self.process.stdout.fileno(), 4096)
            assert more, "it ended without saying so"
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()


class Systemd:
    """The socket of a service manager, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(LIMIT_SECONDS)

    def __enter__(self) -> "Systemd":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def next_but_watchdog(self) -> str:
        while (told := self._socket.recv(1000).decode()) == "WATCHDOG=1":
            pass
        return told

    def next(self) -> str:
        return self._socket.recv(1000).decode()


def wait_for_end(pid: int) -> None:
    """Until that process, which need not be our child, is gone."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([watched], [], [], LIMIT_SECONDS)
        assert ended, f"process {pid} lives on"
    finally:
        os.close(watched)
