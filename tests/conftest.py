"""What holds for every test: nothing is skipped unseen, and no verdict depends on how busy the machine is."""

import os
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_timeout
from _pytest.runner import runtestprotocol
from hypothesis import settings

from tests.steadiness import EVENINGS, VERDICT, watched

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
#: What judges moments and sound: all of it, or what is slow. Nothing else is: `-m alone` looks nowhere else.
ALONE = [_HERE / "freeswitch"]
ALONE_IF_SLOW = [_HERE / name for name in ("bench", "contract/pbx", "demo", "pbx", "transcripts")]
UNDER_CI = os.environ.get("CI") == "true"
#: A machine that keeps programs waiting changes what they say and hear: what fails there proves nothing.
_TRIES = 3

# A deadline measures the machine, not the code. CI tries the same inputs each time: what fails there fails at home.
settings.register_profile("home", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if UNDER_CI else "home")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Who asks for those that are alone need not load ten thousand others first."""
    is_near = any(
        collection_path.is_relative_to(folder) or folder.is_relative_to(collection_path)
        for folder in (*ALONE, *ALONE_IF_SLOW)
    )
    return True if config.option.markexpr == "alone" and not is_near else None


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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A test, slow or thorough, that fails while the machine does not keep time is tried again, and the report says so.
    The last time its moments are judged as exactly as the machine allowed."""
    if not any(item.get_closest_marker(name) for name in ("slow", "thorough")):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _tried(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _tried(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    for tries in range(1, _TRIES + 1):
        if tries > 1:
            _begin_time_limit_anew(item)
        with watched() as steadiness, VERDICT.last(steadiness) if tries == _TRIES else nullcontext():
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            told = f"try {tries}: {steadiness}{EVENINGS}"
            is_steady = steadiness.is_steady and EVENINGS.was_steady
        failed = [report for report in reports if report.failed]
        if tries == _TRIES or is_steady or _is_beside_others(item) or not failed:
            break
        if not EVENINGS.was_steady:
            # Looking at the same sound once more would find the same.
            item.session._setupstate.teardown_exact(None)
    for report in failed:
        report.sections.append(("the machine", told))
    return reports


def _is_beside_others(item: pytest.Item) -> bool:
    """One that should be alone is not tried again in company, where the next try is no better: scripts/test does so
    when the others are done."""
    return hasattr(item.config, "workerinput") and item.get_closest_marker("alone") is not None


def _begin_time_limit_anew(item: pytest.Item) -> None:
    """The failure before has ended it."""
    limit = pytest_timeout._get_item_settings(item)
    if limit.timeout:
        item.ihook.pytest_timeout_set_timer(item=item, settings=limit)


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
