"""Calls over HTTP: lists by filters, and one with all that belongs to it. Parses, authorises, delegates."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from connector.domain.access import Access, KeyRole
from connector.domain.call import CallKind
from connector.domain.ids import CallId
from connector.errors import DestinationRefused, DestinationUnreachable, NotFound
from connector.ports.call_search import CallFile, CallPart, CallPlace
from connector.ports.object_store import Link
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import chosen
from connector.services.auditing import Auditing
from connector.services.lookup import Lookup
from connector.web.body_parts import Json
from connector.web.call_bodies import CallBody, CallPage, call_body, hits_of, words_of
from connector.web.call_filters import AskedCalls
from connector.web.cursors import LONGEST_CURSOR, decoded, encoded, foreign
from connector.web.door import Door
from connector.web.problems import PROBLEMS

_LIST: Final = "calls"
CallName = Annotated[str, Path(min_length=1, max_length=300, description="the call's id")]
_WITHOUT: Final = (
    "leaves out what takes longest: `words` (`transcript` and `talk` are null), `sound` (`recording_url` and `format`"
    " are null; `channels`, `files` and `deliveries` are empty), `legs` (empty). A list without words and sound is not"
    " written into the audit log"
)
#: Links and words are for whoever asked, and for no cache on the way.
_NOT_KEPT: Final = {"cache-control": "private, no-store", "referrer-policy": "no-referrer"}


class CallsQuery(AskedCalls):
    """All that is said must fit; a page of it."""

    kind: CallKind | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=LONGEST_CURSOR, description="next_cursor of the page before")
    without: list[CallPart] = Field([], max_length=len(CallPart), description=_WITHOUT)

    def place(self) -> CallPlace | None:
        if self.cursor is None:
            return None
        name, started_at, call_id = decoded(self.cursor, str, float, str)
        if name != _LIST:
            raise foreign()
        return CallPlace(started_at=started_at, call_id=CallId(call_id))

    def unread(self) -> set[CallPart]:
        """What need not even be read: where words stand is looked up in all of them, and whose words are a call's is
        decided by what can be heard."""
        unread = set(self.without)
        if self.text is not None:
            unread.discard(CallPart.WORDS)
        if CallPart.WORDS not in self.without:
            unread.discard(CallPart.SOUND)
        return unread


def calls_router(door: Door, lookup: Lookup, auditing: Auditing) -> APIRouter:
    router = APIRouter(tags=["calls"], responses=PROBLEMS)
    showing = _Showing(lookup, auditing)

    @router.get("/v1/calls", operation_id="list_calls", response_model=CallPage)
    async def calls(
        request: Request,
        access: Annotated[Access, door.needs(KeyRole.READ)],
        query: Annotated[CallsQuery, Query()],
    ) -> Response:
        """The newest first, each with all that the call itself shows; with `text`, also where its words stand."""
        wanted, place = query.of_kind(query.kind), query.place()
        found = await lookup.page(access, wanted, limit=query.limit + 1, after=place, without=query.unread())
        page = found[: query.limit]
        bodies = await showing.bodies(access, page, "", query.organisation, query.text or "", query.without)
        next_cursor = _cursor(page[-1]) if len(found) > len(page) else None
        headers = _NOT_KEPT | ({} if next_cursor is None else {"link": _next_link(request, next_cursor)})
        return _json({"calls": bodies, "next_cursor": next_cursor}, headers)

    @router.get("/v1/calls/{call_id}", operation_id="get_call", response_model=CallBody)
    async def call(access: Annotated[Access, door.needs(KeyRole.READ)], call_id: CallName) -> Response:
        """All about one call; of one that joined another, about that other one."""
        file = await lookup.call(access, call_id)
        (body,) = await showing.bodies(access, [file], file.call.id, file.call.organisation)
        return _json(body, _NOT_KEPT)

    return router


class _Showing:
    """Calls with what the key may have of sound and words; written down before it is handed out."""

    def __init__(self, lookup: Lookup, auditing: Auditing) -> None:
        self._lookup = lookup
        self._auditing = auditing

    async def bodies(
        self,
        access: Access,
        files: Sequence[CallFile],
        subject: str,
        organisation: str | None,
        text: str = "",
        without: Collection[CallPart] = (),
    ) -> list[Json]:
        if not access.key.may(KeyRole.LISTEN):
            return [call_body(file, None, None, without=without) for file in files]
        bodies = [await self._body(file, text, without) for file in files]
        count = sum(map(_gives_something, bodies))
        if count:
            await self._auditing.done(access, "calls.read", subject=subject, organisation=organisation, count=count)
        return bodies

    async def _body(self, file: CallFile, text: str, without: Collection[CallPart]) -> Json:
        recording = chosen(file, "")
        link = None if recording is None or CallPart.SOUND in without else await self._link(recording)
        words = None if CallPart.WORDS in without else words_of(file, recording)
        return call_body(file, link, words, hits_of(file, text), without)

    async def _link(self, recording: RecordingFile) -> Link | None:
        """None when a store gives none: one call's trouble is not the list's."""
        try:
            linked = await self._lookup.linked(recording)
        except (DestinationRefused, DestinationUnreachable, NotFound):
            return None
        return None if linked is None else linked.link


def _gives_something(body: Json) -> bool:
    return body["recording_url"] is not None or body["transcript"] is not None or bool(body["hits"])


def _json(body: Json, headers: Mapping[str, str]) -> Response:
    return Response(to_json(body), headers=dict(headers), media_type="application/json")


def _cursor(last: CallFile) -> str:
    return encoded(_LIST, float(last.call.started_at), last.call.id)


def _next_link(request: Request, cursor: str) -> str:
    said = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<{request.url.path}?{urlencode([*said, ("cursor", cursor)])}>; rel="next"'
