"""DBOS in processes of its own: killed within and between steps, sharing one store, refusing one name twice."""

import signal
from collections import Counter, defaultdict
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.contract.engine.worker import STEPS
from tests.contract.postgresql_server import binaries, running_server
from tests.unit.processes import Talking


def worker(url: str, folder: Path, node: str = "here") -> Talking:
    return Talking("tests.contract.engine.worker", url, node, str(folder))


def queue(process: Talking, *subjects: str) -> None:
    process.tell(" ".join(("queue", *subjects)))


def finish(url: str, folder: Path, subjects: list[str]) -> None:
    """A life that nothing ends."""
    with worker(url, folder) as process:
        queue(process, *subjects)
        process.tell("finish")
        assert process.exit_code() == 0


def diary(folder: Path) -> dict[str, list[str]]:
    """The steps of each subject as they began, those that were begun again included."""
    begun: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "diary").read_text().splitlines():
        subject, step, _ = line.split()
        begun[subject].append(step)
    return begun


def assert_finished(folder: Path, subjects: list[str]) -> None:
    begun = diary(folder)
    assert set(begun) == set(subjects)
    for subject in subjects:
        assert _in_order(begun[subject]), subject
        assert all((folder / f"{subject}-{step}").exists() for step in STEPS)


def _in_order(begun: list[str]) -> bool:
    """It ran again at the step that was interrupted, or from the first one: none was passed over or left out."""
    places = [STEPS.index(step) for step in begun]
    goes_on = all(later in {0, before, before + 1} for before, later in pairwise(places))
    return places[0] == 0 and places[-1] == len(STEPS) - 1 and goes_on


def test_whatever_a_kill_interrupts_goes_on_after_the_restart(durable_url: str, tmp_path: Path) -> None:
    subjects = [f"recording-{number}" for number in range(12)]
    for place in ("recording-0-collect-before", "recording-4-encode-after", "recording-8-verify-after"):
        (tmp_path / f"die-{place}").touch()
    # Each life meets one of the three deaths, or two at once.
    for batch in (subjects[:4], subjects[:8], subjects):
        with worker(durable_url, tmp_path) as process:
            queue(process, *batch)
            assert process.exit_code() == -signal.SIGKILL
    finish(durable_url, tmp_path, subjects)
    assert_finished(tmp_path, subjects)
    assert Counter(diary(tmp_path)["recording-4"])["encode"] == 2


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing(durable_url: str, tmp_path: Path) -> None:
    subjects = [f"recording-{number}" for number in range(60)]
    for life in range(6):
        with worker(durable_url, tmp_path) as process:
            process.hear("here", "up")
            queue(process, *subjects[life * 10 : life * 10 + 10])
            for _ in range(life):
                process.hear("here", "done")
            process.send(signal.SIGKILL)
    finish(durable_url, tmp_path, subjects)
    assert_finished(tmp_path, subjects)


@pytest.mark.slow
@pytest.mark.postgresql
def test_two_processes_share_the_work_of_one_store(postgresql_url: str, tmp_path: Path) -> None:
    subjects = [f"recording-{number}" for number in range(40)]
    with worker(postgresql_url, tmp_path, "first") as first, worker(postgresql_url, tmp_path, "second") as second:
        first.hear("first", "up")
        second.hear("second", "up")
        queue(first, *subjects)
        first.hear("first", "done")
        second.hear("second", "done")
        for process in (first, second):
            process.tell("finish")
            assert process.exit_code() == 0
    assert {subject: Counter(steps) for subject, steps in diary(tmp_path).items()} == {
        subject: Counter(STEPS) for subject in subjects
    }


@pytest.mark.slow
def test_a_second_process_on_one_file_does_not_start(sqlite_url: str, tmp_path: Path) -> None:
    with worker(sqlite_url, tmp_path) as first:
        first.hear("here", "up")
        with worker(sqlite_url, tmp_path, "there") as second:
            assert second.exit_code() == 1
        first.tell("finish")
        assert first.exit_code() == 0
    with worker(sqlite_url, tmp_path) as third:
        third.hear("here", "up")


def test_the_lock_of_a_killed_process_is_free_at_once(sqlite_url: str, tmp_path: Path) -> None:
    with worker(sqlite_url, tmp_path) as first:
        first.hear("here", "up")
        first.send(signal.SIGKILL)
        first.exit_code()
    with worker(sqlite_url, tmp_path) as second:
        second.hear("here", "up")


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_process_whose_store_is_gone_ends_all_the_same(tmp_path: Path) -> None:
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    (tmp_path / "wait-one-encode").touch()
    with ExitStack() as server:
        url = server.enter_context(running_server()).new_database()
        with worker(url, tmp_path) as process:
            queue(process, "one")
            process.hear("here", "waits", "one")
            server.close()
            process.tell("leave")
            assert process.exit_code() == 0
