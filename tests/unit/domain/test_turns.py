"""Words of channels made into turns."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.call import Role
from connector.domain.recording import ChannelLabel
from connector.domain.speech import Heard, SpokenChannel, Voice, Word
from connector.domain.turns import LONGEST_SECONDS, REACH_SECONDS, TOUCHING_SECONDS, language_of, turns
from tests.unit.domain.conversations import CALLER, a_channel, read, said, turns_of


def test_each_side_speaks_in_turn_and_the_channel_says_who() -> None:
    spoken = turns_of(
        caller=[said("I need help.", 2.0), said("Yes please.", 8.0)],
        agent=[said("Good morning.", 0.5), said("With your order?", 5.0)],
    )
    assert read(spoken) == [
        "agent: Good morning.",
        "caller: I need help.",
        "agent: With your order?",
        "caller: Yes please.",
    ]
    assert [turn.line.party for turn in spoken[:2]] == ["201", "+4930123456"]
    assert [spoken[0].line.start_seconds, spoken[0].line.end_seconds] == pytest.approx([0.5, 1.15])


def test_a_word_stretched_over_a_pause_is_brought_back_to_where_there_is_voice() -> None:
    stretched = (Word("Hello", 0.0, 0.9), Word("there", 1.0, 4.0))
    channel = a_channel(CALLER, stretched, voice=[Voice(0.5, 1.5), Voice(3.8, 5.0)])
    assert turns([channel])[0].words == (Word("Hello", 0.5, 0.9), Word("there", 1.0, 1.5))


def test_a_word_stretched_back_over_a_pause_belongs_to_what_follows() -> None:
    """It lies in both voices: the one that has more of it is where it was said."""
    channel = a_channel(CALLER, (Word("Hello", 1.4, 4.0),), voice=[Voice(0.5, 1.5), Voice(3.2, 5.0)])
    assert turns([channel])[0].words == (Word("Hello", 3.2, 4.0),)


def test_words_in_silence_are_words_that_nobody_said() -> None:
    channel = a_channel(CALLER, said("Hello", 1.0), said("you you", 20.0), voice=[Voice(0.8, 1.5)])
    assert read(turns([channel])) == ["caller: Hello"]
    assert turns([a_channel(CALLER, said("you", 1.0), voice=())]) == ()


@pytest.mark.parametrize(("off_seconds", "is_kept"), [(-0.45, True), (0.45, True), (-0.55, False), (0.55, False)])
def test_a_word_just_beside_the_voice_is_moved_to_its_edge(off_seconds: float, is_kept: bool) -> None:
    start, end = (10.0 + off_seconds - 0.2, 10.0 + off_seconds) if off_seconds < 0 else (12.0 + off_seconds, 12.9)
    spoken = turns([a_channel(CALLER, (Word("ah", start, end),), voice=[Voice(10.0, 12.0)])])
    edge = 10.0 if off_seconds < 0 else 12.0
    assert [turn.words for turn in spoken] == ([(Word("ah", edge, edge),)] if is_kept else [])


def test_a_word_between_two_voices_goes_to_the_nearer_one() -> None:
    channel = a_channel(CALLER, (Word("ah", 1.4, 1.5),), voice=[Voice(0.0, 1.0), Voice(1.8, 3.0)])
    assert turns([channel])[0].line.start_seconds == 1.8


def test_a_moved_word_stays_before_the_word_that_follows() -> None:
    channel = a_channel(CALLER, (Word("Well,", 0.6, 0.8), Word("yes.", 0.9, 1.6)), voice=[Voice(1.0, 3.0)])
    assert read(turns([channel])) == ["caller: Well, yes."]


def test_a_pause_of_one_speaker_is_no_new_turn_while_nobody_else_speaks() -> None:
    assert read(turns_of(caller=[said("I wait", 0.0), said("and wait", 2.0)])) == ["caller: I wait and wait"]
    assert read(turns_of(caller=[said("I wait", 0.0), said("and wait", 2.3)])) == [
        "caller: I wait",
        "caller: and wait",
    ]


def test_who_speaks_in_a_short_pause_of_the_other_comes_between() -> None:
    # 0.65 to 1.0: a third of a second in which the agent begins.
    spoken = turns_of(caller=[said("I said", 0.0), said("no again", 1.0)], agent=[said("What?", 0.8)])
    assert read(spoken) == ["caller: I said", "agent: What?", "caller: no again"]


def test_who_begins_within_a_word_of_the_other_cuts_no_sentence() -> None:
    spoken = turns_of(caller=[said("I only want to say that it works", 0.0)], agent=[said("mm-hm", 1.1)])
    assert read(spoken) == ["caller: I only want to say that it works", "agent: mm-hm"]
    assert [turn.line.overlaps for turn in spoken] == [True, True]


def test_who_is_done_before_the_other_begins_does_not_overlap() -> None:
    spoken = turns_of(caller=[said("Hello there", 0.0)], agent=[said("Hello", 0.62), said("Yes?", 5.0)])
    # Three hundredths of a second are less than is known of a word's end.
    assert [turn.line.overlaps for turn in spoken] == [False, False, False]


def test_one_long_turn_overlaps_all_that_is_said_in_it() -> None:
    spoken = turns_of(
        caller=[said("I go on and on and on and on and on", 0.0)], agent=[said("mm", 1.0), said("mm", 3.0)]
    )
    assert [turn.line.overlaps for turn in spoken] == [True, True, True]


def test_a_monologue_is_cut_at_its_widest_pause() -> None:
    early, late = said("word " * 60, 0.0), said("more " * 60, 60 * 0.35 + 0.5)
    spoken = turns_of(caller=[early, late])
    assert [len(turn.words) for turn in spoken] == [60, 60]
    assert all(turn.line.end_seconds - turn.line.start_seconds <= LONGEST_SECONDS for turn in spoken)


def test_a_monologue_without_pauses_is_cut_all_the_same() -> None:
    spoken = turns_of(caller=[said("word " * 400, 0.0)])
    assert sum(len(turn.words) for turn in spoken) == 400
    assert all(turn.line.end_seconds - turn.line.start_seconds <= LONGEST_SECONDS for turn in spoken)


def test_a_long_word_weighs_more_in_how_sure_a_turn_is() -> None:
    spoken = turns_of(caller=[(Word("Extraordinarily", 0.0, 0.9, 0.5), Word("so", 0.9, 1.0, 1.0))])
    assert spoken[0].line.confidence == pytest.approx(0.55)


def test_where_the_engine_does_not_say_how_sure_it_is_nobody_does() -> None:
    assert turns_of(caller=[said("Hello there", 0.0, confidence=None)])[0].line.confidence is None
    mixed = (Word("Hello", 0.0, 0.3, None), Word("there", 0.3, 0.6, 0.7))
    assert turns_of(caller=[mixed])[0].line.confidence == pytest.approx(0.7)


def test_what_comes_back_on_the_other_channel_is_dropped_where_it_is_less_sure() -> None:
    echo = said("is your order the blue one", 1.15, confidence=0.4)
    spoken = turns_of(caller=[echo, said("Yes.", 5.0)], agent=[said("Is your order the blue one?", 1.0)])
    assert read(spoken) == ["agent: Is your order the blue one?", "caller: Yes."]
    assert [turn.line.overlaps for turn in spoken] == [False, False]


def test_an_echo_comes_back_on_either_side() -> None:
    echo = said("where is my order", 1.15, confidence=0.4)
    assert read(turns_of(caller=[said("Where is my order?", 1.0)], agent=[echo])) == ["caller: Where is my order?"]


@pytest.mark.parametrize(
    ("repeated", "start", "confidence"),
    [
        ("thank you", 1.15, 0.4),  # too few: both may say it at once
        ("is your order the blue one", 1.5, 0.4),  # said after, not with
        ("is your order the blue one", 1.15, 0.9),  # as sure
        ("is your order the blue one", 1.15, None),  # nobody knows
        ("is your order the red one", 1.15, 0.4),  # other words
        ("is your order the blue one sir", 1.15, 0.4),  # not all of it comes from there
    ],
)
def test_what_may_have_been_said_stays(repeated: str, start: float, confidence: float | None) -> None:
    source = "Thank you." if repeated == "thank you" else "Is your order the blue one?"
    spoken = turns_of(caller=[said(repeated, start, confidence=confidence)], agent=[said(source, 1.0)])
    assert f"caller: {repeated}" in read(spoken)


def test_of_two_that_repeat_each_other_one_is_always_left() -> None:
    labels = [ChannelLabel(index=place, role=Role.CALLER, party=str(place)) for place in range(3)]
    channels = [
        a_channel(label, said("all of us hear this", 1.0 + place / 10, confidence=0.5 + place / 10))
        for place, label in enumerate(labels)
    ]
    assert [turn.line.party for turn in turns(channels)] == ["2"]


def test_everybody_in_a_conference_has_turns_of_their_own() -> None:
    labels = [ChannelLabel(index=place, role=Role.CALLER, party=f"20{place}") for place in range(4)]
    channels = [a_channel(label, said("my turn now", place * 2.0)) for place, label in enumerate(labels)]
    assert [(turn.line.party, turn.line.text) for turn in turns(channels)] == [
        (f"20{place}", "my turn now") for place in range(4)
    ]


def test_languages_without_spaces_are_written_without_them() -> None:
    assert turns_of(caller=[said("你 好 Müller さん", 0.0)])[0].line.text == "你好 Müller さん"


def test_a_word_that_is_nothing_is_none() -> None:
    assert turns_of(caller=[(Word(" ", 0.0, 0.3),)]) == ()
    assert turns([]) == ()


def test_the_channel_with_the_most_words_says_the_language() -> None:
    german = Heard(words=said("Guten Tag und hallo", 0.0), language="de", language_confidence=0.7)
    english = Heard(words=said("Hi", 0.0), language="en", language_confidence=0.99)
    unsaid = Heard(words=said("one two three four five", 0.0))
    assert language_of([english, german, unsaid]) == ("de", 0.7)
    assert language_of([unsaid]) == ("", None)


_FEW = settings(max_examples=40)

# Hundredths of a second, as engines count; several words may begin at once.
_times = st.integers(0, 4000).map(lambda hundredths: hundredths / 100)
_words = st.lists(
    st.builds(
        lambda start, length, text: Word(text, start, start + length, 0.5),
        _times,
        st.integers(0, 300).map(lambda hundredths: hundredths / 100),
        st.sampled_from(["a", "be", "see", "Dee.", "eh?"]),
    ),
    max_size=25,
)


@st.composite
def _voices(draw: st.DrawFn) -> tuple[Voice, ...]:
    edges = sorted(draw(st.lists(_times, max_size=12, unique=True)))
    return tuple(Voice(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def _channels(draw: st.DrawFn) -> list[SpokenChannel]:
    """Up to four, as wild as a broken engine might have them."""
    count = draw(st.integers(1, 4))
    return [
        SpokenChannel(
            label=ChannelLabel(index=place, role=list(Role)[place % 2], party=str(place)),
            voice=draw(_voices()),
            words=tuple(draw(_words)),
        )
        for place in range(count)
    ]


def _distance(word: Word, voice: Voice) -> float:
    return max(voice.start_seconds - word.end_seconds, word.start_seconds - voice.end_seconds, 0.0)


@_FEW
@given(_channels())
def test_no_word_is_lost_but_those_in_silence_and_each_is_its_own_speakers(channels: list[SpokenChannel]) -> None:
    """Equally sure of all of them, the engine leaves nothing for an echo."""
    spoken = turns(channels)
    for channel in channels:
        heard = sorted(
            word.text
            for word in channel.words
            if any(_distance(word, voice) <= REACH_SECONDS for voice in channel.voice)
        )
        own = [turn for turn in spoken if turn.line.party == channel.label.party]
        assert sorted(word.text for turn in own for word in turn.words) == heard
        assert all(turn.line.role is channel.label.role for turn in own)


@_FEW
@given(_channels())
def test_turns_begin_in_order_and_so_do_their_words_within_voice(channels: list[SpokenChannel]) -> None:
    spoken = turns(channels)
    voices = {channel.label.party: channel.voice for channel in channels}
    assert all(one.line.start_seconds <= two.line.start_seconds for one, two in pairwise(spoken))
    for turn in spoken:
        assert all(one.start_seconds <= two.start_seconds for one, two in pairwise(turn.words))
        assert turn.line.start_seconds == turn.words[0].start_seconds
        assert turn.line.end_seconds == max(word.end_seconds for word in turn.words)
        assert turn.line.text == " ".join(word.text for word in turn.words)
        for word in turn.words:
            inside = [
                voice
                for voice in voices[turn.line.party]
                if voice.start_seconds <= word.start_seconds <= word.end_seconds <= voice.end_seconds
            ]
            assert inside


@_FEW
@given(_channels())
def test_a_turn_is_as_long_as_is_allowed_and_marked_when_another_is_in_it(channels: list[SpokenChannel]) -> None:
    spoken = turns(channels)
    shared = {
        place
        for (one, first), (two, second) in combinations(enumerate(spoken), 2)
        if first.line.party != second.line.party
        and second.line.start_seconds < first.line.end_seconds - TOUCHING_SECONDS
        for place in (one, two)
    }
    assert {place for place, turn in enumerate(spoken) if turn.line.overlaps} == shared
    for turn in spoken:
        assert len(turn.words) == 1 or turn.line.end_seconds - turn.line.start_seconds <= LONGEST_SECONDS


@_FEW
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(30, 300)), min_size=1, max_size=40))
def test_a_conversation_that_takes_turns_is_found_again(plan: list[tuple[int, int]]) -> None:
    """Pauses of 0.3 to 3 s, longer and shorter than those that speakers make themselves."""
    utterances, at = [], 0.0
    for number, (count, pause_hundredths) in enumerate(plan):
        utterances.append(said(" ".join(f"w{number}x{place}" for place in range(count)), at))
        at = utterances[-1][-1].end_seconds + pause_hundredths / 100
    assert [turn.words for turn in turns_of(caller=utterances[::2], agent=utterances[1::2])] == utterances
