"""The rooms of the API about sound, words and orders, over a yard with a real catalogue; and who asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from connector.catalogue.codec import json_text
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.domain.access import Access
from connector.domain.secret import Secret
from connector.domain.transcript import SpokenLine
from connector.errors import CatalogueUnavailable
from connector.services.converting import Converting
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.listenings import Listenings
from connector.services.lookup import Lookup
from connector.services.ordering import Ordering
from connector.services.rehearing import Rehearing
from connector.services.waveforms import DRAWING, Waveforms
from connector.web.conferences import conferences_router
from connector.web.control import control_router
from connector.web.door import Door
from connector.web.files import files_router
from connector.web.idempotency import Once
from connector.web.problems import answer_with_problems
from connector.web.recordings import recordings_router
from connector.web.streams import streams_router
from connector.web.transcripts import transcripts_router
from connector.web.waveforms import waveforms_router
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.services.yard import Yard
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring


@dataclass(frozen=True, slots=True)
class Deed:
    action: str
    subject: str
    organisation: str | None
    details: Mapping[str, object]


class Audit:
    """What was written down; may be away."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        await self.done_by(access.by, action, subject=subject, organisation=organisation, **details)

    async def done_by(
        self, by: str, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("it is locked")
        self.deeds.append(Deed(action, subject, organisation, details))

    @property
    def actions(self) -> list[str]:
        return [deed.action for deed in self.deeds]


class ApiSite:
    def __init__(self, yard: Yard) -> None:
        self.yard, self.audit, self.vault, self.keys = yard, Audit(), MemoryVault(), Keyring()
        self.links = FileLinks("http://calls.example.com", Secret("key"), yard.clock)
        fetching = Fetching(yard.catalogue.shipping, yard.destinations, self.links)
        self.converting = Converting()
        lookup = Lookup(yard.catalogue.call_search, fetching)
        self.ordering = Ordering(yard.catalogue.commands, self.vault, self.audit, yard.clock)
        door = Door(self.keys)
        once = Once(door, yard.catalogue.requests, yard.clock)
        ledger = yard.catalogue.transcriptions
        #: Those that may hear the sound of everybody.
        self.engines = ["local", "cloud"]
        rehearing = Rehearing(ledger, lookup, lambda _: self.engines, self.audit, yard.clock)
        self.app = FastAPI(openapi_url=None)
        answer_with_problems(self.app)
        for router in (
            recordings_router(door, lookup, fetching, self.audit),
            streams_router(door, lookup, fetching, self.converting, Listenings(self.audit, yard.clock)),
            waveforms_router(door, lookup, fetching, Waveforms(yard.state, fetching, Converting(DRAWING, 1))),
            transcripts_router(door, once, lookup, ledger, rehearing, self.audit),
            control_router(door, once, lookup, self.ordering),
            conferences_router(door, once, lookup, self.ordering),
            files_router(self.links, fetching, self.audit),
        ):
            self.app.include_router(router)
        self.browser = Browser(self.app)

    async def ask(self, url: str, method: str = "GET", shown: str = "listen", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await Browser(self.app).ask(url, method, {"x-api-key": shown} | named)

    async def post(self, url: str, body: object = None, shown: str = "control", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else json.dumps(body).encode()
        sent = {"x-api-key": shown, "content-type": "application/json"} | named
        return await Browser(self.app).ask(url, "POST", sent, content)

    async def said(self, *lines: SpokenLine, recording: str = "recording-1", **over: Any) -> None:
        """A transcript as work would have made it."""
        row = {
            "recording_id": recording,
            "call_id": "call-1",
            "organisation": "default",
            "state": "done",
            "reason": "",
            "language": "en",
            "confidence": 0.94,
            "lines": json_text(lines),
        }
        statement = TRANSCRIPTS.insert().values(row | over)
        await self.yard.catalogue.database.write(lambda connection: connection.execute(statement))


def json_of(answer: Answer) -> Any:
    return json.loads(answer.content)
