"""The tool itself: what a bench reports is what its reader sees, and a bar that is missed is an exit code."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.bench import tool
from tests.bench.tool import Bench, BenchBroken, Figure, interleaved_medians, user_seconds, warm_process


def a_bench(monkeypatch: pytest.MonkeyPatch, *, raises: Exception | None = None, bar: float = 2.0) -> None:
    """A bench called `probe` with one figure of 1.5 s."""

    def run(bench: Bench) -> None:
        assert bench.folder.is_dir()
        if raises:
            raise raises
        bench.figure("speed", 1.5, "s", bar=bar)
        bench.figure("beside", 7, "s")

    module = ModuleType("tests.bench.probe")
    module.run = run  # type: ignore[attr-defined]  # a module is made of attributes
    monkeypatch.setitem(sys.modules, "tests.bench.probe", module)
    monkeypatch.setattr(tool, "bench_names", lambda: ["probe"])


@pytest.mark.parametrize(
    ("value", "bar", "higher_is_better", "is_met"),
    [
        (1.0, 1.0, False, True),
        (1.1, 1.0, False, False),
        (1.0, 1.0, True, True),
        (0.9, 1.0, True, False),
        (9.0, None, False, True),
    ],
)
def test_a_bar_is_met_on_its_good_side(value: float, bar: float | None, higher_is_better: bool, is_met: bool) -> None:
    assert Figure("a", value, "s", bar, higher_is_better).is_met is is_met


def test_json_is_one_object_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    a_bench(monkeypatch)
    assert tool.main(["probe", "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"name": "speed", "value": 1.5, "unit": "s", "bar": 2.0, "met": True},
        {"name": "beside", "value": 7, "unit": "s", "bar": None, "met": True},
    ]


def test_a_missed_bar_is_seen_and_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_bench(monkeypatch, bar=1.0)
    assert tool.main(["probe"]) == 1
    assert "NO" in capsys.readouterr().out


@pytest.mark.parametrize("error", [BenchBroken("no peer"), ZeroDivisionError("no peer")])
def test_a_bench_that_cannot_measure_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    a_bench(monkeypatch, raises=error)
    assert tool.main(["probe"]) == 1
    assert "no peer" in capsys.readouterr().err


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["nothing"]) == 2
    assert "assemble" in capsys.readouterr().err
    assert tool.main(["--list"]) == 0
    assert "user CPU beside sox" in capsys.readouterr().out


def test_ways_are_run_in_turn_and_their_medians_kept() -> None:
    order: list[str] = []

    def way(name: str, values: list[float]) -> float:
        order.append(name)
        return values.pop(0)

    slow, quick = [9.0, 3.0, 4.0], [1.0, 2.0, 0.0]
    medians = interleaved_medians({"slow": lambda: way("slow", slow), "quick": lambda: way("quick", quick)}, runs=3)
    assert medians == {"slow": 4.0, "quick": 1.0}
    assert order == ["slow", "quick"] * 3


def test_user_cpu_is_that_of_the_command_and_a_failed_one_is_no_figure() -> None:
    busy = [sys.executable, "-c", "sum(range(20_000_000))"]
    assert 0.1 < user_seconds(busy) < 2
    with pytest.raises(BenchBroken, match="ended with 3"):
        user_seconds([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_warm_process_tells_the_cpu_of_each_work() -> None:
    with warm_process() as process:
        assert process.user_seconds(sum, range(10)) < process.user_seconds(sum, range(20_000_000))


def test_a_peer_that_is_there_is_found_and_one_that_cannot_come_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench = Bench(tmp_path)
    assert bench.peer("sh", "dash").endswith("sh")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(BenchBroken, match="no-such-package is missing"):
        bench.peer("no-such-program", "no-such-package")
