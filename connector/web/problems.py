"""What went wrong, as HTTP says it: application/problem+json of RFC 9457. Knows errors and statuses, no route."""

import logging
import math
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from connector.errors import (
    AddressForbidden,
    BadRequest,
    CatalogueMismatch,
    CatalogueUnavailable,
    ConfigError,
    Conflict,
    ConnectorError,
    DestinationRefused,
    DestinationUnreachable,
    EndpointUnreachable,
    EngineStopped,
    IllegalInstruction,
    IllegalTransition,
    KeyRefused,
    LinkRefused,
    NoLongerThere,
    NoRoom,
    NotFound,
    NotPermitted,
    OnHold,
    PbxRefused,
    PbxUnreachable,
    SecretLost,
    SessionOver,
    TooManyRequests,
    is_passing,
)
from connector.web.session_cookie import forget_session

log = logging.getLogger(__name__)

_STATUSES: Final[Mapping[type[ConnectorError], HTTPStatus]] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    IllegalInstruction: HTTPStatus.BAD_REQUEST,
    ConfigError: HTTPStatus.BAD_REQUEST,
    AddressForbidden: HTTPStatus.BAD_REQUEST,
    KeyRefused: HTTPStatus.UNAUTHORIZED,
    NotPermitted: HTTPStatus.FORBIDDEN,
    LinkRefused: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    IllegalTransition: HTTPStatus.CONFLICT,
    NoLongerThere: HTTPStatus.GONE,
    OnHold: HTTPStatus.LOCKED,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    DestinationRefused: HTTPStatus.BAD_GATEWAY,
    PbxRefused: HTTPStatus.BAD_GATEWAY,
    DestinationUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    EndpointUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    PbxUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    CatalogueUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CatalogueMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
    EngineStopped: HTTPStatus.SERVICE_UNAVAILABLE,
    NoRoom: HTTPStatus.SERVICE_UNAVAILABLE,
    SecretLost: HTTPStatus.SERVICE_UNAVAILABLE,
}
MEDIA_TYPE: Final = "application/problem+json"
#: What an outsider need not know of our house.
_UNSAID: Final = "that cannot be had now: try again later; the log has it under the request_id"
_OUR_FAULT: Final = "this is a fault of callreel's: the log has it under the request_id"
_RETRY_SECONDS: Final = 5
_MOST_ERRORS: Final = 20
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: What UTF-8 cannot hold; callers send what they like, and some of it is said again.
_UNSAYABLE: Final = re.compile("[\ud800-\udfff]")
#: What Pydantic calls the kinds of a value that may be of several: no part of what was said.
_BRANCH: Final = re.compile(r"(function-|literal\[|constrained-)")
#: Where FastAPI looks for parameters.
_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})

_TEXT: Final = {"type": "string"}
_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457: what went wrong, and what to do about it",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {**_TEXT, "description": "always about:blank: the status says which problem it is"},
        "title": {**_TEXT, "description": "the status in words"},
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "what broke, which one, and what to do"},
        "instance": {**_TEXT, "description": "the path that was asked for"},
        "request_id": {**_TEXT, "description": "of what went wrong here: the log has it"},
        "errors": {
            "type": "array",
            "description": "each wrong value",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {**_TEXT, "description": "a JSON pointer into the body, or a parameter's name"},
                    "detail": dict(_TEXT),
                },
            },
        },
    },
}
#: Of every route that wants a key.
_USUAL: Final = (400, 401, 403, 404, 413, 422, 429, 500, 503)
_SOME: Final = (409, 410, 423, 502)


def problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the usual ones and these."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted({*_USUAL, *more})
    }


PROBLEMS: Final = problems(*_SOME)


def answer_with_problems(app: FastAPI) -> None:
    """Whatever goes wrong in a route of this application; its OpenAPI knows what a problem is."""
    app.add_exception_handler(ConnectorError, _connector_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _our_fault)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = dict(_SCHEMA)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual says


def problem(
    status: int,
    detail: str,
    request: Request,
    *,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """`more` are further members, RFC 9457's extensions."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        # Not by request.url: the Host header is part of that, and may be anything.
        "instance": request.scope.get("path", ""),
    }
    return JSONResponse(_sayable(body | more), status, headers, media_type=MEDIA_TYPE)


def status_of(error: ConnectorError) -> HTTPStatus:
    found = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), None)
    return found or HTTPStatus.INTERNAL_SERVER_ERROR


async def _connector_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConnectorError)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return await _our_fault(request, error)
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unavailable(status, request, error)
    headers: dict[str, str] = {}
    more: dict[str, object] = {}
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = _retry_after(error.retry_after_seconds)
    if isinstance(error, KeyRefused):
        headers["www-authenticate"] = 'Bearer realm="callreel"'
    if isinstance(error, BadRequest) and error.pointer:
        more["errors"] = [{"pointer": error.pointer, "detail": str(error)}]
    answer = problem(status, str(error), request, headers=headers, **more)
    if isinstance(error, SessionOver):
        forget_session(request, answer)
    return answer


def _unavailable(status: HTTPStatus, request: Request, error: ConnectorError) -> Response:
    request_id = _logged(request, "request not answered", error)
    headers = {}
    if is_passing(error):
        asked_for = getattr(error, "retry_after_seconds", None)
        headers["retry-after"] = _retry_after(_RETRY_SECONDS if asked_for is None else asked_for)
    return problem(status, _UNSAID, request, headers=headers, request_id=request_id)


def _retry_after(seconds: float) -> str:
    """Never sooner than it will be true."""
    return str(max(1, math.ceil(seconds)))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{"pointer": _pointer(one["loc"]), "detail": _said(one["msg"])} for one in error.errors()]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "the body is no JSON", request)
    detail = "; ".join(f"{one['pointer']}: {one['detail']}" for one in found[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, request, errors=found[:_MOST_ERRORS])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = ", ".join(_allowed(request))
    return problem(error.status_code, error.detail, request, headers=headers)


def _allowed(request: Request) -> list[str]:
    """The methods of all routes with that path: the framework names those of the first one only."""
    path = {name: request.scope.get(name, "") for name in ("type", "path", "root_path")}
    routes = request.app.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**path, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _our_fault(request: Request, error: Exception) -> Response:
    request_id = _logged(request, "request failed", error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, _OUR_FAULT, request, request_id=request_id)


def _logged(request: Request, event: str, error: Exception) -> str:
    """What is not said to outsiders; returns the id under which it is found."""
    request_id = uuid.uuid4().hex
    facts = {"path": request.scope.get("path", ""), "request": request_id, "hint": str(error)}
    is_ours = not isinstance(error, ConnectorError) or status_of(error) is HTTPStatus.INTERNAL_SERVER_ERROR
    log.error(event, extra=facts, exc_info=error if is_ours else None)
    return request_id


def _pointer(place: tuple[object, ...]) -> str:
    """`/a/0` in a body, `limit` of a query."""
    where, *rest = place
    if where == "body":
        rest = [part for part in rest if not _BRANCH.match(str(part))]
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest)
    names = rest if where in _PLACES else [*place]
    return ".".join(map(str, names)) or str(where)


def _said(message: str) -> str:
    """Pydantic's words, without what it says of itself."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _sayable(thing: Any) -> Any:
    if isinstance(thing, str):
        return _UNSAYABLE.sub("\ufffd", thing)
    if isinstance(thing, dict):
        return {_sayable(name): _sayable(inner) for name, inner in thing.items()}
    if isinstance(thing, list):
        return [_sayable(inner) for inner in thing]
    return thing
