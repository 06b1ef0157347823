"""FreeSWITCH's event socket: our client beside greenswitch and genesis, a flood, orders after a bridge, 1,000 calls."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from .daemon import Neighbours, household, role, wait_until
from .esl_events import mixes, whole_call
from .peer_environment import python_with
from .tool import ROOT, Bench, BenchBroken

PEERS: Final = ("greenswitch==0.0.19", "gevent==26.9.0", "genesis==2026.10.18")
#: genesis knows none newer.
PEERS_BELOW: Final = (3, 13)
OURS: Final = "callreel"
CLIENTS: Final = (OURS, "greenswitch", "genesis")
RACE_EVENTS: Final = 20_000
RACE_RUNS: Final = 3
RATIO_BAR: Final = 1.0

FLOOD_EVENTS: Final = 50_000
GROWTH_BAR_MB: Final = 20

EVENTS_PER_SECOND: Final = 300
PACE_SECONDS: Final = 60
ORDER_BAR_MS: Final = 5
#: Stolen time is latency: so much of a core may other processes take; a round in which they take more is no measure.
OTHERS_CORES: Final = 0.1
PACE_ROUNDS: Final = 3

CALLS: Final = 1000
STARTS_PER_SECOND: Final = 50
#: As many begin as end; a few more than `CALLS` then live.
TALK_SECONDS: Final = 22.0
PLATEAU_SECONDS: Final = 30
CAPTURE_BAR: Final = 50

_FLOOD_SECONDS: Final = 300.0
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0


def run(bench: Bench) -> None:
    peers = python_with("esl-peers", PEERS, below=PEERS_BELOW)
    _race(bench, peers)
    _flood(bench)
    _orders(bench)
    _thousand_calls(bench)


# Beside the peers


def _race(bench: Bench, peers: Path) -> None:
    """Every client hears the same events; each in its best format: ours JSON, theirs the only one they know."""
    for mix in mixes():
        bench.note(f"{RACE_RUNS} times {RACE_EVENTS} events to each client, {mix}")
        rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
        for _ in range(RACE_RUNS):
            for name, found in rates.items():
                told = _flooded(mix, RACE_EVENTS, _command(name, peers))
                found.append(told["heard"] / told["cpu_seconds"])
        medians = {name: statistics.median(found) for name, found in rates.items()}
        for name, rate in medians.items():
            bench.figure(f"{mix}: {name}", rate, "events per CPU second")
        best = max(rate for name, rate in medians.items() if name != OURS)
        bench.figure("  times the better of both", medians[OURS] / best, "×", bar=RATIO_BAR, higher_is_better=True)


def _command(client: str, peers: Path) -> list[str | Path]:
    if client == OURS:
        return _ours("client")
    return [peers, ROOT / "tests" / "bench" / "esl_peers.py", client]


def _ours(way: str) -> list[str | Path]:
    return [sys.executable, "-m", "tests.bench.esl_ours", way]


def _flooded(mix: str, count: int, client: Sequence[str | Path]) -> dict[str, Any]:
    """What the client says of so many events."""
    with _server("tests.bench.esl_flood", mix, count) as (port, _):
        argv = [*client, str(port), str(count)]
        try:
            done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, timeout=_FLOOD_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise BenchBroken(f"{' '.join(map(str, argv))} never heard the last of {count} events") from error
    if done.returncode != 0:
        raise BenchBroken(f"{' '.join(map(str, client))} ended with {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def _server(module: str, *arguments: object) -> Iterator[tuple[int, IO[bytes]]]:
    """A process that tells its port, and what else it says; killed when it still runs."""
    argv = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield _said(process.stdout)["port"], process.stdout
        finally:
            process.kill()


def _said(output: IO[bytes]) -> dict[str, Any]:
    line = output.readline()
    if not line:
        raise BenchBroken("the server of events ended at its start")
    document: dict[str, Any] = json.loads(line)
    return document


# A flood


def _flood(bench: Bench) -> None:
    bench.note(f"{FLOOD_EVENTS} events at once, to our client and to the whole driver with a slow consumer")
    client = _flooded("channel", FLOOD_EVENTS, _ours("client"))
    bench.figure(f"{FLOOD_EVENTS} events flooded: lost", FLOOD_EVENTS - client["heard"], "events", bar=0)
    bench.figure("  out of order", client["out_of_order"], "events", bar=0)
    bench.figure("  memory grows by", client["grown_megabytes"], "MB", bar=GROWTH_BAR_MB)
    events = FLOOD_EVENTS - FLOOD_EVENTS % len(whole_call())
    driver = _flooded("calls", events, _ours("driver"))
    for trouble in driver["troubles"]:
        bench.note(f"  {trouble}")
    bench.figure("  facts of whole calls not in their place, slow consumer", driver["wrong"], "facts", bar=0)
    bench.figure("  memory grows by, slow consumer", driver["grown_megabytes"], "MB", bar=GROWTH_BAR_MB)


# Orders after a bridge


def _orders(bench: Bench) -> None:
    """Of the first round in which the machine is ours, else of that in which it is most nearly so."""
    rounds: list[dict[str, Any]] = []
    while len(rounds) < PACE_ROUNDS and all(one["others_cores"] > OTHERS_CORES for one in rounds):
        bench.note(f"{EVENTS_PER_SECOND} events a second for {PACE_SECONDS} s, both recorders ordered at each bridge")
        rounds.append(_paced(bench.folder / f"pace-{len(rounds)}"))
        bench.note(f"  other processes took {rounds[-1]['others_cores']:.2f} cores meanwhile")
    told = min(rounds, key=lambda one: float(one["others_cores"]))
    delays, echoes = sorted(told["delays_ms"]), sorted(told["echoes_ms"])
    if not delays:
        raise BenchBroken("capture ordered no recorder at all")
    bench.figure("events written", told["events_per_second"], "events/s")
    bench.figure("  bridged legs without an order", told["wanted"] - len(delays), "legs", bar=0)
    bench.figure("  bridge written to order read, p50", _share(delays, 0.5), "ms")
    bench.figure("  bridge written to order read, p99", _share(delays, 0.99), "ms", bar=ORDER_BAR_MS)
    bench.figure("  bridge written to order read, latest", delays[-1], "ms")
    bench.figure("  the machine's own echo, p50", _share(echoes, 0.5), "ms")
    bench.figure("  the machine's own echo, p99", _share(echoes, 0.99), "ms")
    bench.figure("  other processes took", 100 * told["others_cores"], "% of a core")
    bench.figure("  capture's processor", 100 * told["capture_cpu"], "% of a core")


def _paced(folder: Path) -> dict[str, Any]:
    calls_per_second = EVENTS_PER_SECOND / len(whole_call())
    others = Neighbours()
    with _server("tests.bench.esl_pace", calls_per_second, PACE_SECONDS) as (port, output):
        house = household(folder, pbx=_freeswitch(port, folder / "spool"))
        with role(house, "capture") as capture:
            cpu_began, began = capture.cpu_seconds(), time.monotonic()
            told = _said(output)
            cpu = (capture.cpu_seconds() - cpu_began) / (time.monotonic() - began)
    return {**told, "capture_cpu": cpu, "others_cores": others.cores}


def _freeswitch(port: int, spool: Path) -> dict[str, Any]:
    return {"freeswitch": {"esl": f":secret@127.0.0.1:{port}", "spool": str(spool)}}


def _share(values: Sequence[float], share: float) -> float:
    """Of sorted ones."""
    return values[min(int(len(values) * share), len(values) - 1)]


# A thousand calls


@dataclass
class _Switch:
    """The scripted FreeSWITCH in a process of its own."""

    process: "subprocess.Popen[bytes]"
    port: int
    recordings: str

    def do(self, name: str, *given: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": name, "with": given}).encode() + b"\n")
        self.process.stdin.flush()
        told = _said(self.process.stdout)
        if "error" in told:
            raise BenchBroken(f"the scripted FreeSWITCH cannot {name}: {told['error']}")
        return told["answer"]


@contextmanager
def _switch(folder: Path) -> Iterator[_Switch]:
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "tests.freeswitch.serve", "--folder", str(folder), "--tick", "1.0", "--cheap"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            told = _said(process.stdout)
            yield _Switch(process, told["port"], told["recordings"])
        finally:
            process.kill()


def _thousand_calls(bench: Bench) -> None:
    bench.note(f"{CALLS} calls live at once on the scripted FreeSWITCH, {STARTS_PER_SECOND} begin a second")
    calls = int(STARTS_PER_SECOND * (TALK_SECONDS + PLATEAU_SECONDS + _START_SECONDS))
    with _switch(bench.folder / "switch") as switch:
        house = household(bench.folder / "calls", pbx=_freeswitch(switch.port, Path(switch.recordings)))
        with role(house, "capture") as capture:
            wait_until(lambda: bool(switch.do("status")["clients"] >= 2), _START_SECONDS, "capture to log in")
            switch.do("load", calls, STARTS_PER_SECOND, TALK_SECONDS)
            wait_until(lambda: bool(switch.do("status")["running"] >= 2 * CALLS), _START_SECONDS, f"{CALLS} calls")
            cpu_began, began = capture.cpu_seconds(), time.monotonic()
            looks = [_look(switch) for _ in range(PLATEAU_SECONDS)]
            seconds = time.monotonic() - began
            cpu = (capture.cpu_seconds() - cpu_began) / seconds
            memory = capture.peak_megabytes()
    bench.figure(
        "calls live at once, the least",
        min(one["legs"] for one in looks) // 2,
        "calls",
        bar=CALLS,
        higher_is_better=True,
    )
    bench.figure(
        "  recorders that run, the least",
        min(one["running"] for one in looks),
        "",
        bar=2 * CALLS,
        higher_is_better=True,
    )
    bench.figure("  capture's processor", 100 * cpu, "% of a core", bar=CAPTURE_BAR)
    bench.figure("  capture's memory, the most", memory, "MB")
    theirs = (looks[-1]["cpu_seconds"] - looks[0]["cpu_seconds"]) / seconds
    bench.figure("  the scripted FreeSWITCH's processor", 100 * theirs, "% of a core")


def _look(switch: _Switch) -> dict[str, Any]:
    time.sleep(_LOOK_SECONDS)
    status: dict[str, Any] = switch.do("status")
    return status
