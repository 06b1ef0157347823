"""Whether scripts/get-asterisk keeps its promises, without downloading anything twice."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pbx.asterisk import ROOT, Asterisk

SCRIPT = ROOT / "scripts" / "get-asterisk"


def ran(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SCRIPT, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_another_suite_is_refused() -> None:
    result = ran("potato")
    assert result.returncode == 2
    assert "usage: " in result.stderr


def test_a_machine_without_apt_is_told_so_and_nothing_is_left(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env", "dirname", "mkdir", "flock", "cat", "rm"):
        (programs / name).symlink_to(shutil.which(name) or "")
    result = ran("sid", PATH=str(programs), CALLREEL_ASTERISK_CACHE=str(tmp_path / "cache"))
    assert result.returncode == 1
    assert "can't be had" in result.stderr
    assert "no Debian" in result.stderr
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["sid.lock"]


@pytest.mark.asterisk
def test_what_is_there_is_not_fetched_again(asterisk: Asterisk) -> None:
    assert asterisk.is_running
    result = ran("sid", PATH=os.environ["PATH"], http_proxy="http://127.0.0.1:9")
    assert (result.returncode, result.stderr) == (0, "")
    assert (Path(result.stdout.strip()) / "asterisk").exists()
