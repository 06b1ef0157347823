"""Peers live in an environment of their own, made once, and anew when others are wanted."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.bench.peer_environment import python_with
from tests.bench.tool import BenchBroken


def a_wheel(folder: Path) -> str:
    """Of the module `peer`; no index is asked for it."""
    name, info = folder / "peer-1.0-py3-none-any.whl", "peer-1.0.dist-info"
    with zipfile.ZipFile(name, "w") as wheel:
        wheel.writestr("peer.py", "VOICE = 'here'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: peer\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return str(name)


@pytest.mark.slow
def test_an_environment_is_made_once_and_anew_for_other_peers(tmp_path: Path) -> None:
    wheel = a_wheel(tmp_path)
    python = python_with("peers", [wheel], below=(4, 0), cache=tmp_path)
    said = subprocess.run([python, "-c", "import peer; print(peer.VOICE)"], capture_output=True, text=True, check=True)
    assert said.stdout == "here\n"
    made_at = python.parent.stat().st_ctime_ns
    assert python_with("peers", [wheel], below=(4, 0), cache=tmp_path) == python
    assert python.parent.stat().st_ctime_ns == made_at
    with pytest.raises(BenchBroken, match=r"missing\.whl"):
        python_with("peers", [str(tmp_path / "missing.whl")], below=(4, 0), cache=tmp_path)
    assert python_with("peers", [wheel], below=(4, 0), cache=tmp_path).exists()
    assert python.parent.stat().st_ctime_ns != made_at


def test_without_a_python_old_enough_the_bench_says_which_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchBroken, match=r"older than 3\.11"):
        python_with("peers", ["peer"], below=(3, 11), cache=tmp_path)
