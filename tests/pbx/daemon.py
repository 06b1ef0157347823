"""callreel at a rig's Asterisk."""

from pathlib import Path
from typing import Any

from tests.pbx.asterisk import Asterisk
from tests.running_callreel import FINAL, NAME, SETTLED_SECONDS, RunningCallreel

__all__ = ["FINAL", "NAME", "SETTLED_SECONDS", "Daemon", "asterisk_settings"]


class Daemon(RunningCallreel):
    def __init__(self, folder: Path, asterisk: Asterisk, settings: dict[str, Any] | None = None) -> None:
        self.asterisk = asterisk
        listen = {
            "api": {"listen": f"127.0.0.1:{asterisk.ports.http + 1}"},
            "capture": {"fastagi": f"127.0.0.1:{asterisk.ports.agi}"},
        }
        super().__init__(folder, {"asterisk": asterisk_settings(asterisk)}, listen, settings)


def asterisk_settings(asterisk: Asterisk) -> dict[str, Any]:
    login, ports = asterisk.driver, asterisk.ports
    return {
        "ami": f"{login.user}:{login.secret}@127.0.0.1:{ports.ami}",
        "ari": f"{login.user}:{login.secret}@127.0.0.1:{ports.http}",
        "spool": str(asterisk.recording_folder),
    }
