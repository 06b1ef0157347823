"""The supervisor with real child processes: killed, stopped, stubborn, crashing, orphaned."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import supervisor
from connector.roles import lifeline
from connector.supervisor import Patience, exit_in_words, restart_delay
from tests.unit.processes import Systemd, Talking, wait_for_end

QUICK = {"first_restart_seconds": 0.01, "longest_restart_seconds": 0.05, "drain_seconds": 10.0}


def supervised(folder: Path, *roles: str, systemd: Systemd | None = None, **patience: float) -> Talking:
    environment = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "200000"} if systemd else {}
    return Talking("tests.unit.scripted_supervisor", str(folder), json.dumps(QUICK | patience), *roles, **environment)


def status(folder: Path, role: str) -> dict[str, Any]:
    roles = json.loads((folder / supervisor.STATUS_FILE).read_text())["roles"]
    return next(facts for facts in roles if facts["role"] == role)


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def modest_beside(pid: int) -> int:
    """Whoever runs the tests may stand back himself."""
    return min(niceness(pid) + 4, 19)


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, "capture", "work") as running:
        capture, work = running.hear("capture", "up"), running.hear("work", "up")
        os.kill(work, signal.SIGKILL)
        again = running.hear("work", "up")
        assert again != work
        facts = status(tmp_path, "work")
        assert (facts["pid"], facts["restarts"], facts["last_exit"]) == (again, 1, "killed by SIGKILL")
        assert status(tmp_path, "capture")["pid"] == capture
        assert status(tmp_path, "capture")["restarts"] == 0


def test_a_modest_role_stands_back_for_the_others_and_does_so_again_after_it_died(tmp_path: Path) -> None:
    with supervised(tmp_path, "capture", "web modest") as running:
        capture, web = running.hear("capture", "up"), running.hear("web", "up")
        assert niceness(web) == modest_beside(capture)
        os.kill(web, signal.SIGKILL)
        assert niceness(running.hear("web", "up")) == modest_beside(capture)


def test_who_stands_back_does_so_among_sessions_too() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        group = Path(f"/proc/{sleeper.pid}/autogroup")
        done = supervisor.stand_back(sleeper.pid, 4)
        # Not every kernel has them, and without privileges it takes a change only now and then.
        assert not group.exists() or not group.read_text() or not done or group.read_text().endswith(" nice 4\n")
        assert niceness(sleeper.pid) == modest_beside(os.getpid())
        sleeper.kill()
    assert supervisor.stand_back(sleeper.pid, 4)


def test_nobody_stands_back_further_than_there_is_room() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        supervisor.stand_back(sleeper.pid, 30)
        assert niceness(sleeper.pid) == 19
        sleeper.kill()


def test_a_stopped_child_is_killed_long_before_it_counts_as_silent(tmp_path: Path) -> None:
    with supervised(tmp_path, "work", "web", stopped_seconds=0.5, stuck_seconds=600.0) as running:
        work, web = running.hear("work", "up"), running.hear("web", "up")
        os.kill(work, signal.SIGSTOP)
        assert running.hear("work", "up") != work
        assert status(tmp_path, "work")["last_exit"].startswith("stuck")
        assert status(tmp_path, "web")["pid"] == web


def test_a_child_that_is_stopped_for_a_moment_lives_on(tmp_path: Path) -> None:
    with supervised(tmp_path, "work", "web", stopped_seconds=1.0, stuck_seconds=600.0) as running:
        work, web = running.hear("work", "up"), running.hear("web", "up")
        os.kill(work, signal.SIGSTOP)
        running.says_nothing_for(0.5)
        os.kill(work, signal.SIGCONT)
        # The other one is stopped for good afterwards: when it is found, the first one's time would be over as well.
        os.kill(web, signal.SIGSTOP)
        running.hear("web", "up")
        assert status(tmp_path, "work")["restarts"] == 0


def test_a_stopped_process_is_told_from_one_that_sleeps() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        assert not supervisor.is_stopped(sleeper.pid)
        sleeper.send_signal(signal.SIGSTOP)
        os.waitpid(sleeper.pid, os.WUNTRACED)
        assert supervisor.is_stopped(sleeper.pid)
        sleeper.kill()
    assert not supervisor.is_stopped(sleeper.pid)


def test_a_child_whose_event_loop_is_blocked_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "work blocks", stuck_seconds=0.5, first_beat_seconds=1.0) as running:
        work = running.hear("work", "up")
        assert running.hear("work", "up") != work
        assert status(tmp_path, "work")["last_exit"].startswith("stuck")


@pytest.mark.slow
def test_a_child_that_never_says_a_word_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "work mute", first_beat_seconds=0.5) as running:
        work = running.hear("work", "up")
        assert running.hear("work", "up") != work


@pytest.mark.slow
def test_beats_keep_a_child_alive_beyond_the_limit(tmp_path: Path) -> None:
    with supervised(tmp_path, "work", "web", stuck_seconds=1.5, first_beat_seconds=2.5) as running:
        running.hear("work", "up")
        # The second one is found stuck only after the limit, which the first one has lived through as well.
        os.kill(running.hear("web", "up"), signal.SIGSTOP)
        running.hear("web", "up")
        assert status(tmp_path, "work")["restarts"] == 0


@pytest.mark.slow
def test_a_machine_that_was_paused_costs_nobody_the_life(tmp_path: Path) -> None:
    with supervised(tmp_path, "work", "web", stuck_seconds=1.5, first_beat_seconds=2.5) as running:
        pids = [running.process.pid, running.hear("work", "up"), running.hear("web", "up")]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        running.says_nothing_for(2.0)
        # The supervisor wakes first: it must not judge by the time that everybody slept.
        os.kill(pids[0], signal.SIGCONT)
        running.says_nothing_for(0.7)
        for pid in pids[1:]:
            os.kill(pid, signal.SIGCONT)
        running.says_nothing_for(0.7)
        assert (status(tmp_path, "work")["restarts"], status(tmp_path, "web")["restarts"]) == (0, 0)


def test_children_leave_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "capture", "work") as running:
        pids = [running.hear("capture", "up"), running.hear("work", "up")]
        running.send(signal.SIGKILL)
        running.exit_code()
        for pid in pids:
            wait_for_end(pid)


def test_what_a_child_has_started_dies_with_it(tmp_path: Path) -> None:
    with supervised(tmp_path, "work spawns") as running:
        work, encoder = running.hear("work", "up"), running.hear("work", "child")
        os.kill(work, signal.SIGKILL)
        wait_for_end(encoder)


def test_a_crash_loop_backs_off_stays_up_and_shows(tmp_path: Path) -> None:
    with supervised(
        tmp_path, "work crashes", "web", first_restart_seconds=0.05, longest_restart_seconds=0.4
    ) as running:
        began = time.monotonic()
        for _ in range(5):
            running.hear("work", "up")
        # 0.05 + 0.1 + 0.2 + 0.4
        assert time.monotonic() - began >= 0.75
        facts = status(tmp_path, "work")
        assert facts["restarts"] >= 4
        assert facts["last_exit"] == "exit code 3"
        assert running.process.poll() is None
        assert status(tmp_path, "web")["restarts"] == 0


@pytest.mark.slow
def test_a_command_that_cannot_be_started_shows_and_is_tried_again(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from connector.supervisor import *\n"
        "supervise([RoleCommand(role='work', argv=('/nonexistent',))], Path(sys.argv[1]), Patience())"
    )
    with (
        Systemd(tmp_path) as systemd,
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            env=os.environ | {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "100000"},
        ) as running,
    ):
        for _ in range(3):
            systemd.next()
        assert "could not be started" in status(tmp_path, "work")["last_exit"]
        assert status(tmp_path, "work")["state"] == "waiting"
        running.terminate()
        assert running.wait(10) == 0


def test_sigterm_lets_the_children_drain(tmp_path: Path) -> None:
    with supervised(tmp_path, "capture", "work") as running:
        running.hear_all("capture up", "work up")
        running.send(signal.SIGTERM)
        running.hear_all("capture drained", "work drained")
        assert running.exit_code() == 0
        for role in ("capture", "work"):
            facts = status(tmp_path, role)
            assert (facts["state"], facts["last_exit"], facts["pid"]) == ("stopped", "exit code 0", None)


def test_who_does_not_drain_in_time_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, "work stubborn", drain_seconds=0.3) as running:
        work = running.hear("work", "up")
        running.send(signal.SIGTERM)
        assert running.exit_code() == 1
        wait_for_end(work)


@pytest.mark.slow
def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with supervised(tmp_path, "work stubborn", drain_seconds=600.0) as running:
        running.hear("work", "up")
        running.send(signal.SIGTERM)
        running.hear("work", "stopping")
        running.send(signal.SIGINT)
        assert running.exit_code() == 1


def test_systemd_hears_ready_when_all_are_then_reloading_then_stopping(tmp_path: Path) -> None:
    with Systemd(tmp_path) as systemd, supervised(tmp_path, "capture", "work", systemd=systemd) as running:
        assert systemd.next_but_watchdog().startswith("READY=1")
        running.send(signal.SIGHUP)
        assert systemd.next_but_watchdog().startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert systemd.next_but_watchdog().startswith("READY=1")
        running.send(signal.SIGTERM)
        assert systemd.next_but_watchdog().startswith("STOPPING=1")
        assert running.exit_code() == 0


def test_systemd_does_not_hear_ready_while_one_is_not(tmp_path: Path) -> None:
    with Systemd(tmp_path) as systemd, supervised(tmp_path, "capture", "work unready", systemd=systemd) as running:
        running.hear("work", "up")
        assert [systemd.next() for _ in range(5)] == ["WATCHDOG=1"] * 5
        assert status(tmp_path, "work")["state"] == "starting"


def test_sighup_reaches_every_child_and_ends_none(tmp_path: Path) -> None:
    with supervised(tmp_path, "capture", "work") as running:
        running.hear_all("capture up", "work up")
        running.send(signal.SIGHUP)
        running.hear_all("capture reloaded", "work reloaded")
        assert status(tmp_path, "work")["restarts"] == 0


@pytest.mark.slow
def test_a_status_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    with supervised(tmp_path / "absent", "work") as running:
        work = running.hear("work", "up")
        os.kill(work, signal.SIGKILL)
        assert running.hear("work", "up") != work


def test_the_supervisor_imports_nothing_that_could_break() -> None:
    script = (
        "import sys; bare = set(sys.modules); import connector.supervisor;"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - bare} - sys.stdlib_module_names));"
        "print(*sorted(name for name in sys.modules if name.startswith('connector.')))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert found.split("\n")[:2] == ["connector", "connector.supervisor"]


def test_both_halves_of_the_lifeline_mean_the_same_word() -> None:
    assert supervisor.LIFELINE == lifeline.LIFELINE


@given(crashes=st.integers(min_value=1, max_value=10_000))
def test_the_delay_never_shrinks_and_stays_between_its_bounds(crashes: int) -> None:
    patience = Patience()
    delay = restart_delay(patience, crashes)
    assert patience.first_restart_seconds <= delay <= patience.longest_restart_seconds
    assert delay <= restart_delay(patience, crashes + 1)


def test_an_exit_is_told_in_words() -> None:
    assert exit_in_words(2) == "exit code 2"
    assert exit_in_words(-11) == "killed by SIGSEGV"
    assert exit_in_words(-99) == "killed by signal 99"
    assert exit_in_words(-9, was_stuck=True).startswith("stuck")
