"""A recording's way out: every copy, the work files, the PBX's files."""

import asyncio
from pathlib import Path

import pytest

from connector.domain.decision import Due
from connector.domain.products import peaks_path
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, ConnectorError, DestinationRefused, DestinationUnreachable
from connector.network.backoff import SCHEDULE_SECONDS
from connector.ports.object_store import Digest, ObjectFacts
from connector.ports.workshop import Job, Result
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.yard import SOUND, Yard


class HeldStore(MemoryStore):
    """Has the bytes in its hands for as long as a test likes, as a slow line has."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.released = asyncio.Event(), asyncio.Event()
        #: What it says of an object that has landed.
        self.answer: ConnectorError | None = None

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        content = await asyncio.to_thread(source.read_bytes)
        self.begun.set()
        await self.released.wait()
        self.objects[name] = content
        if self.answer is not None:
            raise self.answer


async def held_in_mid_put(yard: Yard, *others: str) -> tuple[HeldStore, "asyncio.Task[str]"]:
    """The archive has not answered yet, and somebody erases the recording."""
    store = yard.destinations.stores["archive"] = HeldStore()
    await yard.rendered("archive", *others)
    await yard.apply(yard.caller())
    storing = asyncio.create_task(yard.run())
    await store.begun.wait()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    return store, storing


async def removed_by_dues(yard: Yard) -> None:
    """Whatever removal has fallen due by now, each once."""
    dues = [due for due in await yard.dues() if due.kind == "remove"]
    await yard.catalogue.dues.forwarded(dues)
    for due in dues:
        await removed(yard, attempt=due.attempt)


async def on_its_way_out(yard: Yard, *destinations: str) -> None:
    """Available everywhere, then erased."""
    for name in destinations:
        yard.destinations.stores.setdefault(name, MemoryStore())
    await yard.rendered(*destinations)
    await yard.apply(yard.caller())
    await yard.run()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="asked for by ada")


async def removed(yard: Yard, attempt: int = 1) -> None:
    for _, step in yard.removing.steps:
        try:
            await step(RECORDING, attempt)
        except ConnectorError:
            return


async def test_every_copy_and_every_file_goes_and_the_reason_stays(yard: Yard) -> None:
    await on_its_way_out(yard, "archive", "other")
    await removed(yard)
    gone = await yard.recording()
    assert (gone.state, gone.reason) == (RecordingState.REMOVED, "asked for by ada")
    assert {one.state for one in (await yard.file()).deliveries} == {DeliveryState.DELETED}
    assert [store.objects for store in yard.destinations.stores.values()] == [{}, {}]
    assert list(yard.spool.iterdir()) == []
    assert not (yard.state / "work" / RECORDING / "stereo.wav").exists()


async def test_the_picture_of_its_sound_goes_and_what_a_crash_left_half_made(yard: Yard) -> None:
    await on_its_way_out(yard)
    file = await yard.file()
    assert file.rendering is not None
    peaks, half = yard.state / file.rendering.peaks_path, yard.state / "work" / RECORDING / "half.part"
    peaks.parent.mkdir(parents=True, exist_ok=True)
    for left in (peaks, half):
        left.write_bytes(b"left")
    await removed(yard)
    assert not peaks.exists()
    assert not half.parent.exists()


async def test_what_a_crash_left_drawn_before_it_was_written_down_goes_too(yard: Yard) -> None:
    await yard.captured(yard.caller())
    peaks = yard.state / peaks_path(RECORDING)
    peaks.parent.mkdir(parents=True)
    peaks.write_bytes(b"left")
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    assert not peaks.exists()


async def test_what_is_made_while_its_recording_is_removed_does_not_stay(yard: Yard) -> None:
    await yard.captured(yard.caller())
    make, folders = yard.workshop.make, (yard.state / "work" / RECORDING, yard.state / "peaks")

    async def overtaken(job: Job) -> Result:
        made = await make(job)
        # Whoever removes it has been here already, and found no file.
        await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
        assert all(any(folder.rglob("*.*")) for folder in folders)
        return made

    yard.workshop.make = overtaken  # type: ignore[method-assign]
    assert "removing" in await yard.run()
    assert not any(path.is_file() for folder in folders for path in folder.rglob("*"))


async def test_of_a_recording_that_is_there_only_the_work_files_go(yard: Yard) -> None:
    await yard.rendered()
    await yard.run()
    file = await yard.file()
    assert file.rendering is not None
    peaks = yard.state / file.rendering.peaks_path
    peaks.parent.mkdir(parents=True, exist_ok=True)
    peaks.write_bytes(b"drawn")
    await yard.removing.remove_local(file)
    assert peaks.read_bytes() == b"drawn"
    assert not (yard.state / "work" / RECORDING / "stereo.wav").exists()


async def test_a_second_run_of_every_step_changes_nothing(yard: Yard) -> None:
    await on_its_way_out(yard)
    for name, step in yard.removing.steps:
        await step(RECORDING, 1)
        before = await yard.everything()
        await step(RECORDING, 1)
        assert await yard.everything() == before, name


async def test_a_copy_that_cannot_be_reached_is_waited_for_and_the_recording_with_it(yard: Yard) -> None:
    await on_its_way_out(yard)
    yard.archive.fail_next(DestinationUnreachable("no answer"))
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVING
    at = yard.clock.now() + SCHEDULE_SECONDS[0]
    assert await yard.dues() == [Due(kind="remove", subject=RECORDING, attempt=2, node="here", at=at)]
    await removed(yard, attempt=2)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert yard.archive.objects == {}


async def test_an_unreachable_copy_is_never_given_up(yard: Yard) -> None:
    await on_its_way_out(yard)
    yard.archive.fail_next(DestinationUnreachable("no answer"))
    await removed(yard, attempt=1000)
    (due,) = await yard.dues()
    assert (due.attempt, due.at) == (1001, yard.clock.now() + 86_400)


async def test_a_copy_that_must_not_be_deleted_is_named_and_holds_nothing_up(yard: Yard) -> None:
    await on_its_way_out(yard, "archive", "other")
    yard.archive.fail_next(DestinationRefused("object lock until 2030"))
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVED
    named = await yard.delivery("archive")
    assert (named.state, named.reason) == (DeliveryState.UNDELETABLE, "object lock until 2030")
    assert (await yard.delivery("other")).state is DeliveryState.DELETED


async def test_a_copy_that_somebody_else_deleted_is_gone_though_we_may_not_delete_there(yard: Yard) -> None:
    await on_its_way_out(yard, "archive")
    yard.archive.objects.clear()
    yard.archive.fail_next(DestinationRefused("the key may not delete"))
    await removed(yard)
    assert (await yard.delivery()).state is DeliveryState.DELETED


async def test_a_copy_at_a_destination_that_left_the_configuration_goes_too(yard: Yard) -> None:
    await on_its_way_out(yard, "archive")
    left = yard.destinations.stores.pop("archive")
    await removed(yard)
    assert (await yard.delivery()).state is DeliveryState.DELETED
    assert left.objects == {}


async def test_a_copy_at_a_place_that_nobody_knows_any_more_is_named(yard: Yard) -> None:
    await on_its_way_out(yard, "archive")
    del yard.destinations.stores["archive"]
    yard.destinations.places.clear()
    await removed(yard)
    named = await yard.delivery()
    assert named.state is DeliveryState.UNDELETABLE
    assert "not in the configuration any more" in named.reason


async def test_what_is_not_on_its_way_out_is_left_alone(yard: Yard) -> None:
    await yard.rendered()
    await yard.run()
    before = await yard.everything()
    await removed(yard)
    assert await yard.everything() == before
    assert yard.archive.objects


async def test_a_copy_that_landed_just_before_a_crash_goes_too_when_the_recording_is_discarded(yard: Yard) -> None:
    await yard.rendered()
    await yard.apply(yard.caller())
    delivery = await yard.delivery()
    await yard.catalogue.shipping.named(delivery, "landed.wav", "the place of archive")
    yard.archive.objects["landed.wav"] = SOUND
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.DISCARDED, reason="by ada")
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert (await yard.delivery()).state is DeliveryState.DELETED
    assert yard.archive.objects == {}


async def test_an_object_of_somebody_else_under_the_chosen_name_stays(yard: Yard) -> None:
    await yard.rendered()
    delivery = await yard.delivery()
    await yard.catalogue.shipping.named(delivery, "theirs.wav", "the place of archive")
    yard.archive.objects["theirs.wav"] = b"not ours"
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.DISCARDED, reason="by ada")
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert yard.archive.objects == {"theirs.wav": b"not ours"}


async def test_a_try_to_store_that_nobody_can_look_at_now_is_waited_for_and_keeps_no_other_copy_there(
    yard: Yard,
) -> None:
    """A crash hid whether it landed: erased means everywhere."""
    yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    await yard.apply(yard.caller())
    named = await yard.delivery("archive")
    await yard.catalogue.shipping.named(named, "landed.wav", "the place of archive")
    yard.archive.objects["landed.wav"] = SOUND
    other = await yard.delivery("other")
    await yard.catalogue.shipping.named(other, "theirs.wav", "the place of other")
    yard.destinations.stores["other"].objects["theirs.wav"] = SOUND
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.DISCARDED, reason="by ada")
    yard.archive.fail_next(DestinationUnreachable("no answer"))
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVING
    assert (await yard.delivery("other")).state is DeliveryState.DELETED
    (due,) = await yard.dues()
    assert (due.kind, due.attempt) == ("remove", 2)
    await removed(yard, attempt=2)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert [store.objects for store in yard.destinations.stores.values()] == [{}, {}]


@pytest.mark.parametrize("steps_before", [0, 1, 2, 3])
async def test_a_copy_that_lands_while_its_recording_is_removed_goes_too_whatever_step_removal_had_come_to(
    yard: Yard, steps_before: int
) -> None:
    store, storing = await held_in_mid_put(yard)
    for _, step in yard.removing.steps[:steps_before]:
        await step(RECORDING, 1)
    is_over = steps_before == len(yard.removing.steps)
    assert ((await yard.recording()).state is RecordingState.REMOVED) == is_over
    store.released.set()
    await storing
    assert store.objects == {"call-1.wav": SOUND}
    for _, step in yard.removing.steps[steps_before:]:
        await step(RECORDING, 1)
    await removed_by_dues(yard)
    assert store.objects == {}
    assert (await yard.delivery()).state is DeliveryState.DELETED
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert await yard.dues() == []


async def test_removal_is_not_over_while_a_copy_is_stored(yard: Yard) -> None:
    """Even when whoever stored it dies before he can say so."""
    await yard.rendered()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    steps = dict(yard.removing.steps)
    await steps["remove copies"](RECORDING, 1)
    yard.archive.objects["late.wav"] = SOUND
    await yard.catalogue.shipping.named(await yard.delivery(), "late.wav", "the place of archive")
    await yard.catalogue.shipping.delivery_moved(await yard.delivery(), DeliveryEvent.STORED)
    await steps["forget"](RECORDING, 1)
    assert (await yard.recording()).state is RecordingState.REMOVING
    await removed_by_dues(yard)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert yard.archive.objects == {}


async def test_a_copy_that_landed_after_removal_is_found_though_a_crash_hid_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, storing = await held_in_mid_put(yard)
    await removed(yard)

    async def crash(*_: object, **__: object) -> None:
        raise CatalogueUnavailable("as good as killed")

    monkeypatch.setattr(yard.catalogue.shipping, "stored", crash)
    store.released.set()
    assert await storing == "as good as killed"
    monkeypatch.undo()
    assert (await yard.delivery()).state is DeliveryState.WAITING
    # The engine has the step at hand still.
    await yard.run("store")
    await removed_by_dues(yard)
    assert store.objects == {}
    assert (await yard.delivery()).state is DeliveryState.DELETED


async def test_a_copy_that_is_noted_as_stored_while_removal_looks_for_it_goes_all_the_same(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, storing = await held_in_mid_put(yard)
    looked = store.facts

    async def facts(name: str) -> ObjectFacts | None:
        store.released.set()
        await storing
        return await looked(name)

    monkeypatch.setattr(store, "facts", facts)
    await removed(yard)
    assert store.objects == {}
    assert (await yard.delivery()).state is DeliveryState.DELETED


async def test_a_late_copy_that_cannot_be_reached_or_deleted_is_waited_for_or_named(yard: Yard) -> None:
    store, storing = await held_in_mid_put(yard)
    await removed(yard)
    store.released.set()
    await storing
    store.fail_next(DestinationUnreachable("no answer"))
    await removed_by_dues(yard)
    assert (await yard.delivery()).state is DeliveryState.DELETING
    store.fail_next(DestinationRefused("object lock until 2030"))
    await removed_by_dues(yard)
    named = await yard.delivery()
    assert (named.state, named.reason) == (DeliveryState.UNDELETABLE, "object lock until 2030")
    assert await yard.dues() == []


async def test_what_is_erased_while_one_copy_is_on_its_way_is_sent_nowhere_else(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    store, storing = await held_in_mid_put(yard, "other")
    store.released.set()
    await storing
    assert other.objects == {}
    await removed(yard)
    assert store.objects == {}


@pytest.mark.parametrize("answer", [DestinationUnreachable("the reply was lost"), DestinationRefused("no proof")])
@pytest.mark.parametrize("backup", ["", "spare"])
async def test_a_late_copy_goes_too_when_the_store_never_said_that_it_landed(
    yard: Yard, answer: ConnectorError, backup: str
) -> None:
    """With a backup the try ends early: nobody may stand in any more."""
    yard.destinations.backups = {"archive": backup}
    store, storing = await held_in_mid_put(yard)
    await removed(yard)
    store.answer = answer
    store.released.set()
    await storing
    assert store.objects
    await removed_by_dues(yard)
    assert store.objects == {}
    assert (await yard.recording()).state is RecordingState.REMOVED


@pytest.mark.parametrize("trouble", [DestinationRefused("the proof failed"), DestinationUnreachable("reply lost")])
async def test_the_last_try_of_what_was_given_up_may_have_landed_and_goes_too(
    yard: Yard, trouble: ConnectorError
) -> None:
    await yard.rendered()
    attempt = 0
    while (given_up := await yard.delivery()).state is DeliveryState.WAITING:
        yard.archive.fail_next(trouble)
        attempt += 1
        await yard.run(attempt=attempt)
    assert given_up.state in {DeliveryState.REFUSED, DeliveryState.GAVE_UP}
    yard.archive.objects[given_up.object_name] = SOUND
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    assert yard.archive.objects == {}
    assert (await yard.recording()).state is RecordingState.REMOVED


async def test_a_place_that_was_given_up_holds_no_removal_up(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    await yard.rendered()
    yard.archive.fail_next(DestinationRefused("the archive said 403"))
    await yard.run()
    yard.archive.fail_next(DestinationUnreachable("no answer"))
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert "copy not looked for" in caplog.text
