"""What the event socket's bench stands on: its events are FreeSWITCH's, and a client that loses one is found out."""

import pytest

from connector.pbx.freeswitch.esl_codec import Frames, event_of
from tests.bench import esl
from tests.bench.esl_events import caller, mixes, whole_call
from tests.bench.esl_peers import Count


@pytest.mark.parametrize("mix", mixes())
def test_an_event_says_its_number_in_either_format(mix: str) -> None:
    for pattern in mixes()[mix]:
        [frame] = Frames().feed(pattern.frame("json", 1234))
        event = event_of(frame)
        assert event is not None
        assert event.get("Event-Sequence") == "00001234"
        assert b"Event-Sequence: 00001234\n" in pattern.frame("plain", 1234)


def test_the_events_of_a_call_carry_its_legs() -> None:
    bridge = next(pattern for pattern in whole_call() if pattern.name == "CHANNEL_BRIDGE")
    event = event_of(Frames().feed(bridge.frame("json", 0, 42))[0])
    assert event is not None
    assert event.channel == caller(42)


@pytest.mark.parametrize(
    ("numbers", "lost", "out_of_order"), [([0, 1, 2, 3], 0, 0), ([0, 2, 3], 1, 0), ([0, 2, 1, 3], 0, 1)]
)
def test_what_is_lost_or_out_of_order_is_counted(numbers: list[int], lost: int, out_of_order: int) -> None:
    count = Count(4, lambda: None)
    count.begin()
    for number in numbers:
        count.note(f"{number:08}")
    assert 4 - count.facts["heard"] == lost  # type: ignore[operator]  # a number
    assert count.facts["out_of_order"] == out_of_order


def test_a_small_flood_is_heard_whole() -> None:
    client = esl._flooded("channel", 500, esl._ours("client"))
    assert (client["heard"], client["out_of_order"]) == (500, 0)
    assert client["cpu_seconds"] > 0
