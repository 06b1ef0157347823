"""Lines cut so that they can be read while they are heard."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.call import Role
from connector.domain.speech import Word
from connector.domain.subtitles import LONGEST_SECONDS, MOST_CHARACTERS, Cue, cues
from connector.domain.transcript import SpokenLine
from tests.unit.domain.conversations import said, turns_of


def a_line(text: str, start: float, end: float, role: Role = Role.CALLER) -> SpokenLine:
    return SpokenLine(role=role, start_seconds=start, end_seconds=end, text=text)


def cut(line: SpokenLine, words: tuple[Word, ...] = ()) -> list[Cue]:
    return cues([(line, words)])


def test_a_short_line_is_one_subtitle_whatever_its_words() -> None:
    line = a_line("Hello there", 1.0, 3.0)
    assert cut(line, said("Hello there", 1.5)) == [Cue(1.0, 3.0, "Hello there", line)]


def test_a_line_is_cut_at_its_widest_pause() -> None:
    words = said("one two three four", 0.0) + said("five six seven eight", 8.0)
    assert [cue.text for cue in cut(a_line("", 0.0, 10.0), words)] == ["one two three four", "five six seven eight"]
    assert [cue.start_seconds for cue in cut(a_line("", 0.0, 10.0), words)] == [0.0, 8.0]


def test_a_line_is_cut_rather_where_a_sentence_ends() -> None:
    (turn,) = turns_of(
        caller=[said("This is all that I wanted to say. Now it is yours to say whatever you think of it all", 0.0)]
    )
    assert [cue.text for cue in cut(turn.line, turn.words)] == [
        "This is all that I wanted to say.",
        "Now it is yours to say whatever you think of it all",
    ]


def test_no_single_word_flashes_by_at_an_edge() -> None:
    words = said("Well.", 0.0) + said("I would like to know where my order is and when it comes to me", 2.0)
    assert len(cut(a_line("", 0.0, 8.0), words)[0].text.split()) > 2


def test_without_words_each_part_has_its_share_of_the_time() -> None:
    parts = cut(a_line("ab cd ef gh ij kl mn op", 10.0, 26.0))
    assert [(cue.start_seconds, cue.end_seconds, cue.text) for cue in parts] == [
        (10.0, 14.0, "ab cd"),
        (14.0, 18.0, "ef gh"),
        (18.0, 22.0, "ij kl"),
        (22.0, 26.0, "mn op"),
    ]


def test_what_is_written_without_spaces_can_be_cut_too() -> None:
    parts = cut(a_line("これは長い文です。" * 20, 0.0, 30.0))
    assert all(len(cue.text) <= MOST_CHARACTERS and " " not in cue.text for cue in parts)
    assert "".join(cue.text for cue in parts) == "これは長い文です。" * 20


@pytest.mark.parametrize("text", ["", "x" * 200])
def test_what_cannot_be_cut_is_shown_whole(text: str) -> None:
    assert [cue.text for cue in cut(a_line(text, 0.0, 30.0))] == [text]


def test_what_lasts_no_time_is_shown_for_a_moment() -> None:
    assert cut(a_line("ah", 2.0, 2.0))[0].end_seconds == 2.001


def test_parts_of_two_speakers_come_in_the_order_in_which_they_begin() -> None:
    long, short = a_line("w " * 20, 0.0, 12.0), a_line("mm-hm", 2.0, 2.5, Role.AGENT)
    shown = cues([(long, ()), (short, ())])
    assert [cue.start_seconds for cue in shown] == [0.0, 2.0, 6.0]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.text("abc.,", min_size=1, max_size=20), st.integers(0, 300), st.integers(0, 300)), min_size=1
    ),
    st.booleans(),
)
def test_every_word_is_shown_once_in_time_and_no_part_is_too_long(
    spoken: list[tuple[str, int, int]], has_words: bool
) -> None:
    words, at = [], 0.0
    for text, pause_hundredths, length_hundredths in spoken:
        words.append(Word(text, at + pause_hundredths / 100, at + (pause_hundredths + length_hundredths) / 100))
        at = words[-1].end_seconds
    line = a_line(" ".join(word.text for word in words), words[0].start_seconds, at)
    shown = cut(line, tuple(words) if has_words else ())
    assert " ".join(cue.text for cue in shown) == line.text
    assert all(one.end_seconds <= two.start_seconds + 0.001 for one, two in pairwise(shown))
    for cue in shown:
        is_one_word = len(cue.text.split()) == 1
        assert is_one_word or cue.end_seconds - cue.start_seconds <= LONGEST_SECONDS + 1e-6
        assert is_one_word or len(cue.text) <= MOST_CHARACTERS
