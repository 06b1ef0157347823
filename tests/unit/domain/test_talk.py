"""The plain facts of a conversation, from voice alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.call import Role
from connector.domain.recording import ChannelLabel
from connector.domain.speech import Voice
from connector.domain.talk import PADDING_SECONDS, TalkFacts, TalkSide, talk_facts
from tests.unit.domain.conversations import AGENT, CALLER

Spans = Sequence[tuple[float, float]]


def facts_of(caller: Spans, agent: Spans, duration: float = 60.0, padding: float = 0.0) -> TalkFacts:
    channels = [(CALLER, [Voice(*span) for span in caller]), (AGENT, [Voice(*span) for span in agent])]
    return talk_facts(channels, duration, padding_seconds=padding)


def caller_of(caller: Spans, agent: Spans) -> TalkSide:
    return facts_of(caller, agent).sides[0]


def test_a_call_in_plain_facts() -> None:
    facts = facts_of(caller=[(3.0, 8.0), (20.0, 22.0)], agent=[(0.0, 2.0), (9.0, 19.5), (21.0, 21.5)], duration=30.0)
    assert (facts.duration_seconds, facts.silence_seconds, facts.overlap_seconds) == (30.0, 10.5, 0.5)
    assert facts.sides == (
        TalkSide(
            role=Role.CALLER,
            party="+4930123456",
            talk_seconds=7.0,
            longest_monologue_seconds=5.0,
            interruptions=0,
            response_seconds=0.75,
        ),
        TalkSide(
            role=Role.AGENT,
            party="201",
            talk_seconds=13.0,
            longest_monologue_seconds=10.5,
            interruptions=0,
            response_seconds=1.0,
        ),
    )


def test_of_a_recording_in_which_nobody_speaks_there_is_silence() -> None:
    facts = facts_of([], [], duration=12.5)
    assert (facts.silence_seconds, facts.overlap_seconds) == (12.5, 0.0)
    assert [side.response_seconds for side in facts.sides] == [None, None]
    assert facts.sides[0].longest_monologue_seconds == 0.0


@pytest.mark.parametrize(
    ("caller", "agent", "longest"),
    [
        ([(0.0, 4.0), (4.9, 8.0)], [], 8.0),  # a breath
        ([(0.0, 4.0), (5.1, 8.0)], [], 4.0),  # more than a breath
        ([(0.0, 4.0), (4.9, 8.0)], [(4.2, 4.6)], 4.0),  # the other speaks in it
        ([(0.0, 4.0), (4.9, 8.0)], [(3.0, 4.5)], 4.0),  # and began before
        ([(0.0, 4.0), (4.9, 8.0)], [(1.0, 2.0), (6.0, 7.0)], 8.0),  # while one speaks, nobody ends it
        ([(0.0, 1.0), (1.5, 3.0), (3.5, 6.0), (30.0, 35.0)], [], 6.0),
    ],
)
def test_a_monologue_goes_on_over_a_breath_in_which_nobody_else_speaks(
    caller: Spans, agent: Spans, longest: float
) -> None:
    assert caller_of(caller, agent).longest_monologue_seconds == pytest.approx(longest)


def test_whoever_speaks_in_the_breath_ends_the_monologue_even_having_begun_long_before() -> None:
    other = ChannelLabel(index=2, role=Role.AGENT, party="202")
    voices = {CALLER: [Voice(0.0, 4.0), Voice(4.9, 8.0)], AGENT: [Voice(1.0, 4.5)], other: [Voice(2.0, 3.0)]}
    assert talk_facts(list(voices.items()), 10.0, padding_seconds=0.0).sides[0].longest_monologue_seconds == 4.0


@pytest.mark.parametrize(
    ("caller", "agent", "interruptions"),
    [
        ([(2.0, 4.0)], [(0.0, 3.0)], 1),
        ([(2.0, 2.8)], [(0.0, 3.0)], 0),  # mm-hm
        ([(0.2, 4.0)], [(0.0, 3.0)], 0),  # both begin
        ([(2.9, 5.0)], [(0.0, 3.0)], 0),  # the end of a word
        ([(3.0, 5.0)], [(0.0, 3.0)], 0),
        ([(0.0, 9.0)], [(2.0, 4.0)], 0),  # the other one does
        ([(2.0, 4.0), (12.0, 14.0)], [(0.0, 3.0), (10.0, 20.0)], 2),
    ],
)
def test_an_interruption_meets_somebody_who_is_under_way_and_goes_on(
    caller: Spans, agent: Spans, interruptions: int
) -> None:
    assert caller_of(caller, agent).interruptions == interruptions


def test_who_interrupts_two_at_once_does_so_once() -> None:
    other = ChannelLabel(index=2, role=Role.AGENT, party="202")
    voices = {CALLER: [Voice(2.0, 4.0)], AGENT: [Voice(0.0, 3.0)], other: [Voice(1.0, 3.0)]}
    facts = talk_facts(list(voices.items()), 10.0, padding_seconds=0.0)
    # The third one interrupted the agent before.
    assert [side.interruptions for side in facts.sides] == [1, 0, 1]
    assert (facts.overlap_seconds, facts.silence_seconds) == (2.0, 6.0)


@pytest.mark.parametrize(
    ("caller", "agent", "response"),
    [
        ([(4.5, 6.0)], [(0.0, 4.0)], 0.5),
        ([(3.5, 6.0)], [(0.0, 4.0)], None),  # nobody waited
        ([(15.0, 16.0)], [(0.0, 4.0)], None),  # no answer any more
        ([(0.0, 1.0), (2.0, 3.0)], [], None),  # to nobody
        ([(2.0, 3.0), (4.5, 6.0)], [(0.0, 4.0)], 0.5),  # said meanwhile, and then answered
        ([(4.5, 5.0), (6.0, 7.0)], [(0.0, 4.0)], 0.5),  # the second one is no answer
        ([(5.0, 6.0), (12.0, 13.0), (23.0, 24.0)], [(0.0, 4.0), (7.0, 10.0), (14.0, 20.0)], 2.0),
    ],
)
def test_a_response_comes_after_the_other_sides_last_word(caller: Spans, agent: Spans, response: float | None) -> None:
    assert caller_of(caller, agent).response_seconds == response


def test_padding_makes_nobody_talk_over_the_other() -> None:
    """The caller answers after a tenth of a second; by the voices as they are kept it would be before."""
    facts = facts_of([(3.9, 7.0)], [(1.0, 4.2)], duration=10.0, padding=PADDING_SECONDS)
    assert facts.overlap_seconds == 0.0
    assert facts.sides[0].response_seconds == pytest.approx(0.1)
    assert facts.sides[0].talk_seconds == pytest.approx(2.7)


def test_where_the_recording_begins_and_ends_nothing_was_padded() -> None:
    facts = facts_of([(0.0, 10.0)], [(4.0, 4.3)], duration=10.0, padding=PADDING_SECONDS)
    # A voice that would be nothing without its padding is left as it is.
    assert [side.talk_seconds for side in facts.sides] == [10.0, pytest.approx(0.3)]


def test_what_sticks_out_of_the_recording_does_not_count() -> None:
    facts = facts_of([(-1.0, 2.0), (9.0, 12.0), (20.0, 21.0)], [], duration=10.0)
    assert (facts.sides[0].talk_seconds, facts.silence_seconds) == (3.0, 7.0)


_edges = st.lists(st.integers(0, 1000), max_size=20, unique=True).map(sorted)


@settings(max_examples=40)
@given(st.lists(_edges, min_size=1, max_size=4))
def test_silence_speech_and_overlap_make_up_the_whole(channels: list[list[int]]) -> None:
    """Counted in tenths of a second, one by one."""
    voices = [
        [Voice(start / 10, end / 10) for start, end in zip(edges[::2], edges[1::2], strict=False)] for edges in channels
    ]
    facts = talk_facts([(CALLER, own) for own in voices], 100.0, padding_seconds=0.0)
    speaking = [
        sum(voice.start_seconds <= tenth / 10 < voice.end_seconds for own in voices for voice in own)
        for tenth in range(1000)
    ]
    assert facts.silence_seconds == pytest.approx(speaking.count(0) / 10)
    assert facts.overlap_seconds == pytest.approx(sum(count > 1 for count in speaking) / 10)
    for side, own in zip(facts.sides, voices, strict=True):
        assert side.talk_seconds == pytest.approx(sum(voice.end_seconds - voice.start_seconds for voice in own))
        assert side.longest_monologue_seconds >= max(
            (voice.end_seconds - voice.start_seconds for voice in own), default=0.0
        )
