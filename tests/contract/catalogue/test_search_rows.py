"""The SearchLedger on both databases."""

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.decision import Change
from connector.domain.ids import RecordingId
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.search_ledger import RecordingFilter
from tests.builders import MORNING, a_call, a_recording, a_segment


async def filled(catalogue: Catalogue) -> None:
    calls = [
        a_call(id="c1", from_number="+4930100", to_number="201", agent_id="201", agent_name="Ada"),
        a_call(id="c2", from_number="50%_off", to_number="+4989200", agent_id="202", agent_name="Bob"),
    ]
    recordings = [
        a_recording(id="r1", call_id="c1", requested_at=MORNING, state=RecordingState.AVAILABLE),
        a_recording(id="r2", call_id="c2", requested_at=MORNING + 10, organisation="acme"),
        a_recording(id="r3", call_id="c1", requested_at=MORNING + 10),
        a_recording(id="r4", call_id="c2", requested_at=MORNING + 20, state=RecordingState.ABSENT),
    ]
    changes: list[Change] = [*calls, *recordings, a_segment(recording_id="r3")]
    await catalogue.calls.apply("here", changes, JournalPosition(file="j", offset=1))


async def found(catalogue: Catalogue, wanted: RecordingFilter, limit: int = 99, after: str | None = None) -> list[str]:
    last = None if after is None else RecordingId(after)
    files = await catalogue.search.recordings(wanted, limit=limit, after=last)
    return [file.recording.id for file in files]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (RecordingFilter(), ["r4", "r3", "r2", "r1"]),
        (RecordingFilter(organisation="acme"), ["r2"]),
        (RecordingFilter(states=(RecordingState.ABSENT, RecordingState.AVAILABLE)), ["r4", "r1"]),
        (RecordingFilter(number="9301"), ["r3", "r1"]),
        (RecordingFilter(number="892"), ["r4", "r2"]),
        (RecordingFilter(number="%"), ["r4", "r2"]),
        (RecordingFilter(number="0%0"), []),
        (RecordingFilter(agent="201"), ["r3", "r1"]),
        (RecordingFilter(agent="Bob"), ["r4", "r2"]),
        (RecordingFilter(started_after=MORNING + 10), ["r4", "r3", "r2"]),
        (RecordingFilter(started_before=MORNING + 10), ["r1"]),
        (RecordingFilter(call_id="c2", started_before=MORNING + 15), ["r2"]),
    ],
    ids=str,
)
async def test_each_filter_finds_its_recordings_newest_first(
    catalogue: Catalogue, wanted: RecordingFilter, ids: list[str]
) -> None:
    await filled(catalogue)
    assert await found(catalogue, wanted) == ids


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_follow_each_other_without_gap_or_repetition(catalogue: Catalogue, size: int) -> None:
    await filled(catalogue)
    everything: list[str] = []
    last = None
    while page := await found(catalogue, RecordingFilter(), limit=size, after=last):
        everything += page
        last = page[-1]
    assert everything == ["r4", "r3", "r2", "r1"]


async def test_a_found_recording_comes_with_its_call_and_segments(catalogue: Catalogue) -> None:
    await filled(catalogue)
    (file,) = await catalogue.search.recordings(RecordingFilter(number="9301"), limit=1)
    assert file.call.agent_name == "Ada"
    assert file.segments == (a_segment(recording_id="r3"),)


async def test_counts_say_how_many_are_in_each_state(catalogue: Catalogue) -> None:
    assert await catalogue.search.counts() == {}
    await filled(catalogue)
    assert await catalogue.search.counts() == {"available": 1, "requested": 2, "absent": 1}


async def test_counts_of_an_organisation_are_its_own(catalogue: Catalogue) -> None:
    await filled(catalogue)
    assert await catalogue.search.counts("acme") == {"requested": 1}
    assert await catalogue.search.counts("nobody") == {}
