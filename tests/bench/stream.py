"""Streaming a recording of 100 MB beside nginx that serves the same file, and handed over to nginx; parts of it, too.

All ways are taken in turn, by one reader on one connection, from the page cache.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Final
from urllib.parse import quote

from .api_house import DESTINATION, LongRecording, api_household, archive, beside, long_recording, new_key, port
from .api_nginx import AS_IT_IS, HAND_OVER, nginx
from .api_reader import Reader, Reading
from .daemon import Household, Running, cpu_seconds, role
from .tool import Bench, BenchBroken, interleaved_medians

#: Of 8000 frames a second on two sides: 100 MB.
CALL_SECONDS: Final = 3125
TIMES: Final = 5
RUNS: Final = 5
#: Not about 64 KiB: the last of two segments would wait 40 ms on the loopback with tcp_nopush, as Debian has it.
PART_BYTES: Final = 200_000
PARTS: Final = 200

STREAM_BAR: Final = 0.25
HAND_OVER_BAR: Final = 0.9

NGINX: Final = "nginx"
CALLREEL: Final = "callreel"
HANDED_OVER: Final = "nginx before callreel, handed over"

_MB: Final = 1e6
_GB: Final = 1e9


@dataclass
class Way:
    """One way to the file, the processes that work when it is taken, and what came of it."""

    reader: Reader
    servers: Sequence[Running]
    readings: list[Reading] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def megabytes_a_second(self) -> float:
        before = self._cpu_seconds()
        reading = self.reader.whole(TIMES)
        self.cpu_seconds += self._cpu_seconds() - before
        self.readings.append(reading)
        return reading.size_bytes / reading.seconds / _MB

    def parts_a_second(self) -> float:
        return self.reader.parts(PARTS, PART_BYTES)

    @property
    def begun_megabytes_a_second(self) -> float:
        """From the beginning of an answer to its end."""
        return median(one.size_bytes / (one.seconds - one.waited_seconds) for one in self.readings) / _MB

    @property
    def wait_ms(self) -> float:
        return 1e3 * median(one.waited_seconds / TIMES for one in self.readings)

    @property
    def cpu_seconds_a_gigabyte(self) -> float:
        return self.cpu_seconds / sum(one.size_bytes for one in self.readings) * _GB

    def _cpu_seconds(self) -> float:
        return sum(cpu_seconds(server.process_ids()) for server in self.servers)


def run(bench: Bench) -> None:
    program = bench.peer("nginx", "nginx-light")
    bench.note("a recording of 100 MB is made")
    house = api_household(bench.folder / "house")
    recording = long_recording(house, CALL_SECONDS)
    with _ways(bench, program, house, recording) as ways:
        _check_bytes(ways, recording)
        bench.note(f"{RUNS} times {TIMES} times the whole file on each way, in turn")
        _report_whole(bench, ways, _in_turn(ways, Way.megabytes_a_second))
        bench.note(f"{RUNS} times {PARTS} parts on each way, in turn")
        _report_parts(bench, _in_turn(ways, Way.parts_a_second))


@contextmanager
def _ways(bench: Bench, program: str, house: Household, recording: LongRecording) -> Iterator[Mapping[str, Way]]:
    """Two web roles on one catalogue: one sends the bytes, the other one hands over to nginx."""
    handing = beside(house, bench.folder / "handing", hand_over=HAND_OVER)
    shown = {"Authorization": f"Bearer {new_key(house)}"}
    lies_at = quote(recording.file.relative_to(archive(house)).as_posix())
    with ExitStack() as stack:
        direct, behind = (stack.enter_context(role(one, "web")) for one in (house, handing))
        before = stack.enter_context(
            nginx(
                program,
                bench.folder / "nginx",
                archive=archive(house),
                destination=DESTINATION,
                callreel=port(handing),
            )
        )

        def reader(port: int, path: str, headers: Mapping[str, str]) -> Reader:
            return stack.enter_context(closing(Reader(port, path, recording.size_bytes, headers)))

        yield {
            NGINX: Way(reader(before.port, AS_IT_IS + lies_at, {}), [before.running]),
            CALLREEL: Way(reader(port(house), recording.path, shown), [direct]),
            HANDED_OVER: Way(reader(before.port, recording.path, shown), [before.running, behind]),
        }


def _check_bytes(ways: Mapping[str, Way], recording: LongRecording) -> None:
    """Also, the file is in the page cache then, and everything has run once."""
    wanted = recording.file.read_bytes()
    for name, way in ways.items():
        if way.reader.all_bytes() != wanted:
            raise BenchBroken(f"{name} gives other bytes than those of {recording.file}")


def _in_turn(ways: Mapping[str, Way], measured: Callable[[Way], float]) -> dict[str, float]:
    return interleaved_medians({name: partial(measured, way) for name, way in ways.items()}, RUNS)


def _report_whole(bench: Bench, ways: Mapping[str, Way], rates: Mapping[str, float]) -> None:
    for name, rate in rates.items():
        bench.figure(f"{name}: a file of 100 MB", rate, "MB/s")
    for name in (CALLREEL, HANDED_OVER):
        bar = STREAM_BAR if name == CALLREEL else None
        bench.figure(f"{name}, of nginx", rates[name] / rates[NGINX], "×", bar=bar, higher_is_better=True)
    # What comes before, the key, the catalogue and the audit log, takes as long for a small file.
    begun = ways[HANDED_OVER].begun_megabytes_a_second / ways[NGINX].begun_megabytes_a_second
    bench.figure(f"{HANDED_OVER}, of nginx, once begun", begun, "×", bar=HAND_OVER_BAR, higher_is_better=True)
    for name, way in ways.items():
        bench.figure(f"{name}: until it begins", way.wait_ms, "ms")
    for name, way in ways.items():
        bench.figure(f"{name}: processor", way.cpu_seconds_a_gigabyte, "s/GB")


def _report_parts(bench: Bench, rates: Mapping[str, float]) -> None:
    for name, rate in rates.items():
        bench.figure(f"{name}: parts of 200 kB, one after another", rate, "/s")
