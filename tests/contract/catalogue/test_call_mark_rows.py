"""The CallMarks on both databases."""

from connector.catalogue.store import Catalogue
from connector.domain.decision import Change
from connector.domain.ids import CallId
from connector.ports.call_ledger import JournalPosition
from connector.ports.call_marks import Note
from connector.ports.call_search import CallFile, CallFilter
from tests.builders import CALL, MORNING, a_call


async def known(catalogue: Catalogue, *more: Change) -> None:
    await catalogue.calls.apply("here", [a_call(), *more], JournalPosition(file="j", offset=1))


async def tagged(catalogue: Catalogue, *tags: str, call: str = CALL, at: float = MORNING, by: str = "key k1") -> None:
    await catalogue.call_marks.tag(CallId(call), "default", tags, by=by, at=at)


async def file(catalogue: Catalogue) -> CallFile:
    found = await catalogue.call_search.call(CALL)
    assert found is not None
    return found


def a_note(id: str = "n1", text: str = "call back", call: str = CALL, at: float = MORNING) -> Note:
    return Note(id=id, call_id=CallId(call), organisation="default", text=text, by="key k1", at=at)


async def test_tags_are_there_once_in_the_order_in_which_they_were_given(catalogue: Catalogue) -> None:
    await known(catalogue)
    await tagged(catalogue, "vip", "late", at=MORNING + 2)
    await tagged(catalogue, "vip", "old", at=MORNING + 1, by="key k2")
    assert (await file(catalogue)).tags == ("old", "late", "vip")


async def test_no_tags_are_no_trouble(catalogue: Catalogue) -> None:
    await known(catalogue)
    await tagged(catalogue)
    assert (await file(catalogue)).tags == ()


async def test_a_removed_tag_is_gone_and_the_call_is_not_found_by_it(catalogue: Catalogue) -> None:
    await known(catalogue)
    await tagged(catalogue, "vip", "late")
    assert await catalogue.call_marks.untag(CALL, "vip")
    assert not await catalogue.call_marks.untag(CALL, "vip")
    assert (await file(catalogue)).tags == ("late",)
    assert await catalogue.call_search.calls(CallFilter(tag="vip"), limit=9) == []


async def test_a_call_s_own_tags_stay(catalogue: Catalogue) -> None:
    await catalogue.calls.apply("here", [a_call(tags=("gold",))], JournalPosition(file="j", offset=1))
    assert not await catalogue.call_marks.untag(CALL, "gold")
    assert (await file(catalogue)).tags == ("gold",)


async def test_notes_are_kept_whole_and_in_order(catalogue: Catalogue) -> None:
    await known(catalogue)
    notes = (a_note(), a_note("n2", "Zoé: „später“\n\t✓", at=MORNING + 1))
    for note in reversed(notes):
        await catalogue.call_marks.note(note)
    assert (await file(catalogue)).notes == notes


async def test_a_removed_note_is_gone_and_so_are_its_words(catalogue: Catalogue) -> None:
    await known(catalogue)
    await catalogue.call_marks.note(a_note())
    assert len(await catalogue.call_search.calls(CallFilter(text="back"), limit=9)) == 1
    assert not await catalogue.call_marks.remove_note(CallId("another"), "n1")
    assert await catalogue.call_marks.remove_note(CALL, "n1")
    assert not await catalogue.call_marks.remove_note(CALL, "n1")
    assert (await file(catalogue)).notes == ()
    assert await catalogue.call_search.calls(CallFilter(text="back"), limit=9) == []


async def test_marks_of_a_call_that_joined_this_one_can_be_removed_here(catalogue: Catalogue) -> None:
    await known(catalogue, a_call(id="gone", joined=CALL))
    await tagged(catalogue, "vip", call="gone")
    await catalogue.call_marks.note(a_note(call="gone"))
    assert (await file(catalogue)).tags == ("vip",)
    assert await catalogue.call_marks.untag(CALL, "vip")
    assert await catalogue.call_marks.remove_note(CALL, "n1")
    found = await file(catalogue)
    assert (found.tags, found.notes) == ((), ())
