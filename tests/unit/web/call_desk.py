"""A few calls in a real catalogue, and the routes of calls, tags and notes over them."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, insert

from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import RowCodec
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.domain.call import Role
from connector.domain.ids import CallId, RecordingId
from connector.domain.secret import Secret
from connector.domain.states import TranscriptionState
from connector.domain.transcript import SpokenLine, Transcript
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup
from connector.services.marking import Marking
from connector.web.calls import calls_router
from connector.web.door import Door
from connector.web.idempotency import Once
from connector.web.marks import marks_router
from connector.web.problems import answer_with_problems
from tests.builders import CALL, RECORDING
from tests.unit.services.yard import Yard
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring

_TRANSCRIPT = RowCodec(Transcript, nested=("lines",))


class CallDesk:
    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        self.keys = Keyring()
        head = AuditHead(folder / "audit.head", Secret("00" * 32), yard.clock)
        self.auditing = Auditing(yard.catalogue.audit, yard.clock, head)
        links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
        lookup = Lookup(yard.catalogue.call_search, Fetching(yard.catalogue.shipping, yard.destinations, links))
        marking = Marking(yard.catalogue.call_marks, lookup, self.auditing, yard.clock)
        door = Door(self.keys)
        self.app = FastAPI()
        answer_with_problems(self.app)
        self.app.include_router(calls_router(door, lookup, self.auditing))
        self.app.include_router(marks_router(Once(door, yard.catalogue.requests, yard.clock), marking))
        self.browser = Browser(self.app)

    async def ask(self, url: str, key: str = "listen", method: str = "GET", body: object = None) -> Answer:
        headers = {"x-api-key": key, "content-type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        return await self.browser.ask(url, method, headers, sent)

    async def json(self, url: str, key: str = "listen") -> Any:
        answer = await self.ask(url, key)
        assert answer.status == 200, answer.text
        return json.loads(answer.content)

    async def ids(self, query: str, key: str = "listen") -> str:
        return " ".join(call["id"] for call in (await self.json(f"/v1/calls?{query}", key))["calls"])

    async def transcribe(self, *lines: tuple[Role, str], recording: str = RECORDING, call: str = CALL) -> None:
        transcript = Transcript(
            recording_id=RecordingId(recording),
            call_id=CallId(call),
            organisation="default",
            state=TranscriptionState.DONE,
            lines=tuple(
                SpokenLine(role=role, start_seconds=at, end_seconds=at + 1.0, text=text)
                for at, (role, text) in enumerate(lines)
            ),
        )

        def work(connection: Connection) -> None:
            connection.execute(insert(TRANSCRIPTS), [_TRANSCRIPT.row(transcript)])
            set_call_text(connection, call)

        await self.yard.catalogue.database.write(work)

    async def deeds(self) -> list[tuple[str, str, str | None, dict[str, object]]]:
        lines = await self.yard.catalogue.audit.lines(0, 99)
        return [(one.deed.action, one.deed.subject, one.deed.organisation, dict(one.deed.details)) for one in lines]
