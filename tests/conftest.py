"""What holds for every test: nothing is skipped unseen, and no verdict depends on how busy the machine is."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

pytest_plugins = ("tests.storage_servers.fixtures",)

_HERE = Path(__file__).parent
THOROUGH = [
    _HERE / name
    for name in (
        "api",
        "browser",
        "contract/engine",
        "contract/pbx",
        "contract/storage",
        "doors",
        "faults",
        "freeswitch",
    )
]
#: What judges moments and sound: all of it, or what is slow.
ALONE = [_HERE / "freeswitch"]
ALONE_IF_SLOW = [_HERE / name for name in ("bench", "contract/pbx", "demo", "pbx", "transcripts")]
UNDER_CI = os.environ.get("CI") == "true"

# A deadline measures the machine, not the code. CI tries the same inputs each time: what fails there fails at home.
settings.register_profile("home", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if UNDER_CI else "home")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`thorough`: whole houses and servers, and what is tried on SQLite as well. Not among the quick ones."""
    for item in items:
        if _is_below(THOROUGH, item) or item.get_closest_marker("postgresql") is not None:
            item.add_marker(pytest.mark.thorough)
        # The folders' own conftests, which came after this one, have said before what is slow.
        is_slow = item.get_closest_marker("slow") is not None
        if _is_below(ALONE, item) or (is_slow and _is_below(ALONE_IF_SLOW, item)):
            item.add_marker(pytest.mark.alone)


def _is_below(folders: list[Path], item: pytest.Item) -> bool:
    return any(item.path.is_relative_to(folder) for folder in folders)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A test that is expected to fail is reported as skipped, too; that is no missing program.
    return report if hasattr(report, "wasxfail") else _never_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _never_skipped(report)


def _never_skipped(report: Report) -> Report:
    if UNDER_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and under CI nothing may be: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what did not run, so that a green line is not read as more than it says."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section(f"{len(skipped)} NOT RUN", sep="!", red=True, bold=True)
    for report in skipped:
        terminalreporter.line(f"{report.nodeid}: {_reason(report)}", red=True)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
