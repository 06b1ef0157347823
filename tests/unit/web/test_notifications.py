"""Notifications over HTTP: an administrator's view of his organisation's, and sending one again."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.access import KeyRole, Limits
from connector.domain.notification import Told
from connector.domain.states import NotificationState
from connector.ports.notification_ledger import Disabled
from connector.services.replaying import Replaying
from connector.settings import NotificationSettings
from connector.web.door import Door
from connector.web.limits import guarded
from connector.web.metrics import RequestNumbers
from connector.web.notifications import notifications_router
from connector.web.problems import answer_with_problems
from tests.builders import MORNING, TAKEN, a_notification, an_attempt
from tests.clocks import SimulatedClock
from tests.unit.services.memory_notifications import MemoryNotifications
from tests.unit.web.browser import Answer, Browser
from tests.unit.web.keys import Keyring, an_access

LIST = "/v1/notifications"


class Site:
    """The room of notifications, and who asks."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.ledger = MemoryNotifications(self.clock.now)
        self.endpoints = {"crm": NotificationSettings(url="https://crm.example.com/hook")}
        keyring = Keyring()
        keyring.known["limited"] = an_access(KeyRole.ADMIN, limits=Limits(agents=("299",)))
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        replaying = Replaying(self.ledger, lambda: self.endpoints, self.clock)
        app.include_router(notifications_router(replaying, Door(keyring)))
        self._browser = Browser(guarded(app, RequestNumbers(), self.clock))

    async def add(self, *ids: str, **facts: Any) -> None:
        await self.ledger.add([a_notification(id, **facts) for id in ids])

    async def ask(self, path: str = LIST, key: str = "admin", method: str = "GET") -> Answer:
        return await self._browser.ask(path, method, {"x-api-key": key} if key else {})

    async def ids(self, query: str = "", key: str = "admin") -> list[str]:
        answer = await self.ask(f"{LIST}?{query}", key)
        assert answer.status == 200, answer.text
        return [one["id"] for one in json.loads(answer.content)["notifications"]]

    async def replay(self, id: str, key: str = "admin") -> Answer:
        return await self.ask(f"{LIST}/{id}/replay", key, "POST")


@pytest.fixture
def site() -> Site:
    return Site()


def detail(answer: Answer) -> str:
    return str(json.loads(answer.content)["detail"])


async def test_a_page_leads_to_the_next_until_there_is_none(site: Site) -> None:
    await site.add(*[f"msg_{number}" for number in range(5)])
    seen: list[str] = []
    path = f"{LIST}?limit=2&endpoint=crm"
    for _ in range(3):
        answer = await site.ask(path)
        body = json.loads(answer.content)
        seen += [one["id"] for one in body["notifications"]]
        if body["next_cursor"] is None:
            assert "link" not in answer.headers
            break
        path = answer.headers["link"].partition(">")[0].removeprefix("<")
        assert "endpoint=crm" in path
        assert body["next_cursor"] in path
    assert seen == ["msg_4", "msg_3", "msg_2", "msg_1", "msg_0"]


async def test_all_that_is_asked_for_must_fit(site: Site) -> None:
    await site.add("a", endpoint="crm", recording_id="r1", call_id="c1")
    await site.add("b", endpoint="crm", recording_id="r2", call_id="c1")
    await site.add("c", endpoint="erp", recording_id="r1", call_id="c2")
    await site.ledger.failed("b", an_attempt(), next_at=None)
    await site.ledger.delivered("c", TAKEN)
    assert await site.ids("endpoint=crm") == ["b", "a"]
    assert await site.ids("recording=r1") == ["c", "a"]
    assert await site.ids("call=c1&state=dead") == ["b"]
    assert await site.ids("state=dead&state=delivered") == ["c", "b"]
    assert await site.ids("endpoint=nobody") == []


async def test_an_item_says_what_became_of_it(site: Site) -> None:
    await site.add("a", call_id="c1", recording_id="r1")
    await site.ledger.failed("a", an_attempt(), next_at=MORNING + 60)
    (item,) = json.loads((await site.ask()).content)["notifications"]
    assert item == {
        "id": "a",
        "endpoint": "crm",
        "organisation": "default",
        "recording_id": "r1",
        "call_id": "c1",
        "type": "recording_finished",
        "destination": "",
        "state": "waiting",
        "attempts": 1,
        "created_at": "2026-01-05T09:00:00.000Z",
        "next_at": "2026-01-05T09:01:00.000Z",
        "reason": "it answered 500",
    }


async def test_one_of_them_comes_with_its_body_and_its_tries(site: Site) -> None:
    await site.add("a")
    await site.ledger.failed("a", an_attempt(is_fallback=True), next_at=MORNING)
    await site.ledger.delivered("a", TAKEN)
    body = json.loads((await site.ask(f"{LIST}/a")).content)
    assert (body["state"], body["next_at"], body["body"]) == ("delivered", None, '{"event":"notify","name":"Zoé"}')
    assert body["tries"] == [
        {
            "at": "2026-01-05T09:00:05.000Z",
            "seconds": 0.5,
            "status": 500,
            "fallback": True,
            "reason": "it answered 500",
        },
        {"at": "2026-01-05T09:00:05.000Z", "seconds": 0.5, "status": 204, "fallback": False, "reason": ""},
    ]


async def test_what_is_sent_again_is_sent_with_the_same_id(site: Site) -> None:
    await site.add("a")
    await site.ledger.failed("a", an_attempt(), next_at=None)
    answer = await site.replay("a")
    assert (answer.status, json.loads(answer.content)["state"]) == (202, "waiting")
    assert site.ledger.kept["a"].notification.state is NotificationState.WAITING
    assert (await site.replay("a")).status == 202


async def test_to_whom_nobody_speaks_nothing_is_sent_again(site: Site) -> None:
    await site.add("a", endpoint="left")
    await site.add("b")
    for id in "ab":
        await site.ledger.failed(id, an_attempt(), next_at=None)
    await site.ledger.disable("crm", Disabled(url="https://crm.example.com/hook", at=MORNING, reason="410"))
    for id, said in (("a", "not in the configuration"), ("b", "callreel notifications enable crm")):
        answer = await site.replay(id)
        assert (answer.status, said in detail(answer)) == (409, True)
        assert site.ledger.kept[id].notification.state is NotificationState.DEAD
    # At another address it is asked anew.
    site.endpoints["crm"] = NotificationSettings(url="https://other.example.com/hook")
    assert (await site.replay("b")).status == 202


async def test_nobody_sees_or_sends_those_of_another_organisation(site: Site) -> None:
    await site.add("a")
    await site.ledger.failed("a", an_attempt(), next_at=None)
    assert await site.ids(key="stranger") == []
    assert (await site.ask(f"{LIST}/a", "stranger")).status == 404
    assert (await site.replay("a", "stranger")).status == 404
    assert site.ledger.kept["a"].notification.state is NotificationState.DEAD
    unknown, foreign = await site.ask(f"{LIST}/zz", "stranger"), await site.ask(f"{LIST}/a", "stranger")
    assert detail(unknown).replace("zz", "a") == detail(foreign)


async def test_the_house_sees_everybodys_and_its_own_trials(site: Site) -> None:
    await site.add("a")
    await site.add("b", organisation="another")
    await site.add("t", organisation="", told=Told.TEST)
    assert await site.ids(key="house") == ["t", "b", "a"]
    assert await site.ids() == ["a"]
    assert (await site.ask(f"{LIST}/t")).status == 404


@pytest.mark.parametrize(("path", "method"), [(LIST, "GET"), (f"{LIST}/a", "GET"), (f"{LIST}/a/replay", "POST")])
async def test_only_administrators_of_the_whole_organisation_come_in(site: Site, path: str, method: str) -> None:
    await site.add("a")
    for key in ("read", "listen", "control", "limited"):
        assert (await site.ask(path, key, method)).status == 403, key
    assert (await site.ask(path, "", method)).status == 401
    assert (await site.ask(path, "forged", method)).status == 401
    assert (await site.ask(path, "admin", method)).status in {200, 202}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=x", 422),
        ("limit=99999999999999999999999", 422),
        ("state=gone", 422),
        ("endpoint=" + "x" * 201, 422),
        ("cursor=x", 400),
        ("cursor=%ff%fe", 400),
        ("cursor=WyJjYWxscyIsIm1zZ18xIl0", 400),
        ("cursor=WyJub3RpZmljYXRpb25zIiwibm9uZSJd", 400),
        ("cursor=" + "x" * 2000, 422),
    ],
)
async def test_what_cannot_be_asked_is_refused(site: Site, query: str, status: int) -> None:
    answer = await site.ask(f"{LIST}?{query}")
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("id", ["..%2f..%2fetc%2fpasswd", "a'--", "%F0%9F%98%80", "x" * 5000, "null", "*"])
async def test_whatever_an_id_is_it_is_none(site: Site, id: str) -> None:
    assert (await site.ask(f"{LIST}/{id}")).status in {404, 422}


async def test_a_catalogue_that_is_away_is_said(site: Site) -> None:
    site.ledger.is_available = False
    assert (await site.ask()).status == 503
