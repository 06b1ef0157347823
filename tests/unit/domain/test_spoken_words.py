"""The words that a text is found by, and those that somebody asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.spoken_words import asked, words_of, words_there

_TEXTS = st.text(alphabet="0123456789 .,-/+()aéz\n音", max_size=40) | st.lists(
    st.sampled_from(
        ["zero", "oh", "one", "double", "triple", "nine", "ones", "030", "0049", "12345678", ".", ",", "-"]
    ),
    max_size=12,
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Müller's Straße", "muller s strasse"),
        ("030 12 34", "030 12 34 0301234"),
        ("(030) 12-34/5", "030 12 34 5 03012345"),
        ("030.12.34", "030 12 34 0301234"),
        ("030\u201312\u201134", "030 12 34 0301234"),
        ("my 030 12 is", "my 030 12 is 03012"),
        ("030 12. 5 minutes", "030 12 5 minutes 030125 03012"),
        ("1,000", "1 000 1000"),
        ("+49 30 12 +43 1", "49 30 12 43 1 493012 431"),
        ("0049 30 12345", "0049 30 12345 00493012345 493012345"),
        ("0049301", "0049301"),
        ("4711_B a12 34b", "4711 b a12 34b"),
        ("zero three zero", "zero three 030"),
        ("zero, three, zero.", "zero three 030"),
        ("oh three double one triple 2", "oh three double one triple 2 0311"),
        ("seven double eight nine", "seven double eight nine 7889"),
        ("one two", "one two"),
        ("someone two three four", "someone two three four 234"),
        ("one two threes", "one two threes"),
        ("zero three zero 12 34", "zero three 12 34 0301234 030"),
        ("1 " * 41, "1"),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_number_is_in_one_piece_too(text: str, words: str) -> None:
    assert words_of(text) == words.split()


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("", ()),
        ("?!", ()),
        ("Hallo hallo", ((("hallo",),),)),
        ("030 1234 please", ((("030", "1234"), ("0301234",)), (("please",),))),
        ("0301234", ((("0301234",),),)),
        ("00493012345", ((("00493012345",), ("493012345",)),)),
        ("one two three", ((("one", "two", "three"), ("123",)),)),
        ("12 12", ((("12",), ("1212",)),)),
    ],
)
def test_what_is_asked_for_may_stand_there_in_several_ways(text: str, things: object) -> None:
    assert asked(text) == things


def test_no_more_is_asked_for_than_an_index_answers_quickly() -> None:
    assert len(asked(" ".join(f"w{n}" for n in range(99)))) == 32
    (ways,) = asked(" ".join(str(n) for n in range(100, 199)))
    assert [len(words) for words in ways] == [32]


@given(_TEXTS)
def test_every_text_is_found_by_itself(text: str) -> None:
    there = set(words_of(text))
    for ways in asked(text):
        assert any(there.issuperset(words) for words in ways), ways


@given(_TEXTS, _TEXTS)
def test_whoever_asks_learns_all_that_matters_to_him(text: str, question: str) -> None:
    things = asked(question)
    wanted = {word for ways in things for words in ways for word in words}
    assert words_there(text, things) & wanted == set(words_of(text)) & wanted


@given(st.text(max_size=200))
def test_no_word_ends_the_quotation_of_an_index(text: str) -> None:
    assert all(word.replace("\u0345", "x").isalnum() or len(word) > 1 for word in words_of(text))
    assert not {"'", '"', "\\"} & set("".join(words_of(text)))
