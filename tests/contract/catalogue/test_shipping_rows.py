"""The ShippingLedger on both databases."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from connector.catalogue.store import Catalogue
from connector.catalogue.tables import DELIVERIES, MAY_HAVE_FILES, RECORDINGS
from connector.domain.call import CallState, Role, Side
from connector.domain.decision import Change
from connector.domain.ids import RecordingId
from connector.domain.notification import telling
from connector.domain.recording import ArtefactKind, ChannelLabel, Delivery, Gap, Levels, Recording
from connector.domain.states import DELIVERY, DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.domain.transcript import TRANSCRIBING
from connector.errors import IllegalTransition, ObjectExists
from connector.ports.call_ledger import JournalPosition
from connector.ports.shipping_ledger import RecordingFile
from tests.builders import (
    MORNING,
    RECORDING,
    a_call,
    a_delivery,
    a_due,
    a_recording,
    a_rendering,
    a_segment,
    an_artefact,
)
from tests.contract.catalogue.conftest import NOW

LATER = MORNING + 1e6


async def captured(catalogue: Catalogue, *more: Change) -> None:
    changes = [a_call(), a_recording(state=RecordingState.CAPTURED), a_segment(), *more]
    await catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=1))


async def rendered(catalogue: Catalogue, *deliveries: Delivery, recording_id: str = RECORDING) -> None:
    artefacts = (an_artefact(recording_id=recording_id),)
    await catalogue.shipping.rendered(RecordingId(recording_id), a_rendering(artefacts=artefacts), deliveries)


async def the_file(catalogue: Catalogue, recording_id: str = RECORDING) -> RecordingFile:
    file = await catalogue.shipping.file(RecordingId(recording_id))
    assert file is not None
    return file


async def test_an_unknown_recording_has_no_file(catalogue: Catalogue) -> None:
    assert await catalogue.shipping.file(RecordingId("nobody's")) is None


async def test_everything_about_a_recording_comes_in_one_file(catalogue: Catalogue) -> None:
    await captured(catalogue, a_segment(id="segment-2", requested_at=MORNING))
    rendering = a_rendering(
        gaps=(Gap(side=Side.RIGHT, start_seconds=1.25, end_seconds=2.5, reason="hold"),),
        channels=(ChannelLabel(index=0, role=Role.AGENT, party="201"),),
        levels=(Levels(side=Side.LEFT, silence_ratio=0.1, clipped_ratio=0.2, peak=0.3, is_silent=True),),
        is_partial=True,
        troubles=("segment-2: unclosed",),
        artefacts=(an_artefact(kind=ArtefactKind.MONO, size_bytes=2**40), an_artefact()),
    )
    deliveries = [a_delivery(), a_delivery(kind=ArtefactKind.MONO, destination="other")]
    await catalogue.shipping.rendered(RECORDING, rendering, deliveries)
    file = await the_file(catalogue)
    assert file == RecordingFile(
        recording=a_recording(state=RecordingState.RENDERED),
        call=a_call(),
        segments=(a_segment(id="segment-2", requested_at=MORNING), a_segment()),
        rendering=rendering,
        deliveries=tuple(deliveries),
    )
    assert file.artefact(deliveries[1]).size_bytes == 2**40


async def test_a_file_is_refreshed_while_its_copies_are_made(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    file = await the_file(catalogue)
    assert await catalogue.shipping.refreshed(file) == file
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.STORED, url="file:///x")
    await catalogue.shipping.moved(RECORDING, RecordingEvent.STORED)
    paper = an_artefact(kind=ArtefactKind.TRANSCRIPT)
    await catalogue.shipping.added(paper, [a_delivery(kind=ArtefactKind.TRANSCRIPT)])
    after = await catalogue.shipping.refreshed(file)
    assert after == await the_file(catalogue) != file
    gone = replace(file, recording=replace(file.recording, id=RecordingId("nobody's")))
    with pytest.raises(IllegalTransition, match="nobody's"):
        await catalogue.shipping.refreshed(gone)


async def test_a_recording_whose_call_was_lost_can_still_be_shipped(catalogue: Catalogue) -> None:
    await catalogue.calls.apply("here", [a_recording()], JournalPosition(file="j", offset=1))
    call = (await the_file(catalogue)).call
    assert (call.id, call.organisation, call.state) == (a_recording().call_id, "default", CallState.ENDED)


async def test_a_state_moves_with_its_reason_and_its_due_rows(catalogue: Catalogue) -> None:
    await captured(catalogue)
    due = a_due(attempt=2)
    state = await catalogue.shipping.moved(RECORDING, RecordingEvent.UNUSABLE, reason="no sound", due=[due])
    assert state is RecordingState.FAILED_RENDER
    recording = (await the_file(catalogue)).recording
    assert (recording.state, recording.reason) == (RecordingState.FAILED_RENDER, "no sound")
    assert await catalogue.dues.fallen("here", LATER, 9) == [due]


async def test_an_illegal_move_changes_nothing(catalogue: Catalogue) -> None:
    await captured(catalogue)
    before = await the_file(catalogue)
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.moved(RECORDING, RecordingEvent.STORED, reason="too soon", due=[a_due()])
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.moved(RecordingId("nobody's"), RecordingEvent.STORED)
    assert await the_file(catalogue) == before
    assert await catalogue.dues.waiting() == 0


async def test_rendering_twice_changes_nothing(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    before = await the_file(catalogue)
    await catalogue.shipping.rendered(RECORDING, a_rendering(duration_seconds=1.0), [a_delivery(destination="new")])
    assert await the_file(catalogue) == before


async def test_what_is_on_its_way_out_is_not_rendered(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED)
    with pytest.raises(IllegalTransition):
        await rendered(catalogue, a_delivery())
    assert (await the_file(catalogue)).rendering is None


async def test_an_object_name_is_committed_before_anything_else(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery(), a_delivery(destination="other"))
    await catalogue.shipping.named(a_delivery(), "2026/one.mp3", "s-1")
    named, other = (await the_file(catalogue)).deliveries
    assert named == a_delivery(object_name="2026/one.mp3", place="s-1")
    assert other == a_delivery(destination="other")
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.named(a_delivery(destination="nobody's"), "x", "s-1")


async def test_a_name_that_was_taken_is_chosen_anew_with_the_place_of_then(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    await catalogue.shipping.named(a_delivery(), "one-1.mp3", "s-2")
    assert (await the_file(catalogue)).deliveries == (a_delivery(object_name="one-1.mp3", place="s-2"),)


async def test_two_copies_share_no_name_in_one_place(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery(), a_delivery(destination="other"))
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    other = a_delivery(destination="other")
    with pytest.raises(ObjectExists, match=r"'one\.mp3' is the name of a copy of recording recording-1 there already"):
        await catalogue.shipping.named(other, "one.mp3", "s-1")
    assert (await the_file(catalogue)).deliveries[1] == other
    await catalogue.shipping.named(other, "one.mp3", "s-2")
    await catalogue.shipping.named(other, "one.mp3", "s-1", overwrite=True)


async def test_the_name_of_a_copy_that_was_waived_is_free(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery(), a_delivery(destination="other"))
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.REFUSED, reason="no such bucket")
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.WAIVED)
    await catalogue.shipping.named(a_delivery(destination="other"), "one.mp3", "s-1")


async def test_of_many_who_want_one_name_at_the_same_moment_one_gets_it(catalogue: Catalogue) -> None:
    await captured(catalogue)
    wishes = [a_delivery(destination=f"archive-{number}") for number in range(6)]
    await rendered(catalogue, *wishes)
    namings = (catalogue.shipping.named(wish, "one.mp3", "s-1") for wish in wishes)
    outcomes = await asyncio.gather(*namings, return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, ObjectExists) for outcome in outcomes) == 5


async def test_a_stored_delivery_still_knows_its_place(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.named(a_delivery(), "one.mp3", "s-1")
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.STORED, url="s3://bucket/one.mp3")
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.DELETING)
    (leaving,) = (await the_file(catalogue)).deliveries
    assert (leaving.object_name, leaving.place) == ("one.mp3", "s-1")


async def test_a_stand_in_is_one_more_delivery_of_the_same_organisation(catalogue: Catalogue) -> None:
    recording = a_recording(organisation="acme", state=RecordingState.CAPTURED)
    await catalogue.calls.apply("here", [recording], JournalPosition(file="journal-00000001.jsonl", offset=1))
    await rendered(catalogue, a_delivery())
    stand_in = a_delivery(destination="backup", stands_for="archive")
    await catalogue.shipping.stood_in(stand_in)
    assert (await the_file(catalogue)).deliveries == (a_delivery(), stand_in)
    owners = select(DELIVERIES.c.organisation)
    found = await catalogue.database.read(lambda connection: connection.execute(owners).scalars().all())
    assert found == ["acme", "acme"]


async def test_a_delivery_that_is_there_already_stands_in_for_nobody(catalogue: Catalogue) -> None:
    await captured(catalogue)
    wished_for = a_delivery(destination="backup")
    await rendered(catalogue, a_delivery(), wished_for)
    await catalogue.shipping.named(wished_for, "one.mp3", "s-1")
    before = await the_file(catalogue)
    await catalogue.shipping.stood_in(a_delivery(destination="backup", stands_for="archive"))
    assert await the_file(catalogue) == before


async def test_a_stand_in_for_an_unknown_recording_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(IllegalTransition, match="nobody's"):
        await catalogue.shipping.stood_in(a_delivery(recording_id="nobody's", stands_for="archive"))


async def test_a_stored_delivery_knows_when_where_and_after_how_many_tries(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    due = a_due(attempt=2)
    await catalogue.shipping.delivery_postponed(a_delivery(), "503", due)
    (waiting,) = (await the_file(catalogue)).deliveries
    assert waiting == a_delivery(reason="503", attempts=1)
    await catalogue.shipping.delivery_moved(waiting, DeliveryEvent.STORED, url="s3://bucket/one.mp3")
    (stored,) = (await the_file(catalogue)).deliveries
    assert stored == a_delivery(
        state=DeliveryState.STORED, url="s3://bucket/one.mp3", attempts=2, stored_at=NOW, reason=""
    )
    assert await catalogue.dues.fallen("here", LATER, 9) == [due]
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.delivery_postponed(stored, "late", a_due(attempt=3))
    assert await catalogue.dues.waiting() == 1


async def test_what_landed_comes_back_with_all_its_copies(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery(), a_delivery(destination="other"))
    file, due = await the_file(catalogue), a_due(attempt=2)
    after = await catalogue.shipping.stored(file, a_delivery(), url="s3://bucket/one.mp3", version=1, due=[due])
    assert after == await the_file(catalogue)
    assert after.as_known(a_delivery()) == a_delivery(
        state=DeliveryState.STORED, url="s3://bucket/one.mp3", attempts=1, stored_at=NOW
    )
    assert after.as_known(a_delivery(destination="other")) == a_delivery(destination="other")
    assert await catalogue.dues.fallen("here", LATER, 9) == [due]


async def test_what_may_not_land_leaves_nothing_behind(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    file = await the_file(catalogue)
    unknown = a_delivery(destination="nobody's")
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.stored(file, unknown, url="s3://late", version=1, due=[a_due(attempt=2)])
    assert await the_file(catalogue) == file
    assert await catalogue.dues.waiting() == 0


async def test_a_delivery_that_nobody_tried_says_why_and_counts_no_attempt(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.delivery_untried(a_delivery(), "left alone", a_due(attempt=2))
    assert (await the_file(catalogue)).deliveries == (a_delivery(reason="left alone"),)
    await catalogue.shipping.delivery_postponed(a_delivery(), "503", a_due(attempt=3))
    await catalogue.shipping.delivery_untried(a_delivery(), "left alone", a_due(attempt=4))
    assert (await the_file(catalogue)).deliveries == (a_delivery(reason="503", attempts=1),)
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.WAIVED)
    await catalogue.shipping.delivery_untried(a_delivery(), "left alone", a_due(attempt=5))
    assert (await the_file(catalogue)).deliveries[0].reason == ""
    assert await catalogue.dues.waiting() == 4


async def test_a_retried_delivery_counts_from_the_start(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.GAVE_UP, reason="10 tries")
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.RETRIED, due=[a_due(attempt=2)])
    (again,) = (await the_file(catalogue)).deliveries
    assert again == a_delivery()
    assert await catalogue.dues.waiting() == 1


@pytest.mark.parametrize("event", [event for event in DeliveryEvent if event not in DELIVERY[DeliveryState.WAITING]])
async def test_a_waiting_delivery_refuses_what_cannot_happen_to_it(catalogue: Catalogue, event: DeliveryEvent) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    with pytest.raises(IllegalTransition):
        await catalogue.shipping.delivery_moved(a_delivery(), event, reason="no", due=[a_due()])
    assert (await the_file(catalogue)).deliveries == (a_delivery(),)
    assert await catalogue.dues.waiting() == 0


async def shipped(catalogue: Catalogue, recording_id: str, *destinations: DeliveryEvent | None) -> None:
    """An AVAILABLE recording with a delivery for each event; None = still waiting."""
    recording = a_recording(id=recording_id, state=RecordingState.CAPTURED)
    segment = a_segment(id=f"{recording_id}-rx", recording_id=recording_id, path=f"{recording_id}/rx.wav")
    await captured(catalogue, recording, segment)
    deliveries = [a_delivery(recording_id=recording_id, destination=str(n)) for n in range(len(destinations))]
    await rendered(catalogue, *deliveries, recording_id=recording_id)
    for delivery, event in zip(deliveries, destinations, strict=True):
        if event is DeliveryEvent.WAIVED:
            await catalogue.shipping.delivery_moved(delivery, DeliveryEvent.REFUSED)
        if event is not None:
            await catalogue.shipping.delivery_moved(delivery, event)
    await catalogue.shipping.moved(RecordingId(recording_id), RecordingEvent.STORED)


_STORED, _WAIVED, _REFUSED = DeliveryEvent.STORED, DeliveryEvent.WAIVED, DeliveryEvent.REFUSED


@pytest.mark.parametrize(
    ("deliveries", "may_go"),
    [
        ([_STORED], True),
        ([_STORED, _WAIVED], True),
        ([_STORED, None], False),
        ([_STORED, _REFUSED], False),
        ([_WAIVED], False),
        ([], False),
    ],
)
async def test_local_files_go_only_when_every_destination_has_them(
    catalogue: Catalogue, deliveries: Sequence[DeliveryEvent | None], may_go: bool
) -> None:
    await shipped(catalogue, "done", *deliveries)
    wanted = ["done"] if may_go else []
    assert await catalogue.shipping.files_to_remove("here", NOW + 1, 9) == wanted
    assert await catalogue.shipping.files_to_remove("here", NOW, 9) == [], "stored too late"
    assert await catalogue.shipping.files_to_remove("there", NOW + 1, 9) == []


async def test_removed_files_are_not_named_again(catalogue: Catalogue) -> None:
    await shipped(catalogue, "done", DeliveryEvent.STORED)
    await catalogue.shipping.sources_removed(RecordingId("done"))
    assert await catalogue.shipping.files_to_remove("here", NOW + 1, 9) == ["done"]
    await catalogue.shipping.artefacts_removed(RecordingId("done"))
    assert await catalogue.shipping.files_to_remove("here", NOW + 1, 9) == []


async def test_files_of_what_is_removed_or_absent_go_whatever_their_age(catalogue: Catalogue) -> None:
    absent = a_recording(id="absent", state=RecordingState.ABSENT)
    nothing_left = a_recording(id="nothing left", state=RecordingState.ABSENT)
    removed = a_recording(id="removed", state=RecordingState.REMOVED, requested_at=MORNING)
    segments = [a_segment(id=f"of {name}", recording_id=name) for name in ("absent", "removed")]
    await captured(catalogue, absent, nothing_left, removed, *segments)
    assert await catalogue.shipping.files_to_remove("here", 0.0, 9) == ["removed", "absent"]
    assert await catalogue.shipping.files_to_remove("here", 0.0, 1) == ["removed"]


async def test_those_that_never_had_a_file_are_noted_once_and_never_looked_through_again(catalogue: Catalogue) -> None:
    def ended(id: str, **over: object) -> Recording:
        return a_recording(**({"id": id, "state": RecordingState.ABSENT, "requested_at": MORNING} | over))

    late = ended("late", requested_at=MORNING + 50)
    theirs, live = ended("theirs", node="there"), ended("live", state=RecordingState.RECORDING)
    removed = ended("removed", state=RecordingState.REMOVED)
    written = a_segment(id="of written", recording_id="written")
    await captured(catalogue, ended("absent"), ended("written"), late, theirs, live, removed, written)
    noted = [await catalogue.shipping.note_fileless("here", MORNING + 50, 1) for _ in range(3)]
    assert noted == [1, 1, 0]
    wanted = select(RECORDINGS.c.id).where(MAY_HAVE_FILES)
    left = await catalogue.database.read(lambda connection: set(connection.execute(wanted).scalars()))
    assert left == {"written", "late", "theirs", "live", RECORDING}
    assert await catalogue.shipping.files_to_remove("here", NOW, 9) == ["written"]


async def test_paths_are_known_until_the_sources_are_removed_on_purpose(catalogue: Catalogue) -> None:
    other = a_recording(id="other", pbx="freeswitch")
    await captured(catalogue, other, a_segment(id="s2", recording_id="other", path="other.wav"))
    assert await catalogue.shipping.known_paths("asterisk") == {a_segment().path}
    await catalogue.shipping.sources_removed(RECORDING)
    assert await catalogue.shipping.known_paths("asterisk") == set()
    assert await catalogue.shipping.known_paths("freeswitch") == {"other.wav"}


async def test_what_nobody_works_on_is_stuck_and_gets_the_next_attempt(catalogue: Catalogue) -> None:
    other = a_recording(id="other", state=RecordingState.RENDERED, requested_at=MORNING)
    available = a_recording(id="available", state=RecordingState.AVAILABLE)
    elsewhere = a_recording(id="elsewhere", state=RecordingState.CAPTURED, node="there")
    due = a_due(attempt=3)
    await captured(catalogue, other, available, elsewhere, due)
    fresh = a_due(subject="other", attempt=1, at=NOW)
    assert await catalogue.shipping.stuck("here", 9) == [fresh]
    await catalogue.dues.forwarded([due])
    next_one = replace(due, attempt=4, at=NOW)
    assert await catalogue.shipping.stuck("here", 9) == [fresh, next_one]
    assert await catalogue.shipping.stuck("here", 1) == [fresh]
    assert await catalogue.shipping.next_attempt(RECORDING) == 4
    assert await catalogue.dues.waiting() == 0, "nothing was written"


async def test_a_due_part_of_a_recording_means_that_it_is_not_stuck(catalogue: Catalogue) -> None:
    await captured(catalogue, a_due(subject=f"{RECORDING}/stereo/archive", kind="store"))
    assert await catalogue.shipping.stuck("here", 9) == []


async def test_what_is_only_to_be_told_of_a_recording_hides_nothing(catalogue: Catalogue) -> None:
    await captured(catalogue, telling(RECORDING, "captured", MORNING + 1e6))
    assert [due.kind for due in await catalogue.shipping.stuck("here", 9)] == ["ship"]


async def test_an_available_recording_that_misses_a_copy_is_stuck_and_so_is_one_on_its_way_out(
    catalogue: Catalogue,
) -> None:
    await shipped(catalogue, "whole", DeliveryEvent.STORED)
    await shipped(catalogue, "missing", DeliveryEvent.STORED, None)
    await shipped(catalogue, "leaving", DeliveryEvent.STORED)
    await catalogue.shipping.moved(RecordingId("leaving"), RecordingEvent.ERASED)
    stuck = await catalogue.shipping.stuck("here", 9)
    assert {(due.kind, due.subject) for due in stuck if due.subject != RECORDING} == {
        ("ship", "missing"),
        ("remove", "leaving"),
    }


async def test_one_more_artefact_is_added_once_when_nobody_is_at_work_on_the_others(catalogue: Catalogue) -> None:
    paper = an_artefact(kind=ArtefactKind.TRANSCRIPT, format="json", path="work/x/transcript.json")
    delivery = a_delivery(kind=ArtefactKind.TRANSCRIPT)
    await captured(catalogue)
    with pytest.raises(IllegalTransition, match="captured"):
        await catalogue.shipping.added(paper, [delivery])
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.moved(RECORDING, RecordingEvent.STORED)
    await catalogue.shipping.artefacts_removed(RECORDING)
    due = a_due(attempt=2)
    await catalogue.shipping.added(paper, [delivery], [due])
    await catalogue.shipping.added(replace(paper, sha256="another"), [delivery])
    file = await the_file(catalogue)
    assert file.rendering is not None
    assert [one for one in file.rendering.artefacts if one.kind is ArtefactKind.TRANSCRIPT] == [paper]
    assert file.deliveries == (a_delivery(), delivery)
    assert await catalogue.dues.fallen("here", LATER, 9) == [due]


async def test_files_that_came_out_otherwise_take_the_place_of_what_was_known(catalogue: Catalogue) -> None:
    await captured(catalogue)
    mono, stereo = an_artefact(kind=ArtefactKind.MONO), an_artefact()
    await catalogue.shipping.rendered(RECORDING, a_rendering(artefacts=(mono, stereo)), [a_delivery()])
    otherwise = replace(stereo, sha256="f" * 64, size_bytes=7)
    await catalogue.shipping.remade(RECORDING, a_rendering(artefacts=(otherwise,), duration_seconds=1.5))
    file = await the_file(catalogue)
    assert file.rendering == a_rendering(artefacts=(mono, otherwise), duration_seconds=1.5)
    assert (file.recording.state, file.deliveries) == (RecordingState.RENDERED, (a_delivery(),))


async def test_what_is_on_its_way_out_is_not_remade(catalogue: Catalogue) -> None:
    await captured(catalogue, a_recording(state=RecordingState.REMOVING))
    with pytest.raises(IllegalTransition, match="nobody wants copies of it"):
        await catalogue.shipping.remade(RECORDING, a_rendering())
    assert (await the_file(catalogue)).rendering is None


async def test_what_is_not_heard_yet_keeps_its_files(catalogue: Catalogue) -> None:
    await captured(catalogue)
    await rendered(catalogue, a_delivery())
    await catalogue.shipping.delivery_moved(a_delivery(), DeliveryEvent.STORED)
    await catalogue.shipping.moved(RECORDING, RecordingEvent.STORED)
    hear = a_due(kind=TRANSCRIBING)
    await catalogue.dues.add([hear])
    assert await catalogue.shipping.files_to_remove("here", LATER, 9) == []
    assert await catalogue.shipping.stuck("here", 9) == []
    await catalogue.dues.forwarded([hear])
    assert await catalogue.shipping.files_to_remove("here", LATER, 9) == [RECORDING]
