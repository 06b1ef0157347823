"""Transcripts as people look them up, and as they are asked for of recordings that nobody wished to hear; on both
databases."""

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.ids import RecordingId
from connector.domain.states import RecordingEvent, TranscriptionState
from connector.errors import IllegalTransition, NotFound
from connector.ports.search_ledger import TranscriptFilter
from tests.builders import MORNING
from tests.contract.catalogue.conftest import NOW
from tests.contract.catalogue.keeping_site import R, available, recorded
from tests.contract.catalogue.test_transcription_rows import begun, done, due, heard, state, waiting

S = TranscriptionState
CLOUD = "cloud"


async def filled(catalogue: Catalogue) -> None:
    await begun(catalogue, "old", requested_at=MORNING)
    await done(catalogue, "old")
    await begun(catalogue, "new", requested_at=MORNING + 20)
    await begun(catalogue, "bad", requested_at=MORNING + 10)
    await catalogue.transcriptions.failed(R("bad"), "the model is not there")
    await recorded(catalogue, "mute", requested_at=MORNING + 30)


async def found(catalogue: Catalogue, wanted: TranscriptFilter, limit: int = 9, after: str = "") -> list[str]:
    last = RecordingId(after) if after else None
    return [one.recording_id for one in await catalogue.search.transcripts(wanted, limit=limit, after=last)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (TranscriptFilter(), ["new", "bad", "old"]),
        (TranscriptFilter(states=(S.FAILED, S.WAITING)), ["new", "bad"]),
        (TranscriptFilter(organisation="acme"), []),
        (TranscriptFilter(organisation="default", states=(S.DONE,)), ["old"]),
        (TranscriptFilter(made_after=NOW), ["bad", "old"]),
        (TranscriptFilter(made_after=NOW + 1), []),
    ],
    ids=str,
)
async def test_each_filter_finds_its_transcripts_those_of_the_newest_recordings_first(
    catalogue: Catalogue, wanted: TranscriptFilter, ids: list[str]
) -> None:
    await filled(catalogue)
    assert await found(catalogue, wanted) == ids


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_leave_none_out_and_show_none_twice(catalogue: Catalogue, size: int) -> None:
    await filled(catalogue)
    seen: list[str] = []
    while page := await found(catalogue, TranscriptFilter(), size, seen[-1] if seen else ""):
        seen += page
    assert seen == ["new", "bad", "old"]


async def test_a_found_one_is_the_current_one_with_its_lines(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await done(catalogue, "old", version=2, said="The package.")
    (found,) = await catalogue.search.transcripts(TranscriptFilter(states=(S.DONE,)), limit=9)
    assert found == heard("old", version=2, said="The package.")


async def test_how_many_are_in_each_state(catalogue: Catalogue) -> None:
    await filled(catalogue)
    assert await catalogue.search.transcript_counts() == {"done": 1, "waiting": 1, "failed": 1}
    assert await catalogue.search.transcript_counts("acme") == {}
    assert await catalogue.search.transcript_counts("default") == {"done": 1, "waiting": 1, "failed": 1}


async def test_one_that_nobody_wished_waits_for_the_engine_that_was_asked_for_and_falls_due(
    catalogue: Catalogue,
) -> None:
    await available(catalogue, "a")
    before = await due(catalogue)
    await catalogue.transcriptions.asked(waiting(), CLOUD, NOW)
    assert await state(catalogue) == (S.WAITING, "")
    assert await catalogue.transcriptions.engine_wished(R("a")) == CLOUD
    (new,) = set(await due(catalogue)) - set(before)
    assert new.startswith("transcribe/a/")


async def test_what_is_known_is_not_asked_for_a_first_time(catalogue: Catalogue) -> None:
    await begun(catalogue)
    before = await due(catalogue)
    with pytest.raises(IllegalTransition):
        await catalogue.transcriptions.asked(waiting(), CLOUD, NOW)
    assert await catalogue.transcriptions.engine_wished(R("a")) == ""
    assert await due(catalogue) == before


async def test_of_an_unknown_recording_and_of_one_that_goes_nothing_is_asked(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        await catalogue.transcriptions.asked(waiting(), "", NOW)
    await available(catalogue, "a")
    await catalogue.keeping.remove(R("a"), RecordingEvent.ERASED, "a wish", NOW, by="key k1")
    with pytest.raises(IllegalTransition):
        await catalogue.transcriptions.asked(waiting(), "", NOW)
    assert await catalogue.transcriptions.current(R("a")) is None


async def test_when_it_failed_is_known_and_what_is_done_keeps_its_time(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await catalogue.transcriptions.failed(R("old"), "no newer one")
    times = {one.recording_id: one.made_at for one in await catalogue.search.transcripts(TranscriptFilter(), limit=9)}
    assert times == {"old": NOW, "bad": NOW, "new": None}
