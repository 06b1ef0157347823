"""callreel at a scripted switch, and the proof that it has recorded what the phones there said.

Knows what callreel tells of itself; what breaks is the test's business.
"""

import asyncio
import socket
import time
from pathlib import Path
from typing import Any, Final, Self

from tests.freeswitch import proving
from tests.freeswitch.legs import Leg
from tests.freeswitch.served import ServedSwitch
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.proof import FRAME_SECONDS, Findings, Voice, assert_complete
from tests.pbx.waiting import until
from tests.running_callreel import FINAL, NAME, SETTLED_SECONDS, RunningCallreel

__all__ = ["NAME", "Daemon", "freeswitch_settings"]

#: Between a bridge and its recorders' first frame; measured on a real one: 54 ms, of which callreel has two or three.
START_SECONDS: Final = 0.1
#: Of what is said between the return of callreel and its first recorders.
COMING_BACK_SECONDS: Final = 0.3
#: Health is written every 2 s.
TOLD_SECONDS: Final = 30.0


class Daemon(RunningCallreel):
    """`port` is where it finds the event socket, should that not be the switch's own."""

    def __init__(
        self,
        folder: Path,
        switch: ScriptedSwitch | ServedSwitch,
        *,
        port: int | None = None,
        others: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        listen = {"api": {"listen": f"127.0.0.1:{free_port()}"}}
        super().__init__(folder, freeswitch_settings(switch, port=port), listen)
        if others:
            own = self.settings["pbx"][NAME]
            self.settings["pbx"] |= {name: {"internal": own["internal"], **pbx} for name, pbx in others.items()}
            self.write_settings()

    async def begin(self) -> Self:
        """Returns when it hears of the calls of every PBX."""
        await asyncio.to_thread(self.start)
        pbxs = len(self.settings["pbx"])
        await until(lambda: self.resynchronisations >= pbxs, lambda: f"{pbxs} PBXs; {self.role.tail}", TOLD_SECONDS)
        return self

    async def back(self, seen: int) -> float:
        """It has asked anew what lives, after so many times; when its first recorders run at the latest."""
        await until(lambda: self.resynchronisations > seen, lambda: f"it is back; {self.role.tail}", TOLD_SECONDS)
        return time.time() + COMING_BACK_SECONDS

    def of(self, number: str) -> list[dict[str, Any]]:
        """The recordings of that caller's calls, the oldest first."""
        return [row for row in self.recordings() if row["from_number"] == number]

    async def final(self, caller: Leg, count: int = 1) -> list[dict[str, Any]]:
        """So many recordings of that caller's, all of them final."""
        return await self._final(caller.number, count)

    async def _final(self, number: str, count: int) -> list[dict[str, Any]]:

        def found() -> list[dict[str, Any]]:
            rows = self.of(number)
            return rows if len(rows) >= count and all(row["state"] in FINAL for row in rows) else []

        def trouble() -> str:
            states = [(row["id"], row["state"], row["reason"]) for row in self.of(number)]
            return f"{count} final recordings of {number}: {states}; the daemon said: {self.role.tail}"

        rows = await until(found, trouble, SETTLED_SECONDS)
        assert len(rows) == count, trouble()
        return rows

    async def arrived(self, caller: Leg) -> dict[str, Any]:
        """The one recording of that caller's, available."""
        return await self.recorded_by(caller.number)

    def named_gaps(self, recording: dict[str, Any]) -> list[dict[str, Any]]:
        """Without one that only says that a side's first sound came a little after the other's: how late a beginning
        may be is judged by the sound."""
        return [
            gap
            for gap in super().named_gaps(recording)
            if gap["start_seconds"] > 0.0 or gap["end_seconds"] > START_SECONDS
        ]

    async def recorded_by(self, number: str) -> dict[str, Any]:
        """The same by the number."""
        [row] = await self._final(number, 1)
        assert row["state"] == "available", f"{row['state']}: {row['reason']}; the daemon said: {self.role.tail}"
        return row

    def assert_whole(
        self,
        row: dict[str, Any],
        *,
        left: list[Voice],
        right: list[Voice],
        lost_at_start_seconds: float = START_SECONDS,
        **limits: Any,
    ) -> Findings:
        """Every frame is there: a gap that is named excuses where something stands, never that it is missing."""
        findings = assert_complete(
            self.sound(row),
            left=left,
            right=right,
            gaps=self.gaps(row),
            lost_at_start_seconds=lost_at_start_seconds,
            **limits,
        )
        for finding in findings.all:
            assert all(seconds <= FRAME_SECONDS for seconds in finding.lost_inside_seconds), (
                f"{finding.voice.name} lacks {finding.lost_inside_seconds}, whatever {self.named_gaps(row)} says"
            )
        return findings

    def assert_named(self, row: dict[str, Any], *, left: list[Voice], right: list[Voice], **limits: Any) -> Findings:
        """What is missing lies in a named gap, whose place two files' beginnings tell, each to a frame."""
        limits = {"lost_at_start_seconds": START_SECONDS} | limits
        gaps = [(begins - FRAME_SECONDS, ends + FRAME_SECONDS) for begins, ends in self.gaps(row)]
        return assert_complete(self.sound(row), left=left, right=right, gaps=gaps, **limits)

    async def talk_is_whole(self, caller: Leg, agent: Leg) -> dict[str, Any]:
        """The one recording of a plain call has all of both, and no gap is named."""
        row = await self.arrived(caller)
        assert not self.named_gaps(row)
        self.assert_whole(row, left=[proving.voice(caller)], right=[proving.voice(agent)])
        return row

    async def says(self, *words: str) -> str:
        """Its health names a problem with all these words; returns that."""

        def found() -> str:
            return next((problem for problem in self.problems if all(word in problem for word in words)), "")

        return await until(
            found, lambda: f"{words} in health, which says {self.problems}; {self.role.tail}", TOLD_SECONDS
        )

    async def is_well(self) -> None:
        """Its health names no problem."""
        await until(
            lambda: not self.problems, lambda: f"no problem but {self.problems}; {self.role.tail}", TOLD_SECONDS
        )


def freeswitch_settings(switch: ScriptedSwitch | ServedSwitch, *, port: int | None = None) -> dict[str, Any]:
    """As `pbx.<name>` says it in config.yaml."""
    return {"freeswitch": {"esl": f":secret@127.0.0.1:{port or switch.port}", "spool": str(switch.recordings)}}


def began(switch: ScriptedSwitch, *legs: Leg) -> float:
    """When the last recorder of ours on these legs began."""
    stamps = [
        int(event.get("Event-Date-Timestamp"))
        for event in switch.fired
        if event.name == "RECORD_START"
        and event.get("Unique-ID") in {leg.uuid for leg in legs}
        and event.get("Recording-Variable-callreel_segment")
    ]
    return max(stamps) / 1e6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
