"""Which process is the FreeSWITCH that we speak to: servers, and what only looks like one."""

from pathlib import Path

import pytest

from connector.pbx.freeswitch.processes import freeswitch_process
from tests.unit.pbx.proc_folder import Proc


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


@pytest.mark.parametrize(
    "command",
    [
        ("/usr/bin/freeswitch", "-u", "freeswitch", "-g", "freeswitch", "-ncwait", "-nonat"),
        ("/usr/local/freeswitch/bin/freeswitch", "-nc"),
        ("freeswitch",),
    ],
)
def test_a_server_is_one(proc: Proc, command: tuple[str, ...]) -> None:
    proc.add(10, *command)
    assert freeswitch_process(8021, proc.folder) is not None


@pytest.mark.parametrize(
    "command",
    [("/usr/bin/fs_cli",), ("freeswitch", "-stop"), ("vi", "/etc/freeswitch"), ("tail", "-f", "/var/log/freeswitch")],
)
def test_consoles_editors_and_a_word_to_the_server_are_none(proc: Proc, command: tuple[str, ...]) -> None:
    proc.add(10, *command)
    assert freeswitch_process(8021, proc.folder) is None
