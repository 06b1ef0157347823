"""For each route of the application a request that comes off, and where the ids stand in it. Knows no answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from starlette.routing import BaseRoute

from connector.web.pages import VIEWS
from tests.api.site import Ids

#: What HEAD and GET answer is one thing.
Route = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`what` are calls of the seeded house: `live` stands for the organisation's call of that name. `{organisation}`
    in the query or the body stands for its name."""

    what: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def url(self, path: str, organisation: str, ids: Ids) -> str:
        values = {**ids.values, **{name: f"{organisation}-{what}" for name, what in self.what.items()}}
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}:path}}", quote(value, safe=""))
        query = {name: value.replace("{organisation}", organisation) for name, value in self.query.items()}
        return f"{path}?{urlencode(query)}" if query else path

    def body_for(self, organisation: str) -> Any:
        return _filled(self.body, organisation)


_LIVE = Example(what={"call_id": "live"}, body={})
_MEETING = Example(body={})
_SINCH = {
    "instructions": [{"name": "startRecording", "options": {"format": "mp3"}}],
    "action": {"name": "continue"},
}
#: What changes nothing for others comes first.
_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: Where nothing is said, the path with the organisation's ids is enough.
EXAMPLES: Mapping[str, Example] = {
    "DELETE /v1/calls/{call_id}/recording": Example(what={"call_id": "spare"}),
    "DELETE /v1/calls/{call_id}/recording/hold": Example(what={"call_id": "held"}),
    "GET /api/v1/call/get-batch-calls": Example(query={"batchId": "later"}),
    "GET /api/v1/call/get-metric": Example(query={"callId": "{organisation}-available", "userId": "{organisation}"}),
    "GET /v1/calls/{call_id}/recording/current": Example(what={"call_id": "live"}),
    "PATCH /calling/v1/calls/id/{call_id}": Example(what={"call_id": "live"}, body=_SINCH),
    "PATCH /calling/v1/conferences/id/{conference_id}": Example(body=_SINCH),
    "PATCH /calling/v1/conferences/id/{conference_id}/{call_id}": Example(what={"call_id": "live"}, body=_SINCH),
    "GET /v1/outbound-calls/{command_id}": Example(what={"command_id": "placed"}),
    "PUT /api/settings/storage": Example(body={"recordingRetentionDays": 60}),
    "PUT /v1/settings/storage": Example(body={}),
    "POST /v1/settings/storage/test": Example(body={}),
    "PATCH /v1/agents/{agent_id}": Example(body={"recording_enabled": True}),
    "PATCH /v1/assistants/{assistant_id}": Example(body={"recording_enabled": True}),
    "PATCH /v1/settings": Example(body={"recording_enabled": True}),
    "POST /v1/calls/{call_id}/notes": Example(body={"text": "call back"}),
    "POST /v1/calls/{call_id}/recording/extend": Example(body={"days": 60}),
    "POST /v1/calls/{call_id}/tags": Example(body={"tags": ["vip"]}),
    "POST /v1/erasures": Example(body={"call_id": "{organisation}-other-number"}),
    "POST /v1/recordings/{recording_id}/retry": Example(what={"recording_id": "recording-failed-at-store"}),
    "POST /v1/keys": Example(body={"name": "another"}),
    "POST /v1/keys/{key_id}/rotate": Example(body={}),
    "POST /v1/outbound-calls": Example(
        body={"from_number": "+493012345", "to_number": "+49401234", "endpoint_id": "ep_1"}
    ),
    "PUT /v1/calls/{call_id}/recording/hold": Example(what={"call_id": "tagged"}, body={"reason": "a lawsuit"}),
    **{
        f"POST /v1/calls/{{call_id}}/recording/{way}{action}": _LIVE
        for way in ("", "current/")
        for action in ("start", "stop", "pause", "resume")
    },
    **{
        f"POST /v1/conferences/{{conference}}/recording/{action}": _MEETING
        for action in ("start", "stop", "pause", "resume")
    },
}
_PLAIN = Example()

#: Of the web page itself, which is the same for everybody: all that it shows, it asks the API for.
PAGE: Final = frozenset(
    (method, path)
    for method in ("GET", "HEAD")
    for path in ("/", "/assets/{name:path}", *(f"/{view}{rest}" for view in VIEWS for rest in ("", "/{rest:path}")))
)


def example(route: Route) -> Example:
    return EXAMPLES.get(" ".join(route), _PLAIN)


def routes(app: FastAPI) -> list[Route]:
    """Every one of the API that the application answers, described or not."""
    found = every_route(app) - PAGE
    return sorted(found, key=lambda route: (_ORDER.index(route[0]), route[1]))


def every_route(app: FastAPI) -> set[Route]:
    return {(method, route.path) for route in _flat(app.routes) for method in route.methods or ()}


def _flat(routes: Iterable[BaseRoute]) -> Iterator[Any]:
    for route in routes:
        # FastAPI keeps a router that was included as one of the routes.
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from _flat(inner.routes)


def _filled(value: Any, organisation: str) -> Any:
    if isinstance(value, str):
        return value.replace("{organisation}", organisation)
    if isinstance(value, dict):
        return {name: _filled(inner, organisation) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, organisation) for inner in value]
    return value
