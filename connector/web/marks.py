"""Tags and notes over HTTP. Parses, authorises, delegates."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from connector.domain.access import Access, KeyRole
from connector.services.marking import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Marking
from connector.web.call_bodies import CallNote, CallTags, note_body
from connector.web.calls import CallName
from connector.web.idempotency import Once, OnceRoute
from connector.web.problems import PROBLEMS

#: No control characters, no blank at its ends.
_TAG: Final = r"^[^\x00-\x20\x7f-\x9f\s]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f\s])?$"
#: Lines may end, tabs may stand.
_NOTE: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+$"
_Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG, pattern=_TAG)]


class NewTags(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tags: Annotated[list[_Tag], Field(min_length=1, max_length=MOST_TAGS)]


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE, pattern=_NOTE)]


def marks_router(once: Once, marking: Marking) -> APIRouter:
    router = APIRouter(prefix="/v1/calls/{call_id}", tags=["calls"], responses=PROBLEMS, route_class=OnceRoute)
    controller = once.needs(KeyRole.CONTROL)

    @router.post("/tags", operation_id="add_tags")
    async def add_tags(access: Annotated[Access, controller], call_id: CallName, new: NewTags) -> CallTags:
        """Those that it has already stay as they are."""
        return CallTags(tags=list(await marking.tag(access, call_id, new.tags)))

    @router.delete("/tags/{tag:path}", operation_id="remove_tag")
    async def remove_tag(
        access: Annotated[Access, controller],
        call_id: CallName,
        tag: Annotated[str, Path(max_length=LONGEST_TAG)],
    ) -> CallTags:
        """One that people gave; those of rules and of the dialplan stay (409)."""
        return CallTags(tags=list(await marking.untag(access, call_id, tag)))

    @router.post("/notes", operation_id="add_note", status_code=201)
    async def add_note(access: Annotated[Access, controller], call_id: CallName, new: NewNote) -> CallNote:
        """The call is found by its words from now on."""
        return CallNote.model_validate(note_body(await marking.note(access, call_id, new.text)))

    @router.delete("/notes/{note_id}", operation_id="remove_note", status_code=204)
    async def remove_note(
        access: Annotated[Access, controller],
        call_id: CallName,
        note_id: Annotated[str, Path(max_length=100)],
    ) -> None:
        await marking.remove_note(access, call_id, note_id)

    return router
