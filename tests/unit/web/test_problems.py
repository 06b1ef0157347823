"""What goes wrong, as clients read it: every kind of error, nothing of our house, nothing that is no text."""

import json
import logging
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connector import errors
from connector.errors import BadRequest, ConnectorError, DestinationUnreachable, TooManyRequests
from connector.web.problems import PROBLEMS, answer_with_problems, problems
from tests.unit.web.browser import Answer, Browser

INNER = "the catalogue /var/lib/callreel/catalogue.db at 10.0.0.7 is locked by user callreel"
STATUSES = {
    "BadRequest": 400,
    "IllegalInstruction": 400,
    "ConfigError": 400,
    "AddressForbidden": 400,
    "KeyRefused": 401,
    "NotPermitted": 403,
    "LinkRefused": 403,
    "NotFound": 404,
    "Conflict": 409,
    "IllegalTransition": 409,
    "NoLongerThere": 410,
    "OnHold": 423,
    "TooManyRequests": 429,
    "ConnectorError": 500,
    "BrokenAudio": 500,
    "UnknownWork": 500,
    "DestinationRefused": 502,
    "NotAllowed": 502,
    "ObjectExists": 502,
    "PbxRefused": 502,
    "DestinationUnreachable": 503,
    "EndpointUnreachable": 503,
    "PbxUnreachable": 503,
    "CatalogueUnavailable": 503,
    "CatalogueMismatch": 503,
    "EngineStopped": 503,
    "NoRoom": 503,
    "SecretLost": 503,
}


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=5)]
    tags: list[str] = []

    @field_validator("name")
    @classmethod
    def _is_told(cls, name: str) -> str:
        if name == "evil":
            raise ValueError("say another one")
        return name


class Site:
    """An application in which everything goes wrong."""

    def __init__(self) -> None:
        app = FastAPI(openapi_url=None)
        answer_with_problems(app)
        self.app = app
        self.error: Exception = ZeroDivisionError()
        self._browser = Browser(app)

        @app.get("/broken/{what}", responses=PROBLEMS)
        async def broken(what: str, limit: Annotated[int, Field(ge=1)] = 1) -> None:
            raise self.error

        @app.post("/taken", responses=problems(409))
        async def taken(wanted: Wanted) -> Wanted:
            return wanted

    async def fail(self, error: Exception, **more: Any) -> Answer:
        self.error = error
        return await self.ask("/broken/door", **more)

    async def ask(self, url: str, **more: Any) -> Answer:
        return await self._browser.ask(url, **more)

    async def post(self, body: bytes) -> Answer:
        return await self.ask("/taken", method="POST", headers={"content-type": "application/json"}, body=body)


@pytest.fixture
def site() -> Site:
    return Site()


def facts(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "instance"} <= said.keys()
    assert (said["type"], said["status"]) == ("about:blank", answer.status)
    return said


def an_error(name: str) -> ConnectorError:
    kind = getattr(errors, name)
    error: ConnectorError = kind(INNER, retry_after_seconds=3.2) if kind is TooManyRequests else kind(INNER)
    return error


# --- errors on purpose --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), STATUSES.items())
async def test_each_error_has_its_status_and_what_is_ours_is_not_said(site: Site, name: str, status: int) -> None:
    try:
        answer = await site.fail(an_error(name))
    except ConnectorError:
        pytest.fail("a client was left without an answer")
    said = facts(answer)
    assert (answer.status, said["instance"]) == (status, "/broken/door")
    assert (INNER in said["detail"]) is (status < 500)
    assert (INNER in answer.text) is (status < 500)


async def test_what_is_not_said_is_in_the_log_under_the_id_that_is(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    said = facts(await site.fail(an_error("CatalogueUnavailable")))
    (record,) = caplog.records
    logged = vars(record)
    assert (logged["request"], logged["hint"], logged["path"]) == (said["request_id"], INNER, "/broken/door")
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)


async def test_a_fault_of_ours_is_told_as_one_and_logged_with_its_trace(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ZeroDivisionError, match="secret"):
        # The server hears of it, too; the client has its answer by then.
        await site.fail(ZeroDivisionError("secret"))
    answer = Answer(
        500, {k.decode(): v.decode() for k, v in site._browser.sent[0]["headers"]}, site._browser.sent[1]["body"]
    )
    said = facts(answer)
    assert "secret" not in answer.text
    (record,) = caplog.records
    assert vars(record)["request"] == said["request_id"]
    assert record.exc_info is not None


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (TooManyRequests("x", retry_after_seconds=3.2), "4"),
        (TooManyRequests("x", retry_after_seconds=0.001), "1"),
        (DestinationUnreachable("x", retry_after_seconds=61.0), "61"),
        (an_error("DestinationUnreachable"), "5"),
        (an_error("CatalogueUnavailable"), "5"),
        (an_error("CatalogueMismatch"), None),
        (an_error("DestinationRefused"), None),
        (an_error("NotFound"), None),
    ],
    ids=repr,
)
async def test_it_is_said_when_to_come_again(site: Site, error: Exception, retry_after: str | None) -> None:
    assert (await site.fail(error)).headers.get("retry-after") == retry_after


async def test_without_a_key_it_is_said_how_to_show_one(site: Site) -> None:
    assert (await site.fail(an_error("KeyRefused"))).headers["www-authenticate"] == 'Bearer realm="callreel"'
    assert "www-authenticate" not in (await site.fail(an_error("NotPermitted"))).headers


async def test_a_wrong_value_is_pointed_at(site: Site) -> None:
    said = facts(await site.fail(BadRequest("days: 1 to 3650", pointer="/days")))
    assert said["errors"] == [{"pointer": "/days", "detail": "days: 1 to 3650"}]
    assert "errors" not in facts(await site.fail(BadRequest("no")))


# --- what does not fit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"{}", ["/name"]),
        (b'{"name": 1, "tags": ["a", 2]}', ["/name", "/tags/1"]),
        (b'{"name": "too long", "more/~": 1}', ["/name", "/more~1~0"]),
        (b"[]", [""]),
        (b"null", [""]),
        (b'"name"', [""]),
    ],
)
async def test_each_wrong_value_of_a_body_is_pointed_at(site: Site, body: bytes, pointers: list[str]) -> None:
    answer = await site.post(body)
    assert answer.status == 422
    assert [one["pointer"] for one in facts(answer)["errors"]] == pointers


async def test_a_wrong_parameter_is_named(site: Site) -> None:
    answer = await site.ask("/broken/door?limit=0")
    assert (answer.status, facts(answer)["errors"][0]["pointer"]) == (422, "limit")


async def test_our_own_words_are_told_without_the_librarys(site: Site) -> None:
    assert facts(await site.post(b'{"name": "evil"}'))["detail"] == "/name: say another one"


async def test_a_thousand_mistakes_are_not_told_all(site: Site) -> None:
    said = facts(await site.post(json.dumps({"name": "a", "tags": [1] * 1000}).encode()))
    assert len(said["errors"]) == 20
    assert len(said["detail"]) < 500


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b'{"name": "a"', b"\xff\xfe", b"[" * 100_000, b"\x00"])
async def test_what_is_no_json_is_a_bad_request(site: Site, body: bytes) -> None:
    answer = await site.post(body)
    assert answer.status in ({422} if not body else {400})
    facts(answer)


@pytest.mark.parametrize("body", [rb'{"\ud800": 1}', rb'{"name": "\ud800"}'])
async def test_half_of_a_sign_is_refused_and_said_without_it(site: Site, body: bytes) -> None:
    answer = await site.post(body)
    assert answer.status == 422
    facts(answer)


async def test_what_cannot_be_written_is_not_said(site: Site) -> None:
    said = facts(await site.fail(BadRequest("no \ud800", pointer="/\udfff")))
    assert (said["detail"], said["errors"][0]["pointer"]) == ("no \ufffd", "/\ufffd")


# --- what is nowhere ----------------------------------------------------------------------------------------------


async def test_what_is_nowhere_and_what_is_not_done_so_are_problems_too(site: Site) -> None:
    assert (facts(await site.ask("/nowhere"))["status"], facts(await site.ask("/taken"))["status"]) == (404, 405)
    assert (await site.ask("/taken")).headers["allow"] == "POST"


async def test_what_a_route_says_by_itself_is_said(site: Site) -> None:
    answer = await site.fail(HTTPException(501, "that is the dialplan's business", {"x-more": "1"}))
    assert (facts(answer)["detail"], answer.headers["x-more"]) == ("that is the dialplan's business", "1")


@pytest.mark.parametrize("host", ["[", "a b", "", "[::1", "@:x/?#"])
async def test_a_host_that_is_none_breaks_no_answer(site: Site, host: str) -> None:
    answer = await site.fail(an_error("NotFound"), headers={"host": host})
    assert (answer.status, facts(answer)["instance"]) == (404, "/broken/door")


# --- as documented ------------------------------------------------------------------------------------------------


async def test_openapi_names_the_problems_of_each_route_and_knows_their_form(site: Site) -> None:
    document = site.app.openapi()
    assert document is site.app.openapi()
    broken = document["paths"]["/broken/{what}"]["get"]["responses"]
    assert set(broken) == {"200", *map(str, PROBLEMS)}
    assert set(document["paths"]["/taken"]["post"]["responses"]) >= {"200", "409", "422"}
    for status in PROBLEMS:
        assert broken[str(status)]["content"] == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
    form = document["components"]["schemas"]["Problem"]
    said = facts(await site.post(b"{}"))
    assert set(said) <= set(form["properties"])
    assert set(form["required"]) <= set(said)
    assert "HTTPValidationError" not in json.dumps(document["paths"])


def test_every_status_that_an_error_has_is_documented() -> None:
    undocumented = set(STATUSES.values()) - set(PROBLEMS)
    assert not undocumented


def test_pydantic_still_says_what_we_take_away() -> None:
    with pytest.raises(ValidationError, match="Value error, say another one"):
        Wanted(name="evil")
