"""The Changes on both databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.call import CallState
from connector.domain.decision import Change
from connector.domain.happenings import CallMark, RecordingMark
from connector.domain.ids import CallId, RecordingId
from connector.domain.options import RecordingOptions
from connector.domain.states import RecordingEvent, RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.changes import Look
from tests.builders import MORNING, a_call, a_recording

LIVE = RecordingState.RECORDING


async def apply(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, JournalPosition(file="j", offset=1))


async def look(
    catalogue: Catalogue,
    calls: Sequence[str] = (),
    recordings: Sequence[str] = (),
    since: float | None = None,
    most: int = 2,
) -> Look:
    return await catalogue.changes.look(
        [CallId(one) for one in calls], [RecordingId(one) for one in recordings], since=since, most=most
    )


def call_ids(found: Look) -> set[str]:
    return set(found.calls)


async def filled(catalogue: Catalogue) -> None:
    """c1 is the oldest, c5 the newest; of r2 the recorder still runs."""
    for number in range(1, 6):
        call = a_call(id=f"c{number}", started_at=MORNING + number, state=CallState.ENDED)
        state = LIVE if number == 2 else RecordingState.AVAILABLE
        recording = a_recording(id=f"r{number}", call_id=f"c{number}", requested_at=MORNING + number, state=state)
        await apply(catalogue, call, recording)


async def test_an_empty_catalogue_has_nothing_to_show(catalogue: Catalogue) -> None:
    assert await look(catalogue, ["c1"], ["r1"]) == Look(calls={}, recordings={})
    assert await catalogue.changes.pictures([CallId("c1")]) == {}


async def test_the_newest_are_seen_and_what_runs_with_its_call(catalogue: Catalogue) -> None:
    await filled(catalogue)
    found = await look(catalogue)
    assert call_ids(found) == {"c2", "c4", "c5"}
    assert set(found.recordings) == {"r2", "r4", "r5"}


async def test_who_is_named_is_seen_however_old(catalogue: Catalogue) -> None:
    await filled(catalogue)
    found = await look(catalogue, ["c1", "nobody"], ["r3"])
    assert call_ids(found) == {"c1", "c2", "c4", "c5"}
    assert set(found.recordings) == {"r2", "r3", "r4", "r5"}


async def test_of_those_that_run_no_more_are_seen_than_asked_for(catalogue: Catalogue) -> None:
    for number in range(5):
        await apply(catalogue, a_call(id=f"c{number}"), a_recording(id=f"r{number}", call_id=f"c{number}", state=LIVE))
    assert len((await look(catalogue, most=2)).recordings) <= 4


async def test_later_on_only_those_are_seen_that_began_since_then(catalogue: Catalogue) -> None:
    await filled(catalogue)
    for since, most, numbers in (
        (MORNING + 4, 9, "45"),
        (MORNING + 2, 2, "45"),
        (MORNING + 6, 9, ""),
        (0.0, 9, "12345"),
    ):
        found = await look(catalogue, since=since, most=most)
        assert call_ids(found) == {f"c{number}" for number in numbers}
        assert set(found.recordings) == {f"r{number}" for number in numbers}


async def test_any_number_may_be_named(catalogue: Catalogue) -> None:
    await filled(catalogue)
    found = await look(catalogue, [f"c{number}" for number in range(1500)], most=1)
    assert call_ids(found) == {"c1", "c2", "c3", "c4", "c5"}


@pytest.mark.parametrize(
    ("facts", "is_answered", "is_over"),
    [
        ({"answered_at": None}, False, False),
        ({}, True, False),
        ({"state": CallState.ENDED, "ended_at": MORNING + 9}, True, True),
        ({"joined": CallId("c9")}, True, True),
    ],
)
async def test_a_call_shows_how_far_it_is(
    catalogue: Catalogue, facts: dict[str, object], is_answered: bool, is_over: bool
) -> None:
    await apply(catalogue, a_call(id="c1", **facts))
    assert (await look(catalogue)).calls == {"c1": CallMark(at=MORNING, is_answered=is_answered, is_over=is_over)}


async def test_a_recording_shows_what_work_has_made_of_it(catalogue: Catalogue) -> None:
    recording = a_recording(id="r1", call_id="c1", state=RecordingState.FAILED_STORE)
    await apply(catalogue, a_call(id="c1"), recording)
    await catalogue.shipping.moved(RecordingId("r1"), RecordingEvent.RETRIED)
    mark = RecordingMark(at=recording.requested_at, call_id=CallId("c1"), state=RecordingState.RENDERED)
    assert (await look(catalogue)).recordings == {"r1": mark}


async def test_a_picture_holds_the_call_its_recordings_and_all_tags(catalogue: Catalogue) -> None:
    call = a_call(id="c1", tags=("vip", "en"))
    tagged = a_recording(id="r1", call_id="c1", options=RecordingOptions(tags=("sales", "vip")))
    later = replace(tagged, id=RecordingId("r2"), requested_at=MORNING + 60, options=RecordingOptions())
    await apply(catalogue, call, later, tagged, a_call(id="c2"))
    found = await catalogue.changes.pictures([CallId("c1"), CallId("c2"), CallId("nobody")])
    assert set(found) == {"c1", "c2"}
    picture = found[CallId("c1")]
    assert (picture.call, picture.recordings) == (call, (tagged, later))
    assert picture.tags == ("vip", "en", "sales")
    assert found[CallId("c2")].recordings == ()


async def test_the_sign_changes_with_whatever_is_written_or_is_none(catalogue: Catalogue) -> None:
    await look(catalogue)
    before = catalogue.changes.sign()
    assert catalogue.changes.sign() == before
    await apply(catalogue, a_call(id="c1"))
    after = catalogue.changes.sign()
    assert after is None or after != before
