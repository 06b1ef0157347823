"""What a machine that keeps programs waiting changes in a verdict, and what it never does."""

import pytest

from tests.pbx import proof
from tests.pbx.test_proof import BEGAN, a_recording
from tests.steadiness import VERDICT, Steadiness


def unsteady(seconds: float) -> Steadiness:
    steadiness = Steadiness()
    steadiness.worst_seconds = seconds
    steadiness.end()
    return steadiness


def test_while_a_test_may_be_tried_again_every_moment_is_judged_exactly() -> None:
    assert VERDICT.unsure_seconds == 0.0


def test_the_last_time_moments_are_judged_as_exactly_as_the_machine_allowed() -> None:
    with pytest.raises(AssertionError, match="the clock"):
        proof.assert_length(a_recording(), begins=BEGAN, ends=BEGAN + 3.1)
    with VERDICT.last(unsteady(0.050)):
        proof.assert_length(a_recording(), begins=BEGAN, ends=BEGAN + 3.1)
        with pytest.raises(AssertionError, match="the clock"):
            proof.assert_length(a_recording(), begins=BEGAN, ends=BEGAN + 3.2)
    assert VERDICT.unsure_seconds == 0.0


def test_never_by_more_than_a_fifth_of_a_second() -> None:
    with VERDICT.last(unsteady(3.0)):
        assert VERDICT.unsure_seconds == pytest.approx(0.2)


def test_on_a_steady_machine_the_last_time_is_like_the_first() -> None:
    steadiness = unsteady(0.001)
    # Others may keep both processors busy just now.
    steadiness._share = 0.0
    with VERDICT.last(steadiness):
        assert VERDICT.unsure_seconds == 0.0
