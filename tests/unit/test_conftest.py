"""Whether a skipped test is seen at home and fails under CI, and what a machine that does not keep time excuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"

SKIPPING = """
import pytest

def test_that_runs():
    pass

def test_that_misses_a_program():
    pytest.skip("no such program here")

@pytest.mark.xfail(reason="known")
def test_that_is_expected_to_fail():
    assert False
"""

SKIPPED_WHOLE = """
import pytest

pytest.skip("no such library here", allow_module_level=True)
"""


UNSTEADY = """
import threading
import pytest
from tests.steadiness import Steadiness

Steadiness.is_steady = property(lambda _: False)
tries = []
"""

FAILING_TWICE = """
@pytest.mark.slow
@pytest.mark.timeout(2)
def test_that_fails_at_first_and_then_never_ends():
    tries.append(1)
    assert len(tries) != 1
    if len(tries) == 2:
        threading.Event().wait()
"""

JUDGING = """
@pytest.mark.slow
@pytest.mark.alone
def test_that_judges_moments():
    tries.append(1)
    assert len(tries) > 1
"""

STEADY = UNSTEADY.replace("False", "True")


def run_of(folder: Path, *arguments: str, ci: bool, **tests: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    for name, text in tests.items():
        (folder / f"test_{name}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "PYTEST_ADDOPTS"}}
    # What the conftest names as plug-ins is found from here.
    environment["PYTHONPATH"] = str(CONFTEST.parent.parent)
    if ci:
        environment["CI"] = "true"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_at_home_a_skipped_test_is_named_at_the_end(tmp_path: Path) -> None:
    result = run_of(tmp_path, ci=False, some=SKIPPING)
    assert result.returncode == 0
    assert "1 NOT RUN" in result.stdout
    assert "test_some.py::test_that_misses_a_program: no such program here" in result.stdout


def test_under_ci_a_skipped_test_is_a_failure_and_an_expected_one_is_not(tmp_path: Path) -> None:
    result = run_of(tmp_path, ci=True, some=SKIPPING)
    assert result.returncode == 1
    assert "1 failed, 1 passed, 1 xfailed" in result.stdout
    assert "under CI nothing may be: no such program here" in result.stdout


@pytest.mark.parametrize(("ci", "code"), [(False, 0), (True, 2)])
def test_a_module_that_skips_itself_is_treated_alike(tmp_path: Path, *, ci: bool, code: int) -> None:
    result = run_of(tmp_path, ci=ci, whole=SKIPPED_WHOLE, some="def test_that_runs(): pass")
    assert result.returncode == code
    assert "no such library here" in result.stdout


def test_what_fails_on_a_machine_that_keeps_programs_waiting_is_tried_again_each_time_within_its_limit(
    tmp_path: Path,
) -> None:
    result = run_of(tmp_path, ci=False, some=UNSTEADY + FAILING_TWICE)
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_what_fails_on_a_steady_machine_is_a_failure(tmp_path: Path) -> None:
    result = run_of(tmp_path, ci=False, some=STEADY + JUDGING)
    assert result.returncode == 1
    assert "try 1: programs waited" in result.stdout


def test_a_judge_of_moments_is_tried_once_beside_others(tmp_path: Path) -> None:
    """Another try in company would be no better: scripts/test gives it the machine."""
    result = run_of(tmp_path, "-n", "1", ci=False, some=UNSTEADY + JUDGING)
    assert result.returncode == 1
    assert "1 failed" in result.stdout


def test_by_itself_a_judge_of_moments_is_tried_again(tmp_path: Path) -> None:
    result = run_of(tmp_path, ci=False, some=UNSTEADY + JUDGING)
    assert result.returncode == 0
    assert "1 passed" in result.stdout


def test_nobody_marks_a_test_alone_by_hand() -> None:
    """It would not be looked for where it lies."""
    marked = [path for path in CONFTEST.parent.rglob("test_*.py") if "mark.alone" in path.read_text()]
    assert marked == [Path(__file__)]
