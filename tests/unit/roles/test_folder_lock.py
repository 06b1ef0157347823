"""Two captures never record one PBX."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector.errors import ConfigError, FolderInUse
from connector.roles import folder_lock

HOLDER = """
import sys
from pathlib import Path
from connector.roles import folder_lock
with folder_lock.held(Path(sys.argv[1]), "capture"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with (
        folder_lock.held(tmp_path, "capture"),
        pytest.raises(FolderInUse, match=rf"another capture \(process {os.getpid()}\) holds {tmp_path}"),
        folder_lock.held(tmp_path, "capture"),
    ):
        pass


def test_it_is_free_again_afterwards_and_another_name_is_another_lock(tmp_path: Path) -> None:
    state = tmp_path / "made" / "here"
    with folder_lock.held(state, "capture"), folder_lock.held(state, "work"):
        pass
    with folder_lock.held(state, "capture"):
        assert (state / "capture.lock").read_text() == f"{os.getpid()}\n"


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse, match=f"process {holder.pid}"), folder_lock.held(tmp_path, "capture"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with folder_lock.held(tmp_path, "capture"):
            pass


def test_a_folder_that_cannot_be_used_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with (
        pytest.raises(ConfigError, match="cannot be used as state folder"),
        folder_lock.held(tmp_path / "state", "capture"),
    ):
        pass
