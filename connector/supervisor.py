"""Runs the roles as child processes, and again when one dies or hangs.

Knows processes, signals and systemd; must not know what a role does. Standard library only, so that nothing can break
here that breaks in a role. The child's half is roles/lifeline.py: it reads the end of this process from its lifeline,
and writes `ready` and `beat` into it.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

log = logging.getLogger(__name__)

#: Where a child finds the number of its end of the lifeline.
LIFELINE = "CALLREEL_LIFELINE"
STATUS_FILE = "supervisor.json"
_TICK_SECONDS = 0.25
#: The niceness behind everybody's.
_LAST = 19
#: Systemd's, for the main process alone.
_NOT_FOR_CHILDREN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ChildState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    #: It died and waits for its next start.
    WAITING = "waiting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCommand:
    role: str
    argv: tuple[str, ...]
    #: How far it stands back when the processors are short: 0 not at all, 19 at most.
    niceness: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the supervisor waits for what."""

    #: From SIGTERM to SIGKILL.
    drain_seconds: float = 30.0
    #: Without a beat.
    stuck_seconds: float = 15.0
    #: Stopped (SIGSTOP): calls that ask the dialplan's server wait for it. Never for a debugger's sake.
    stopped_seconds: float = 2.0
    #: From the start of a child to its first beat.
    first_beat_seconds: float = 60.0
    first_restart_seconds: float = 1.0
    longest_restart_seconds: float = 60.0
    #: Who lives this long has mended itself: its next restart is quick again.
    steady_seconds: float = 60.0
    #: From SIGHUP until systemd is told that the new configuration runs, whoever does not say so.
    reload_seconds: float = 30.0


@dataclass(slots=True, kw_only=True)
class Child:
    """What is known of one role's process, as the status file shows it."""

    command: RoleCommand
    state: ChildState = ChildState.STARTING
    pid: int | None = None
    #: Of the present state, seconds since the epoch.
    since: float = field(default_factory=time.time)
    restarts: int = 0
    last_exit: str = ""
    process: asyncio.subprocess.Process | None = None
    has_beaten: bool = False
    heard_at: float = 0.0
    is_reloading: bool = False
    is_stuck: bool = False
    stands_back: bool = False
    #: When it was first seen stopped.
    stopped_at: float | None = None

    def facts(self) -> dict[str, object]:
        return {
            "role": self.command.role,
            "state": self.state,
            "pid": self.pid,
            "since": self.since,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
        }


def restart_delay(patience: Patience, crashes_in_a_row: int) -> float:
    """Seconds before the next start: doubling up to the longest."""
    delay = patience.first_restart_seconds * 2.0 ** min(crashes_in_a_row - 1, 30)
    return min(delay, patience.longest_restart_seconds)


def exit_in_words(code: int, *, was_stuck: bool = False) -> str:
    """What a person wants to read of an exit."""
    if was_stuck:
        return "stuck: no sign of life, killed"
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def is_stopped(pid: int) -> bool:
    """Whether somebody has stopped that process (SIGSTOP); one that a debugger holds is not meant."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"
    return False


def stand_back(pid: int, niceness: int) -> bool:
    """Let others have the processor first; False: not quite yet, ask again. Who may not is left as it is."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, min(os.getpriority(os.PRIO_PROCESS, 0) + niceness, _LAST))
    try:
        # Linux shares out by sessions first where nothing else says how (man 7 sched), and ours are one for each role.
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")
    except BlockingIOError:
        # It lets such numbers be changed ten times a second only.
        return False
    except OSError:
        return True
    return True


def notify_systemd(*lines: str) -> None:
    """Tell the service manager, if one listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect("\0" + address[1:] if address.startswith("@") else address)
        manager.send("\n".join(lines).encode())


def supervise(roles: Sequence[RoleCommand], state_folder: Path, patience: Patience | None = None) -> int:
    """Run the roles until SIGTERM or SIGINT; 0 when all of them left by themselves, 1 when one had to be killed."""
    return asyncio.run(Supervisor(roles, state_folder, patience or Patience()).run())


class Supervisor:
    def __init__(self, roles: Sequence[RoleCommand], state_folder: Path, patience: Patience) -> None:
        self._children = [Child(command=role) for role in roles]
        self._status_file = state_folder / STATUS_FILE
        self._patience = patience
        self._stop_signals = 0
        self._stopping = asyncio.Event()
        self._reload_until: float | None = None
        self._was_ready = False
        self._had_to_kill = False
        self._shown = ""

    async def run(self) -> int:
        """Until a stop signal; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch(), name="watchdog")
            lives = [tasks.create_task(self._keep_up(child), name=child.command.role) for child in self._children]
            await asyncio.wait(lives)
            watch.cancel()
        return 1 if self._had_to_kill else 0

    # -- one child ---------------------------------------------------------------------------------------------------

    async def _keep_up(self, child: Child) -> None:
        crashes = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            await self._live(child)
            if self._stopping.is_set():
                break
            crashes = 1 if time.monotonic() - began >= self._patience.steady_seconds else crashes + 1
            child.restarts += 1
            await self._wait_for_restart(child, restart_delay(self._patience, crashes))
        self._enter(child, ChildState.STOPPED)

    async def _live(self, child: Child) -> None:
        """From the start of one process to its end."""
        # A message is read as it was sent: never half a word.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                try:
                    await self._start(child, theirs)
                except OSError as error:
                    child.last_exit = f"could not be started: {error}"
                    return
            await self._see_out(child, ours)

    async def _start(self, child: Child, theirs: socket.socket) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN}
        child.process = await asyncio.create_subprocess_exec(
            *child.command.argv,
            env=environment | {LIFELINE: str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            # Its own group: what it starts is killed with it, and a terminal's Ctrl-C comes by us alone.
            start_new_session=True,
        )
        child.pid = child.process.pid
        child.has_beaten = child.is_stuck = child.is_reloading = child.stands_back = False
        child.stopped_at = None
        # At once, for what it starts is as it is.
        self._set_back(child)
        child.heard_at = time.monotonic()
        self._enter(child, ChildState.STARTING)
        log.info("role started", extra={"role": child.command.role, "pid": child.pid, "restarts": child.restarts})

    async def _see_out(self, child: Child, ours: socket.socket) -> None:
        assert child.process is not None
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        loop.add_reader(ours, self._listen, child, ours)
        drain = loop.create_task(self._drain(child.process, child), name=f"drain {child.command.role}")
        try:
            code = await child.process.wait()
        finally:
            loop.remove_reader(ours)
            drain.cancel()
        # What it had started has nobody any more.
        _signal_group(child.process.pid, signal.SIGKILL)
        self._note_end(child, code)

    def _note_end(self, child: Child, code: int) -> None:
        child.process = child.pid = None
        child.last_exit = exit_in_words(code, was_stuck=child.is_stuck)
        if not self._stopping.is_set():
            facts = {"role": child.command.role, "last_exit": child.last_exit, "restarts": child.restarts}
            log.error("role ended", extra=facts | {"hint": "it is started again; its own log says why it ended"})

    async def _wait_for_restart(self, child: Child, seconds: float) -> None:
        self._enter(child, ChildState.WAITING)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _drain(self, process: asyncio.subprocess.Process, child: Child) -> None:
        await self._stopping.wait()
        self._enter(child, ChildState.STOPPING)
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.sleep(self._patience.drain_seconds)
        log.warning("drain time over", extra={"role": child.command.role, "pid": process.pid})
        self._kill(process)

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        self._had_to_kill = self._had_to_kill or self._stopping.is_set()
        _signal_group(process.pid, signal.SIGKILL)

    def _listen(self, child: Child, ours: socket.socket) -> None:
        try:
            word = ours.recv(64)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            word = b""
        if not word:
            asyncio.get_running_loop().remove_reader(ours)
            return
        child.heard_at = time.monotonic()
        if not child.has_beaten:
            child.has_beaten = True
            if child.is_reloading:
                self._send_reload(child)
        if word == b"ready":
            child.is_reloading = False
            if child.state is ChildState.STARTING:
                self._enter(child, ChildState.READY)

    # -- all of them -------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Kill who hangs; tell systemd how things stand."""
        ticked_at = time.monotonic()
        systemd_seconds = float(os.environ.get("WATCHDOG_USEC") or "inf") / 2e6
        told_at = float("-inf")
        while True:
            now = time.monotonic()
            if now - ticked_at > 4 * _TICK_SECONDS:
                # We were asleep, and they perhaps as well (a paused machine): the time in between says nothing.
                for child in self._children:
                    child.heard_at = now
                    child.stopped_at = None
            ticked_at = now
            for child in self._children:
                self._set_back(child)
                self._judge(child, now)
            if now - told_at >= systemd_seconds:
                notify_systemd("WATCHDOG=1")
                told_at = now
            self._tell_readiness(now)
            await asyncio.sleep(min(_TICK_SECONDS, systemd_seconds))

    def _set_back(self, child: Child) -> None:
        if child.process is not None and child.command.niceness and not child.stands_back:
            child.stands_back = stand_back(child.process.pid, child.command.niceness)

    def _judge(self, child: Child, now: float) -> None:
        if child.process is None or self._stopping.is_set() or child.is_stuck:
            return
        limit = self._patience.stuck_seconds if child.has_beaten else self._patience.first_beat_seconds
        if now - child.heard_at <= limit and not self._has_stood_still(child, child.process.pid, now):
            return
        child.is_stuck = True
        facts = {"role": child.command.role, "pid": child.pid, "silent_seconds": now - child.heard_at}
        log.error("role stuck", extra=facts | {"is_stopped": child.stopped_at is not None})
        self._kill(child.process)

    def _has_stood_still(self, child: Child, pid: int, now: float) -> bool:
        if not is_stopped(pid):
            child.stopped_at = None
        elif child.stopped_at is None:
            child.stopped_at = now
        return child.stopped_at is not None and now - child.stopped_at >= self._patience.stopped_seconds

    def _tell_readiness(self, now: float) -> None:
        if self._stopping.is_set():
            return
        if not self._was_ready and all(child.state is ChildState.READY for child in self._children):
            self._was_ready = True
            notify_systemd("READY=1", "STATUS=all roles run")
        if self._reload_until is not None:
            if now < self._reload_until and any(child.is_reloading for child in self._children):
                return
            self._reload_until = None
            notify_systemd("READY=1", "STATUS=configuration loaded again")

    def _stop(self) -> None:
        self._stop_signals += 1
        if self._stop_signals == 1:
            notify_systemd("STOPPING=1", "STATUS=draining")
            self._stopping.set()
            return
        # A second signal: somebody does not want to wait.
        for child in self._children:
            if child.process is not None:
                self._kill(child.process)

    def _reload(self) -> None:
        notify_systemd("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self._reload_until = time.monotonic() + self._patience.reload_seconds
        for child in self._children:
            child.is_reloading = child.process is not None
            # Who has not said a word yet has no handler, and would die of it: it gets the signal with its first word.
            if child.has_beaten:
                self._send_reload(child)

    def _send_reload(self, child: Child) -> None:
        if child.process is not None:
            with suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGHUP)

    def _enter(self, child: Child, state: ChildState) -> None:
        child.state = state
        child.since = time.time()
        self._show()

    def _show(self) -> None:
        """Write the status file, whole or not at all."""
        picture = {"pid": os.getpid(), "roles": [child.facts() for child in self._children]}
        text = json.dumps(picture, indent=2)
        if text == self._shown:
            return
        beside = self._status_file.with_suffix(".tmp")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._status_file)
            self._shown = text
        except OSError as error:
            # A full disk must not take the capture down.
            log.warning("status file not written", extra={"file": str(self._status_file), "hint": str(error)})


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def role_command(role: str, *arguments: str, niceness: int = 0) -> RoleCommand:
    """This very program, as one role."""
    return RoleCommand(role=role, argv=(sys.executable, "-m", "connector", role, *arguments), niceness=niceness)
