"""The StatisticsLedger on both databases."""

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.call import CallKind, CallState
from connector.domain.decision import Change
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.statistics_ledger import HOUR_SECONDS, HourlyTally, Tally
from tests.builders import MORNING, a_call, a_recording

#: MORNING is the beginning of an hour.
FIRST = int(MORNING) // HOUR_SECONDS


async def write(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, JournalPosition(file="j", offset=1))


def talked(id: str, seconds: float, **over: object) -> Change:
    """An ended call that began at `MORNING` unless something else is said."""
    at = float(str(over.pop("started_at", MORNING)))
    known = {"id": id, "started_at": at, "answered_at": at + 4, "ended_at": at + 4 + seconds, "state": CallState.ENDED}
    return a_call(**{**known, **over})


async def hour(catalogue: Catalogue, organisation: str | None = None) -> Tally:
    found = await catalogue.statistics.hours(organisation, FIRST, FIRST + 1)
    return found[0].tally if found else Tally()


async def test_calls_are_counted_in_the_hour_in_which_they_began(catalogue: Catalogue) -> None:
    moments = {"a": MORNING, "b": MORNING + 3599.999, "c": MORNING + 3600, "d": MORNING + 5 * 3600}
    await write(catalogue, *(talked(id, 10, started_at=at) for id, at in moments.items()))
    found = await catalogue.statistics.hours(None, FIRST, FIRST + 5)
    assert [(one.hour - FIRST, one.tally.calls) for one in found] == [(0, 2), (1, 1)]
    assert await catalogue.statistics.hours(None, FIRST + 2, FIRST + 5) == []


@pytest.mark.parametrize(
    ("states", "recorded", "failed", "not_recorded"),
    [
        ([], 0, 0, 1),
        ([RecordingState.ABSENT], 0, 0, 1),
        *(
            ([state], 1, 0, 0)
            for state in RecordingState
            if state is not RecordingState.ABSENT and not state.startswith("failed")
        ),
        ([RecordingState.FAILED_CAPTURE], 0, 1, 0),
        ([RecordingState.FAILED_RENDER], 0, 1, 0),
        ([RecordingState.FAILED_STORE, RecordingState.AVAILABLE], 0, 1, 0),
        ([RecordingState.ABSENT, RecordingState.REMOVED], 1, 0, 0),
        ([RecordingState.AVAILABLE, RecordingState.AVAILABLE], 1, 0, 0),
    ],
    ids=str,
)
async def test_what_became_of_a_call_is_said_once(
    catalogue: Catalogue, states: list[RecordingState], recorded: int, failed: int, not_recorded: int
) -> None:
    recordings = [a_recording(id=f"r{number}", call_id="c", state=state) for number, state in enumerate(states)]
    await write(catalogue, talked("c", 60), *recordings)
    assert await hour(catalogue) == Tally(
        calls=1, answered=1, recorded=recorded, failed=failed, not_recorded=not_recorded, talked_seconds=60.0
    )


async def test_a_call_that_nobody_answered_is_not_missed_among_the_recorded(catalogue: Catalogue) -> None:
    await write(catalogue, a_call(id="c", answered_at=None, ended_at=MORNING + 20, state=CallState.ENDED))
    assert await hour(catalogue) == Tally(calls=1)


async def test_a_call_that_lives_has_not_talked_yet(catalogue: Catalogue) -> None:
    await write(catalogue, a_call(id="c", answered_at=MORNING + 2, ended_at=None), talked("d", 10.5))
    assert await hour(catalogue) == Tally(calls=2, answered=2, not_recorded=2, talked_seconds=10.5)


async def test_two_calls_that_turned_out_to_be_one_are_one_with_all_its_recordings(catalogue: Catalogue) -> None:
    part = talked("part", 10, joined="whole")
    await write(catalogue, part, talked("whole", 60), a_recording(call_id="part", state=RecordingState.AVAILABLE))
    assert await hour(catalogue) == Tally(calls=1, answered=1, recorded=1, talked_seconds=60.0)


async def test_a_conference_is_no_call_of_its_own(catalogue: Catalogue) -> None:
    await write(catalogue, talked("room", 60, kind=CallKind.CONFERENCE), talked("c", 60))
    assert (await hour(catalogue)).calls == 1


async def test_an_organisation_s_are_its_own(catalogue: Catalogue) -> None:
    await write(
        catalogue,
        talked("a", 10, organisation="acme"),
        talked("g", 20, organisation="globex"),
        a_recording(call_id="g", organisation="globex", state=RecordingState.AVAILABLE),
    )
    assert await hour(catalogue, "acme") == Tally(calls=1, answered=1, not_recorded=1, talked_seconds=10.0)
    assert await hour(catalogue, "nobody") == Tally()
    assert (await hour(catalogue)).calls == 2


async def test_each_hour_has_its_own_sums(catalogue: Catalogue) -> None:
    await write(
        catalogue,
        talked("a", 10),
        talked("b", 30, started_at=MORNING + 3600),
        a_recording(id="r", call_id="b", state=RecordingState.FAILED_STORE),
    )
    assert await catalogue.statistics.hours(None, FIRST, FIRST + 2) == [
        HourlyTally(FIRST, Tally(calls=1, answered=1, not_recorded=1, talked_seconds=10.0)),
        HourlyTally(FIRST + 1, Tally(calls=1, answered=1, failed=1, talked_seconds=30.0)),
    ]
