"""One artefact to one destination: names, digests, and what becomes of them."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.ids import RecordingId
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import DestinationUnreachable, NoRoom
from connector.ports.object_store import Digest
from connector.services.storing import Later, Storing
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING, a_recording, a_rendering
from tests.unit.services.yard import OPTIONS, SOUND, Yard


class WatchedStore(MemoryStore):
    """Looks at the catalogue before each byte."""

    def __init__(self, yard: Yard) -> None:
        super().__init__()
        self._yard = yard
        self.committed: list[tuple[str, str]] = []

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.committed.append((name, (await self._yard.delivery()).object_name))
        await super().put(name, source, digest, overwrite=overwrite)


async def test_the_name_is_in_the_catalogue_before_the_first_byte_leaves(yard: Yard) -> None:
    store = yard.destinations.stores["archive"] = WatchedStore(yard)
    await yard.rendered()
    await yard.run("store")
    assert store.committed == [("call-1.wav", "call-1.wav")]


async def test_where_others_have_the_name_the_next_number_is_committed_before_the_first_byte(yard: Yard) -> None:
    store = yard.destinations.stores["archive"] = WatchedStore(yard)
    store.objects |= {"call-1.wav": b"another's", "call-1-2.wav": b"another's, too"}
    await yard.rendered()
    await yard.run()
    assert [name for name, committed in store.committed if name == committed] == [
        "call-1.wav",
        "call-1-2.wav",
        "call-1-3.wav",
    ]
    assert store.objects == {
        "call-1.wav": b"another's",
        "call-1-2.wav": b"another's, too",
        "call-1-3.wav": SOUND,
    }
    assert (await yard.delivery()).url == "memory:///call-1-3.wav"


class CarelessStore(MemoryStore):
    """As servers that know no conditions, with a key that may only write."""

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        await super().put(name, source, digest, overwrite=True)


async def test_of_our_own_copies_none_replaces_another_even_where_the_store_lets_it(yard: Yard) -> None:
    store = yard.destinations.stores["archive"] = CarelessStore()
    await yard.rendered()
    other = RecordingId("another-of-this-call")
    await yard.apply(a_recording(id=other, state=RecordingState.CAPTURED, options=OPTIONS))
    delivery = replace(await yard.delivery(), recording_id=other)
    await yard.catalogue.shipping.rendered(other, a_rendering(artefacts=()), [delivery])
    await yard.catalogue.shipping.named(delivery, "call-1.wav", "the place of archive")
    await yard.run()
    assert list(store.objects) == ["call-1-2.wav"]


async def test_after_a_crash_behind_the_upload_the_same_name_is_found_and_no_second_copy_made(yard: Yard) -> None:
    await yard.rendered()
    await yard.catalogue.shipping.named(await yard.delivery(), "call-1-2.wav", "the place of archive")
    yard.archive.objects["call-1-2.wav"] = SOUND
    await yard.run()
    assert yard.archive.objects == {"call-1-2.wav": SOUND}
    assert (await yard.delivery()).state is DeliveryState.STORED


async def test_a_name_that_was_committed_stays_although_the_template_has_changed(yard: Yard) -> None:
    await yard.rendered()
    await yard.catalogue.shipping.named(await yard.delivery(), "old/name.wav", "the place of archive")
    await yard.run()
    assert list(yard.archive.objects) == ["old/name.wav"]


async def test_overwriting_is_the_destinations_word_or_the_recordings(yard: Yard) -> None:
    await yard.rendered()
    storing = Storing(yard.catalogue.shipping, yard.destinations, yard.clock, yard.state)
    file, delivery = await yard.file(), await yard.delivery()
    wishing = replace(file, recording=replace(file.recording, options=replace(OPTIONS, overwrite=True)))
    yard.archive.objects["call-1.wav"] = b"another's"
    assert (await storing.deliver(wishing, delivery))[1] is None
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_a_destination_may_overwrite_for_everybody(yard: Yard) -> None:
    yard.destinations.overwrite = True
    await yard.rendered()
    yard.archive.objects["call-1.wav"] = b"another's"
    await yard.run()
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_a_template_that_gives_everybody_the_same_name_is_refused_in_the_end(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.services.storing._NAMES", 3)
    yard.archive.objects |= {f"call-1{number}.wav": b"another's" for number in ("", "-2", "-3")}
    await yard.rendered()
    await yard.run()
    assert "change its template" in (await yard.delivery()).reason


async def test_whoever_has_to_be_asked_again_says_why(yard: Yard) -> None:
    await yard.rendered()
    storing = Storing(yard.catalogue.shipping, yard.destinations, yard.clock, yard.state)
    for trouble in (DestinationUnreachable("no answer"), NoRoom("full")):
        yard.archive.fail_next(trouble)
        assert (await storing.deliver(await yard.file(), await yard.delivery()))[1] == Later(str(trouble))
        assert (await yard.delivery()).state is DeliveryState.WAITING


async def test_a_work_file_that_is_not_what_was_rendered_is_never_stored(yard: Yard) -> None:
    await yard.rendered()
    (yard.state / "work" / RECORDING / "stereo.wav").write_bytes(b"something else")
    await yard.run()
    assert yard.archive.objects == {}
    assert "is not the file that was promised" in (await yard.delivery()).reason


class BusyStore(MemoryStore):
    """Tells the first of two who come at once to come in ten minutes, and the second nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self._both_are_here, self.released = asyncio.Event(), asyncio.Event()

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.asked += 1
        if self.asked == 1:
            await self._both_are_here.wait()
            raise DestinationUnreachable("busy", retry_after_seconds=600.0)
        self._both_are_here.set()
        await self.released.wait()
        raise DestinationUnreachable("no answer")


async def test_who_hears_nothing_shortens_no_silence_that_another_was_told_of(yard: Yard) -> None:
    store = yard.destinations.stores["archive"] = BusyStore()
    yard.destinations.stores["spare"] = MemoryStore()
    yard.destinations.backups = {"archive": "spare"}
    await yard.rendered()
    storing = Storing(yard.catalogue.shipping, yard.destinations, yard.clock, yard.state)
    file, delivery = await yard.file(), await yard.delivery()
    async with asyncio.TaskGroup() as tasks:
        both = {tasks.create_task(storing.deliver(file, delivery)) for _ in range(2)}
        # Whichever of them was the first there.
        told, untold = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        store.released.set()
    assert [task.result()[1] for task in told] == [Later("busy", 600.0, "spare")]
    assert [task.result()[1] for task in untold] == [Later("no answer", 0.0, "spare")]
    await yard.clock.advance(599.0)
    _, later = await storing.deliver(await yard.file(), await yard.delivery())
    assert later is not None
    assert (later.after_seconds, later.was_asked) == (1.0, False)
    assert store.asked == 2
