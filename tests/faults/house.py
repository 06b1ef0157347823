"""A whole house in a temporary folder: PBX, roles, catalogue and destination, all of them real processes and files."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.faults.doom import Doom
from tests.faults.pbx import ROOT, Pbx
from tests.faults.role import Role
from tests.faults.rows import Rows
from tests.faults.waiting import until

_FINAL = {"available", "absent", "removed", "failed-at-capture", "failed-at-render", "failed-at-store"}
ROLES = ("capture", "work", "web")


class House:
    """`settings` go over what stands here. The work role may be told where to die, and capture as well."""

    def __init__(self, folder: Path, migrated: Callable[[Path], str], settings: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.archive = folder / "archive"
        #: Every folder that is a destination.
        self.stores = [self.archive]
        self.config = folder / "config.yaml"
        for place in (self.state, self.archive):
            place.mkdir()
        self.rows = Rows(migrated(self.state))
        self.pbx = Pbx(folder)
        self.doom = Doom(folder / "doom")
        self.settings = self._plain_settings() | (settings or {})
        self.write_config()
        self.roles = {name: self._role(name, ["connector", name, "--config", str(self.config)]) for name in ROLES}
        self._enabled = folder / "doom" / "enabled"
        self.roles["work"].command = ["tests.faults.killable_work", str(self.config), str(folder / "doom")]

    def __enter__(self) -> "House":
        self.pbx.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for role in self.roles.values():
            role.kill()
        self.pbx.__exit__(kind, error, trace)

    @property
    def capture(self) -> Role:
        return self.roles["capture"]

    @property
    def work(self) -> Role:
        return self.roles["work"]

    def supervised(self) -> Role:
        """All of it as `callreel run` runs it; not started yet."""
        role = self._role("run", ["connector", "run", "--config", str(self.config)])
        self.roles = {"run": role}
        return role

    def start(self, *names: str) -> None:
        """These roles (all, when none is named), and wait until they work."""
        started = [self.roles[name] for name in names or self.roles]
        for role in started:
            role.start()
        for role in started:
            role.until_up()
        if not names or "capture" in names:
            self.capture.until_said("pbx resynchronised")

    def kill(self, *names: str) -> None:
        for name in names or self.roles:
            self.roles[name].kill()

    def restart(self, *names: str) -> None:
        self.kill(*names)
        self.start(*names)

    def make_capture_killable(self) -> None:
        """It dies at each kind of line of its journal, once before and once after writing it, as soon as it is told."""
        self.capture.command = ["tests.faults.killable_capture", str(self.config), str(self.folder / "doom")]

    def doom_capture(self) -> None:
        self._enabled.touch()

    def move_catalogue(self, folder: Path) -> None:
        """It lies there from now on; nothing runs yet."""
        self.rows = Rows(f"sqlite:///{folder}/catalogue.db")
        self.settings["catalogue"] = self.rows.url
        self.write_config()

    def write_config(self) -> None:
        # JSON is YAML.
        self.config.write_text(json.dumps(self.settings))

    # What is seen from outside

    def until_state(self, call: str, state: str) -> dict[str, Any]:
        """The call's newest recording, as soon as the catalogue shows it so."""

        def seen() -> dict[str, Any]:
            row = self.rows.recording(call)
            return row if row.get("state") == state else {}

        return until(seen, lambda: f"{call} {state}: it is {self.rows.recording(call)}; {self.tails}")

    def until_recording(self, *calls: str) -> None:
        """Both sides of each call have a recorder that runs."""
        for call in calls:
            row = self.until_state(call, "recording")
            until(partial(self._has_two_recorders, row["id"]), lambda: self.tails)

    def _has_two_recorders(self, recording: str) -> bool:
        return len([segment for segment in self.rows.segments(recording) if segment["state"] == "running"]) >= 2

    def until_settled(self) -> None:
        """Every call has ended and has a recording, every recording is final, nothing is due any more."""

        def is_settled() -> bool:
            states = self.rows.states()
            return (
                all(self.rows.recordings(call.name) for call in self.pbx.calls)
                and set(states.values()) <= _FINAL
                and self.rows.ask("SELECT id FROM due UNION SELECT id FROM calls WHERE state = 'live'") == []
                and bool(self.rows.ask("SELECT 1 AS there"))
            )

        until(is_settled, lambda: f"rest: {self.rows.states()} {self.rows.ask('SELECT * FROM due')}; {self.tails}")

    @property
    def tails(self) -> str:
        return "\n".join(f"--- {name}: {role.tail}" for name, role in self.roles.items())

    @property
    def objects(self) -> list[Path]:
        """Everything in the destinations, hidden things included."""
        return sorted(path for place in self.stores for path in place.rglob("*") if path.is_file())

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "connector", *words, "--config", str(self.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def _role(self, name: str, command: list[str]) -> Role:
        return Role(name, command, self.folder)

    def _plain_settings(self) -> dict[str, Any]:
        url = self.rows.url
        return {
            "pbx": {"demo": {"scripted": {"socket": str(self.pbx.socket), "spool": str(self.pbx.spool)}}},
            "state": str(self.state),
            "node": "here",
            "destinations": {"archive": {"url": f"file://{self.archive}/"}},
            "defaults": {"record": True, "format": "wav"},
            "local": {"keep": "1h"},
            "capture": {"verify": 1, "close": 1},
            "encoders": 1,
            "api": {"listen": f"127.0.0.1:{_free_port()}"},
            "log": {"format": "json"},
        } | ({"catalogue": url} if url.startswith("postgresql") else {})


def copied(file: Path) -> Callable[[Path], str]:
    """A catalogue that was migrated before, copied into each state folder."""

    def copy(state: Path) -> str:
        shutil.copy(file, state / "catalogue.db")
        return f"sqlite:///{state}/catalogue.db"

    return copy


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
