"""A recording is tried again over HTTP: by whom, and what is answered."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import Access
from connector.domain.ids import CallId, RecordingId
from connector.domain.states import RecordingState
from connector.errors import Conflict, ConnectorError, NoLongerThere, NotFound
from connector.services.reviving import AskedRevival, Revived
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from connector.web.retries import retries_router
from tests.unit.web.browser import Browser
from tests.unit.web.keys import Keyring


class Revival(AskedRevival):
    """Does what it is told to, and remembers who asked."""

    def __init__(self) -> None:
        self.trouble: ConnectorError | None = None
        self.asked: list[tuple[str, str]] = []

    async def again(self, access: Access, recording_id: str) -> Revived:
        self.asked.append((access.key.id, recording_id))
        if self.trouble is not None:
            raise self.trouble
        return Revived(recording_id=RecordingId(recording_id), call_id=CallId("c1"), state=RecordingState.RENDERED)


class Desk:
    def __init__(self) -> None:
        self.revival, app = Revival(), FastAPI()
        answer_with_problems(app)
        app.include_router(retries_router(Door(Keyring()), self.revival))
        self._browser = Browser(app)

    async def retry(self, shown: str = "admin") -> tuple[int, Any]:
        answer = await self._browser.ask("/v1/recordings/r1/retry", "POST", {"x-api-key": shown})
        return answer.status, json.loads(answer.content)


async def test_it_is_taken_up_and_the_answer_says_where_it_goes_on() -> None:
    desk = Desk()
    assert await desk.retry() == (202, {"recording_id": "r1", "call_id": "c1", "state": "rendered"})
    assert desk.revival.asked == [("key-admin", "r1")]


@pytest.mark.parametrize("shown", ["read", "listen", "control"])
async def test_only_administrators_may(shown: str) -> None:
    desk = Desk()
    status, _ = await desk.retry(shown)
    assert (status, desk.revival.asked) == (403, [])


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (NotFound("there is no recording 'r1'"), 404),
        (Conflict("nothing to try"), 409),
        (NoLongerThere("it is removed"), 410),
    ],
)
async def test_why_not_is_said_as_everywhere(trouble: ConnectorError, status: int) -> None:
    desk = Desk()
    desk.revival.trouble = trouble
    found, said = await desk.retry()
    assert (found, said["detail"]) == (status, str(trouble))
