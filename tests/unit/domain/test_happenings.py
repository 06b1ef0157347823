"""What happened between two looks, whatever states they saw."""

import itertools

import pytest

from connector.domain.happenings import (
    SETTLED,
    CallMark,
    Happened,
    RecordingMark,
    call_happenings,
    in_order,
    recording_happenings,
)
from connector.domain.ids import CallId, RecordingId
from connector.domain.states import RECORDING, RecordingState
from tests import builders
from tests.builders import CALL, MORNING

R = RecordingState


def told(old: RecordingState | None, new: RecordingState) -> list[str]:
    marks = [None if one is None else RecordingMark(at=MORNING, call_id=CALL, state=one) for one in (old, new)]
    assert marks[1] is not None
    return [
        str(one.what).removeprefix("recording.") for one in recording_happenings(builders.RECORDING, marks[0], marks[1])
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, R.REQUESTED, []),
        (None, R.RECORDING, ["started"]),
        (R.REQUESTED, R.RECORDING, ["started"]),
        (R.RECORDING, R.PAUSED, ["paused"]),
        (R.PAUSED, R.RECORDING, ["resumed"]),
        (R.PAUSED, R.CAPTURED, ["finished"]),
        (R.REQUESTED, R.PAUSED, ["started", "paused"]),
        (R.RECORDING, R.CAPTURED, ["finished"]),
        (R.CAPTURED, R.RENDERED, []),
        (R.RENDERED, R.AVAILABLE, ["available"]),
        (None, R.AVAILABLE, ["started", "finished", "available"]),
        (R.RECORDING, R.AVAILABLE, ["finished", "available"]),
        (R.REQUESTED, R.FAILED_CAPTURE, ["failed"]),
        (R.RECORDING, R.FAILED_CAPTURE, ["failed"]),
        (R.CAPTURED, R.FAILED_RENDER, ["failed"]),
        (R.FAILED_RENDER, R.CAPTURED, []),
        (R.FAILED_RENDER, R.AVAILABLE, ["available"]),
        (R.RENDERED, R.FAILED_STORE, ["failed"]),
        (R.FAILED_STORE, R.RENDERED, []),
        (R.REQUESTED, R.ABSENT, []),
        (None, R.ABSENT, []),
        (R.RECORDING, R.ABSENT, ["finished"]),
        (R.PAUSED, R.ABSENT, ["finished"]),
        (R.AVAILABLE, R.REMOVING, []),
        (R.REMOVING, R.REMOVED, []),
        (None, R.REMOVED, []),
    ],
)
def test_each_move_of_a_recording_tells_what_it_means(
    old: RecordingState | None, new: RecordingState, said: list[str]
) -> None:
    assert told(old, new) == said


@pytest.mark.parametrize("state", RecordingState)
def test_who_did_not_move_has_nothing_to_tell(state: RecordingState) -> None:
    assert told(state, state) == []


def test_nothing_is_ever_told_of_what_is_settled() -> None:
    for old in SETTLED:
        for new in RECORDING[old].values():
            assert told(old, new) == [], f"{old} to {new}"


def test_however_often_one_looks_each_thing_is_told_once() -> None:
    """Of a recording that comes through: whatever is missed by one look, the next one tells it, and nothing twice."""
    way = [R.REQUESTED, R.RECORDING, R.CAPTURED, R.RENDERED, R.AVAILABLE]
    for count in range(len(way)):
        for seen in itertools.combinations(way[:-1], count):
            looks: list[RecordingState | None] = [None, *seen, R.AVAILABLE]
            said = [one for old, new in itertools.pairwise(looks) if new is not None for one in told(old, new)]
            assert said == ["started", "finished", "available"], seen


def of_call(old: tuple[bool, bool] | None, new: tuple[bool, bool]) -> list[str]:
    marks = [None if one is None else CallMark(at=MORNING, is_answered=one[0], is_over=one[1]) for one in (old, new)]
    assert marks[1] is not None
    return [str(one.what) for one in call_happenings(CALL, marks[0], marks[1])]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, (False, False), ["call.started"]),
        (None, (True, False), ["call.started", "call.answered"]),
        (None, (True, True), ["call.started", "call.answered", "call.ended"]),
        (None, (False, True), ["call.started", "call.ended"]),
        ((False, False), (True, False), ["call.answered"]),
        ((False, False), (False, True), ["call.ended"]),
        ((True, False), (True, True), ["call.ended"]),
        ((True, True), (True, True), []),
    ],
)
def test_each_move_of_a_call_tells_what_it_means(
    old: tuple[bool, bool] | None, new: tuple[bool, bool], said: list[str]
) -> None:
    assert of_call(old, new) == said


def test_what_one_look_saw_is_told_in_the_order_in_which_it_happens() -> None:
    call = call_happenings(CallId("c"), None, CallMark(at=MORNING, is_answered=True, is_over=True))
    mark = RecordingMark(at=MORNING, call_id=CallId("c"), state=R.AVAILABLE)
    recording = recording_happenings(RecordingId("r"), None, mark)
    assert [one.what for one in in_order([*call, *recording])] == [
        Happened.CALL_STARTED,
        Happened.CALL_ANSWERED,
        Happened.RECORDING_STARTED,
        Happened.RECORDING_FINISHED,
        Happened.CALL_ENDED,
        Happened.RECORDING_AVAILABLE,
    ]
