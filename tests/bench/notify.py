"""Notifications: how many a second, how soon each is there, and whether a thousand dead endpoints delay the others."""

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from connector.catalogue import schema
from connector.catalogue.store import Catalogue
from connector.domain.notification import Notification, Told
from tests.contract.postgresql_server import PostgresqlServer, binaries, running_server

from .daemon import Neighbours
from .tool import ROOT, Bench, BenchBroken

BURST: Final = 2000
ENDPOINTS: Final = 10
RATE: Final = 50
#: Longer than a silent endpoint is waited for: the end of that is measured, too.
LIGHT_SECONDS: Final = 25
QUIET_SECONDS: Final = 10
#: Half of them refuse the connection, half take it and say nothing.
DEAD: Final = 1000
DEAD_WAITING: Final = 3
ROUNDS: Final = 3
#: Not delayed; a p99 is the machine's noise, too.
RATIO_BAR: Final = 2.0

_PATIENCE_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.05
_PLACE: Final = "s3://acme-calls/20260105090000_acme_01234567.mp3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one round."""

    #: Notifications a second, of one burst for one endpoint and of one for ten.
    to_one: float
    to_ten: float
    #: Of the first burst.
    cpu_seconds_of_1000: float
    p50_ms: float
    p99_ms: float
    latest_ms: float
    #: While nothing new comes.
    quiet_percent: float
    peak_megabytes: float
    #: Lost, or received twice.
    wrong: int
    #: How many of the machine's cores others kept busy meanwhile; a PostgreSQL server is one of them.
    others_cores: float = 0.0


def run(bench: Bench) -> None:
    _measure(bench, "SQLite", nullcontext(None))
    if binaries() is None:
        bench.note("no PostgreSQL on this machine: not measured there")
    else:
        _measure(bench, "PostgreSQL", running_server())


def _measure(bench: Bench, kind: str, server: AbstractContextManager[PostgresqlServer | None]) -> None:
    alone: list[Figures] = []
    beside: list[Figures] = []
    with server as running:
        for turn in range(ROUNDS):
            # In turn, so that what disturbs the machine disturbs both.
            for dead, found in ((0, alone), (DEAD, beside)):
                neighbours = Neighbours()
                folder = bench.folder / f"{kind}-{turn}-{dead}"
                folder.mkdir()
                bench.note(f"{kind}, round {turn + 1} of {ROUNDS}, beside {dead} dead endpoints")
                figures = asyncio.run(_round(folder, _catalogue(folder, running), dead))
                found.append(replace(figures, others_cores=neighbours.cores))
                bench.note(f"  p99 {found[-1].p99_ms:.0f} ms; others kept {found[-1].others_cores:.2f} cores busy")
    _say(bench, kind, alone)
    _say(bench, f"{kind}, beside {DEAD} dead", beside)
    ratio = _quietest(beside).p99_ms / _quietest(alone).p99_ms
    bench.figure("  p99 beside that without them", ratio, "×", bar=RATIO_BAR)


def _say(bench: Bench, name: str, rounds: Sequence[Figures]) -> None:
    it = _quietest(rounds)
    bench.figure(f"{name}: {BURST} to one endpoint", it.to_one, "/s")
    bench.figure("  processor", it.cpu_seconds_of_1000, "s for 1,000")
    bench.figure(f"  {BURST} to {ENDPOINTS} endpoints", it.to_ten, "/s")
    bench.figure(f"  row written to received at {RATE}/s, p50", it.p50_ms, "ms")
    bench.figure(f"  row written to received at {RATE}/s, p99", it.p99_ms, "ms")
    bench.figure(f"  row written to received at {RATE}/s, latest", it.latest_ms, "ms")
    bench.figure("  processor while nothing new comes", it.quiet_percent, "% of a core")
    bench.figure("  memory, the most", it.peak_megabytes, "MB")
    bench.figure("  others took meanwhile", it.others_cores, "cores")
    bench.figure("  lost, or received twice", sum(one.wrong for one in rounds), "notifications", bar=0)


def _quietest(rounds: Sequence[Figures]) -> Figures:
    """Time that others take is latency."""
    return min(rounds, key=lambda one: one.others_cores)


def _catalogue(folder: Path, server: PostgresqlServer | None) -> str:
    """A new one with its tables; returns its URL."""
    url = server.new_database() if server else f"sqlite:///{folder / 'catalogue.db'}"
    schema.upgrade(url, folder)
    return url


# A round


async def _round(folder: Path, url: str, dead: int) -> Figures:
    """First at a light rate, with what the dead ones have waiting falling due at that very moment."""
    async with _sending(folder, url, dead) as at_work:
        delays = await at_work.light(RATE, LIGHT_SECONDS)
        quiet = await at_work.quiet_share(QUIET_SECONDS)
        to_one, cpu_seconds = await at_work.burst(BURST, 1)
        to_ten, _ = await at_work.burst(BURST, ENDPOINTS)
        return Figures(
            to_one=to_one,
            to_ten=to_ten,
            cpu_seconds_of_1000=1000 * cpu_seconds / BURST,
            p50_ms=1000 * delays[len(delays) // 2],
            p99_ms=1000 * delays[int(0.99 * len(delays))],
            latest_ms=1000 * delays[-1],
            quiet_percent=100 * quiet,
            peak_megabytes=at_work.sender.ask()["peak_megabytes"],
            wrong=at_work.wrong,
        )


class Helper:
    """A process that answers lines with JSON."""

    def __init__(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        self._process = process
        self._name = name

    def ask(self, command: str = "facts") -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()
        return self.said()

    def said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchBroken(f"{self._name} ended")
        document: dict[str, Any] = json.loads(line)
        return document


@contextmanager
def _helper(module: str, log: Path, *arguments: str) -> Iterator[Helper]:
    """Ends when its input does."""
    argv = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
        ) as process,
    ):
        try:
            yield Helper(process, module)
        except BaseException:
            process.kill()
            raise


@asynccontextmanager
async def _sending(folder: Path, url: str, dead: int) -> AsyncIterator["AtWork"]:
    """The receiver and who sends to it; for the dead ones something waits before he begins."""
    catalogue = Catalogue.open(url)
    try:
        with _helper("notify_receiver", folder / "receiver.log") as receiver:
            ports = receiver.said()
            living = {f"living-{number}": f"http://127.0.0.1:{ports['living']}/hook" for number in range(ENDPOINTS)}
            silent = {f"dead-{number}": ports["silent" if number % 2 else "closed"] for number in range(dead)}
            addresses = living | {name: f"http://127.0.0.1:{port}/hook" for name, port in silent.items()}
            await catalogue.notifications.add([_one(name) for name in silent for _ in range(DEAD_WAITING)])
            with _helper("notify_ours", folder / "sender.log", url, json.dumps(addresses)) as sender:
                sender.said()
                yield AtWork(catalogue, receiver, sender)
    finally:
        await catalogue.close()


class AtWork:
    """Who adds to the catalogue that another process sends from, and asks the receiver what came."""

    def __init__(self, catalogue: Catalogue, receiver: Helper, sender: Helper) -> None:
        self._ledger = catalogue.notifications
        self._receiver = receiver
        self.sender = sender
        self._delivered = 0
        #: Lost, or received twice.
        self.wrong = 0

    async def burst(self, count: int, endpoints: int) -> tuple[float, float]:
        """So many at once: how many a second, and the processor's seconds."""
        cpu_began = self.sender.ask()["cpu_seconds"]
        told = [_one(f"living-{number % endpoints}") for number in range(count)]
        await self._ledger.add(told)
        began = time.monotonic()
        moments = await self._received(told)
        return count / (max(moments.values()) - began), self.sender.ask()["cpu_seconds"] - cpu_began

    async def light(self, rate: int, seconds: int) -> list[float]:
        """One after another; how long after its row was asked for each was received, in order."""
        began, told, added = time.monotonic(), [], []
        for number in range(rate * seconds):
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0.0))
            told.append(_one("living-0"))
            added.append(time.monotonic())
            await self._ledger.add(told[-1:])
        moments = await self._received(told)
        return sorted(moments[one.id] - at for one, at in zip(told, added, strict=True))

    async def quiet_share(self, seconds: float) -> float:
        """Of one core."""
        began, cpu_began = time.monotonic(), self.sender.ask()["cpu_seconds"]
        await asyncio.sleep(seconds)
        return float(self.sender.ask()["cpu_seconds"] - cpu_began) / (time.monotonic() - began)

    async def _received(self, told: Sequence[Notification]) -> dict[str, float]:
        """When each came, once the sender has written all of them down."""
        await _until(lambda: self._receiver.ask("count")["count"] >= len(told), f"{len(told)} notifications")
        self._delivered += len(told)
        await _until(lambda: self.sender.ask()["delivered"] >= self._delivered, "the sender's last word")
        found = self._receiver.ask("take")
        moments: dict[str, float] = found["moments"]
        self.wrong += len(moments.keys() ^ {one.id for one in told}) + int(found["again"])
        return moments


async def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchBroken(f"waited {_PATIENCE_SECONDS:.0f} s in vain for {what}")
        await asyncio.sleep(_LOOK_SECONDS)


def _one(endpoint: str) -> Notification:
    """As recording_available is told."""
    now, recording_id = time.time(), str(uuid.uuid4())
    body = {"event": "notify", "callid": recording_id, "version": 1, "type": str(Told.AVAILABLE)}
    body |= {"destination": _PLACE, "recordingId": recording_id, "organisation": "acme", "clientState": "order 4711"}
    return Notification(
        id=f"msg_{uuid.uuid4().hex}",
        endpoint=endpoint,
        organisation="acme",
        recording_id=recording_id,
        call_id=recording_id,
        told=Told.AVAILABLE,
        destination="main",
        body=json.dumps(body | {"files": [{"kind": "stereo", "url": _PLACE, "format": "mp3"}]}),
        created_at=now,
        next_at=now,
    )
