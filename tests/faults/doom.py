"""Where a process is to die: a plan in a folder, so that each death is died once over all its lives."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.faults.waiting import until


class Doom:
    """Written by the test, read by the process under test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    # The test's side

    def plan(self, points: list[str]) -> None:
        """Die at these, one life each, in this order."""
        (self._folder / "plan.json").write_text(json.dumps(points))

    def hold(self, *points: str) -> None:
        """Whoever comes to one of these stays there until it is none of them any more."""
        anew = self._folder / "hold.new"
        anew.write_text(json.dumps(points))
        # Whoever stands still reads it again and again, and never half of it.
        anew.replace(self._folder / "hold.json")

    @property
    def died(self) -> list[str]:
        """In the order of the deaths."""
        return (self._folder / "died").read_text().splitlines() if (self._folder / "died").exists() else []

    def until_died(self, points: list[str]) -> None:
        until(lambda: self.died[-len(points) :] == points, lambda: f"it died at {self.died} and not at {points}", 110)

    # The process's side

    def reached(self, point: str) -> None:
        """The next death of the plan comes here, or nothing."""
        died = self.died
        planned = self._read("plan.json")
        if len(died) < len(planned) and planned[len(died)] == point:
            self.die(point)

    def die(self, point: str) -> None:
        with (self._folder / "died").open("a") as file:
            file.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def holds(self, point: str, who: str) -> bool:
        """Not whoever has been there and only comes by again."""
        return point in self._read("hold.json") and f"{point} {who}" not in self._passed()

    def pass_by(self, point: str, who: str) -> None:
        """What was to be done there is done, for good."""
        with (self._folder / "passed").open("a") as file:
            file.write(f"{point} {who}\n")

    def _passed(self) -> list[str]:
        return (self._folder / "passed").read_text().splitlines() if (self._folder / "passed").exists() else []

    def _read(self, name: str) -> list[str]:
        file = self._folder / name
        return list(json.loads(file.read_text())) if file.exists() else []


def live_again_and_again(live: Callable[[], None]) -> int:
    """Each life in a process of its own; a new one after each death by SIGKILL. Forked, so that lives begin at once:
    only modules are loaded here, no thread and no loop runs."""
    while True:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                live()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return os.waitstatus_to_exitcode(status)
