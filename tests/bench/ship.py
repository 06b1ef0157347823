"""Work on finished calls: recordings a second beside a shell script, how soon they are available, memory of a flood."""

import asyncio
import resource
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.catalogue.store import Catalogue
from connector.domain.options import AudioFormat

from .daemon import Household, Running, household, role
from .finished_calls import Arrivals, FinishedCalls
from .tool import Bench, BenchBroken

CALL_SECONDS: Final = 180
ENCODERS: Final = 2
MP3_KBITS: Final = 32
#: How many are shipped in a row, for each format: a quarter of a minute's work.
BATCH: Final = {AudioFormat.WAV: 200, AudioFormat.MP3: 40}
ROUNDS: Final = 3

STREAM_RATE: Final = 5
STREAM_SECONDS: Final = 60
AVAILABLE_BAR_SECONDS: Final = 1.0

FLOOD: Final = 2000
SMALL_FLOOD: Final = 200
FLOOD_CALL_SECONDS: Final = 4
MEMORY_BAR: Final = 1.2

_PATIENCE_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.04

#: What somebody without us would write: as many at once as we have encoders.
_SCRIPT: Final = """
set -eu
left=$1 right=$2 out=$3 count=$4 jobs=$5 ending=$6; shift 6
export left right out ending
mkdir -p "$out"
seq "$count" | xargs -P "$jobs" -I N sh -ceu '
    sox -M "$left" "$right" '"$*"' "$out/N.part.$ending"
    sha256sum "$out/N.part.$ending" > "$out/N.sha256"
    mv "$out/N.part.$ending" "$out/N.$ending"
'
"""


@dataclass(frozen=True, slots=True)
class Pace:
    wall_seconds: float
    cpu_seconds: float


def run(bench: Bench) -> None:
    for program, package in (("sox", "sox"), ("sha256sum", "coreutils"), ("xargs", "findutils")):
        bench.peer(program, package)
    bench.debian_package("libsox-fmt-mp3")
    for format in BATCH:
        asyncio.run(_beside_the_script(bench, format))
    for format in BATCH:
        asyncio.run(_stream(bench, format))
    asyncio.run(_floods(bench))


async def _beside_the_script(bench: Bench, format: AudioFormat) -> None:
    """In turn, so that what disturbs the machine disturbs both."""
    count = BATCH[format]
    bench.note(f"{ROUNDS} times {count} calls of 3 minutes as {format}, in turn with a shell script")
    ours: list[Pace] = []
    theirs: list[Pace] = []
    async with _working(bench.folder / f"batch-{format}") as at_work:
        calls = at_work.calls(CALL_SECONDS, format)
        await at_work.ship(calls, 2 * ENCODERS)
        for turn in range(ROUNDS):
            ours.append(await at_work.ship(calls, count))
            theirs.append(_script(calls, bench.folder / f"script-{format}-{turn}", format, count))
    for name, paces in ((f"{format}", ours), (f"{format}, shell script", theirs)):
        bench.figure(f"{name}: 3-minute calls shipped", count * ROUNDS / sum(p.wall_seconds for p in paces), "/s")
        bench.figure(f"{name}: processor", sum(p.cpu_seconds for p in paces) / count / ROUNDS, "s each")


async def _stream(bench: Bench, format: AudioFormat) -> None:
    bench.note(f"{STREAM_RATE} calls of 3 minutes end each second for {STREAM_SECONDS} s, as {format}")
    async with _working(bench.folder / f"stream-{format}") as at_work:
        calls = at_work.calls(CALL_SECONDS, format)
        await at_work.ship(calls, 2 * ENCODERS)
        ages = sorted(await at_work.stream(calls, STREAM_RATE, STREAM_SECONDS))
    bench.figure(f"{format}: captured to available at {STREAM_RATE} calls/s, p50", ages[len(ages) // 2], "s")
    p95 = ages[int(0.95 * len(ages))]
    bench.figure(f"{format}: captured to available at {STREAM_RATE} calls/s, p95", p95, "s", bar=AVAILABLE_BAR_SECONDS)


async def _floods(bench: Bench) -> None:
    small = await _flood(bench, SMALL_FLOOD)
    big = await _flood(bench, FLOOD)
    name = f"memory of work with {FLOOD} calls ({FLOOD_CALL_SECONDS} s each, MP3) ended at once, of that with"
    bench.figure(f"{name} {SMALL_FLOOD}", big / small, "×", bar=MEMORY_BAR)
    bench.figure(f"  {SMALL_FLOOD} at once: the most that all its processes held", small, "MB")
    bench.figure(f"  {FLOOD} at once: the most that all its processes held", big, "MB")


async def _flood(bench: Bench, count: int) -> float:
    bench.note(f"{count} calls end at once")
    async with _working(bench.folder / f"flood-{count}") as at_work:
        calls = at_work.calls(FLOOD_CALL_SECONDS, AudioFormat.MP3)
        pace = await at_work.ship(calls, count)
        bench.figure(f"{count} short calls at once worked off", count / pace.wall_seconds, "/s")
        return at_work.work.peak_megabytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A work role that runs, and the catalogue that capture would write."""

    house: Household
    work: Running
    catalogue: Catalogue
    arrivals: Arrivals

    def calls(self, seconds: int, format: AudioFormat) -> FinishedCalls:
        return FinishedCalls(self.house, seconds=seconds, format=format)

    async def ship(self, calls: FinishedCalls, count: int) -> Pace:
        """From the end of them all to the last one's being available."""
        wanted = self.arrivals.look() + count
        began, cpu_began = time.monotonic(), self.work.cpu_seconds()
        await calls.end(self.catalogue, count)
        await self._wait_for(wanted)
        return Pace(time.monotonic() - began, self.work.cpu_seconds() - cpu_began)

    async def stream(self, calls: FinishedCalls, rate: int, seconds: int) -> list[float]:
        """The ages at which they became available."""
        before = set(self.arrivals.ages)
        began, ended = time.monotonic(), 0
        while ended < rate * seconds:
            if time.monotonic() >= began + ended / rate:
                await calls.end(self.catalogue, 1)
                ended += 1
            self.arrivals.look()
            await asyncio.sleep(_LOOK_SECONDS)
        await self._wait_for(len(before) + ended)
        return [age for id, age in self.arrivals.ages.items() if id not in before]

    async def _wait_for(self, wanted: int) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.arrivals.look() < wanted:
            if time.monotonic() > deadline:
                raise BenchBroken(f"{wanted - len(self.arrivals.ages)} recordings never became available")
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def _working(folder: Path) -> AsyncIterator[AtWork]:
    house = household(folder, encoders=ENCODERS)
    catalogue = Catalogue.open(f"sqlite:///{house.catalogue}")
    try:
        with role(house, "work") as work:
            yield AtWork(house=house, work=work, catalogue=catalogue, arrivals=Arrivals(house.catalogue))
    finally:
        await catalogue.close()


def _script(calls: FinishedCalls, out: Path, format: AudioFormat, count: int) -> Pace:
    options = ["-C", str(MP3_KBITS)] if format is AudioFormat.MP3 else []
    arguments = [*map(str, calls.sound), str(out), str(count), str(ENCODERS), str(format), *options]
    began, cpu_began = time.monotonic(), _children_cpu()
    subprocess.run(["sh", "-c", _SCRIPT, "sh", *arguments], check=True)
    return Pace(time.monotonic() - began, _children_cpu() - cpu_began)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
