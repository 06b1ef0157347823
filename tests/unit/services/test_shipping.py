"""A recording's way from CAPTURED to AVAILABLE, with real files, a real catalogue and a store that can fail."""

from dataclasses import replace

import pytest

from connector.domain.recording import ArtefactKind, Delivery, Recording
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import CatalogueUnavailable, DestinationRefused, DestinationUnreachable, NoRoom
from connector.network.backoff import SCHEDULE_SECONDS
from connector.ports.destinations import Destination
from connector.ports.workshop import Job, Result
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING, a_call, a_recording
from tests.unit.services.yard import OPTIONS, SOUND, MemoryDestinations, Yard

AWAY = DestinationUnreachable("archive does not answer")


async def test_a_captured_recording_becomes_available_with_the_sound_that_was_said(yard: Yard) -> None:
    await yard.captured(yard.caller(), yard.agent())
    assert await yard.run() == ""
    file = await yard.file()
    assert file.recording.state is RecordingState.AVAILABLE
    assert file.rendering is not None
    assert (round(file.rendering.duration_seconds, 2), file.rendering.is_partial) == (2.0, False)
    (delivery,) = file.deliveries
    assert (delivery.state, delivery.url) == (DeliveryState.STORED, "memory:///call-1.wav")
    made = (yard.state / file.artefact(delivery).path).read_bytes()
    assert yard.archive.objects == {"call-1.wav": made}


async def test_a_second_run_of_every_step_changes_nothing(yard: Yard) -> None:
    await yard.captured(yard.caller(), yard.agent())
    for name, _ in yard.shipping.steps:
        await yard.run(name)
        before, objects = await yard.everything(), dict(yard.archive.objects)
        assert await yard.run(name) == ""
        assert (await yard.everything(), yard.archive.objects) == (before, objects), name


async def test_every_wanted_kind_goes_to_every_destination(yard: Yard) -> None:
    yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other", kinds=(ArtefactKind.MONO, ArtefactKind.STEREO))
    await yard.run()
    assert {one.state for one in (await yard.file()).deliveries} == {DeliveryState.STORED}
    assert yard.archive.objects.keys() == yard.destinations.stores["other"].objects.keys()
    assert len(yard.archive.objects) == 2


async def test_the_manifest_goes_when_the_sound_of_which_it_tells_is_there(yard: Yard) -> None:
    yard.destinations.with_manifest = {"archive"}
    await yard.captured(yard.caller(), yard.agent(), options=replace(OPTIONS, separate=True))
    await yard.run()
    assert [name.rpartition(".")[2] for name in yard.archive.objects] == ["wav", "wav", "wav", "json"]


async def test_a_full_disk_of_ours_is_looked_at_again_and_is_never_final(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(job: Job) -> Result:
        raise NoRoom("no space left for the work files")

    await yard.captured(yard.caller(), yard.agent())
    make = yard.workshop.make
    monkeypatch.setattr(yard.workshop, "make", full)
    for attempt in (1, 50):
        assert "no space left" in await yard.run(attempt=attempt)
        assert (await yard.recording()).state is RecordingState.CAPTURED
    assert {(due.attempt, due.at) for due in await yard.dues()} == {(at, yard.clock.now() + 30) for at in (2, 51)}
    monkeypatch.setattr(yard.workshop, "make", make)
    assert await yard.run(attempt=51) == ""
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_broken_audio_fails_with_the_reason_and_a_retry_takes_it_up_again(yard: Yard) -> None:
    segment = yard.caller()
    whole = (yard.spool / segment.path).read_bytes()
    (yard.spool / segment.path).write_bytes(b"")
    await yard.captured(segment)
    await yard.run()
    broken = await yard.recording()
    assert (broken.state, broken.reason) == (
        RecordingState.FAILED_RENDER,
        "no segment holds a single frame of sound; caller.wav: empty",
    )
    assert await yard.dues() == []
    (yard.spool / segment.path).write_bytes(whole)
    assert await yard.reviving.revive(RECORDING) is RecordingState.CAPTURED
    (due,) = await yard.dues()
    await yard.run(attempt=due.attempt)
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_pbx_that_is_not_in_the_configuration_any_more_fails_the_recording_and_says_so(yard: Yard) -> None:
    await yard.captured(yard.caller(), pbx="former")
    await yard.run()
    failed = await yard.recording()
    assert failed.state is RecordingState.FAILED_RENDER
    assert "'former' is not in the configuration" in failed.reason


async def test_a_refused_upload_fails_the_recording_until_somebody_retries(yard: Yard) -> None:
    await yard.rendered()
    yard.archive.fail_next(DestinationRefused("archive said 403"))
    assert await yard.run() == ""
    refused = await yard.recording()
    assert (refused.state, refused.reason) == (RecordingState.FAILED_STORE, "archive said 403")
    assert (await yard.delivery()).state is DeliveryState.REFUSED
    assert await yard.dues() == []
    assert await yard.reviving.revive(RECORDING) is RecordingState.RENDERED
    assert (await yard.delivery()).attempts == 0
    (due,) = await yard.dues()
    await yard.run(attempt=due.attempt)
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_a_destination_that_is_away_is_tried_by_the_schedule_and_then_given_up(yard: Yard) -> None:
    await yard.rendered()
    attempt, waits = 1, []
    while True:
        yard.archive.fail_next(AWAY)
        await yard.run(attempt=attempt)
        dues = [due for due in await yard.dues() if due.attempt == attempt + 1]
        if not dues:
            break
        waits.append(round(dues[0].at - yard.clock.now(), 6))
        assert (await yard.delivery()).reason == "archive does not answer"
        attempt += 1
    assert waits == list(SCHEDULE_SECONDS)
    assert (await yard.delivery()).state is DeliveryState.GAVE_UP
    assert (await yard.recording()).state is RecordingState.FAILED_STORE
    assert (await yard.recording()).reason == "archive does not answer"


async def test_the_wait_is_drawn_so_that_uploads_that_failed_together_do_not_come_together(yard: Yard) -> None:
    yard.shipping._draw = lambda: 1.0
    await yard.rendered()
    yard.archive.fail_next(AWAY)
    await yard.run()
    (due,) = await yard.dues()
    assert due.at - yard.clock.now() == pytest.approx(SCHEDULE_SECONDS[0] * 1.1)


async def test_a_destination_that_comes_back_gets_the_recording(yard: Yard) -> None:
    await yard.rendered()
    yard.archive.fail_next(AWAY)
    await yard.run()
    assert (await yard.recording()).state is RecordingState.RENDERED
    await yard.run(attempt=2)
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert (await yard.delivery()).attempts == 2


async def test_one_destination_that_holds_all_makes_it_available_and_the_other_follows(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    other.fail_next(AWAY)
    await yard.run()
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert ((await yard.delivery()).state, (await yard.delivery("other")).state) == (
        DeliveryState.STORED,
        DeliveryState.WAITING,
    )
    (due,) = await yard.dues()
    await yard.run(attempt=due.attempt)
    assert (await yard.delivery("other")).state is DeliveryState.STORED
    assert other.objects == {"call-1.wav": SOUND}


async def test_half_of_the_files_at_each_of_two_destinations_is_not_available(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other", kinds=(ArtefactKind.MONO, ArtefactKind.STEREO))
    yard.archive.fail_next(DestinationRefused("no"))
    other.fail_next(AWAY)
    await yard.run()
    assert (await yard.recording()).state is RecordingState.RENDERED


async def test_the_failure_of_a_second_destination_never_takes_available_back(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    other.fail_next(DestinationRefused("the other said 403"))
    await yard.run()
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert await yard.reviving.revive(RECORDING) is RecordingState.AVAILABLE
    (due,) = await yard.dues()
    await yard.run(attempt=due.attempt)
    assert (await yard.delivery("other")).state is DeliveryState.STORED


async def test_a_destination_that_left_the_configuration_is_refused_and_named(yard: Yard) -> None:
    await yard.rendered("gone")
    await yard.run()
    assert "'gone' is not in the configuration" in (await yard.recording()).reason
    assert (await yard.delivery("gone")).state is DeliveryState.REFUSED


async def test_what_failed_at_capture_or_is_unfinished_is_not_retried(yard: Yard) -> None:
    for state in (RecordingState.FAILED_CAPTURE, RecordingState.ABSENT):
        await yard.apply(a_call(), a_recording(id=f"it is {state}", state=state))
        assert await yard.reviving.revive(f"it is {state}") is state
    assert await yard.dues() == []


async def test_an_unforeseen_error_is_written_down_and_tried_again_until_the_tries_are_over(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(job: Job) -> Result:
        raise ZeroDivisionError("nobody thought of that")

    await yard.captured(yard.caller())
    monkeypatch.setattr(yard.workshop, "make", broken)
    assert "nobody thought" in await yard.run(attempt=1)
    (due,) = await yard.dues()
    assert due.attempt == 2
    assert due.at - yard.clock.now() == pytest.approx(SCHEDULE_SECONDS[0])
    await yard.run(attempt=len(SCHEDULE_SECONDS) + 1)
    assert (await yard.recording()).state is RecordingState.FAILED_RENDER
    assert (await yard.recording()).reason == "ZeroDivisionError: nobody thought of that"


async def test_a_catalogue_that_is_away_is_no_failure_of_the_recording(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await yard.rendered()

    async def locked(*_: object, **__: object) -> None:
        raise CatalogueUnavailable("it is locked")

    monkeypatch.setattr(yard.catalogue.shipping, "named", locked)
    with pytest.raises(CatalogueUnavailable):
        await dict(yard.shipping.steps)["store"](RECORDING, 1)
    monkeypatch.undo()
    assert (await yard.delivery()).state is DeliveryState.WAITING
    await yard.run()
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_recording_that_was_removed_meanwhile_is_left_alone(yard: Yard) -> None:
    await yard.captured(yard.caller(), state=RecordingState.REMOVING)
    before = await yard.everything()
    assert await yard.run() == ""
    assert await yard.everything() == before


async def test_an_unknown_recording_ends_the_attempt_with_its_id(yard: Yard) -> None:
    assert "knows no recording recording-1" in await yard.run()


class Moving(MemoryDestinations):
    """The archive is another bucket as soon as the configuration says so; remembers whose parts were let go of."""

    def __init__(self) -> None:
        super().__init__()
        self.stores = {"archive": Parted()}
        self.bucket = "the old bucket"

    async def find(self, name: str, recording: Recording) -> Destination | None:
        found = await super().find(name, recording)
        if found is None:
            return None
        self.places[self.bucket] = replace(found, place=self.bucket)
        return self.places[self.bucket]

    async def holding(self, delivery: Delivery, recording: Recording) -> Destination | None:
        return self.places.get(delivery.place)


class Parted(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.abandoned: list[str] = []

    async def abandon(self, name: str) -> None:
        self.abandoned.append(name)


async def refused_in_mid_upload(yard: Yard) -> tuple[Moving, Parted]:
    moving, old = Moving(), Parted()
    moving.stores["archive"] = old
    yard.follow(moving)
    await yard.rendered()
    old.fail_next(DestinationRefused("the key was revoked"))
    await yard.run()
    assert (await yard.delivery()).state is DeliveryState.REFUSED
    assert old.abandoned == []
    return moving, old


@pytest.mark.parametrize("becomes", ["another bucket", "nothing"])
async def test_a_retry_that_goes_elsewhere_lets_go_of_the_parts_where_it_began(yard: Yard, becomes: str) -> None:
    moving, old = await refused_in_mid_upload(yard)
    del moving.stores["archive"]
    if becomes == "another bucket":
        moving.bucket, moving.stores["archive"] = becomes, Parted()
    await yard.reviving.revive(RECORDING)
    assert old.abandoned == ["call-1.wav"]
    await yard.run(attempt=2)
    assert [store.objects for store in moving.stores.values()] == [{"call-1.wav": SOUND}][: len(moving.stores)]


async def test_a_retry_at_the_same_place_goes_on_with_the_parts_that_are_there(yard: Yard) -> None:
    _, old = await refused_in_mid_upload(yard)
    await yard.reviving.revive(RECORDING)
    await yard.run(attempt=2)
    assert old.abandoned == []
    assert old.objects == {"call-1.wav": SOUND}


async def test_a_retry_is_not_kept_from_its_way_by_an_old_place_that_is_away(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moving, old = await refused_in_mid_upload(yard)

    async def away(name: str) -> None:
        raise AWAY

    monkeypatch.setattr(old, "abandon", away)
    moving.bucket, moving.stores["archive"] = "another bucket", Parted()
    assert await yard.reviving.revive(RECORDING) is RecordingState.RENDERED
    assert "not tidied up" in caplog.text
    await yard.run(attempt=2)
    assert (await yard.delivery()).state is DeliveryState.STORED
