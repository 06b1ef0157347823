"""Runs a script of the project that gets a program for tests, and takes its word for where it lies."""

import os
import signal
import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def got(script: str, what: str) -> tuple[Path | None, str]:
    """The folder that it names; or None, and why it can't be had."""
    argv, pipe = [str(_ROOT / "scripts" / script), what], subprocess.PIPE
    with subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            folder, said = process.communicate()
        except BaseException:
            # Whoever does not want to wait any longer does not want the download either.
            os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        reason = said.strip().splitlines() or [f"scripts/{script} said nothing"]
        return None, reason[-1]
    return Path(folder.strip()), ""
