"""Which process is the Asterisk that we speak to: servers, and what only looks like one."""

from pathlib import Path

import pytest

from connector.pbx.asterisk.processes import asterisk_process
from connector.pbx.processes import PbxProcess
from tests.unit.pbx.proc_folder import Proc


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


def seen_in(proc: Proc) -> PbxProcess | None:
    return asterisk_process(5038, proc.folder)


@pytest.mark.parametrize("loader", ["/opt/lib64/ld-linux-x86-64.so.2", "/opt/lib/x86_64-linux-gnu/ld-2.31.so"])
def test_an_asterisk_run_by_a_loader_of_its_own_is_one(proc: Proc, loader: str) -> None:
    proc.add(10, loader, "--library-path", "/opt/lib", "/opt/usr/sbin/asterisk", "-f", "-n")
    assert seen_in(proc) is not None


@pytest.mark.parametrize(
    "command",
    [
        ("/usr/sbin/asterisk", "-rvvv"),
        ("/usr/sbin/asterisk", "-rx", "core show version"),
        ("vi", "/etc/asterisk"),
        ("/usr/bin/tail", "-f", "/var/log/asterisk"),
        ("/bin/bash", "/usr/sbin/safe_asterisk"),
    ],
)
def test_consoles_editors_and_watchers_are_none(proc: Proc, command: tuple[str, ...]) -> None:
    proc.add(10, *command)
    assert seen_in(proc) is None
