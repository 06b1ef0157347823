"""How the house is: what each role reports, what waits, how much room is left, and what somebody should look at."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.domain.states import RecordingState, TranscriptionState
from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.dues import Dues
from connector.ports.search_ledger import RecordingFilter, SearchLedger, TranscriptFilter
from connector.services.recent import Recent
from connector.services.reports import read_children, read_reports

#: A report older than this is no report: the role hangs or is gone.
STALE_SECONDS = 15.0
_LOW_ROOM_SHARE = 0.05
#: Work that lies so long for a node of which nobody hears is left there.
_LEFT_SECONDS = 600.0
#: What cannot be mended is said for so long.
_NAMED_SECONDS = 86_400.0
_COUNTED = 100
RETRIABLE = (RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCounts:
    """How many are in each state."""

    recordings: Mapping[str, int] = field(default_factory=dict)
    transcripts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    roles: dict[str, dict[str, Any]]
    counts: StateCounts
    due: int
    free_bytes: int
    problems: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return not self.problems


class Health:
    def __init__(self, search: SearchLedger, dues: Dues, clock: Clock, state_folder: Path) -> None:
        self._search = search
        self._dues = dues
        self._clock = clock
        self._state_folder = state_folder

    async def report(self) -> HealthReport:
        problems: list[str] = []
        counts = StateCounts()
        due = 0
        roles = read_reports(self._state_folder / "health")
        try:
            counts, due = await self.counts(), await self._dues.waiting()
            problems += await self._failures(counts.recordings)
            problems += await self._unheard(counts.transcripts)
            problems += await self._left(roles)
        except CatalogueUnavailable as error:
            problems.append(f"catalogue: {error}")
        for name, facts in roles.items():
            problems += self._role_problems(name, facts)
        for child in read_children(self._state_folder):
            # A role that dies as soon as it begins never reports itself.
            if child.get("state") == "waiting":
                problems.append(f"{child.get('role')}: it died and is being started again: {child.get('last_exit')}")
        free_bytes = self._free_bytes(problems)
        return HealthReport(roles=roles, counts=counts, due=due, free_bytes=free_bytes, problems=tuple(problems))

    async def counts(self, organisation: str | None = None) -> StateCounts:
        """Of that organisation, or of the house. Raises CatalogueUnavailable."""
        recordings, transcripts = await asyncio.gather(
            self._search.counts(organisation), self._search.transcript_counts(organisation)
        )
        return StateCounts(recordings=recordings, transcripts=transcripts)

    async def _failures(self, recordings: Mapping[str, int]) -> list[str]:
        """Who failed and can be retried is a problem until somebody did; who failed at capture is lost, and is named
        for a day."""
        problems = []
        retriable = sum(recordings.get(state, 0) for state in RETRIABLE)
        if retriable:
            problems.append(f"{retriable} recordings failed: callreel recordings list --state failed")
        if recordings.get(RecordingState.FAILED_CAPTURE):
            since = self._clock.now() - _NAMED_SECONDS
            wanted = RecordingFilter(states=(RecordingState.FAILED_CAPTURE,), started_after=since)
            lost = len(await self._search.recordings(wanted, limit=_COUNTED))
            if lost:
                problems.append(f"{_number(lost)} recordings failed at capture within a day: see their reasons")
        return problems

    async def _unheard(self, transcripts: Mapping[str, int]) -> list[str]:
        """Their recordings are well: they are named for a day, whether somebody asks for them again or not."""
        if not transcripts.get(TranscriptionState.FAILED):
            return []
        since = self._clock.now() - _NAMED_SECONDS
        wanted = TranscriptFilter(states=(TranscriptionState.FAILED,), made_after=since)
        failed = len(await self._search.transcripts(wanted, limit=_COUNTED))
        said = f"{_number(failed)} transcripts failed within a day: callreel transcripts list --state failed"
        return [said] if failed else []

    async def _left(self, roles: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Work that only a node can do which is gone, or has another name now."""
        here = {str(facts.get("node")) for facts in roles.values() if self._age(facts) <= STALE_SECONDS}
        left = await self._dues.left(self._clock.now() - _LEFT_SECONDS)
        return [
            f"{count} pieces of work lie for node {node!r}, which nobody has heard of for {_LEFT_SECONDS / 60:.0f} "
            "minutes: start it again, or give `node` that name where its files are"
            for node, count in left.items()
            if node not in here
        ]

    def _free_bytes(self, problems: list[str]) -> int:
        try:
            usage = shutil.disk_usage(self._state_folder)
        except OSError as error:
            problems.append(f"the state folder {self._state_folder} cannot be read ({error.strerror})")
            return 0
        if usage.free < _LOW_ROOM_SHARE * usage.total:
            problems.append(f"only {usage.free / 1e9:.1f} GB free at {self._state_folder}")
        return usage.free

    def _role_problems(self, name: str, facts: dict[str, Any]) -> list[str]:
        problems = [f"{name}: {problem}" for problem in facts.get("problems", [])]
        age = self._age(facts)
        if age > STALE_SECONDS:
            problems.append(f"{name}: no sign of life for {age:.0f} s")
        return problems

    def _age(self, facts: Mapping[str, Any]) -> float:
        return self._clock.now() - float(facts.get("at", 0.0))


def _number(counted: int) -> str:
    return f"{counted} or more" if counted == _COUNTED else str(counted)


class RecentHealth:
    """The same for those who ask often, or many at once: the catalogue is asked for all of them together."""

    def __init__(self, health: Health, clock: Clock) -> None:
        self._health = health
        self._reports = Recent[None, HealthReport](clock)
        self._counts = Recent[str, StateCounts](clock)

    async def report(self) -> HealthReport:
        return await self._reports.answer(None, self._health.report)

    async def counts(self, organisation: str) -> StateCounts:
        return await self._counts.answer(organisation, lambda: self._health.counts(organisation))
