import gc
from collections.abc import Iterator

import pytest

from connector.roles.cycles import CycleSearch

HOUR = 3600.0


class Loop:
    """Garbage that only a full search finds: it is old already."""

    living = 0

    def __init__(self) -> None:
        self.itself = self
        Loop.living += 1

    def __del__(self) -> None:
        Loop.living -= 1


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def old_garbage() -> None:
    loop = Loop()
    gc.collect(1)
    gc.collect(1)
    del loop


def test_a_role_in_which_much_lives_is_not_held_up_by_a_full_search() -> None:
    search = CycleSearch(0.0)
    old_garbage()
    search.rest(HOUR, live_calls=10_000)
    assert Loop.living == 1
    search.rest(HOUR, live_calls=0)
    assert Loop.living == 0


def test_full_searches_do_not_follow_each_other_closely() -> None:
    search = CycleSearch(0.0)
    old_garbage()
    search.rest(1.0, live_calls=0)
    assert Loop.living == 1
    search.rest(HOUR, live_calls=0)
    assert Loop.living == 0


def test_young_garbage_is_found_as_ever() -> None:
    young, middle, full = gc.get_threshold()
    CycleSearch(0.0)
    assert gc.get_threshold()[:2] == (young, middle)
    assert gc.get_threshold()[2] > full
