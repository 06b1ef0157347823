"""All of a call or of a number goes: at once, after a crash, and again after a restore."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.access import Limits
from connector.domain.call import CallState
from connector.domain.ids import CallId, RecordingId
from connector.domain.keeping import Hold
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import CatalogueUnavailable, DestinationRefused, NotFound, NotPermitted
from connector.ports.erasure_ledger import Erasure, ErasureState
from connector.services.erasure_book import ErasureBook
from tests.builders import CALL, MORNING, RECORDING, a_call, a_recording
from tests.contract.catalogue.keeping_site import spoken
from tests.unit.services.registry import ADMIN, Registry, an_access
from tests.unit.services.yard import Yard

NUMBER = "+4930123456"
LATER_SECONDS = 1000.0


@pytest.fixture
async def registry(yard: Yard) -> AsyncIterator[Registry]:
    made = Registry(yard)
    yield made
    await made.auditing.close()


async def stored(registry: Registry, *destinations: str) -> None:
    await registry.stored(*(destinations or ("archive",)))
    await registry.yard.apply(a_call(state=CallState.ENDED))
    peaks = registry.yard.state / "recording-1" / "peaks.json"
    peaks.parent.mkdir()
    peaks.write_text("{}")
    (registry.yard.state / "work" / RECORDING / "half.part").write_text("a crash left it")


async def carried_out(registry: Registry) -> None:
    """Whatever work does from now on until nothing is due."""
    for _ in range(3):
        await registry.removed()
        await registry.erasing.go_on()


async def files(registry: Registry) -> list[str]:
    """That hold anything of the recording."""
    return [
        str(path.relative_to(folder))
        for folder in (registry.yard.state, registry.yard.spool)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("catalogue", "audit", "erasures"))
    ]


async def texts(registry: Registry) -> str:
    everything = await registry.yard.everything()
    return repr({name: rows for name, rows in everything.items() if name != "erasures"})


async def test_a_numbers_every_trace_goes(registry: Registry) -> None:
    await stored(registry, "archive", "bucket")
    await spoken_of(registry)
    answer = await registry.erasing.erase(ADMIN, number=NUMBER)
    assert (answer.state, answer.under_way) == (ErasureState.UNDER_WAY, 1)
    await carried_out(registry)
    assert await registry.state() is RecordingState.REMOVED
    assert [store.objects for store in registry.yard.destinations.stores.values()] == [{}, {}]
    assert await files(registry) == []
    left = await texts(registry)
    assert NUMBER not in left
    assert "parcel" not in left
    assert "Zoé" not in left
    call = (await registry.yard.file()).call
    assert (call.started_at, call.answered_at, call.to_number) == (MORNING, MORNING + 4, "201")


async def spoken_of(registry: Registry) -> None:
    await registry.yard.apply(a_call(id=f"call-{RECORDING}", legs=(), from_number="", to_number=""))
    await spoken(registry.catalogue, RECORDING)


async def test_the_answer_names_every_thing_and_how_far_it_is(registry: Registry) -> None:
    await stored(registry, "archive", "bucket")
    begun = await registry.erasing.erase(ADMIN, call_id=CALL)
    (call,) = begun.calls
    assert {(thing.kind, thing.destination) for thing in call.things} == {
        ("stereo", "archive"),
        ("stereo", "bucket"),
        ("source", ""),
    }
    assert {thing.state for thing in call.things} == {ErasureState.UNDER_WAY}
    registry.yard.destinations.stores["bucket"].fail_next(DestinationRefused("object lock"))
    await carried_out(registry)
    found = await registry.erasing.look(ADMIN, begun.erasure.id)
    states = {(thing.destination or thing.kind): thing.state for thing in found.calls[0].things}
    assert states == {
        "archive": ErasureState.ERASED,
        "bucket": ErasureState.CANNOT,
        "source": ErasureState.ERASED,
    }
    assert (found.state, found.cannot) == (ErasureState.CANNOT, 1)
    assert "object lock" in found.calls[0].reason


async def test_it_is_settled_when_nothing_is_left_and_nothing_more_can_come(registry: Registry) -> None:
    await stored(registry)
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    await carried_out(registry)
    assert (await registry.erasing.look(ADMIN, begun.erasure.id)).state is ErasureState.ERASED
    assert await registry.erasing.go_on() == 1, "a journal may still bring a call"
    await registry.clock.advance(LATER_SECONDS)
    assert await registry.erasing.go_on() == 1
    assert await registry.erasing.go_on() == 0
    assert NUMBER not in repr(await registry.yard.everything())


async def test_a_call_that_comes_late_from_the_journal_goes_too(registry: Registry) -> None:
    await registry.erasing.erase(ADMIN, number=NUMBER)
    await registry.clock.advance(10)
    await stored(registry)
    await registry.clock.advance(LATER_SECONDS)
    await carried_out(registry)
    assert await registry.state() is RecordingState.REMOVED
    assert (await registry.yard.file()).call.from_number == ""


async def test_calls_after_the_wish_are_not_meant(registry: Registry) -> None:
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    await registry.yard.apply(
        a_call(id="later", state=CallState.ENDED, started_at=registry.clock.now() + 1), a_call(id="other", legs=())
    )
    await registry.clock.advance(LATER_SECONDS)
    await registry.erasing.go_on()
    found = await registry.erasing.look(ADMIN, begun.erasure.id)
    assert [call.call_id for call in found.calls] == ["other"]


async def test_a_held_recording_stays_and_is_named_until_it_is_released(registry: Registry) -> None:
    await stored(registry)
    held = Hold(recording_id=RecordingId(RECORDING), organisation="default", by="key k1", at=MORNING, reason="case 7")
    await registry.catalogue.keeping.hold(held)
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    assert (begun.state, begun.calls[0].reason) == (ErasureState.CANNOT, "it is on legal hold: case 7")
    await carried_out(registry)
    file = await registry.yard.file()
    assert (file.recording.state, file.call.from_number) == (RecordingState.AVAILABLE, NUMBER)
    for key in ("key k1", "key k2"):
        await registry.catalogue.keeping.ask_release(RecordingId(RECORDING), key, MORNING)
    await registry.clock.advance(3601)
    await carried_out(registry)
    await registry.clock.advance(3601)
    await carried_out(registry)
    assert (await registry.yard.file()).call.from_number == ""


async def test_a_live_call_is_named_and_erased_when_it_has_ended(registry: Registry) -> None:
    await registry.stored("archive")
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    assert begun.state is ErasureState.UNDER_WAY
    await carried_out(registry)
    found = await registry.erasing.look(ADMIN, begun.erasure.id)
    assert (found.state, found.calls[0].reason) == (ErasureState.UNDER_WAY, "the call is live: when it has ended")
    await registry.yard.apply(a_call(state=CallState.ENDED))
    await carried_out(registry)
    assert (await registry.erasing.look(ADMIN, begun.erasure.id)).state is ErasureState.ERASED
    assert (await registry.yard.file()).call.from_number == ""


async def test_one_that_is_being_recorded_waits_for_its_end(registry: Registry) -> None:
    await registry.yard.apply(a_call(), a_recording(state=RecordingState.RECORDING))
    begun = await registry.erasing.erase(ADMIN, call_id=CALL)
    assert "it is being recorded" in begun.calls[0].things[0].reason
    assert await registry.state() is RecordingState.RECORDING


async def test_what_is_written_down_is_gone_on_with_by_the_next_process(registry: Registry) -> None:
    await stored(registry)
    erasure = Erasure(id="e1", organisation="default", number=NUMBER, by="key k1", at=registry.clock.now())
    await registry.book.write(erasure)
    registry.restart()
    assert await registry.erasing.replay() == 1
    await carried_out(registry)
    assert await registry.state() is RecordingState.REMOVED
    assert await registry.erasing.replay() == 0


async def test_a_restored_catalogue_hears_of_its_erasures_again(registry: Registry, yard: Yard) -> None:
    await stored(registry)
    backup = yard.state / "catalogue-then.db"
    await asyncio.to_thread(_copied, yard.state / "catalogue.db", backup)
    await registry.erasing.erase(ADMIN, number=NUMBER)
    await carried_out(registry)
    await registry.auditing.close()
    restored = Catalogue.open(f"sqlite:///{backup}", now=yard.clock.now)
    before = await restored.shipping.file(RecordingId(RECORDING))
    assert before is not None
    assert before.recording.state is RecordingState.AVAILABLE
    old, registry.catalogue, yard.catalogue = registry.catalogue, restored, restored
    yard.follow(yard.destinations)
    registry.restart()
    task = asyncio.create_task(registry.erasing.run_for_ever())
    await registry.clock.until_sleeping()
    task.cancel()
    await asyncio.wait([task])
    await carried_out(registry)
    assert await registry.state() is RecordingState.REMOVED
    assert (await yard.file()).call.from_number == ""
    await old.close()


def _copied(source: Path, target: Path) -> None:
    shutil.copy(source, target)
    for end in ("-wal", "-shm"):
        beside = source.with_name(source.name + end)
        if beside.exists():
            shutil.copy(beside, target.with_name(target.name + end))


async def test_without_the_book_nothing_is_begun(registry: Registry) -> None:
    await stored(registry)
    (registry.yard.state / "erasures.jsonl").mkdir()
    with pytest.raises(CatalogueUnavailable):
        await registry.erasing.erase(ADMIN, number=NUMBER)
    assert await registry.state() is RecordingState.AVAILABLE
    assert await registry.catalogue.erasures.unsettled(9) == []


async def test_the_number_is_in_no_line_of_the_audit_log(registry: Registry) -> None:
    await stored(registry)
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    (line,) = await registry.catalogue.audit.lines(0, 9)
    assert (line.deed.action, line.deed.subject) == ("person.erased", begun.erasure.id)
    assert NUMBER not in repr(line)


async def test_nobody_erases_or_sees_what_is_anothers(registry: Registry) -> None:
    await stored(registry)
    stranger, limited = an_access("k2", organisation="another"), an_access("k3", limits=Limits(agents=("999",)))
    for access in (stranger, limited):
        with pytest.raises(NotFound):
            await registry.erasing.erase(access, call_id=CALL)
    with pytest.raises(NotPermitted, match="limited"):
        await registry.erasing.erase(limited, number=NUMBER)
    assert (await registry.erasing.erase(stranger, number=NUMBER)).calls == ()
    own = await registry.erasing.erase(ADMIN, number=NUMBER)
    for access in (stranger, limited):
        with pytest.raises(NotFound):
            await registry.erasing.look(access, own.erasure.id)
    house = an_access("k9", organisation=None)
    assert (await registry.erasing.look(house, own.erasure.id)).erasure.id == own.erasure.id


async def test_many_calls_come_in_pages(registry: Registry) -> None:
    await registry.yard.apply(*(a_call(id=f"c{number}", state=CallState.ENDED) for number in range(5)))
    begun = await registry.erasing.erase(ADMIN, number=NUMBER)
    assert (begun.erased, begun.state) == (5, ErasureState.ERASED)
    seen, after = [], ""
    while True:
        page = await registry.erasing.look(ADMIN, begun.erasure.id, limit=2, after=after)
        seen += [call.call_id for call in page.calls]
        if not (after := page.after):
            break
    assert seen == [f"c{number}" for number in range(5)]


async def test_what_was_left_in_a_bucket_by_expiry_goes_too(registry: Registry) -> None:
    await stored(registry, "bucket")
    await registry.catalogue.keeping.reckon({RecordingId(RECORDING): MORNING})
    await registry.retention.run_once(registry.clock.now())
    await carried_out(registry)
    assert (await registry.copy("bucket")).state is DeliveryState.LEFT
    await registry.erasing.erase(ADMIN, call_id=CallId(CALL))
    await carried_out(registry)
    assert registry.yard.destinations.stores["bucket"].objects == {}


def a_wish(id: str) -> Erasure:
    return Erasure(id=id, organisation=None, number=NUMBER, by="key k1", at=MORNING)


async def test_the_book_is_for_us_alone_and_keeps_every_line(tmp_path: Path) -> None:
    book = ErasureBook(tmp_path)
    assert await book.read() == []
    await book.write(a_wish("e1"))
    await ErasureBook(tmp_path).write(a_wish("e2"))
    assert await book.read() == [a_wish("e1"), a_wish("e2")]
    assert (tmp_path / "erasures.jsonl").stat().st_mode & 0o777 == 0o600


async def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    book, file = ErasureBook(tmp_path), tmp_path / "erasures.jsonl"
    await book.write(a_wish("e1"))
    with file.open("ab") as torn:
        torn.write(json.dumps({"id": "e2"}).encode()[:-1])
    await book.write(a_wish("e3"))
    assert await book.read() == [a_wish("e1"), a_wish("e3")]
