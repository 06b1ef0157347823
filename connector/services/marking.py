"""What people add to a call, tags and notes: within bounds, and written down. Speaks to ports only."""

import re
import uuid
from collections.abc import Sequence
from typing import Final

from connector.domain.access import Access
from connector.errors import BadRequest, Conflict, NotFound
from connector.ports.call_marks import CallMarks, Note
from connector.ports.call_search import CallFile
from connector.ports.clock import Clock
from connector.services.auditing import Auditing
from connector.services.lookup import Lookup

MOST_TAGS: Final = 50
LONGEST_TAG: Final = 100
LONGEST_NOTE: Final = 4_000
MOST_NOTES: Final = 500
#: What no tag has, and no note but for the ends of lines and tabs.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LAYOUT: Final = str.maketrans("", "", "\n\r\t")


class Marking:
    def __init__(self, marks: CallMarks, lookup: Lookup, auditing: Auditing, clock: Clock) -> None:
        self._marks = marks
        self._lookup = lookup
        self._auditing = auditing
        self._clock = clock

    async def tag(self, access: Access, call_id: str, tags: Sequence[str]) -> tuple[str, ...]:
        """All tags of the call afterwards; those that it has already stay as they are."""
        _check_tags(tags)
        file = await self._lookup.call(access, call_id)
        new = [tag for tag in dict.fromkeys(tags) if tag not in file.tags]
        if len(file.tags) + len(new) > MOST_TAGS:
            raise Conflict(f"a call has at most {MOST_TAGS} tags, this one has {len(file.tags)}: remove some")
        if new:
            await self._write_down(access, file, "call.tagged", added=new)
            await self._marks.tag(file.call.id, file.call.organisation, new, by=access.by, at=self._clock.now())
        return (*file.tags, *new)

    async def untag(self, access: Access, call_id: str, tag: str) -> tuple[str, ...]:
        """The tags that are left. Raises NotFound; Conflict for one that a rule or the dialplan gives, which stays."""
        file = await self._lookup.call(access, call_id)
        if tag not in file.tags:
            raise NotFound(f"the call has no tag {tag!r}")
        if tag in given_tags(file):
            raise Conflict(f"the tag {tag!r} comes from a rule or the dialplan: change it there")
        await self._write_down(access, file, "call.tagged", removed=[tag])
        await self._marks.untag(file.call.id, tag)
        return tuple(one for one in file.tags if one != tag)

    async def note(self, access: Access, call_id: str, text: str) -> Note:
        if not 0 < len(text) <= LONGEST_NOTE or _CONTROL.search(text.translate(_LAYOUT)):
            raise BadRequest(f"a note is 1 to {LONGEST_NOTE} characters, none of them for control", pointer="/text")
        file = await self._lookup.call(access, call_id)
        if len(file.notes) >= MOST_NOTES:
            raise Conflict(f"a call has at most {MOST_NOTES} notes: remove some")
        note = Note(
            id=uuid.uuid4().hex,
            call_id=file.call.id,
            organisation=file.call.organisation,
            text=text,
            by=access.by,
            at=self._clock.now(),
        )
        await self._write_down(access, file, "call.noted", added=note.id)
        await self._marks.note(note)
        return note

    async def remove_note(self, access: Access, call_id: str, note_id: str) -> None:
        """Raises NotFound."""
        file = await self._lookup.call(access, call_id)
        if all(note.id != note_id for note in file.notes):
            raise NotFound(f"the call has no note {note_id!r}")
        await self._write_down(access, file, "call.noted", removed=note_id)
        await self._marks.remove_note(file.call.id, note_id)

    async def _write_down(self, access: Access, file: CallFile, action: str, **details: object) -> None:
        await self._auditing.done(access, action, subject=file.call.id, organisation=file.call.organisation, **details)


def given_tags(file: CallFile) -> frozenset[str]:
    """Those that nobody has given by hand."""
    of_rules = (one.recording.options.tags or () for one in file.recordings)
    return frozenset(file.call.tags).union(*of_rules)


def _check_tags(tags: Sequence[str]) -> None:
    for number, tag in enumerate(tags):
        if not 0 < len(tag) <= LONGEST_TAG or _CONTROL.search(tag) or tag != tag.strip():
            said = f"a tag is 1 to {LONGEST_TAG} characters, none of them for control, without blanks at its ends"
            raise BadRequest(said, pointer=f"/tags/{number}")
