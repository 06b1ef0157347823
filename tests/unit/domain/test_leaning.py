"""Where files lie that stamps contradict and shared sound ties together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.file_clock import Slip, placed
from connector.domain.ids import SegmentId
from connector.domain.leaning import moves
from connector.domain.recording import MOVED, Segment
from tests.unit.domain.written_files import T0, Written, a_segment

FRAMES = 96_000


def a_file(id: str, start_ms: float = 0.0, stop_ms: float = 0.0) -> Segment:
    """Of 12 seconds from T0 on; its stamps are early (negative) or late by so much."""
    segment = replace(a_segment(written=Written(12.0)), id=SegmentId(id), flushes=())
    return replace(segment, started_at=T0 + start_ms / 1000, stopped_at=T0 + 12.0 + stop_ms / 1000)


def begins(segments: list[Segment], moved: dict[str, float]) -> dict[str, float]:
    """Milliseconds after T0."""
    return {one.id: round(1000 * (placed(one, FRAMES).start + moved.get(one.id, 0.0) - T0), 3) for one in segments}


def moved(segments: list[Segment], shifts: dict[str, float], beside: dict[str, str]) -> dict[str, float]:
    return moves(segments, dict.fromkeys([one.id for one in segments], FRAMES), shifts, beside, {})


def test_what_shares_sound_lies_where_all_of_its_stamps_say_on_average() -> None:
    """What the caller heard missed its first frame, and its recorder was told early: alone it would be 38 ms early."""
    files = [a_file("said"), a_file("heard", start_ms=-38.0, stop_ms=-2.0), a_file("agent")]
    at = begins(files, moved(files, {"agent": -0.038}, {"agent": "heard"}))
    assert at["agent"] == at["heard"], "sound that is found is exact"
    assert at["said"] - at["agent"] == pytest.approx(10.0), "by start stamps alone 38"
    assert min(at.values()) == pytest.approx(-38.0), "the recording begins where it began"


def test_a_chain_of_files_is_one_piece() -> None:
    files = [a_file("said"), a_file("heard", start_ms=-20.0), a_file("agent"), a_file("again")]
    shifts = {"agent": -0.02, "again": -0.01}
    at = begins(files, moved(files, shifts, {"agent": "heard", "again": "agent"}))
    assert at["agent"] == at["heard"]
    assert at["again"] - at["agent"] == pytest.approx(10.0)


@pytest.mark.parametrize("start", ["unseen", "moved"])
def test_a_file_whose_stamps_say_nothing_goes_with_the_others(start: str) -> None:
    unseen = a_file("agent", start_ms=-45.0)
    unseen = replace(unseen, reason=MOVED) if start == "moved" else replace(unseen, requested_at=T0 - 0.045)
    files = [a_file("said"), a_file("heard", stop_ms=20.0), unseen]
    by_sound = 0.045 if start == "moved" else -(placed(unseen, FRAMES).start - T0)
    at = begins(files, moved(files, {"agent": by_sound}, {"agent": "heard"}))
    assert at["agent"] == pytest.approx(at["heard"])
    assert at["heard"] - at["said"] == pytest.approx(10.0), "only its own stamps placed it"


@pytest.mark.parametrize("what", ["a hole", "another leg"])
def test_what_lies_in_a_file_that_says_nothing_stays_where_sound_has_put_it(what: str) -> None:
    heard = a_file("heard", start_ms=-45.0, stop_ms=4000.0 if what == "a hole" else 0.0)
    heard = replace(heard, reason=MOVED) if what == "another leg" else heard
    files = [a_file("said", stop_ms=30.0), heard, a_file("agent")]
    at = begins(files, moved(files, {"agent": -0.045}, {"agent": "heard"}))
    assert at["agent"] == at["heard"] == pytest.approx(-45.0)
    assert at["said"] == pytest.approx(15.0), "it shares nothing"


def test_one_that_lies_beside_nobody_stays_where_it_was_put() -> None:
    files = [a_file("said"), a_file("agent", start_ms=-30.0)]
    assert moved(files, {"agent": 0.02}, {}) == {"agent": 0.02}


def test_what_a_file_is_known_to_lack_does_not_move_it() -> None:
    lacking = a_file("heard", stop_ms=20.0)
    files = [a_file("said"), lacking]
    slips = {"heard": [Slip(frame=8000, seconds=0.02)]}
    frames = dict.fromkeys(("said", "heard"), FRAMES)
    assert moves(files, frames, {}, {}, slips).get("heard", 0.0) == pytest.approx(0.0, abs=1e-6)
    assert moves(files, frames, {}, {}, {})["heard"] == pytest.approx(0.01, abs=1e-6)


@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40)), min_size=2, max_size=4), st.floats(-0.05, 0.05))
def test_tied_files_keep_their_places_in_each_other(stamps: list[tuple[float, float]], found: float) -> None:
    files = [a_file(f"s{number}", *pair) for number, pair in enumerate(stamps)]
    by_sound = moved(files, {"s1": found}, {"s1": "s0"})
    assert by_sound["s1"] - by_sound.get("s0", 0.0) == pytest.approx(found, abs=1e-9)
    before = begins(files, {"s1": found})
    assert min(begins(files, by_sound).values()) == pytest.approx(min(before.values()), abs=0.01)
