"""The demo's folder, and the players and `callreel run` in it. Knows nothing of what is shown."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tests.demo.exchange import Exchange

ROOT: Final = Path(__file__).parents[2]
#: The kernel takes no longer one; a few less, for the name in it.
_LONGEST_SOCKET_PATH: Final = 100
_LEAVE_SECONDS: Final = 40.0
_ANSWER_SECONDS: Final = 30.0
_LOG_LINES: Final = 5
_HEARD: Final = ", transcriptionOptions: {enabled: yes, locale: en}"


class DemoFailed(Exception):
    """What went wrong, and where to look."""


class House:
    """Everything that the demo writes lies in its folder."""

    def __init__(self, folder: Path, exchange: Exchange, *, is_heard: bool = False) -> None:
        """`is_heard`: what is said is written down, too."""
        self.folder = folder
        self.exchange = exchange
        self.is_heard = is_heard
        self.config = folder / "config.yaml"
        self.state = folder / "state"
        self.recordings = folder / "recordings"
        self.log = folder / "callreel.log"
        self.players_log = folder / "players.log"
        self._processes: list[tuple[subprocess.Popen[bytes], Path]] = []

    @contextmanager
    def opened(self) -> Iterator["House"]:
        """The players and callreel run; at the end they have left."""
        # A password stands in it.
        self.config.touch(mode=0o600)
        self.config.write_text(self.settings, encoding="utf-8")
        with ExitStack() as leaving:
            self._start(leaving, self.players_log, self.exchange.players)
            self._start(leaving, self.log, [*_callreel(), "run", "--config", str(self.config)])
            yield self

    def place_call(self) -> None:
        """Where the players do it by themselves, nothing happens."""
        players, _ = self._processes[0]
        if self.exchange.obeys and players.stdin is not None:
            with suppress(BrokenPipeError):
                players.stdin.write(b"call\n")
                players.stdin.flush()

    def check(self) -> None:
        """Raises DemoFailed when one of the processes has ended."""
        for process, log in self._processes:
            if process.poll() is not None:
                raise DemoFailed(f"{process.args!r} ended with {process.returncode}. {_last_lines(log)}")

    def last_lines(self) -> str:
        """The ends of the logs, and where the rest is."""
        return "\n".join(_last_lines(log) for _, log in self._processes)

    def recording(self, id: str) -> dict[str, Any]:
        """What `callreel recordings show --json` says, and where each file lies."""
        shown: dict[str, Any] = json.loads(self._asked("recordings", "show", id, "--json"))
        for file in shown["files"]:
            file["path"] = unquote(urlsplit(file["url"]).path)
        return shown

    def transcript(self, id: str) -> list[str]:
        """A line for each turn, who speaks before it."""
        return self._asked("transcripts", "show", id, "--format", "text").splitlines()

    def key(self) -> str:
        """One that may do everything, made now."""
        return self._asked("keys", "add", "demo", "--role", "admin").strip()

    def _asked(self, *words: str) -> str:
        argv = [*_callreel(), *words, "--config", str(self.config)]
        asked = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with asked:
            try:
                said, complained = asked.communicate(timeout=_ANSWER_SECONDS)
            except BaseException:
                # At a Ctrl-C `subprocess.run` leaves before what it has killed has ended.
                asked.kill()
                asked.wait()
                raise
        if asked.returncode != 0:
            raise DemoFailed(f"callreel {' '.join(words[:2])} ended with {asked.returncode}: {complained.strip()}")
        return said

    @property
    def settings(self) -> str:
        return f"""# The demo's configuration; every key is explained in config.yaml and docs/config.md.
{self.exchange.settings}destinations:
  folder: {{url: "file://{self.recordings}/{{utc:yyyy-MM-dd}}/{{recordingId}}.{{format}}"}}
defaults: {{format: wav{_HEARD if self.is_heard else ""}}}
state: "{self.state}"
api: {{listen: "{self.exchange.address}"}}
log: {{format: json}}
"""

    def _start(self, leaving: ExitStack, log: Path, argv: Sequence[str]) -> None:
        with log.open("ab") as output:
            # A session of its own: Ctrl-C is ours to pass on.
            process = subprocess.Popen(
                argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        self._processes.append((process, log))
        leaving.callback(_ended, process)


def new_folder(wanted: Path | None) -> Path:
    """An empty one; raises DemoFailed when that cannot be."""
    try:
        if wanted is None:
            return Path(tempfile.mkdtemp(prefix="callreel-demo-")).resolve()
        folder = wanted.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise DemoFailed(f"{wanted or tempfile.gettempdir()} cannot be used ({error.strerror}): --folder") from error
    if not is_empty:
        raise DemoFailed(f"{folder} is not empty: name a new folder")
    if len(str(folder)) > _LONGEST_SOCKET_PATH - len("/asterisk/run/asterisk.ctl"):
        raise DemoFailed(f"{folder} is too long a name for a socket in it: name a shorter one with --folder")
    return folder


def _last_lines(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join((f"The end of {log}:", *text.splitlines()[-_LOG_LINES:]))


def _ended(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_LEAVE_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
    finally:
        if process.stdin is not None:
            process.stdin.close()


def _callreel() -> list[str]:
    beside = shutil.which("callreel", path=str(Path(sys.executable).parent))
    return [beside] if beside else [sys.executable, "-m", "connector"]
