"""Real roles and the scripted PBX as processes of their own: started, looked at, ended. Knows no bar."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.tool import ROOT, BenchBroken

_LIFELINE: Final = "CALLREEL_LIFELINE"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_POLL_SECONDS: Final = 0.05
_START_SECONDS: Final = 60.0
_LEAVE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """One daemon's folder with its configuration and an empty catalogue."""

    folder: Path
    node: str = "bench"

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def socket(self) -> Path:
        return self.folder / "pbx.sock"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def catalogue(self) -> Path:
        return self.state / "catalogue.db"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"


def household(folder: Path, *, encoders: int = 2, pbx: Mapping[str, Any] | None = None) -> Household:
    """A new one there, with the PBX `bench`: as it stands in config.yaml, else the scripted one."""
    house = Household(folder=folder)
    house.spool.mkdir(parents=True)
    settings = {
        "pbx": {"bench": pbx or {"scripted": {"socket": str(house.socket), "spool": str(house.spool)}}},
        "node": house.node,
        "state": str(house.state),
        "encoders": encoders,
        "api": {"listen": f"127.0.0.1:{free_port()}"},
        "log": {"format": "json"},
    }
    # JSON is YAML.
    house.config.write_text(json.dumps(settings), encoding="utf-8")
    with house.log.open("ab") as log:
        subprocess.run(_callreel("migrate", house), check=True, cwd=ROOT, stderr=log, stdout=log)
    return house


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Running:
    """One process and those that it started."""

    def __init__(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        self.process = process
        self.name = name

    def process_ids(self) -> list[int]:
        """Its own first."""
        return process_ids(self.process.pid)

    def cpu_seconds(self) -> float:
        """User and system, of the whole family, of its ended members too."""
        return cpu_seconds(self.process_ids())

    def peak_megabytes(self) -> float:
        """The most that each of the family ever held, added up."""
        return sum(_kilobytes(pid, "status", "VmHWM") for pid in self.process_ids()) / 1024

    def proportional_megabytes(self) -> float:
        """What the whole family holds now; what several share counts once."""
        return sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in self.process_ids()) / 1024

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise BenchBroken(f"{self.name} did not leave within {_LEAVE_SECONDS:.0f} s") from None


@contextmanager
def role(house: Household, name: str) -> Iterator[Running]:
    """`callreel capture`, `work` or `web`, from when it is ready; asked to leave at the end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, house.log.open("ab") as log:
        with theirs:
            process = subprocess.Popen(
                _callreel(name, house),
                cwd=ROOT,
                env={**os.environ, _LIFELINE: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        running = Running(process, f"callreel {name}")
        try:
            _wait_for_ready(ours, house, running)
            yield running
        finally:
            running.end()


@contextmanager
def all_roles(house: Household) -> Iterator[Running]:
    """`callreel run`, from when every role is ready."""
    with house.log.open("ab") as log:
        process = subprocess.Popen(_callreel("run", house), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    running = Running(process, "callreel run")
    try:
        wait_until(lambda: _is_all_ready(house.state / "supervisor.json"), _START_SECONDS, "every role to be ready")
        yield running
    finally:
        running.end()


@contextmanager
def player(house: Household, *arguments: str | Path) -> Iterator[Running]:
    """The scripted PBX, from when it listens; ended at the end, when it has not ended by itself."""
    argv: list[str | Path] = [sys.executable, "-m", "connector.pbx.scripted.player", "--socket", house.socket]
    _report(house).unlink(missing_ok=True)
    with house.log.open("ab") as log:
        process = subprocess.Popen([*argv, "--report", _report(house), *arguments], cwd=ROOT, stdout=log, stderr=log)
    running = Running(process, "the scripted PBX")
    try:
        wait_until(house.socket.exists, _START_SECONDS, "the scripted PBX")
        yield running
    finally:
        running.end()


def player_report(house: Household) -> dict[str, Any]:
    """What the player said at its end."""
    report: dict[str, Any] = json.loads(_report(house).read_text(encoding="utf-8"))
    return report


class Neighbours:
    """Whoever else uses the machine; told when all that we started meanwhile has ended."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._before = self._their_seconds()

    @property
    def cores(self) -> float:
        """How many of them they kept busy since this was made."""
        return (self._their_seconds() - self._before) / (time.monotonic() - self._began)

    def _their_seconds(self) -> float:
        own = sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        user, nice, system, _, _, interrupts, soft, stolen, *_ = map(int, _machine())
        return (user + nice + system + interrupts + soft + stolen) / _TICKS - own


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Look again and again; BenchBroken when it takes longer."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchBroken(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(_POLL_SECONDS)


def process_ids(root: int) -> list[int]:
    """A process and all that it and its children started; its own first."""
    parents = dict(_parents())
    family = [root]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family


def cpu_seconds(processes: Iterable[int]) -> float:
    """User and system, of children that ended too."""
    return sum(map(_cpu_seconds, processes))


def fresh_import_megabytes(module: str) -> float:
    """The resident memory of a new process that has imported this and nothing else."""
    look = f"import {module}\nprint(open('/proc/self/status').read())"
    status = subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return _kilobytes_in(status, "VmRSS") / 1024


def _callreel(command: str, house: Household) -> list[str]:
    return [sys.executable, "-m", "connector", command, "--config", str(house.config)]


def _report(house: Household) -> Path:
    return house.folder / "player.json"


def _wait_for_ready(line: socket.socket, house: Household, running: Running) -> None:
    line.settimeout(_START_SECONDS)
    while (word := line.recv(64)) != b"ready":
        if not word:
            raise BenchBroken(f"{running.name} ended at its start: {_last_line(house.log)}")


def _last_line(log: Path) -> str:
    return next(reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()), "it said nothing")


def _is_all_ready(status_file: Path) -> bool:
    try:
        roles = json.loads(status_file.read_text(encoding="utf-8"))["roles"]
    except (OSError, ValueError):
        return False
    return all(role["state"] == "ready" for role in roles)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                yield int(entry.name), int(_stat(int(entry.name))[1])


def _cpu_seconds(pid: int) -> float:
    try:
        return sum(map(int, _stat(pid)[11:15])) / _TICKS
    except OSError:
        return 0.0


def _stat(pid: int) -> list[str]:
    """The fields behind the program's name, which may hold spaces: state, parent …"""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _machine() -> list[str]:
    """Of all processors: user, nice, system, idle …"""
    return Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        return _kilobytes_in(Path(f"/proc/{pid}/{file}").read_text(encoding="ascii"), name)
    except OSError:
        return 0


def _kilobytes_in(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
