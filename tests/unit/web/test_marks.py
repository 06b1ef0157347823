"""Tags and notes over HTTP."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from connector.catalogue import schema
from tests.builders import CALL, a_call
from tests.unit.services.yard import Yard
from tests.unit.web.call_desk import CallDesk

TAGS, NOTES = f"/v1/calls/{CALL}/tags", f"/v1/calls/{CALL}/notes"


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def desk(migrated_file: Path, tmp_path: Path) -> AsyncIterator[CallDesk]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    yard = Yard(state, tmp_path / "spool")
    await yard.apply(a_call(tags=("gold",)))
    opened = CallDesk(yard, state)
    yield opened
    await opened.auditing.close()
    await yard.close()


async def test_tags_are_given_and_taken(desk: CallDesk) -> None:
    answer = await desk.ask(TAGS, "control", "POST", {"tags": ["vip", "a/b c?"]})
    assert (answer.status, json.loads(answer.content)) == (200, {"tags": ["gold", "vip", "a/b c?"]})
    assert await desk.ids("tag=vip", "read") == CALL
    answer = await desk.ask(f"{TAGS}/{quote('a/b c?', safe='')}", "control", "DELETE")
    assert (answer.status, json.loads(answer.content)) == (200, {"tags": ["gold", "vip"]})
    assert (await desk.json(f"/v1/calls/{CALL}", "read"))["tags"] == ["gold", "vip"]
    assert [deed[0] for deed in await desk.deeds()] == ["call.tagged", "call.tagged"]


async def test_a_tag_that_is_none_or_a_rule_s_is_not_taken(desk: CallDesk) -> None:
    assert (await desk.ask(f"{TAGS}/nothing", "control", "DELETE")).status == 404
    assert (await desk.ask(f"{TAGS}/gold", "control", "DELETE")).status == 409


async def test_a_note_is_shown_found_and_removed(desk: CallDesk) -> None:
    answer = await desk.ask(NOTES, "control", "POST", {"text": "ruft „später“\nzurück"})
    note = json.loads(answer.content)
    assert answer.status == 201
    assert note == {"id": note["id"], "text": "ruft „später“\nzurück", "by": "key key-control", "at": note["at"]}
    assert (await desk.json(f"/v1/calls/{CALL}", "read"))["notes"] == [note]
    assert await desk.ids("text=spater") == CALL
    answer = await desk.ask(f"{NOTES}/{note['id']}", "control", "DELETE")
    assert (answer.status, answer.content) == (204, b"")
    assert (await desk.ask(f"{NOTES}/{note['id']}", "control", "DELETE")).status == 404
    assert await desk.ids("text=spater") == ""


async def test_a_note_with_an_idempotency_key_is_made_once(desk: CallDesk) -> None:
    headers = {"x-api-key": "control", "content-type": "application/json", "idempotency-key": "one"}
    asked = [await desk.browser.ask(NOTES, "POST", headers, b'{"text":"again"}') for _ in range(2)]
    assert [answer.status for answer in asked] == [201, 201]
    assert asked[0].content == asked[1].content
    assert len((await desk.json(f"/v1/calls/{CALL}"))["notes"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"tags": []},
        {"tags": "vip"},
        {"tags": [""]},
        {"tags": [" vip"]},
        {"tags": ["vip "]},
        {"tags": ["a\u0000"]},
        {"tags": ["a\n"]},
        {"tags": ["x" * 101]},
        {"tags": [1]},
        {"tags": ["x"] * 51},
        {"tags": ["vip"], "colour": "red"},
    ],
    ids=str,
)
async def test_what_are_no_tags_is_refused(desk: CallDesk, body: object) -> None:
    answer = await desk.ask(TAGS, "control", "POST", body)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await desk.json(f"/v1/calls/{CALL}"))["tags"] == ["gold"]


@pytest.mark.parametrize("text", ["", "x" * 4001, "a\u0000b", "\u001b", 7, None, ["a"]], ids=repr)
async def test_what_is_no_note_is_refused(desk: CallDesk, text: object) -> None:
    assert (await desk.ask(NOTES, "control", "POST", {"text": text})).status == 422
    assert (await desk.json(f"/v1/calls/{CALL}"))["notes"] == []


REQUESTS = [
    (TAGS, "POST", {"tags": ["vip"]}, 200),
    (f"{TAGS}/gold", "DELETE", None, 409),
    (NOTES, "POST", {"text": "again"}, 201),
    (f"{NOTES}/n1", "DELETE", None, 404),
]


@pytest.mark.parametrize(("url", "method", "body", "status"), REQUESTS)
async def test_only_who_may_control_marks_and_only_what_is_his(
    desk: CallDesk, url: str, method: str, body: object, status: int
) -> None:
    expected = {"": 401, "read": 403, "listen": 403, "stranger": 404, "control": status, "admin": status}
    for key, code in expected.items():
        assert (await desk.ask(url, key, method, body)).status == code, key
