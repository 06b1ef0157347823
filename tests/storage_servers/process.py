"""One server's process: a session of its own, an environment of its own, a folder it stays in, ended by its pid.

Knows no storage; when a server is up, its own module says.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.storage_servers.waiting import until, until_told

#: A machine whose two cores are busy with sound is slow to load 150 MB of program.
START_LIMIT_SECONDS: Final = 60.0
STOP_LIMIT_SECONDS: Final = 5.0


class ServerProcess:
    """Starts `command` in `folder`; may be started again after it ended. Everything it leaves behind lies in there."""

    def __init__(self, folder: Path, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._command = list(command)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "this server was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def start(self, is_up: Callable[[], bool]) -> None:
        """Returns when `is_up` says so. It may not block for long."""
        assert not self.is_running, "it runs already"
        self._spawn()

        async def answers() -> bool:
            assert self.is_running, f"{self._command[0]} ended while it started; {self._last_words()}"
            return is_up()

        try:
            await until_told(answers, lambda: f"{self._command[0]} up; {self._last_words()}", START_LIMIT_SECONDS)
        except BaseException:
            self.kill()
            raise

    async def stop(self) -> None:
        """As an administrator stops it. Harmless when it does not run."""
        if not self.is_running:
            return
        self.kill(signal.SIGTERM)
        try:
            await until(lambda: not self.is_running, lambda: "its end", STOP_LIMIT_SECONDS)
        except AssertionError:
            # Some wait for connections to end that a test left open on purpose.
            pass
        finally:
            self.kill()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """To it and all it started; SIGSTOP and SIGCONT work as well. After SIGKILL it is gone when this returns."""
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, number)
        if number == signal.SIGKILL:
            self._process.wait()

    def _spawn(self) -> None:
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        # Not ours: what it holds (keys of a cloud, a proxy, a home with settings) would decide how the server behaves.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "TMPDIR": str(temporary)}
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [*_die_with_us(), *self._command],
                cwd=self.folder,
                env=environment | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _last_words(self) -> str:
        return "its last words:\n" + "\n".join(self.log.splitlines()[-15:])


def _die_with_us() -> list[str]:
    """Nothing may outlive a test run that is killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
