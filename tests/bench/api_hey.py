"""hey, which asks one thing again and again over fifty connections; what it says in the end. Knows no callreel."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .tool import BenchBroken

CONNECTIONS: Final = 50
_LONGEST: Final = "1h"
#: Fifty that wait for a megabyte each wait long; whoever gives up is still being answered.
_ANSWER_SECONDS: Final = 120
_LEAVE_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Flood:
    answers_a_second: float
    #: By status; what got no answer is counted at 0.
    statuses: dict[int, int]

    @property
    def bad(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != 200)


class Hey:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def end(self) -> Flood:
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate(timeout=_LEAVE_SECONDS)
        return flood_of(said)


@contextmanager
def hey(program: str, url: str, key: str, *, pace: int | None, folder: Path) -> Iterator[Hey]:
    """From now on; `pace` is what each connection asks in a second at most."""
    paced = [] if pace is None else ["-q", str(pace)]
    how = ["-z", _LONGEST, "-c", str(CONNECTIONS), "-t", str(_ANSWER_SECONDS), *paced]
    argv = [program, *how, "-H", f"Authorization: Bearer {key}", url]
    with (folder / "hey.log").open("ab") as log:
        # A session of its own: a kernel that shares the processor out by sessions must not take it for the PBX's.
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        yield Hey(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def flood_of(said: str) -> Flood:
    """What it printed."""
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    if rate is None:
        raise BenchBroken(f"hey did not say how much it asked: {said[:200]!r}")
    statuses = {int(status): int(count) for status, count in re.findall(r"\[(\d{3})\]\s+(\d+) responses", said)}
    failed = sum(int(count) for count in re.findall(r"^\s+\[(\d+)\]\s+(?!\d+ responses)", said, re.MULTILINE))
    return Flood(float(rate[1]), statuses | ({0: failed} if failed else {}))
