"""Whether a skipped test is seen at home and fails under CI."""

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


def run_of(folder: Path, *, ci: bool, **tests: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    for name, text in tests.items():
        (folder / f"test_{name}.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "PYTEST_ADDOPTS"}}
    # What the conftest names as plug-ins is found from here.
    environment["PYTHONPATH"] = str(CONFTEST.parent.parent)
    if ci:
        environment["CI"] = "true"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


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
