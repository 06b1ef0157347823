"""One role of the house as a real process, which can be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.faults.pbx import ROOT
from tests.faults.waiting import until


class Role:
    """`command` is what Python runs: a module and its arguments. Its log goes into a file of its own."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name = name
        self.command = command
        self.log = folder / f"{name}.log"
        #: What stands before Python in its command line.
        self.prefix: list[str] = []
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False
        self._seen = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._seen = len(self.lines)
        self._is_killed = False
        with self.log.open("ab") as log:
            self._process = self._started(log)

    def _started(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", *self.command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )

    def until_up(self) -> None:
        """It says so in its log; under a supervisor that starts it, every role's line is there."""
        self.until_said(f"{self.name} runs")

    def until_said(self, event: str, **facts: object) -> dict[str, object]:
        """A line of this life's log with these facts; returns it."""

        def line() -> dict[str, object]:
            assert self.is_alive or self.said(event, **facts), f"{self.name} ended: {self.tail}"
            return next(iter(self.said(event, **facts)), {})

        return until(line, lambda: f"{event} {facts} from {self.name}, which said: {self.tail}")

    def said(self, event: str, **facts: object) -> list[dict[str, object]]:
        """Its log's lines since it was started that have that event and facts."""
        return [
            line for line in self.lines[self._seen :] if line.get("event") == event and facts.items() <= line.items()
        ]

    @property
    def lines(self) -> list[dict[str, object]]:
        """All that it ever logged; what is no line of the log (a trace) is left out."""
        found: list[dict[str, object]] = []
        for line in self.log.read_text(errors="replace").splitlines() if self.log.exists() else ():
            with suppress(json.JSONDecodeError):
                read = json.loads(line)
                found.append(read if isinstance(read, dict) else {})
        return found

    @property
    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else "nothing"

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Dead at once, with all that it had started. Once in a life: its number may be somebody else's afterwards."""
        if self._process is not None and not self._is_killed:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._is_killed = True

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def ended(self, seconds: float = 30.0) -> int:
        """Wait for its end; returns its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)
