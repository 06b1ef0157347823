"""The description of the API: complete, without anything fetched from elsewhere. Knows OpenAPI; knows no route."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from connector.web.problems import MEDIA_TYPE

_PROBLEM: Final = {
    "description": "What went wrong, and what to do",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
#: What FastAPI says of bad requests by itself, in a shape that is not ours.
_FOREIGN: Final = ("HTTPValidationError", "ValidationError")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_ABOUT: Final = (
    "Calls, recordings, transcripts and what is done with them. Keys are shown as `Authorization: Bearer KEY` or as"
    " `x-api-key: KEY`, and see their organisation only. What goes wrong is application/problem+json (RFC 9457)."
)


def describe(app: FastAPI) -> None:
    """Adds GET /openapi.json; no page that loads scripts from elsewhere."""

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(description(app))


def description(app: FastAPI) -> dict[str, Any]:
    """FastAPI's, with problems wherever something can go wrong."""
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    document["info"]["description"] = _ABOUT
    document["servers"] = [{"url": "/"}]
    for operation in _operations(document):
        _with_problems(operation)
        _without_guesses(operation)
    schemas = document.setdefault("components", {}).get("schemas", {})
    for name in _FOREIGN:
        schemas.pop(name, None)
    return document


def text(document: Mapping[str, Any]) -> str:
    """As it is kept: the same for the same API."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _with_problems(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    invalid = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if any(str(invalid.get("$ref", "")).endswith(f"/{name}") for name in _FOREIGN):
        responses["422"] = _PROBLEM
    responses.setdefault("default", _PROBLEM)


def _without_guesses(operation: dict[str, Any]) -> None:
    """Of an answer that is no JSON FastAPI says that it is a text, whatever else is said of it."""
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            schema = content.get("schema", {})
            for kind in ("$ref", "anyOf"):
                if kind in schema and schema.get("type") == "string":
                    content["schema"] = {kind: schema[kind]}
