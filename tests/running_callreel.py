"""callreel at a PBX of a test, run as an administrator runs it; its catalogue and its destination seen from outside.

Knows processes, SQL and files; the sound in them is the proof's.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from connector.catalogue import schema
from tests.faults.role import Role
from tests.faults.rows import Rows
from tests.pbx import proof
from tests.pbx.waiting import until

FINAL = ("available", "absent", "removed", "failed-at-capture", "failed-at-render", "failed-at-store")
NAME = "office"
#: A recording is on its way for so long at most, on a machine that does many things at once.
SETTLED_SECONDS = 60.0


class Party(Protocol):
    """A phone, on whatever PBX."""

    @property
    def user(self) -> str: ...


class RunningCallreel:
    """At one PBX, as `pbx` says it in config.yaml; `settings` go over what stands in `plain_settings`. The roles run
    under the supervisor."""

    def __init__(
        self, folder: Path, pbx: dict[str, Any], listen: dict[str, Any], settings: dict[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self.state, self.archive = folder / "state", folder / "archive"
        self.config = folder / "config.yaml"
        for place in (folder, self.state, self.archive):
            place.mkdir(exist_ok=True)
        url = f"sqlite:///{self.state}/catalogue.db"
        schema.upgrade(url, self.state)
        self.rows = Rows(url)
        self.settings = self._plain_settings(pbx) | listen | (settings or {})
        self.write_settings()
        self.role = Role("run", ["connector", "run", "--config", str(self.config)], folder)

    def write_settings(self) -> None:
        """Again, where `settings` were changed; read at the next start."""
        self.config.write_text(json.dumps(self.settings))

    def _plain_settings(self, pbx: dict[str, Any]) -> dict[str, Any]:
        """Every call is recorded, as it was: WAV, stereo. The phones' agents are our own numbers."""
        return {
            "node": "here",
            "state": str(self.state),
            "pbx": {NAME: {"internal": ["2XX", "2XXX", "agent."], **pbx}},
            "destinations": {"archive": {"url": f"file://{self.archive}/{{callId}}-{{recordingId}}.{{format}}"}},
            "defaults": {"format": "wav", "channels": "stereo"},
            "log": {"format": "json", "level": "info"},
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.role.kill()

    def start(self) -> None:
        """Returns when it hears of calls."""
        self.role.start()
        self.role.until_said("work runs")
        self.role.until_said("pbx resynchronised")

    def kill(self) -> None:
        """All of it at once, as the kernel does when memory is over."""
        self.role.kill()

    def pid_of(self, role: str) -> int:
        return int(self._child(role)["pid"])

    def last_exit_of(self, role: str) -> str:
        """Why it was started anew; "" when it was not."""
        return str(self._child(role)["last_exit"])

    def _child(self, role: str) -> dict[str, Any]:
        """As the supervisor tells."""
        children: list[dict[str, Any]] = json.loads((self.state / "supervisor.json").read_text())["roles"]
        return next(child for child in children if child["role"] == role)

    # What it knows

    @property
    def resynchronisations(self) -> int:
        """How often capture has asked the PBX what lives, since all of it was started."""
        return len(self.role.said("pbx resynchronised"))

    @property
    def problems(self) -> list[str]:
        """What capture says in health."""
        report = self.state / "health" / "capture.json"
        found: list[str] = json.loads(report.read_text())["problems"] if report.exists() else []
        return found

    def recordings(self, *legs: Party) -> list[dict[str, Any]]:
        """Those of the calls that one of these phones' channels took part in, the oldest first; all without legs."""
        rows = self.rows.ask(
            "SELECT r.*, c.legs, c.direction, c.from_number, c.to_number, c.queue, c.agent_id, c.verdict, c.joined "
            "FROM recordings r JOIN calls c ON c.id = r.call_id ORDER BY r.requested_at, r.id"
        )
        names = {leg.user for leg in legs}
        return [row for row in rows if not names or names & _parties(row)]

    def segments(self, recording: dict[str, Any]) -> list[dict[str, Any]]:
        return self.rows.segments(recording["id"])

    def gaps(self, recording: dict[str, Any]) -> list[tuple[float, float]]:
        """Every named one on the wall clock, with its uncertainty around it."""
        start = float(recording["started_at"])
        return [
            (start + gap["start_seconds"] - unsure, start + gap["end_seconds"] + unsure)
            for gap in self.named_gaps(recording)
            for unsure in (gap.get("uncertain_seconds") or 0.0,)
        ]

    def named_gaps(self, recording: dict[str, Any]) -> list[dict[str, Any]]:
        """As callreel names them: side, party, seconds of the recording, uncertainty, reason."""
        [row] = self.rows.ask(f"SELECT gaps FROM renderings WHERE recording_id = '{recording['id']}'")
        found: list[dict[str, Any]] = json.loads(row["gaps"])
        return found

    async def settled(self, *legs: Party, count: int = 1) -> list[dict[str, Any]]:
        """So many recordings, all of them final and their calls over."""

        def are_settled() -> list[dict[str, Any]]:
            found = self.recordings(*legs)
            is_over = len(found) >= count and all(row["state"] in FINAL for row in found)
            return found if is_over and not self.rows.ask("SELECT id FROM calls WHERE state = 'live'") else []

        def trouble() -> str:
            states = [(row["id"], row["state"], row["reason"]) for row in self.recordings(*legs)]
            return f"{count} settled recordings: there are {states}; the daemon said: {self.role.tail}"

        return await until(are_settled, trouble, SETTLED_SECONDS)

    async def available(self, *legs: Party, count: int = 1) -> list[dict[str, Any]]:
        """The same, and every one of them arrived; no more than so many."""
        found = await self.settled(*legs, count=count)
        assert [row["state"] for row in found] == ["available"] * count, [(r["state"], r["reason"]) for r in found]
        return found

    async def recorded(self, *legs: Party) -> proof.Recording:
        """The one recording of a call, as it arrived."""
        [row] = await self.available(*legs)
        return self.sound(row)

    def sound(self, recording: dict[str, Any], kind: str = "stereo") -> proof.Recording:
        return proof.read(self.file(recording, kind), float(recording["started_at"]))

    def file(self, recording: dict[str, Any], kind: str = "stereo") -> Path:
        [copy] = [row for row in self.rows.deliveries(recording["id"]) if row["kind"] == kind]
        return Path(unquote(urlsplit(copy["url"]).path))

    def channels(self, recording: dict[str, Any]) -> Sequence[dict[str, Any]]:
        [row] = self.rows.ask(f"SELECT channels FROM renderings WHERE recording_id = '{recording['id']}'")
        found: Sequence[dict[str, Any]] = json.loads(row["channels"])
        return found


def _parties(row: dict[str, Any]) -> set[str]:
    return {leg["number"] for leg in json.loads(row["legs"])} | {
        leg["device"].partition("/")[2] for leg in json.loads(row["legs"])
    }
