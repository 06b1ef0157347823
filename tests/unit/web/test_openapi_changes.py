"""Which changes of an API break those who use it, and which do not."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from connector.web.openapi_changes import breaking_changes

Json = dict[str, Any]
Edit = Callable[[Json], object]

CALL: Json = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string"},
        "status": {"type": "string", "enum": ["live", "ended"]},
        "duration": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "recording": {"anyOf": [{"$ref": "#/components/schemas/Recording"}, {"type": "null"}]},
        "joined": {"$ref": "#/components/schemas/Call"},
    },
}
WISH: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["days"],
    "properties": {
        "days": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 3650}, {"const": "unlimited"}]},
        "reason": {"type": "string", "maxLength": 200},
        "kind": {"type": "string", "enum": ["sound", "words"]},
    },
}


def an_api() -> Json:
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Call"}}}}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}}
    state = {"name": "state", "in": "query", "schema": {"type": "array", "items": {"enum": ["live", "ended"]}}}
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 100}}
    wish = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}}
    document = {
        "paths": {
            "/v1/calls/{id}": {
                "get": {"operationId": "get_call", "parameters": [id, limit, state], "responses": answer},
                "post": {"operationId": "extend", "parameters": [id], "requestBody": wish, "responses": answer},
            }
        },
        "components": {
            "schemas": {
                "Call": CALL,
                "Wish": WISH,
                "Recording": {"type": "object", "required": ["state"], "properties": {"state": {"type": "string"}}},
            }
        },
    }
    return copy.deepcopy(document)


def get(api: Json) -> Json:
    return dict.__getitem__(api["paths"]["/v1/calls/{id}"], "get")


def post(api: Json) -> Json:
    return dict.__getitem__(api["paths"]["/v1/calls/{id}"], "post")


def schema(api: Json, name: str) -> Json:
    return dict.__getitem__(api["components"]["schemas"], name)


def changed(edit: Edit) -> list[str]:
    new = an_api()
    edit(new)
    return breaking_changes(an_api(), new)


def parameter(api: Json, name: str) -> Json:
    found: Json = next(one for one in get(api)["parameters"] if one["name"] == name)
    return found


BREAKS: dict[str, tuple[Edit, str]] = {
    "a path is gone": (lambda api: api["paths"].clear(), "GET /v1/calls/{id}: it is gone"),
    "a method is gone": (lambda api: api["paths"]["/v1/calls/{id}"].pop("post"), "POST /v1/calls/{id}: it is gone"),
    "a path has another name": (
        lambda api: api["paths"].update({"/v1/call/{id}": api["paths"].pop("/v1/calls/{id}")}),
        "it is gone",
    ),
    "an operation has another id": (lambda api: get(api).update(operationId="call"), "operationId get_call is call"),
    "a parameter is gone": (lambda api: get(api)["parameters"].pop(), "parameter state (query) is gone"),
    "a parameter is a header now": (
        lambda api: parameter(api, "limit").update({"in": "header"}),
        "limit (query) is gone",
    ),
    "a parameter is required now": (lambda api: parameter(api, "limit").update(required=True), "is required now"),
    "a required parameter is new": (
        lambda api: get(api)["parameters"].append({"name": "zone", "in": "query", "required": True, "schema": {}}),
        "parameter zone (query) is new and required",
    ),
    "a parameter has a smaller maximum": (
        lambda api: parameter(api, "limit")["schema"].update(maximum=100),
        "parameter limit (query): maximum is 100 now, it was 200",
    ),
    "a parameter has a larger minimum": (
        lambda api: parameter(api, "limit")["schema"].update(minimum=2),
        "minimum is 2",
    ),
    "a parameter has another type": (
        lambda api: parameter(api, "limit").update(schema={"type": "boolean"}),
        "is boolean now, it was integer",
    ),
    "a parameter has a pattern": (lambda api: parameter(api, "limit")["schema"].update(pattern="^1"), "pattern is ^1"),
    "an item of a parameter has one word less": (
        lambda api: parameter(api, "state")["schema"]["items"]["enum"].pop(),
        "parameter state (query)[] cannot be ended any more",
    ),
    "what stands in the path is shorter": (
        lambda api: parameter(api, "id")["schema"].update(maxLength=10),
        "path id: maxLength is 10",
    ),
    "a body is required": (lambda api: post(api)["requestBody"].update(required=True), "a body is required now"),
    "a body is not taken": (lambda api: post(api).pop("requestBody"), "it takes no body any more"),
    "a body has another type": (
        lambda api: post(api)["requestBody"].update(content={"text/csv": {}}),
        "bodies of application/json are not taken",
    ),
    "a member is required": (lambda api: schema(api, "Wish")["required"].append("reason"), "reason is required now"),
    "a member is not taken": (
        lambda api: schema(api, "Wish")["properties"].pop("reason"),
        "its body: reason is not taken any more",
    ),
    "a member is shorter": (
        lambda api: schema(api, "Wish")["properties"]["reason"].update(maxLength=9),
        "its body.reason: maxLength is 9",
    ),
    "a member is one of some words now": (
        lambda api: schema(api, "Wish")["properties"]["reason"].update(enum=["a"]),
        "its body.reason cannot be anything else",
    ),
    "a choice is gone": (
        lambda api: schema(api, "Wish")["properties"]["days"]["anyOf"].pop(),
        "its body.days",
    ),
    "a choice is narrower": (
        lambda api: schema(api, "Wish")["properties"]["days"]["anyOf"][0].update(maximum=30),
        "its body.days: maximum is 30",
    ),
    "an answer is gone": (
        lambda api: get(api)["responses"].update({"202": get(api)["responses"].pop("200")}),
        "it does not answer 200 any more",
    ),
    "an answer has another type": (
        lambda api: get(api)["responses"]["200"].update(content={"text/plain": {}}),
        "it does not answer 200 with application/json",
    ),
    "a member of an answer is gone": (
        lambda api: schema(api, "Call")["properties"].pop("tags"),
        "GET /v1/calls/{id}: its answer 200: tags is gone",
    ),
    "a member of an answer may be missing": (
        lambda api: schema(api, "Call")["required"].pop(),
        "status may be missing now",
    ),
    "a member of an answer may be null": (
        lambda api: schema(api, "Call")["properties"].update(id={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "its answer 200.id is null now, it was string",
    ),
    "a member of an answer is a number": (
        lambda api: schema(api, "Call")["properties"]["id"].update(type="integer"),
        "its answer 200.id is integer now, it was string",
    ),
    "a member of an answer is anything": (lambda api: schema(api, "Call")["properties"].update(id={}), "anything now"),
    "an item of an answer has another type": (
        lambda api: schema(api, "Call")["properties"]["tags"].update(items={"type": "object"}),
        "its answer 200.tags[] is object now",
    ),
    "a member deeper in an answer is gone": (
        lambda api: schema(api, "Recording")["properties"].clear(),
        "its answer 200.recording: state is gone",
    ),
}


@pytest.mark.parametrize(("edit", "said"), BREAKS.values(), ids=BREAKS)
def test_what_breaks_a_client_is_said(edit: Edit, said: str) -> None:
    found = changed(edit)
    assert found
    assert any(said in one for one in found), found


HARMLESS: dict[str, Edit] = {
    "nothing": lambda api: None,
    "a new path": lambda api: api["paths"].update({"/v1/new": {"get": {"operationId": "new", "responses": {}}}}),
    "a new method": lambda api: api["paths"]["/v1/calls/{id}"].update(
        {"delete": {"operationId": "x", "responses": {}}}
    ),
    "another name in a path": lambda api: api["paths"].update(
        {"/v1/calls/{call_id}": api["paths"].pop("/v1/calls/{id}")}
    ),
    "a new parameter": lambda api: get(api)["parameters"].append({"name": "zone", "in": "query", "schema": {}}),
    "a larger maximum": lambda api: parameter(api, "limit")["schema"].update(maximum=500),
    "no maximum": lambda api: parameter(api, "limit")["schema"].pop("maximum"),
    "a further word that may be sent": lambda api: parameter(api, "state")["schema"]["items"]["enum"].append("lost"),
    "a number where whole ones were sent": lambda api: parameter(api, "limit")["schema"].update(type="number"),
    "a member that may be sent": lambda api: schema(api, "Wish")["properties"].update(note={"type": "string"}),
    "a member that need not be sent any more": lambda api: schema(api, "Wish")["required"].clear(),
    "a further choice": lambda api: schema(api, "Wish")["properties"]["days"]["anyOf"].append({"type": "null"}),
    "a new member of an answer": lambda api: schema(api, "Call")["properties"].update(note={"type": "string"}),
    "a member of an answer that is always there": lambda api: schema(api, "Call")["required"].append("tags"),
    "a further word in an answer": lambda api: schema(api, "Call")["properties"]["status"]["enum"].append("lost"),
    "an answer that is never null": lambda api: schema(api, "Call")["properties"].update(duration={"type": "number"}),
    "whole numbers where numbers came": lambda api: schema(api, "Call")["properties"].update(
        duration={"type": "integer"}
    ),
    "a further problem": lambda api: get(api)["responses"].update({"423": {}}),
    "a description": lambda api: schema(api, "Call")["properties"]["id"].update(description="Whose"),
    "a reference written out": lambda api: get(api)["responses"]["200"]["content"]["application/json"].update(
        schema=copy.deepcopy(schema(api, "Call"))
    ),
    "a schema of another name": lambda api: (
        api["components"]["schemas"].update(Order=schema(api, "Wish")),
        post(api)["requestBody"]["content"]["application/json"].update(schema={"$ref": "#/components/schemas/Order"}),
    ),
}


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_passed_over(edit: Edit) -> None:
    assert changed(edit) == []


def test_what_refers_to_itself_comes_to_an_end() -> None:
    new = an_api()
    schema(new, "Call")["properties"]["joined"] = {"anyOf": [{"$ref": "#/components/schemas/Call"}]}
    assert breaking_changes(an_api(), new) == []


def test_each_change_is_said_once() -> None:
    found = changed(lambda api: schema(api, "Call")["properties"].pop("tags"))
    assert len(found) == len(set(found))


def test_an_empty_api_promised_nothing() -> None:
    assert breaking_changes({}, an_api()) == []
