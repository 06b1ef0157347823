"""A role's own half of the lifeline: under systemd alone, by hand, and what its children must not get."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from connector.roles.lifeline import LIFELINE
from tests.unit.processes import ROOT, Systemd, Talking

ROLE = "tests.unit.scripted_role"


def test_under_systemd_alone_a_role_says_ready_watchdog_reloading_and_stopping(tmp_path: Path) -> None:
    with (
        Systemd(tmp_path) as systemd,
        Talking(ROLE, "work", NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="100000") as role,
    ):
        assert systemd.next_but_watchdog() == "READY=1"
        assert [systemd.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
        role.send(signal.SIGHUP)
        assert systemd.next_but_watchdog().startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert systemd.next_but_watchdog() == "READY=1"
        role.send(signal.SIGTERM)
        assert systemd.next_but_watchdog() == "STOPPING=1"
        assert role.exit_code() == 0


def test_the_watchdog_of_another_process_is_not_fed(tmp_path: Path) -> None:
    with (
        Systemd(tmp_path) as systemd,
        Talking(ROLE, "work", NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="100000", WATCHDOG_PID="1") as role,
    ):
        assert systemd.next() == "READY=1"
        role.hear("work", "up")
        role.says_nothing_for(0.3)
        role.send(signal.SIGTERM)
        assert systemd.next() == "STOPPING=1"


def test_a_role_started_by_hand_drains_at_ctrl_c() -> None:
    with Talking(ROLE, "work") as role:
        role.hear("work", "up")
        role.send(signal.SIGINT)
        role.hear("work", "drained")
        assert role.exit_code() == 0


def test_a_role_drains_at_the_end_of_its_lifeline() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = theirs.fileno()
        role = subprocess.Popen(
            [sys.executable, "-m", ROLE, "work"],
            cwd=ROOT,
            env=os.environ | {LIFELINE: str(number)},
            pass_fds=[number],
            stdout=subprocess.PIPE,
        )
    ours.settimeout(10)
    with role:
        assert {ours.recv(64), ours.recv(64)} == {b"ready", b"beat"}
        ours.close()
        heard, _ = role.communicate(timeout=10)
        assert b"drained" in heard
        assert role.returncode == 0


def test_what_a_role_starts_neither_sees_nor_keeps_the_lifeline() -> None:
    script = (
        "import asyncio, os, subprocess, sys\n"
        "from connector.roles.lifeline import lifeline\n"
        "async def main():\n"
        "    number = os.environ['CALLREEL_LIFELINE']\n"
        "    async with lifeline():\n"
        "        look = f'test -z \"$CALLREEL_LIFELINE\" && ! test -e /proc/self/fd/{number}'\n"
        "        return subprocess.run(['sh', '-c', look], close_fds=False).returncode\n"
        "sys.exit(asyncio.run(main()))"
    )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        environment = os.environ | {LIFELINE: str(theirs.fileno())}
        role = subprocess.run([sys.executable, "-c", script], env=environment, pass_fds=[theirs.fileno()], check=False)
    assert role.returncode == 0
