"""The bench tool: finds a bench by its name, lets it report figures, and says whether each bar is met.

A bench is a module of this package with a docstring and `def run(bench: Bench) -> None`. It knows what to measure and
where its bars stand; this module knows no bench.
"""

import argparse
import ast
import importlib
import inspect
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parent.parent
PACKAGE: Final = "tests.bench"
POLICY: Final = Path("/usr/sbin/policy-rc.d")


class BenchBroken(Exception):
    """The bench could not measure what it promises: a missing peer, a failed command. Never a skip."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str
    bar: float | None
    higher_is_better: bool

    @property
    def is_met(self) -> bool:
        if self.bar is None:
            return True
        return self.value >= self.bar if self.higher_is_better else self.value <= self.bar

    def as_json(self) -> str:
        return json.dumps(
            {"name": self.name, "value": self.value, "unit": self.unit, "bar": self.bar, "met": self.is_met}
        )


@dataclass
class Bench:
    """What a bench is given: a folder of its own, its peers, clocks of the processor, and a place for its figures."""

    folder: Path
    #: Called with each figure as soon as it is known.
    report: Callable[[Figure], None] = lambda _: None
    #: How long a bench measures that can choose; None is as long as its bars mean.
    minutes: float | None = None
    #: How many calls a catalogue has that a bench fills; None is as many as its bars mean.
    calls: int | None = None
    figures: list[Figure] = field(default_factory=list)

    def figure(
        self, name: str, value: float, unit: str, *, bar: float | None = None, higher_is_better: bool = False
    ) -> None:
        """Report one figure; without a bar it is met."""
        figure = Figure(name, round(value, 4), unit, bar, higher_is_better)
        self.figures.append(figure)
        self.report(figure)

    def note(self, text: str) -> None:
        """Say what is being done, on standard error."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def peer(self, program: str, package: str) -> str:
        """The path of a program that we compare with; its Debian package is installed when it is missing."""
        if path := _found(program):
            return path
        _install(package)
        if path := _found(program):
            return path
        raise BenchBroken(f"{program} is missing: install the Debian package {package}")

    def debian_package(self, package: str) -> None:
        """For peers that are no program: a plug-in, a library."""
        if not _is_installed(package):
            _install(package)
        if not _is_installed(package):
            raise BenchBroken(f"the Debian package {package} is missing: install it")


def user_seconds(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> float:
    """User CPU of one command and its children, which must succeed."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchBroken(f"{' '.join(map(str, argv))} ended with {process.returncode}")
    return usage.ru_utime


def interleaved_medians(ways: Mapping[str, Callable[[], float]], runs: int = 5) -> dict[str, float]:
    """Each way once, then each again …: what disturbs the machine disturbs all alike."""
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            measured[name].append(way())
    return {name: statistics.median(values) for name, values in measured.items()}


def interleaved_ratio(ours: Callable[[], float], theirs: Callable[[], float], runs: int = 5) -> tuple[float, float]:
    """The medians of both ways, run in turn."""
    medians = interleaved_medians({"ours": ours, "theirs": theirs}, runs)
    return medians["ours"], medians["theirs"]


class WarmProcess:
    """One long-lived process that does what a daemon's would, and tells the user CPU of each thing it did."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def user_seconds(self, work: Callable[..., object], *arguments: object) -> float:
        return self._pool.submit(_user_seconds_of, work, arguments).result()


@contextmanager
def warm_process() -> Iterator[WarmProcess]:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        yield WarmProcess(pool)


def bench_names() -> list[str]:
    """Modules of this package that define `run`; read, not imported."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "tool" and _defines_run(path))


def run_bench(
    name: str, report: Callable[[Figure], None], minutes: float | None = None, calls: int | None = None
) -> bool:
    """Run one; whether it measured anything and met all its bars."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
        bench = Bench(Path(folder), report, minutes, calls)
        try:
            module.run(bench)
        except Exception as error:
            bench.note(f"bench {name} is broken: {error}")
            if not isinstance(error, BenchBroken):
                traceback.print_exc()
            return False
    return bool(bench.figures) and all(figure.is_met for figure in bench.figures)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parsed(arguments)
    known = bench_names()
    if options.list:
        for name in known:
            _say(f"{name:20} {_summary(name)}")
        return 0
    wanted = known if options.all else options.names
    if unknown := [name for name in wanted if name not in known]:
        sys.stderr.write(f"no bench is called {', '.join(unknown)}; there are: {', '.join(known)}\n")
        return 2
    shown = _json if options.json else _tabled
    results = [shown(name, options.minutes, options.calls) for name in wanted]
    return 0 if results and all(results) else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure, and say whether the bars are met.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benches")
    parser.add_argument("--all", action="store_true", help="every bench")
    parser.add_argument("--json", action="store_true", help="one object a line: name, value, unit, bar, met")
    parser.add_argument("--minutes", type=float, help="of the long calls, for trials: drift and page")
    parser.add_argument("--calls", type=int, help="in the catalogue, for trials: api and page")
    parser.add_argument("--list", action="store_true", help="the names of all benches")
    options = parser.parse_args(arguments)
    if not (options.names or options.all or options.list):
        parser.error("say which bench, --all or --list")
    return options


def _json(name: str, minutes: float | None, calls: int | None) -> bool:
    return run_bench(name, lambda figure: _say(figure.as_json()), minutes, calls)


def _tabled(name: str, minutes: float | None, calls: int | None) -> bool:
    figures: list[Figure] = []
    is_met = run_bench(name, figures.append, minutes, calls)
    table = Table("figure", "value", "unit", "bar", "met", title=name)
    for figure in figures:
        sign = ("≥ " if figure.higher_is_better else "≤ ") if figure.bar is not None else ""
        bar = "" if figure.bar is None else f"{sign}{figure.bar:g}"
        met = "" if figure.bar is None else "yes" if figure.is_met else "[bold red]NO[/]"
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, bar, met)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return is_met


def _user_seconds_of(work: Callable[..., object], arguments: tuple[object, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    work(*arguments)
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before


def _defines_run(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in body)


def _summary(name: str) -> str:
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return inspect.cleandoc(docstring).partition("\n")[0]


def _found(program: str) -> str | None:
    # Servers lie where not every user looks.
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout.startswith("ii")


def _install(package: str) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BenchBroken(f"the Debian package {package} is missing: install it (as root we would)")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    with _no_service_starts():
        for command in (["apt-get", "update", "-q"], install):
            done = subprocess.run(command, env=quiet, stdout=sys.stderr, check=False)
            if done.returncode != 0:
                raise BenchBroken(f"{' '.join(command)} ended with {done.returncode}: install {package} by hand")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """A machine that wants a program for a bench must not get a server with it. Debian asks this file."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


if __name__ == "__main__":
    sys.exit(main())
