"""The file of a transcript that is made anew, on both databases: where each version lies, and what is to replace it."""

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.domain.transcript import Transcript
from connector.errors import IllegalTransition
from connector.ports.call_ledger import JournalPosition
from connector.ports.shipping_ledger import RecordingFile
from tests.builders import MORNING, RECORDING, a_call, a_delivery, a_due, a_recording, a_rendering, an_artefact
from tests.contract.catalogue.conftest import NOW

ID = RecordingId(RECORDING)
LATER = MORNING + 1e6
STORED, WAITING = DeliveryState.STORED, DeliveryState.WAITING


def a_paper(version: int = 1) -> Artefact:
    path = f"work/{RECORDING}/transcript-{version}.json"
    return an_artefact(kind=ArtefactKind.TRANSCRIPT, format="json", path=path, sha256=f"{version:064}", version=version)


def to(destination: str) -> Delivery:
    return a_delivery(kind=ArtefactKind.TRANSCRIPT, destination=destination)


@pytest.fixture
async def filed(catalogue: Catalogue) -> Catalogue:
    """An available recording whose words lie at `a`, are on their way to `b`, and were refused by `c`."""
    shipping = catalogue.shipping
    recording = a_recording(state=RecordingState.CAPTURED)
    await catalogue.calls.apply("here", [a_call(), recording], JournalPosition(file="j", offset=1))
    sound = an_artefact()
    await shipping.rendered(ID, a_rendering(artefacts=(sound,)), [a_delivery(destination="a")])
    await shipping.delivery_moved(a_delivery(destination="a"), DeliveryEvent.STORED)
    await shipping.moved(ID, RecordingEvent.STORED)
    await shipping.added(a_paper(), [to("a"), to("b"), to("c")])
    await shipping.named(to("a"), "a.json", "s-1")
    await shipping.delivery_moved(to("a"), DeliveryEvent.STORED, url="s3://a/a.json", version=1)
    await shipping.delivery_moved(to("c"), DeliveryEvent.REFUSED, reason="no such bucket")
    return catalogue


async def the_file(catalogue: Catalogue) -> RecordingFile:
    file = await catalogue.shipping.file(ID)
    assert file is not None
    return file


async def at(catalogue: Catalogue, destination: str, kind: ArtefactKind = ArtefactKind.TRANSCRIPT) -> Delivery:
    file = await the_file(catalogue)
    return next(one for one in file.deliveries if (one.destination, one.kind) == (destination, kind))


async def dues(catalogue: Catalogue) -> list[Due]:
    return await catalogue.dues.fallen("here", LATER, 9)


async def test_a_newer_version_is_to_go_where_an_earlier_one_lies(filed: Catalogue) -> None:
    due = a_due(attempt=7)
    await filed.shipping.renewed(a_paper(2), [due])
    waiting = await at(filed, "a")
    assert (waiting.state, waiting.version, waiting.stored_at, waiting.attempts) == (WAITING, 1, NOW, 0)
    assert (waiting.object_name, waiting.place, waiting.url) == ("a.json", "s-1", "s3://a/a.json")
    assert waiting.has_earlier
    assert (await the_file(filed)).artefact(waiting) == a_paper(2)
    assert await dues(filed) == [due]


async def test_what_is_not_there_stays_as_it_is_and_the_sound_too(filed: Catalogue) -> None:
    before = await the_file(filed)
    await filed.shipping.renewed(a_paper(2))
    after = await the_file(filed)
    others = [one for one in before.deliveries if (one.destination, one.kind) != ("a", ArtefactKind.TRANSCRIPT)]
    assert [one for one in after.deliveries if one in others] == others
    assert not (await at(filed, "b")).has_earlier
    assert (await at(filed, "c")).state is DeliveryState.REFUSED


@pytest.mark.parametrize("version", [1, 2])
async def test_the_same_version_again_or_an_earlier_one_changes_nothing(filed: Catalogue, version: int) -> None:
    await filed.shipping.renewed(a_paper(2))
    await filed.shipping.delivery_moved(await at(filed, "a"), DeliveryEvent.STORED, version=2)
    before = await the_file(filed)
    await filed.shipping.renewed(a_paper(version), [a_due(attempt=8)])
    assert await the_file(filed) == before
    assert await dues(filed) == []


async def test_of_what_is_on_its_way_out_nothing_is_made_anew(filed: Catalogue) -> None:
    await filed.shipping.moved(ID, RecordingEvent.ERASED)
    before = await the_file(filed)
    with pytest.raises(IllegalTransition):
        await filed.shipping.renewed(a_paper(2), [a_due(attempt=8)])
    assert await the_file(filed) == before
    assert await dues(filed) == []


async def test_a_version_that_has_landed_is_what_lies_there(filed: Catalogue) -> None:
    await filed.shipping.renewed(a_paper(2))
    assert await filed.shipping.delivery_moved(await at(filed, "a"), DeliveryEvent.STORED, version=2) is STORED
    found = await at(filed, "a")
    assert (found.state, found.version, found.object_name) == (STORED, 2, "a.json")


async def test_a_version_that_lands_when_a_newer_one_is_made_is_replaced_and_no_other_copy(filed: Catalogue) -> None:
    on_its_way = await at(filed, "b")
    await filed.shipping.renewed(a_paper(2))
    await filed.shipping.delivery_moved(await at(filed, "a"), DeliveryEvent.STORED, version=2)
    assert await filed.shipping.delivery_moved(on_its_way, DeliveryEvent.STORED, version=1) is WAITING
    assert (await at(filed, "b")).has_earlier
    assert (await at(filed, "a")).state is STORED


async def test_where_the_newer_version_does_not_go_the_earlier_one_is_stored(filed: Catalogue) -> None:
    await filed.shipping.renewed(a_paper(2))
    await filed.shipping.delivery_moved(await at(filed, "a"), DeliveryEvent.KEPT, reason="locked")
    found = await at(filed, "a")
    assert (found.state, found.version, found.stored_at, found.reason) == (STORED, 1, NOW, "locked")


@pytest.mark.parametrize(
    ("is_left", "state", "kinds"), [(False, DeliveryState.DELETING, ["withdraw"]), (True, DeliveryState.LEFT, [])]
)
async def test_words_that_are_over_take_the_earlier_file_with_them_unless_it_is_left(
    filed: Catalogue, is_left: bool, state: DeliveryState, kinds: list[str]
) -> None:
    await spoken(filed)
    await filed.shipping.renewed(a_paper(2))
    assert await filed.keeping.remove_transcripts([ID], "over", lambda _: is_left) == 1
    assert (await at(filed, "a")).state is state
    assert [due.kind for due in await dues(filed)] == kinds


@pytest.mark.parametrize("had_gone", [False, True])
async def test_a_file_that_lands_after_its_words_are_over_goes_again(filed: Catalogue, had_gone: bool) -> None:
    await spoken(filed)
    await filed.shipping.renewed(a_paper(2))
    on_its_way = await at(filed, "a")
    assert await filed.keeping.remove_transcripts([ID], "over") == 1
    if had_gone:
        await filed.shipping.delivery_moved(on_its_way, DeliveryEvent.DELETED)
    await filed.dues.forwarded(await dues(filed))
    state = await filed.shipping.delivery_moved(on_its_way, DeliveryEvent.STORED, version=2)
    assert state is DeliveryState.DELETING
    assert [due.kind for due in await dues(filed)] == ["withdraw"]


async def spoken(catalogue: Catalogue) -> None:
    transcript = Transcript(recording_id=ID, call_id=a_call().id, organisation="default")
    await catalogue.transcriptions.begun(transcript)
    await catalogue.transcriptions.done(transcript, [])
