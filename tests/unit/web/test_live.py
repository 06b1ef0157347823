"""Live events over HTTP, from what capture and work write into the catalogue to the lines that a client reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole
from connector.domain.call import CallState
from connector.domain.states import RecordingState
from connector.services.live_events import BEAT_SECONDS, MOST_OF_ONE_KEY, LiveEvents
from connector.web.door import Door
from connector.web.limits import guarded
from connector.web.live import LiveEventBody, live_router
from connector.web.metrics import RequestNumbers
from connector.web.problems import answer_with_problems
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_accounts import MemoryAccounts
from tests.unit.services.memory_changes import MemoryChanges
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring


class Site:
    """Live events over calls that a test moves, and who listens."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.changes = MemoryChanges()
        self.events = LiveEvents(self.changes, MemoryAccounts(), self.clock)
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        app.include_router(live_router(self.events, Door(Keyring())))
        self.app = guarded(app, RequestNumbers(), self.clock)

    async def listening(self, key: str = "read", **headers: str) -> "Listening":
        browser = Browser(self.app)
        said = {"x-api-key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
        listening = Listening(browser, asyncio.create_task(browser.ask("/v1/events", headers=said)))
        await self.clock.advance(1)
        return listening


class Listening:
    def __init__(self, browser: Browser, answer: asyncio.Task[Answer]) -> None:
        self.browser = browser
        self.answer = answer

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.browser.sent).decode()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        lines = self.text.splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    opened = Site()
    running = asyncio.create_task(opened.events.run())
    yield opened
    opened.events.close()
    running.cancel()
    await asyncio.wait([running])


async def test_what_is_written_is_read_as_server_sent_events(site: Site) -> None:
    listening = await site.listening()
    site.changes.call("c1", tags=("vip",), queue="sales")
    await site.clock.advance(1)
    site.changes.recording("r1", "c1", state=RecordingState.RECORDING, started_at=MORNING + 4)
    await site.clock.advance(1)
    site.events.close()
    answer = await listening.answer
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    first, *_, last = listening.bodies
    assert first["type"] == "call.started"
    assert first["recording"] is None
    assert last["recording"] == {
        "id": "r1",
        "state": "recording",
        "reason": "",
        "rule": "the rule for everything",
        "started_at": "2026-01-05T09:00:04.000Z",
        "ended_at": None,
    }
    assert last["call"] == {
        "id": "c1",
        "status": "in_progress",
        "duration": 0,
        "from_number": "+4930123456",
        "to_number": "201",
        "created_at": "2026-01-05T09:00:00.000Z",
        "organisation": "default",
        "kind": "call",
        "conference": "",
        "direction": "unknown",
        "pbx": "asterisk",
        "queue": "sales",
        "agent": {"id": "201", "name": "Ada"},
        "answered_at": "2026-01-05T09:00:04.000Z",
        "ended_at": None,
        "verdict": {"record": True, "reason": "the rule for everything"},
        "tags": ["vip"],
        "joined": None,
    }
    for body in listening.bodies:
        LiveEventBody.model_validate(body)


async def test_each_block_has_its_place_its_type_and_one_line_of_data(site: Site) -> None:
    listening = await site.listening()
    site.changes.call("c1", answered_at=None, agent_name="Zoé\r\nevent: forged\u2028x")
    await site.clock.advance(1)
    site.events.close()
    await listening.answer
    blocks = [block.split("\n") for block in listening.text.split("\n\n")[:-1]]
    assert [[line.partition(":")[0] for line in block] for block in blocks] == [["retry"], ["id", "event", "data"]]
    assert blocks[1][1] == "event: call.started"


async def test_an_ended_call_says_how_long_it_was(site: Site) -> None:
    listening = await site.listening()
    site.changes.call("c1", state=CallState.ENDED, answered_at=MORNING + 4, ended_at=MORNING + 44.4)
    await site.clock.advance(1)
    assert (listening.bodies[-1]["call"]["status"], listening.bodies[-1]["call"]["duration"]) == ("completed", 40)


async def test_nobody_hears_of_another_organisation(site: Site) -> None:
    own, stranger = await site.listening("read"), await site.listening("stranger")
    site.changes.call("c1")
    site.changes.call("c2", organisation="another")
    await site.clock.advance(1)
    await site.clock.advance(1)
    assert {body["call"]["id"] for body in own.bodies} == {"c1"}
    assert {body["call"]["id"] for body in stranger.bodies} == {"c2"}


async def test_a_comment_keeps_the_line_open(site: Site) -> None:
    listening = await site.listening()
    await site.clock.advance(BEAT_SECONDS)
    assert listening.text == "retry: 3000\n\n:\n\n"


async def test_who_comes_back_with_an_id_of_before_is_told_to_ask_anew(site: Site) -> None:
    listening = await site.listening(last_event_id="long-ago")
    assert "\nevent: resync\n" in listening.text
    assert listening.bodies == [{"type": "resync"}]


async def test_who_leaves_makes_room(site: Site) -> None:
    listening = [await site.listening() for _ in range(MOST_OF_ONE_KEY)]
    refused = await (await site.listening()).answer
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    listening[0].browser.leave()
    await listening[0].answer
    assert "retry: 3000" in (await site.listening()).text


@pytest.mark.parametrize(("key", "status"), [("", 401), ("forged", 401)])
async def test_without_a_key_nothing_is_heard(site: Site, key: str, status: int) -> None:
    assert (await (await site.listening(key)).answer).status == status


@pytest.mark.parametrize("role", KeyRole)
async def test_every_role_may_listen(site: Site, role: KeyRole) -> None:
    assert "retry: 3000" in (await site.listening(role)).text
