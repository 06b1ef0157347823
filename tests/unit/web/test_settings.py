"""/v1/settings and /v1/agents: who may, what is answered, and where a refusal points."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from connector.domain.diagnosis import bad, note, ok
from connector.ports.seen_agents import SeenAgent
from connector.settings import OrganisationSettings
from connector.web.door import Door
from connector.web.problems import answer_with_problems
from connector.web.settings import settings_router
from tests.builders import MORNING
from tests.unit.services.test_house_settings import SEVERAL, STORAGE, House
from tests.unit.web.browser import Browser
from tests.unit.web.keys import Keyring

CHANGE = {"recording_enabled": False}
#: Each route and what a right request to it is.
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/settings", None),
    ("PATCH", "/v1/settings", CHANGE),
    ("PUT", "/v1/settings/storage", STORAGE),
    ("POST", "/v1/settings/storage/test", STORAGE),
    ("GET", "/v1/agents", None),
    ("GET", "/v1/agents/2001", None),
    ("PATCH", "/v1/agents/2001", CHANGE),
]


class Api:
    def __init__(self, house: House) -> None:
        self.house = house
        self.app = FastAPI()
        answer_with_problems(self.app)
        self.app.include_router(settings_router(Door(Keyring()), house.settings))

    async def ask(self, method: str, path: str, body: Any = None, key: str = "admin") -> tuple[int, Any]:
        headers = {"x-api-key": key, "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await Browser(self.app).ask(path, method, headers, content)
        return answer.status, json.loads(answer.content)


@pytest.fixture
def api() -> Api:
    return Api(House())


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_reading_is_for_every_key_and_changing_for_administrators(
    api: Api, method: str, path: str, body: Any
) -> None:
    is_change = method != "GET"
    for key in ("read", "listen", "control"):
        assert (await api.ask(method, path, body, key))[0] == (403 if is_change else 200)
    assert api.house.rows.rows == {}
    assert (await api.ask(method, path, body))[0] == 200
    assert (await api.ask(method, path, body, "none"))[0] == 401


async def test_krosais_own_request_is_understood(api: Api) -> None:
    status, body = await api.ask("PATCH", "/v1/settings", {"recording_enabled": True, "transcription_enabled": True})
    assert (status, body["recording_enabled"], body["transcription_enabled"]) == (200, True, True)


async def test_the_answer_says_what_holds_and_what_of_it_was_changed(api: Api) -> None:
    await api.ask("PATCH", "/v1/settings", {"retention_days": "unlimited", "agents": {"2001": CHANGE}})
    status, body = await api.ask("GET", "/v1/settings")
    assert status == 200
    assert {key: body[key] for key in ("organisation", "recording_enabled", "retention_days", "link_seconds")} == {
        "organisation": "default",
        "recording_enabled": True,
        "retention_days": "unlimited",
        "link_seconds": 3600.0,
    }
    assert body["agents"] == {"2001": {"recording_enabled": False, "transcription_enabled": None}}
    assert body["changed"][1] == {
        "name": "retention_days",
        "value": "unlimited",
        "changed_by": "key key-admin",
        "changed_at": "2026-01-05T09:00:00.000Z",
        "refused": None,
    }


async def test_what_is_null_is_taken_back_and_what_is_not_said_stays(api: Api) -> None:
    await api.ask("PATCH", "/v1/settings", {"recording_enabled": False, "retention_days": 30})
    _, body = await api.ask("PATCH", "/v1/settings", {"recording_enabled": None})
    assert (body["recording_enabled"], body["retention_days"]) == (True, 30)
    assert [one["name"] for one in body["changed"]] == ["retention_days"]


async def test_one_agent_is_switched_by_a_path_of_his_own(api: Api) -> None:
    status, body = await api.ask("PATCH", "/v1/agents/2001", CHANGE)
    assert (status, body) == (
        200,
        {
            "agent_id": "2001",
            "organisation": "default",
            "recording_enabled": False,
            "transcription_enabled": None,
        },
    )
    _, other = await api.ask("GET", "/v1/agents/2002")
    assert other["recording_enabled"] is None
    assert api.house.overlay.settings.default_organisation.agent_switches["2001"].record is False


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"recording_enable": True}, 400, "/recording_enable"),
        ({"agents": {"2001": {"recording": True}}}, 400, "/agents/2001/recording"),
        ({"agents": {" ": {"recording_enabled": True}}}, 400, "/agents/ /recording_enabled"),
        ({"storage": {"s3Bukket": "calls"}}, 400, "/storage/s3Bukket"),
        ({"recording_enabled": "true"}, 422, "/recording_enabled"),
        ({"recording_enabled": 1}, 422, "/recording_enabled"),
        ({"transcription_locale": "de DE"}, 422, "/transcription_locale"),
        ({"recording_format": "aac"}, 422, "/recording_format"),
        ({"link_seconds": 604801}, 422, "/link_seconds"),
        ([], 422, ""),
    ],
)
async def test_a_refusal_points_to_what_is_wrong(api: Api, body: Any, status: int, pointer: str) -> None:
    answered, problem = await api.ask("PATCH", "/v1/settings", body)
    assert (answered, problem["status"]) == (status, status)
    assert problem["errors"][0]["pointer"].rstrip("/").startswith(pointer)
    assert api.house.rows.rows == {}


@pytest.mark.parametrize("days", [0, 3651, -1, "365", "for ever", 1.5, True, 10**30])
async def test_days_that_are_none_are_refused(api: Api, days: Any) -> None:
    for name in ("retention_days", "transcript_retention_days"):
        status, _ = await api.ask("PATCH", "/v1/settings", {name: days})
        assert status == 422
    assert api.house.rows.rows == {}


async def test_a_nearest_name_is_named(api: Api) -> None:
    _, problem = await api.ask("PATCH", "/v1/settings", {"recording_enable": True})
    assert "did you mean recording_enabled?" in problem["detail"]


async def test_a_storage_is_answered_with_what_was_found_and_without_its_secret(api: Api) -> None:
    api.house.trial.found = [note("deleting", "it stays: the key may not delete")]
    status, body = await api.ask("PUT", "/v1/settings/storage", STORAGE)
    assert status == 200
    assert body["storage"] == {**STORAGE, "s3SecretKey": "***"}
    assert body["storage_checks"] == [
        {"check": "deleting", "level": "note", "what": "it stays: the key may not delete"}
    ]
    _, seen = await api.ask("GET", "/v1/settings")
    assert (seen["storage"], seen["storage_checks"]) == (body["storage"], [])
    _, read = await api.ask("GET", "/v1/settings", key="read")
    assert (read["storage"], read["changed"]) == (None, [])


async def test_a_storage_that_is_put_is_the_whole_of_it_but_for_its_secret(api: Api) -> None:
    await api.ask("PUT", "/v1/settings/storage", STORAGE)
    less = {name: STORAGE[name] for name in ("s3Endpoint", "s3Bucket", "s3AccessKey")}
    _, body = await api.ask("PUT", "/v1/settings/storage", less)
    assert (body["storage"]["s3Region"], body["storage"]["s3SecretKey"]) == ("", "***")
    _, body = await api.ask("PUT", "/v1/settings/storage", {})
    assert body["storage"] is None


async def test_a_storage_that_fails_its_trial_is_a_400_that_says_which_step(api: Api) -> None:
    api.house.trial.found = [bad("small file", "the key may not put there (403)", "")]
    status, problem = await api.ask("PUT", "/v1/settings/storage", STORAGE)
    assert (status, "small file: the key may not put there (403)" in problem["detail"]) == (400, True)
    status, problem = await api.ask("PUT", "/v1/settings/storage", {**STORAGE, "s3Bucket": "a/b"})
    assert (status, problem["errors"][0]["pointer"]) == (400, "/s3Bucket")
    assert api.house.rows.rows == {}


async def test_a_storage_that_is_tested_is_answered_with_what_was_found_and_changes_nothing(api: Api) -> None:
    api.house.trial.found = [ok("small file", "arrived"), bad("s3Bucket", "no such bucket", "")]
    status, body = await api.ask("POST", "/v1/settings/storage/test", STORAGE)
    assert (status, body) == (
        200,
        {
            "is_good": False,
            "checks": [
                {"check": "small file", "level": "ok", "what": "arrived"},
                {"check": "s3Bucket", "level": "bad", "what": "no such bucket"},
            ],
        },
    )
    _, own = await api.ask("POST", "/v1/settings/storage/test")
    assert [one["check"] for one in own["checks"]] == ["archive: small file", "archive: s3Bucket"]
    status, problem = await api.ask("POST", "/v1/settings/storage/test", {**STORAGE, "s3Bucket": "a/b"})
    assert (status, problem["errors"][0]["pointer"]) == (400, "/s3Bucket")
    assert api.house.rows.rows == {}


async def test_where_each_value_comes_from_is_answered_to_administrators(api: Api) -> None:
    _, body = await api.ask("PATCH", "/v1/settings", {"recording_format": "wav"})
    assert body["sources"]["recording_format"] == {
        "source": "api",
        "file": None,
        "line": None,
        "changed_by": "key key-admin",
        "changed_at": "2026-01-05T09:00:00.000Z",
        "detail": "",
    }
    settings = {*body} - {"organisation", "agents", "changed", "sources", "storage_checks"}
    assert {*body["sources"]} == settings
    assert (await api.ask("GET", "/v1/settings", key="read"))[1]["sources"] == {}


async def test_agents_are_listed_with_their_switches(api: Api) -> None:
    await api.ask("PATCH", "/v1/agents/2001", CHANGE)
    _, body = await api.ask("GET", "/v1/agents")
    assert body["organisation"] == "default"
    assert [{name: one[name] for name in ("agent_id", "recording_enabled", "source")} for one in body["agents"]] == [
        {"agent_id": "2001", "recording_enabled": False, "source": "api"}
    ]


async def test_an_agent_whom_only_his_calls_name_is_listed_with_the_last_one(api: Api) -> None:
    api.house.seen.known["default"] = [SeenAgent(id="201", name="Ada", last_call_at=MORNING)]
    _, body = await api.ask("GET", "/v1/agents")
    (agent,) = body["agents"]
    assert agent == {
        "agent_id": "201",
        "name": "Ada",
        "last_call_at": "2026-01-05T09:00:00.000Z",
        "recording_enabled": None,
        "transcription_enabled": None,
        "source": "default",
        "file": None,
        "line": None,
        "changed_by": None,
        "changed_at": None,
        "detail": "",
    }


async def test_whose_settings_goes_by_the_key_and_by_what_the_house_asks_for() -> None:
    api = Api(House(SEVERAL))
    assert (await api.ask("GET", "/v1/settings", key="admin"))[0] == 404
    assert (await api.ask("GET", "/v1/settings", key="house"))[0] == 400
    assert (await api.ask("GET", "/v1/settings?organisation=gone", key="house"))[0] == 404
    status, body = await api.ask("PATCH", "/v1/settings?organisation=acme", CHANGE, "house")
    assert (status, body["organisation"]) == (200, "acme")
    own = Api(House({"default": OrganisationSettings(), "acme": OrganisationSettings()}))
    assert (await own.ask("GET", "/v1/settings?organisation=acme", key="admin"))[0] == 404
    assert (await own.ask("PATCH", "/v1/agents/2001?organisation=acme", CHANGE, "admin"))[0] == 404


async def test_a_catalogue_that_is_away_is_said(api: Api) -> None:
    api.house.rows.is_away = True
    assert (await api.ask("PATCH", "/v1/settings", CHANGE))[0] == 503


def test_every_route_is_described_with_its_answers(api: Api) -> None:
    document = api.app.openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert {one["operationId"] for one in operations} == {
        "read_settings",
        "change_settings",
        "put_storage",
        "try_storage",
        "list_agents",
        "read_agent",
        "change_agent",
    }
    assert all({"200", "400", "401", "403", "404", "422", "503"} <= one["responses"].keys() for one in operations)
    assert document["components"]["schemas"]["SettingsBody"]["additionalProperties"] is False
