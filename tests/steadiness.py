"""How steadily this machine runs its programs: what the rig knows of time is no better than that."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.010
#: Half of a frame.
_UNSTEADY_SECONDS: Final = 0.010
#: Of the time. Two processors that carry Asterisk, callreel and the phones alone stay below.
_UNSTEADY_SHARE: Final = 0.10
#: For a processor, and for a disk: an Asterisk that waits for its prompt plays it late.
_PRESSURES: Final = (Path("/proc/pressure/cpu"), Path("/proc/pressure/io"))
#: Between a phone and a file stand two programs, and each may have had to wait.
_WAITING_PROGRAMS: Final = 2
_MOST_UNSURE_SECONDS: Final = 0.2


class Steadiness:
    """`worst_seconds`: by so much one that wanted to run had to wait, at most. `waiting_share`: in how much of the time
    anybody on this machine had to, where the kernel tells."""

    def __init__(self) -> None:
        self.worst_seconds = 0.0
        self._began = time.monotonic()
        self._waited_before = _waited_seconds()
        self._over = threading.Event()
        self._share: float | None = None

    @property
    def waiting_share(self) -> float:
        if self._share is not None:
            return self._share
        return (_waited_seconds() - self._waited_before) / max(time.monotonic() - self._began, 1e-3)

    @property
    def is_steady(self) -> bool:
        return self.worst_seconds <= _UNSTEADY_SECONDS and self.waiting_share <= _UNSTEADY_SHARE

    def __str__(self) -> str:
        worst, share = 1000 * self.worst_seconds, 100 * self.waiting_share
        return f"programs waited up to {worst:.0f} ms for their turn, and somebody did {share:.0f} % of the time"

    def watch(self) -> None:
        due = time.monotonic() + _LOOK_SECONDS
        while not self._over.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            self.worst_seconds = max(self.worst_seconds, now - due)
            due = now + _LOOK_SECONDS

    def end(self) -> None:
        self._share = self.waiting_share
        self._over.set()


@contextmanager
def watched() -> Iterator[Steadiness]:
    steadiness = Steadiness()
    thread = threading.Thread(target=steadiness.watch, name="steadiness", daemon=True)
    thread.start()
    try:
        yield steadiness
    finally:
        steadiness.end()
        thread.join()


class Verdict:
    """By how much a moment may be wrong without telling anything of callreel: nothing on a machine that keeps time, and
    nothing while a test will be tried again."""

    def __init__(self) -> None:
        self._watching: Steadiness | None = None

    @property
    def unsure_seconds(self) -> float:
        watching = self._watching
        if watching is None or (watching.is_steady and EVENINGS.was_steady):
            return 0.0
        return min(_WAITING_PROGRAMS * max(watching.worst_seconds, EVENINGS.worst_seconds), _MOST_UNSURE_SECONDS)

    @contextmanager
    def last(self, steadiness: Steadiness) -> Iterator[None]:
        """Within, nothing is tried again any more."""
        self._watching = steadiness
        try:
            yield
        finally:
            self._watching = None


class Evenings:
    """The sound that many tests look at is made once, before them: so steadily."""

    def __init__(self) -> None:
        self._last: Steadiness | None = None

    @property
    def was_steady(self) -> bool:
        return self._last is None or self._last.is_steady

    @property
    def worst_seconds(self) -> float:
        return 0.0 if self._last is None else self._last.worst_seconds

    @contextmanager
    def watched(self) -> Iterator[None]:
        with watched() as steadiness:
            yield
        self._last = steadiness

    def forget(self) -> None:
        self._last = None

    def __str__(self) -> str:
        return "" if self._last is None else f"; when the sound was made, {self._last}"


EVENINGS: Final = Evenings()
VERDICT: Final = Verdict()


def _waited_seconds() -> float:
    return sum(_waited_for(pressure) for pressure in _PRESSURES)


def _waited_for(pressure: Path) -> float:
    with suppress(OSError):
        for line in pressure.read_text().splitlines():
            if line.startswith("some "):
                return int(line.rpartition("total=")[2]) / 1e6
    return 0.0
