"""Tags and notes: bounds, who may, and what is written down."""

from pathlib import Path

import pytest

from connector.domain.access import KeyRole
from connector.domain.audit import AuditLine
from connector.domain.options import RecordingOptions
from connector.domain.secret import Secret
from connector.errors import BadRequest, CatalogueUnavailable, Conflict, NotFound
from connector.ports.call_search import CallFile
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup
from connector.services.marking import LONGEST_NOTE, MOST_NOTES, MOST_TAGS, Marking
from tests.builders import CALL, a_call, a_recording
from tests.unit.services.yard import Yard
from tests.unit.web.keys import an_access

ACCESS = an_access(KeyRole.CONTROL)


class Desk:
    """Marking on a real catalogue."""

    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        head = AuditHead(folder / "audit.head", Secret("00" * 32), yard.clock)
        self.auditing = Auditing(yard.catalogue.audit, yard.clock, head)
        links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
        fetching = Fetching(yard.catalogue.shipping, yard.destinations, links)
        self.lookup = Lookup(yard.catalogue.call_search, fetching)
        self.marking = Marking(yard.catalogue.call_marks, self.lookup, self.auditing, yard.clock)

    async def call(self) -> CallFile:
        return await self.lookup.call(ACCESS, CALL)

    async def deeds(self) -> list[tuple[str, str, dict[str, object]]]:
        lines: list[AuditLine] = list(await self.yard.catalogue.audit.lines(0, 99))
        return [(line.deed.action, line.deed.by, dict(line.deed.details)) for line in lines]


@pytest.fixture
async def desk(yard: Yard, tmp_path: Path) -> Desk:
    await yard.apply(a_call(tags=("gold",)), a_recording(options=RecordingOptions(tags=("rule",))))
    return Desk(yard, tmp_path)


async def test_a_tag_is_given_once_and_written_down(desk: Desk) -> None:
    assert await desk.marking.tag(ACCESS, CALL, ["vip", "gold", "vip", "Größe №1 👩‍💻"]) == (
        "gold",
        "rule",
        "vip",
        "Größe №1 👩‍💻",
    )
    assert await desk.marking.tag(ACCESS, CALL, ["vip"]) == (await desk.call()).tags
    assert set((await desk.call()).tags) == {"gold", "rule", "vip", "Größe №1 👩‍💻"}
    assert await desk.deeds() == [("call.tagged", "key key-1", {"added": ["vip", "Größe №1 👩‍💻"]})]


@pytest.mark.parametrize("tag", ["", "x" * 101, "a\x00", "a\nb", " a", "a ", "\u3000a", "\x85", "\ud800"])
async def test_what_is_no_tag_is_refused_and_its_place_named(desk: Desk, tag: str) -> None:
    with pytest.raises(BadRequest, match="a tag is 1 to 100") as refused:
        await desk.marking.tag(ACCESS, CALL, ["fine", tag])
    assert refused.value.pointer == "/tags/1"
    assert (await desk.call()).tags == ("gold", "rule")


async def test_a_call_has_only_so_many_tags(desk: Desk) -> None:
    many = [f"t{n}" for n in range(MOST_TAGS - 2)]
    assert len(await desk.marking.tag(ACCESS, CALL, many)) == MOST_TAGS
    with pytest.raises(Conflict, match="at most 50 tags"):
        await desk.marking.tag(ACCESS, CALL, ["one more"])
    assert len(await desk.marking.tag(ACCESS, CALL, ["t1"])) == MOST_TAGS


async def test_a_tag_is_removed_and_that_is_written_down(desk: Desk) -> None:
    await desk.marking.tag(ACCESS, CALL, ["vip"])
    assert await desk.marking.untag(ACCESS, CALL, "vip") == ("gold", "rule")
    assert (await desk.call()).tags == ("gold", "rule")
    assert (await desk.deeds())[-1] == ("call.tagged", "key key-1", {"removed": ["vip"]})


@pytest.mark.parametrize("tag", ["gold", "rule"])
async def test_tags_of_rules_and_dialplan_stay(desk: Desk, tag: str) -> None:
    with pytest.raises(Conflict, match="comes from a rule"):
        await desk.marking.untag(ACCESS, CALL, tag)
    assert tag in (await desk.call()).tags


async def test_a_note_says_who_and_when(desk: Desk) -> None:
    note = await desk.marking.note(ACCESS, CALL, "call back\n\tat nine")
    assert (note.by, note.at, note.organisation) == ("key key-1", desk.yard.clock.now(), "default")
    assert (await desk.call()).notes == (note,)
    # What it says is for those who read the call, not for who reads the log.
    assert await desk.deeds() == [("call.noted", "key key-1", {"added": note.id})]


@pytest.mark.parametrize("text", ["", "x" * (LONGEST_NOTE + 1), "a\x00b", "\x1b[2J", "\ud800"])
async def test_what_is_no_note_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(BadRequest, match="a note is 1 to 4000") as refused:
        await desk.marking.note(ACCESS, CALL, text)
    assert refused.value.pointer == "/text"


async def test_the_longest_note_is_kept(desk: Desk) -> None:
    note = await desk.marking.note(ACCESS, CALL, "é" * LONGEST_NOTE)
    assert (await desk.call()).notes == (note,)


async def test_a_call_has_only_so_many_notes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_NOTES == 500
    monkeypatch.setattr("connector.services.marking.MOST_NOTES", 2)
    for _ in range(2):
        await desk.marking.note(ACCESS, CALL, "again")
    with pytest.raises(Conflict, match="at most 2 notes"):
        await desk.marking.note(ACCESS, CALL, "again")


async def test_a_note_is_removed_and_that_is_written_down(desk: Desk) -> None:
    note = await desk.marking.note(ACCESS, CALL, "call back")
    await desk.marking.remove_note(ACCESS, CALL, note.id)
    assert (await desk.call()).notes == ()
    assert (await desk.deeds())[-1] == ("call.noted", "key key-1", {"removed": note.id})
    with pytest.raises(NotFound, match="no note"):
        await desk.marking.remove_note(ACCESS, CALL, note.id)


async def test_a_stranger_s_call_is_not_there(desk: Desk) -> None:
    stranger = an_access(organisation="another")
    with pytest.raises(NotFound):
        await desk.marking.tag(stranger, CALL, ["vip"])
    with pytest.raises(NotFound):
        await desk.marking.untag(stranger, CALL, "gold")
    with pytest.raises(NotFound):
        await desk.marking.note(stranger, CALL, "mine")
    with pytest.raises(NotFound):
        await desk.marking.remove_note(stranger, CALL, "n")
    assert await desk.deeds() == []


async def test_what_cannot_be_written_down_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> AuditLine:
        raise CatalogueUnavailable("the catalogue is locked")

    monkeypatch.setattr(desk.yard.catalogue.audit, "add", away)
    with pytest.raises(CatalogueUnavailable):
        await desk.marking.tag(ACCESS, CALL, ["vip"])
    assert (await desk.call()).tags == ("gold", "rule")
