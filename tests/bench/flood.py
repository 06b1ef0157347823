"""Recording while the API is flooded: 5 calls a second begin, and hey asks for small and for large answers.

The whole house runs, from `callreel run`; the scripted PBX writes files, and each call is recorded and shipped.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from .api_catalogue import write
from .api_hey import Flood, Hey, hey
from .api_house import api_household, new_key, port
from .daemon import Household, Neighbours, Running, all_roles, player, player_report, wait_until
from .tool import Bench, BenchBroken

RATE: Final = 5
SECONDS: Final = 30
ROUNDS: Final = 3
TALK_SECONDS: Final = 6
START_BAR_MS: Final = 20.0
#: What each of hey's connections asks in a second at most.
PACE: Final = 500

#: Earlier ones, which the answers are about: those that begin meanwhile would change their size.
PAST_CALLS: Final = 2000
PAST_ENDS: Final = "2026-10-01"
#: So that two hundred calls, of which six in ten were recorded, are a megabyte.
TRANSCRIPT: Final = "and so they talked " * 300
SMALL: Final = "/v1/calls?limit=1"
LARGE: Final = f"/v1/calls?limit=200&to_date={PAST_ENDS}"

_PLAYED_SECONDS: Final = 60.0
_SHIPPED_SECONDS: Final = 180.0
_CALL: Final = {
    "caller": "+4930123",
    "agent": "201",
    "every_seconds": 1 / RATE,
    "steps": [{"do": "ringing", "seconds": 0.5}, {"do": "talk", "seconds": TALK_SECONDS}, {"do": "hangup"}],
}


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    #: "" = nobody asks the API.
    path: str = ""
    pace: int | None = None
    bar: float | None = START_BAR_MS
    #: Without the order in which the supervisor's roles stand back for each other.
    is_alike: bool = False


PHASES: Final = (
    Phase("nobody asks", bar=None),
    Phase(f"small answers, hey -q {PACE}", SMALL, PACE),
    Phase("small answers, unpaced", SMALL),
    Phase(f"1 MB answers, hey -q {PACE}", LARGE, PACE),
    Phase("1 MB answers, unpaced", LARGE),
    Phase("small answers, unpaced, roles alike", SMALL, bar=None, is_alike=True),
    Phase("1 MB answers, unpaced, roles alike", LARGE, bar=None, is_alike=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    #: As the PBX reports them, in milliseconds.
    answers: dict[str, float]
    flood: Flood | None
    #: How many of the machine's cores were busy with what is not this bench.
    others_cores: float


def run(bench: Bench) -> None:
    program = bench.peer("hey", "hey")
    house = api_household(bench.folder / "house")
    bench.note(f"{PAST_CALLS} earlier calls are made")
    _add_past(house)
    flooding = partial(hey, program, key=(key := new_key(house)), folder=house.folder)
    phases = [phase for phase in PHASES if os.geteuid() == 0 or not phase.is_alike]
    if len(phases) < len(PHASES):
        bench.note("not root, so the roles' order cannot be taken back: not measured without it")
    found: dict[Phase, list[Round]] = {phase: [] for phase in phases}
    with all_roles(house) as roles:
        bench.figure("1 MB answer", _size(house, LARGE, key) / 1e6, "MB")
        # In turn, so that what disturbs the machine disturbs all.
        for turn, phase in product(range(ROUNDS), phases):
            bench.note(f"round {turn + 1} of {ROUNDS}, {RATE} calls a second for {SECONDS} s: {phase.name}")
            with _alike(roles) if phase.is_alike else nullcontext():
                one = _round(house, roles, flooding, phase)
            bench.note(f"  p99 {one.answers['p99_ms']:.1f} ms; others kept {one.others_cores:.2f} cores busy")
            found[phase].append(one)
        for phase, rounds in found.items():
            _report(bench, phase, rounds)
        _report_recordings(bench, house, RATE * SECONDS * ROUNDS * len(phases))


def _round(
    house: Household, roles: Running, flooding: Callable[..., AbstractContextManager[Hey]], phase: Phase
) -> Round:
    neighbours, began, cpu_began = Neighbours(), time.monotonic(), roles.cpu_seconds()
    url = f"http://127.0.0.1:{port(house)}{phase.path}"
    with flooding(url, pace=phase.pace) if phase.path else nullcontext() as flood:
        report = _played(house)
        found = flood.end() if flood else None
    # Who was started for this round has ended, and counts as ours; the house lives on.
    ours = (roles.cpu_seconds() - cpu_began) / (time.monotonic() - began)
    return Round(answers=report["start_recorder"], flood=found, others_cores=neighbours.cores - ours)


def _played(house: Household) -> dict[str, Any]:
    """What the PBX says of its calls, when they are over."""
    script = house.folder / "script.json"
    # Names of its own: a PBX gives none twice.
    calls = _CALL | {"prefix": uuid4().hex, "times": RATE * SECONDS}
    script.write_text(json.dumps({"conversations": [calls]}), encoding="utf-8")
    with player(house, "--spool", house.spool, "--script", script) as playing:
        wait_until(
            lambda: playing.process.poll() is not None, SECONDS + _PLAYED_SECONDS, "the end of the scripted calls"
        )
    return player_report(house)


def _report(bench: Bench, phase: Phase, rounds: Sequence[Round]) -> None:
    """Of the round in which others used the machine least: a p99 of milliseconds is theirs, too."""
    quietest = min(rounds, key=lambda one: one.others_cores)
    answers = quietest.answers
    bench.figure(f"{phase.name}: bridge to recorder's order, p50", answers["p50_ms"], "ms")
    bench.figure("  p99", answers["p99_ms"], "ms", bar=phase.bar)
    bench.figure("  latest", answers["max_ms"], "ms")
    bench.figure("  others kept busy", quietest.others_cores, "cores")
    missing = sum(2 * RATE * SECONDS - one.answers["count"] for one in rounds)
    bench.figure("  recorders that were not ordered", missing, "recorders", bar=0)
    floods = [one.flood for one in rounds if one.flood is not None]
    if quietest.flood is not None:
        bench.figure("  answers of the API", quietest.flood.answers_a_second, "/s")
        bench.figure("  answers that were none, or not 200", sum(one.bad for one in floods), "answers", bar=0)


def _report_recordings(bench: Bench, house: Household, wanted: int) -> None:
    bench.note("what is not shipped yet is waited for")
    with suppress(BenchBroken):
        wait_until(lambda: _available(house) >= wanted, _SHIPPED_SECONDS, "the recordings")
    bench.figure("recordings made meanwhile that are not available", wanted - _available(house), "recordings", bar=0)


@contextmanager
def _catalogue(house: Household) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(house.catalogue, timeout=30.0)) as connection, connection:
        yield connection


def _available(house: Household) -> int:
    """Of those that were made here: the earlier ones have no file."""
    wanted = "SELECT count(*) FROM recordings WHERE state = 'available' AND requested_at > unixepoch(?)"
    with _catalogue(house) as connection:
        return int(connection.execute(wanted, (PAST_ENDS,)).fetchone()[0])


def _add_past(house: Household) -> None:
    write(f"sqlite:///{house.catalogue}", PAST_CALLS, house.folder / "backups")
    line = {"role": "agent", "party": "", "start_seconds": 0, "end_seconds": 60, "text": TRANSCRIPT, "confidence": 0.9}
    with _catalogue(house) as connection:
        connection.execute("UPDATE transcripts SET lines = ?", (json.dumps([line]),))
        connection.execute("UPDATE recordings SET expires_at = NULL")


def _size(house: Household, path: str, key: str) -> int:
    with closing(HTTPConnection("127.0.0.1", port(house), timeout=30.0)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise BenchBroken(f"GET {path} was answered with {answer.status}: {body[:200]!r}")
    return len(body)


@contextmanager
def _alike(roles: Running) -> Iterator[None]:
    """As if the supervisor had no order among its roles."""
    processes = roles.process_ids()
    before = {thread: niceness for pid in processes for thread, niceness in _threads(pid)}
    groups = {pid: _group_niceness(pid) for pid in processes}
    _set(dict.fromkeys(before, os.getpriority(os.PRIO_PROCESS, 0)), dict.fromkeys(groups, 0))
    try:
        yield
    finally:
        _set(before, groups)


def _threads(pid: int) -> Iterator[tuple[int, int]]:
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield int(thread.name), os.getpriority(os.PRIO_PROCESS, int(thread.name))


def _set(threads: Mapping[int, int], groups: Mapping[int, int]) -> None:
    # Threads may have ended meanwhile, and not every kernel shares out by sessions.
    for thread, niceness in threads.items():
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, niceness)
    for pid, niceness in groups.items():
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


def _group_niceness(pid: int) -> int:
    """`/autogroup-17 nice 5`; nothing where there are none."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/autogroup").read_text(encoding="ascii").split()[-1])
    return 0
