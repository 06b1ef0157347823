"""A real Asterisk of the project's own cache, started on loopback in a folder of its own.

Knows how it is started, asked and ended; its configuration is another module's, its calls are the phones'.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from tests.getting import got
from tests.pbx import configuration, noise
from tests.pbx.configuration import ADMIN, Login, Ports, Wishes
from tests.pbx.waiting import until, until_told

ROOT: Final = Path(__file__).resolve().parents[2]
#: Each Asterisk takes a thousand ports below those that the kernel gives away, and claims them by their last one.
FIRST_PORTS: Final = range(10000, 32000, 1000)
START_LIMIT_SECONDS: Final = 30.0
STOP_LIMIT_SECONDS: Final = 5.0
SUITES: Final = {22: "sid", 16: "bullseye"}


class NoAsterisk(Exception):
    """Debian's packages can't be had here; the message is for whoever reads why a test did not run."""


class Asterisk:
    """`async with Asterisk(folder) as asterisk:`, or start() and stop(). May be started again in the same folder."""

    def __init__(self, folder: Path, *, version: int = 22, wishes: Wishes | None = None) -> None:
        self.folder = folder
        self.version = version
        self.wishes = wishes or Wishes()
        self.driver: Login = self.wishes.driver
        self.admin: Login = ADMIN
        self._root = unpacked(version)
        self._process: subprocess.Popen[bytes] | None = None
        self._claim, self.ports = _claimed_ports()

    @property
    def recording_folder(self) -> Path:
        return self.folder / "spool" / "recording"

    @property
    def sounds_folder(self) -> Path:
        """Debian's English prompts."""
        return self._root / "usr/share/asterisk/sounds/en"

    @property
    def pid(self) -> int:
        assert self._process is not None, "this Asterisk was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """All that it wrote since its folder was made."""
        path = self.folder / "log" / "full"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def is_wedged(self) -> bool:
        """Asterisk's own failure under many transfers at once: then the PBX is to blame, not who records it."""
        return "FRACK" in self.log

    async def start(self) -> None:
        assert not self.is_running, "it runs already"
        self.write_configuration()
        self._spawn()
        await until_told(self._has_booted, lambda: f"Asterisk up; {self._last_words()}", START_LIMIT_SECONDS)

    async def stop(self) -> None:
        """As an administrator stops it: calls are hung up, files closed. Harmless when it does not run."""
        if self.is_running:
            await self.cli("core stop now")
            try:
                await until(lambda: not self.is_running, "its end", STOP_LIMIT_SECONDS)
            finally:
                self.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def close(self) -> None:
        """Stop it and give its ports back."""
        await self.stop()
        self._claim.close()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """SIGSTOP and SIGCONT work as well. After SIGKILL it is gone when this returns."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.wait()

    async def cli(self, command: str) -> str:
        """What its console answers; "" when it does not run."""
        process = await asyncio.create_subprocess_exec(
            *self._command(), "-rx", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        output, _ = await process.communicate()
        return output.decode(errors="replace") if process.returncode == 0 else ""

    async def originate(self, channel: str, extension: str) -> None:
        """A click-to-call: ring `channel`, and when it answers send it to the extension."""
        await self.cli(f"channel originate {channel} extension {extension}@phones")

    async def channels(self) -> list[str]:
        """The names of all that live."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.split("!", 1)[0] for line in lines if "!" in line]

    async def idle(self, limit_seconds: float = 10.0) -> None:
        """Until no channel is left, so that the files are closed and the next test begins with none."""

        async def nobody_left() -> bool:
            return not await self.channels()

        await until_told(nobody_left, "an Asterisk without channels", limit_seconds)

    def write_configuration(self) -> None:
        """Anew before each start; `module reload` takes it up in a running one."""
        _make_folders(self.folder, self._root / "usr/share/asterisk")
        texts = configuration.files(self.folder, modules=self._modules(), ports=self.ports, wishes=self.wishes)
        for name, text in texts.items():
            (self.folder / "etc" / name).write_text(text)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def _command(self) -> tuple[str, ...]:
        return str(self._root / "asterisk"), "-C", str(self.folder / "etc" / "asterisk.conf")

    def _modules(self) -> Path:
        return next(self._root.glob("usr/lib/**/asterisk/modules"))

    def _spawn(self) -> None:
        with (self.folder / "log" / "stdout").open("ab") as output:
            self._process = subprocess.Popen(
                [*_die_with_us(), *self._command(), "-f", "-n"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def _has_booted(self) -> bool:
        assert self.is_running, f"Asterisk ended while it started; {self._last_words()}"
        return "fully booted" in await self.cli("core waitfullybooted")

    def _last_words(self) -> str:
        lines = [*(self.folder / "log" / "stdout").read_text(errors="replace").splitlines(), *self.log.splitlines()]
        return "its last words:\n" + "\n".join(lines[-15:])


def unpacked(version: int) -> Path:
    """The folder of that Asterisk, fetched when it is not there; NoAsterisk where that fails."""
    folder, reason = got("get-asterisk", SUITES[version])
    if folder is None:
        raise NoAsterisk(f"no Asterisk {version}: {reason}")
    return folder


def _die_with_us() -> list[str]:
    """Nothing may outlive a test run that is killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _claimed_ports() -> tuple[socket.socket, Ports]:
    """The open socket holds the claim against other test runs on this machine."""
    for first in random.sample(FIRST_PORTS, len(FIRST_PORTS)):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", first + 999))
            for port in range(first, first + 5):
                _must_be_free(port)
        except OSError:
            claim.close()
            continue
        return claim, Ports(
            sip=first,
            ami=first + 1,
            http=first + 2,
            phone=first + 3,
            agi=first + 4,
            rtp_first=first + 10,
            rtp_last=first + 989,
        )
    raise AssertionError("no thousand free ports between 10000 and 32000: do other Asterisks still run?")


def _must_be_free(port: int) -> None:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


def _make_folders(folder: Path, package: Path) -> None:
    for name in ("etc", "lib", "db", "run", "log", "keys", "sounds", "music", "data", "spool/recording", "spool/tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("sounds", "rest-api", "documentation", "static-http", "agi-bin"):
        with contextlib.suppress(FileExistsError):
            (folder / "data" / name).symlink_to(package / name)
    _write_noise(folder / "sounds" / "prompt.ulaw", noise.PROMPT, seconds=1)
    _write_noise(folder / "music" / "music.ulaw", noise.MUSIC, seconds=120)


def _write_noise(path: Path, stream: int, *, seconds: int) -> None:
    if not path.exists():
        path.write_bytes(np.ascontiguousarray(noise.codes(stream, 0, seconds * 8000)).tobytes())


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used up to now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
