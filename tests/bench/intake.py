"""Capture under load: 10,000 calls live at once, the catalogue locked, what saturates first; and what idling costs."""

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .daemon import (
    Household,
    all_roles,
    fresh_import_megabytes,
    household,
    player,
    player_report,
    role,
    wait_until,
)
from .onlooker import Sight, hold_lock, onlooker
from .tool import Bench

CALLS: Final = 10_000
#: A few more, since capture counts them every two seconds only, while some end and others begin.
LOAD_CALLS: Final = 10_100
RATE: Final = 200
EVENTS: Final = 8
#: How long all of them live at once, with as many beginning as ending.
PLATEAU_SECONDS: Final = 12
LOCK_SECONDS: Final = 3.0
LAST_ANSWERS_SECONDS: Final = 1.5

ANSWER_BAR_MS: Final = 100
READABLE_BAR_SECONDS: Final = 1.0
CAPTURE_BAR_MB: Final = 400
IDLE_BAR_MB: Final = 300
IMPORTS_BAR_MB: Final = 65

STEP_RATES: Final = (400, 600, 800, 1200, 1600, 2400, 3200)
STEP_SECONDS: Final = 10
STEP_LIFE_SECONDS: Final = 5
#: A process of Python that is this busy has no time left.
BUSY: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    answers: dict[str, float]
    sight: Sight
    live_calls: int
    peak_megabytes: float
    #: Shares of one core, while the load ran.
    capture_cpu: float
    player_cpu: float

    @property
    def is_carried(self) -> bool:
        is_quick = self.answers["p99_ms"] <= ANSWER_BAR_MS and not self.answers["unanswered"]
        return is_quick and self.sight.share(1.0) <= READABLE_BAR_SECONDS


def run(bench: Bench) -> None:
    _idle(bench)
    _ten_thousand(bench)
    _locked(bench)
    _saturation(bench)


def _ten_thousand(bench: Bench) -> None:
    bench.note(f"{CALLS} calls live at once, {RATE} more a second, {EVENTS} events each")
    outcome = _loaded(bench.folder / "load", LOAD_CALLS, RATE, LOAD_CALLS / RATE + PLATEAU_SECONDS)
    bench.figure("calls live at once", outcome.live_calls, "calls", bar=CALLS, higher_is_better=True)
    bench.figure("event written to command arrived, p50", outcome.answers["p50_ms"], "ms")
    bench.figure("event written to command arrived, p99", outcome.answers["p99_ms"], "ms", bar=ANSWER_BAR_MS)
    bench.figure("event written to command arrived, latest", outcome.answers["max_ms"], "ms")
    bench.figure("events that no command answered", outcome.answers["unanswered"], "events", bar=0)
    bench.figure("change to readable by another process, p99", outcome.sight.share(0.99), "s")
    bench.figure(
        "change to readable by another process, latest", outcome.sight.share(1.0), "s", bar=READABLE_BAR_SECONDS
    )
    bench.figure("changes that were looked for", len(outcome.sight.delays), "changes")
    bench.figure("capture's memory, the most", outcome.peak_megabytes, "MB", bar=CAPTURE_BAR_MB)
    bench.figure("capture's processor", 100 * outcome.capture_cpu, "% of a core")


def _locked(bench: Bench) -> None:
    bench.note(f"the same, while another process holds the catalogue's lock for {LOCK_SECONDS:g} s")
    outcome = _loaded(
        bench.folder / "lock", LOAD_CALLS, RATE, LOAD_CALLS / RATE + PLATEAU_SECONDS, lock_seconds=LOCK_SECONDS
    )
    bench.figure(
        f"catalogue locked for {LOCK_SECONDS:g} s: latest command", outcome.answers["max_ms"], "ms", bar=ANSWER_BAR_MS
    )
    bench.figure("  commands", outcome.answers["count"], "commands")
    bench.figure("  change to readable, latest", outcome.sight.share(1.0), "s")


def _saturation(bench: Bench) -> None:
    """Ever more calls a second, until one of the promises breaks twice: once may be somebody else's doing."""
    carried = RATE
    for rate in STEP_RATES:
        bench.note(f"{rate} calls a second")
        outcome = _step(bench, rate, "first")
        if not outcome.is_carried:
            outcome = _step(bench, rate, "second")
        bench.figure(f"{rate} calls/s: event to command, p99", outcome.answers["p99_ms"], "ms")
        bench.figure("  change to readable, latest", outcome.sight.share(1.0), "s")
        bench.figure("  capture's processor", 100 * outcome.capture_cpu, "% of a core")
        if not outcome.is_carried:
            bench.figure(f"carried; beyond that {_saturated(outcome)} saturates first", carried, "calls/s")
            return
        carried = rate
    bench.figure("carried, and nothing saturated", carried, "calls/s")


def _step(bench: Bench, rate: int, turn: str) -> Outcome:
    return _loaded(bench.folder / f"rate-{rate}-{turn}", rate * STEP_LIFE_SECONDS, rate, STEP_SECONDS)


def _saturated(outcome: Outcome) -> str:
    if outcome.player_cpu >= BUSY > outcome.capture_cpu:
        return "the scripted PBX"
    if outcome.capture_cpu >= BUSY:
        return "capture's processor"
    return "the catalogue" if outcome.answers["p99_ms"] <= ANSWER_BAR_MS else "the machine"


def _loaded(folder: Path, calls: int, rate: int, seconds: float, *, lock_seconds: float = 0.0) -> Outcome:
    """A new capture under this load for so long; the load is cut off at its height."""
    house = household(folder)
    load = f"calls={calls},rate={rate},events={EVENTS},seconds={seconds}"
    with role(house, "capture") as capture, onlooker(house.catalogue) as looking:
        with player(house, "--load", load):
            began, cpu_began = time.monotonic(), capture.cpu_seconds()
            _let_pass(began + seconds - 2 * lock_seconds)
            if lock_seconds:
                hold_lock(house.catalogue, lock_seconds)
            _let_pass(began + seconds)
            cpu = (capture.cpu_seconds() - cpu_began) / (time.monotonic() - began)
            live_calls = _live_calls(house)
            # No more begin; those that ring now are still answered.
            _let_pass(time.monotonic() + LAST_ANSWERS_SECONDS)
            sight = looking.sight()
        report = player_report(house)
        return Outcome(
            answers=report["start_recorder"],
            sight=sight,
            live_calls=live_calls,
            peak_megabytes=capture.peak_megabytes(),
            capture_cpu=cpu,
            player_cpu=report["cpu_seconds"] / report["seconds"],
        )


def _let_pass(moment: float) -> None:
    time.sleep(max(moment - time.monotonic(), 0.0))


def _live_calls(house: Household) -> int:
    report = json.loads((house.state / "health" / "capture.json").read_text(encoding="utf-8"))
    return int(report["live_calls"])


def _idle(bench: Bench) -> None:
    """Every role, and each encoder process, after some calls were recorded and shipped."""
    bench.note("the memory of idle roles")
    bench.figure(
        "capture's memory after its imports",
        fresh_import_megabytes("connector.roles.capture"),
        "MB",
        bar=IMPORTS_BAR_MB,
    )
    house = household(bench.folder / "idle")
    script = house.folder / "script.json"
    script.write_text(json.dumps({"conversations": [_SHORT_CALLS]}), encoding="utf-8")
    with all_roles(house) as roles:
        with player(house, "--spool", house.spool, "--script", script):
            wait_until(lambda: _available(house) == _SHORT_CALLS["times"], 60, "the short calls to be available")
        processes = len(roles.process_ids())
        bench.figure(
            "processes: supervisor, three roles, encoders", processes, "processes", bar=6, higher_is_better=True
        )
        bench.figure("all roles idle, memory (PSS)", roles.proportional_megabytes(), "MB", bar=IDLE_BAR_MB)


_SHORT_CALLS: Final = {
    "caller": "+4930123",
    "agent": "201",
    "times": 6,
    "steps": [{"do": "talk", "seconds": 3}, {"do": "hangup"}],
}


def _available(house: Household) -> int:
    with closing(sqlite3.connect(f"file:{house.catalogue}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT count(*) FROM recordings WHERE state = 'available'").fetchone()
    return int(found[0])
