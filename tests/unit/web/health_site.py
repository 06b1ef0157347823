"""The rooms of health and metrics over a house whose facts a test says."""

import json
from pathlib import Path

from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.domain.ids import RecordingId
from connector.domain.transcript import Transcript
from connector.errors import CatalogueUnavailable
from connector.ports.search_ledger import RecordingFilter, TranscriptFilter
from connector.ports.shipping_ledger import RecordingFile
from connector.services.health import Health, RecentHealth
from connector.services.reports import write_report
from connector.web.door import Door
from connector.web.health import health_router
from connector.web.limits import guarded
from connector.web.metrics import RequestNumbers, metrics_router
from connector.web.problems import answer_with_problems
from tests.clocks import SimulatedClock
from tests.unit.services.memory_dues import MemoryDues
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring, an_access


class MemorySearch:
    """The SearchLedger, as far as health asks it; `asked` is for whom."""

    def __init__(self) -> None:
        self.numbers = {"available": 7, "recording": 2}
        self.own = {"default": {"available": 3}}
        self.heard = {None: {"done": 5, "waiting": 1}, "default": {"done": 2}}
        self.is_available = True
        self.asked: list[str | None] = []

    async def counts(self, organisation: str | None = None) -> dict[str, int]:
        self.asked.append(organisation)
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        return self.numbers if organisation is None else self.own.get(organisation, {})

    async def recordings(
        self, wanted: RecordingFilter, *, limit: int, after: RecordingId | None = None
    ) -> list[RecordingFile]:
        return []

    async def transcript_counts(self, organisation: str | None = None) -> dict[str, int]:
        return self.heard.get(organisation, {})

    async def transcripts(
        self, wanted: TranscriptFilter, *, limit: int, after: RecordingId | None = None
    ) -> list[Transcript]:
        return []


class HealthSite:
    """The two rooms of health, and who asks; every round of questions gets a fresh look."""

    def __init__(self, state: Path, *, is_open: bool = False) -> None:
        self.state = state
        self.clock = SimulatedClock()
        self.search = MemorySearch()
        self.keyring = Keyring()
        limited = Limits(tags=("vip",))
        self.keyring.known["limited"] = an_access(KeyRole.READ, limits=limited)
        self.numbers = RequestNumbers()
        health = RecentHealth(Health(self.search, MemoryDues(), self.clock, state), self.clock)
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        door = Door(self.keyring)
        app.include_router(health_router(health, door, is_open=is_open))
        app.include_router(metrics_router(health, self.numbers, door, is_open=is_open))
        self._browser = Browser(guarded(app, self.numbers, self.clock))

    def report(self, name: str, **facts: object) -> None:
        write_report(self.state / "health", name, {"at": self.clock.now(), "problems": [], **facts})

    async def ask(self, path: str, key: str = "", method: str = "GET") -> Answer:
        return await self._browser.ask(path, method, {"x-api-key": key} if key else {})

    async def readiness(self, key: str = "") -> tuple[int, object]:
        answer = await self.ask("/readyz", key)
        return answer.status, json.loads(answer.content)
