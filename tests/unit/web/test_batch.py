"""Batch, transcripts and a person's file over HTTP: who may, what comes, what is refused, who leaves early."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from connector.domain.audit import AuditLine, Deed
from connector.domain.call import Asked
from connector.domain.ids import CallId
from connector.domain.notification import Attempt, Notification, Told
from connector.domain.states import NotificationState
from connector.errors import CatalogueUnavailable
from connector.ports.call_marks import Note
from connector.services.exporting import Exporting
from connector.services.person_files import PersonFiles
from connector.web.batch import batch_router
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.unit.services.shop import Shop
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring

NUMBER = "+4930123456"
SOUND = b"what was said " * 400


class Outbox:
    """The notifications' log: one of each recording."""

    async def listed(self, *, recording_id: str, limit: int, before: str = "", **_: Any) -> list[Notification]:
        one = Notification(
            id=f"msg-{recording_id}",
            endpoint="crm",
            organisation="default",
            recording_id=recording_id,
            call_id="",
            told=Told.AVAILABLE,
            body='{"event": "recording_available"}',
            created_at=MORNING,
            next_at=MORNING,
            state=NotificationState.DELIVERED,
        )
        return [one]

    async def find(self, id: str) -> tuple[Notification, Sequence[Attempt]] | None:
        [one] = await self.listed(recording_id=id.removeprefix("msg-"), limit=1)
        return one, (Attempt(at=MORNING + 1, seconds=0.1, status=200, reason=""),)


class Log:
    """The audit log: somebody listened to everything."""

    async def page(self, organisation: str | None, *, subject: str, **_: Any) -> Sequence[AuditLine]:
        deed = Deed(action="recording.listened", by="key eve", organisation=organisation, subject=subject)
        return [AuditLine(number=1, at=MORNING, deed=deed, previous="", digest="")]


class Site:
    def __init__(self) -> None:
        self.shop = Shop()
        shop = self.shop
        outbox: Any = Outbox()
        log: Any = Log()
        persons = PersonFiles(shop.shelf, shop.shelf, outbox, log, shop.deeds)
        app = FastAPI()
        answer_with_problems(app)
        app.include_router(batch_router(Door(Keyring()), shop.exporting, persons, shop.clock))
        self.app = app
        self.browser = Browser(app)

    async def get(self, path: str, key: str = "listen") -> Answer:
        return await self.browser.ask(path, headers={"x-api-key": key})


@pytest.fixture
def site() -> Site:
    opened = Site()
    opened.shop.call("call-1", SOUND, words="=1+1, he said", started_at=MORNING)
    opened.shop.call("call-2", SOUND[::-1], started_at=MORNING - 86_400, from_number="=cmd()")
    return opened


def unpacked(answer: Answer) -> dict[str, bytes]:
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


async def test_the_batch_is_a_zip_that_nobody_keeps_on_the_way(site: Site) -> None:
    answer = await site.get("/v1/recordings/batch")
    assert unpacked(answer)["2026-01-05/call-1.stereo.wav"] == SOUND
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="recordings-20260105-091640.zip"'


async def test_a_filter_narrows_it_and_a_day_is_meant_whole(site: Site) -> None:
    answer = await site.get("/v1/recordings/batch?from_date=2026-01-04&to_date=2026-01-04")
    assert list(unpacked(answer)) == ["2026-01-04/call-2.stereo.wav", "manifest.json"]


async def test_how_much_it_would_be_is_told_before_and_written_down_nowhere(site: Site) -> None:
    site.shop.call("call-3", started_at=MORNING)
    size = json.loads((await site.get("/v1/recordings/batch/size")).text)
    assert size == {"calls": 3, "recordings": 2, "files": 2, "size_bytes": 2 * len(SOUND)}
    narrowed = await site.get("/v1/recordings/batch/size?to_date=2026-01-04")
    assert json.loads(narrowed.text) == {"calls": 1, "recordings": 1, "files": 1, "size_bytes": len(SOUND)}
    assert site.shop.deeds.done_so_far == []


@pytest.mark.parametrize("path", ["/v1/recordings/batch", "/v1/recordings/batch/size"])
async def test_too_much_is_refused_with_the_same_words_before_and_then(
    site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Exporting.gathered, "__defaults__", ((), 1))
    monkeypatch.setattr(Exporting.consigned, "__defaults__", ((), 1))
    answer = await site.get(path)
    assert (answer.status, json.loads(answer.text)["detail"]) == (
        400,
        "these are more than 1 recordings: narrow the filter, as by from_date and to_date",
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from_date=yesterday", 400),
        ("kind=flute", 422),
        ("unknown=1", 422),
        ("direction=up", 422),
        (f"text={'x' * 201}", 422),
        ("text=%00", 422),
        ("organisation=another", 404),
    ],
)
async def test_what_cannot_be_asked_is_a_problem_that_names_it(site: Site, query: str, status: int) -> None:
    answer = await site.get(f"/v1/recordings/batch?{query}")
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.partition("=")[0] in answer.text


@pytest.mark.parametrize(
    ("path", "enough"),
    [
        ("/v1/recordings/batch", {"listen", "admin"}),
        ("/v1/recordings/batch/size", {"listen", "admin"}),
        ("/v1/transcripts/export", {"listen", "admin"}),
        (f"/v1/persons/{NUMBER}/export", {"admin"}),
    ],
)
@pytest.mark.parametrize("key", ["read", "listen", "control", "admin"])
async def test_each_needs_its_role(site: Site, path: str, enough: set[str], key: str) -> None:
    assert (await site.get(path, key)).status == (200 if key in enough else 403)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/recordings/batch",
        "/v1/recordings/batch/size",
        "/v1/transcripts/export",
        f"/v1/persons/{NUMBER}/export",
    ],
)
async def test_without_a_key_there_is_nothing(site: Site, path: str) -> None:
    assert (await site.browser.ask(path)).status == 401


async def test_strangers_get_an_empty_zip_and_no_persons_file(site: Site) -> None:
    assert list(unpacked(await site.get("/v1/recordings/batch", "stranger"))) == ["manifest.json"]
    assert (await site.get("/v1/transcripts/export", "stranger")).text.split() == ["[", "]"]
    assert (await site.get(f"/v1/persons/{NUMBER}/export", "stranger")).status == 404


async def test_a_catalogue_that_is_away_is_said_before_anything_is_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise CatalogueUnavailable("it is locked")

    monkeypatch.setattr(site.shop.shelf, "calls", away)
    for path in ("/v1/recordings/batch", "/v1/transcripts/export"):
        assert (await site.get(path)).status == 503


async def test_who_leaves_early_leaves_nothing_open(site: Site) -> None:
    site.browser.leaves_after = 2
    await site.get("/v1/recordings/batch")
    assert site.shop.store.read_names
    assert site.shop.store.readers == 0


async def test_transcripts_come_with_the_names_of_krosais_example(site: Site) -> None:
    answer = await site.get("/v1/transcripts/export")
    [row] = json.loads(answer.content)
    assert list(row) == ["call_id", "from", "to", "duration", "transcript", "timestamp"]
    assert answer.headers["content-type"] == "application/json"


async def test_as_csv_no_field_is_a_formula(site: Site) -> None:
    site.shop.call("call-3", SOUND, words="hm", from_number="=cmd()", to_number=NUMBER)
    answer = await site.get("/v1/transcripts/export?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["from"], row["to"]) for row in rows] == [("'=cmd()", NUMBER), (NUMBER, "201")]
    assert rows[1]["transcript"] == "[Agent]: =1+1, he said"


async def test_a_persons_file_holds_everything_and_an_index_to_read(site: Site) -> None:
    [file] = [one for one in site.shop.shelf.files if one.call.id == "call-1"]
    note = Note(id="n1", call_id=CallId("call-1"), organisation="default", text="call back", by="ada", at=MORNING)
    asked = Asked(since=MORNING, key="1", by="caller", at=MORNING + 2)
    site.shop.shelf.files = [one for one in site.shop.shelf.files if one is not file]
    renewed = site.shop.call("call-1", SOUND, words="good morning", started_at=MORNING, consent=asked)
    site.shop.shelf.files[-1] = type(file)(
        call=renewed.call, recordings=renewed.recordings, notes=(note,), transcripts=renewed.transcripts
    )
    found = unpacked(await site.get(f"/v1/persons/{quote(NUMBER)}/export", "admin"))
    assert list(found) == [
        "index.txt",
        "2026-01-05/call-1.json",
        "2026-01-05/call-1.txt",
        "2026-01-05/call-1.stereo.wav",
        "manifest.json",
    ]
    facts = json.loads(found["2026-01-05/call-1.json"])
    assert facts["notes"] == [{"text": "call back", "by": "ada", "at": "2026-01-05T09:00:00.000Z"}]
    assert facts["consent"]["key"] == "1"
    assert facts["notifications"][0]["attempts"][0]["status"] == 200
    assert {deed["subject"] for deed in facts["audit"]} == {"call-1", "call-1-r1"}
    assert facts["legs"][0]["name"] == "Zoé Müller"
    assert found["2026-01-05/call-1.txt"] == b"[Agent]: good morning\n"
    index = found["index.txt"].decode()
    assert all(name in index for name in list(found)[1:])
    assert site.shop.deeds.done_so_far == [
        ("person.exported", ""),
        ("transcript.read", "call-1-r1"),
        ("recording.downloaded", "call-1-r1"),
    ]


@pytest.mark.parametrize(
    ("number", "status"),
    [("%2B491", 404), ("ada", 400), ("..%2F..%2Fetc", 404), ("1;2", 400), ("1" * 41, 400), ("1" * 61, 422)],
)
async def test_what_is_no_number_or_nobodys_is_refused(site: Site, number: str, status: int) -> None:
    answer = await site.get(f"/v1/persons/{number}/export", "admin")
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_route_is_documented_with_what_it_answers(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    for path in ("/v1/recordings/batch", "/v1/transcripts/export", "/v1/persons/{number}/export"):
        said = paths[path]["get"]
        assert {"200", "400", "401", "403", "404"} <= set(said["responses"])
        assert said["operationId"]
        assert "security" in said
