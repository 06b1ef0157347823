"""Digits put out of what was said."""

from unicodedata import normalize

import pytest

from connector.domain.call import Role
from connector.domain.masking import masked
from connector.domain.speech import Word
from connector.domain.transcript import SpokenLine
from connector.domain.turns import Turn
from tests.unit.domain.conversations import read, said, turns_of


def after(text: str, language: str = "en") -> str:
    """What one speaker's words read as."""
    (turn,) = masked(turns_of(caller=[said(text, 0.0)]), language)
    return turn.line.text


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("My card is 4929 1234, thanks.", "en", "My card is **** ****, thanks."),
        ("It is 4929123456789012.", "en", "It is ****************."),
        ("call 030-123-45", "en", "call ********"),
        ("the pin is four one two nine please", "en", "the pin is * * * * please"),
        ("four one double five", "en", "* * * *"),
        ("Triple seven, oh one", "en", "** *, * *"),
        ("nine-one-one-two", "en", "****"),
        ("four nine and then two one", "en", "* * and then * *"),
        ("four - nine - two - one", "en", "* - * - * - *"),
        ("forty-nine twenty nine", "en", "** * *"),
        ("nineteen eighty-four", "en", "** **"),
        ("one thousand euros", "en", "* *** euros"),
        ("null eins, sieben zwo", "de", "* *, * *"),
        ("meine Nummer ist siebenundvierzig elf", "de", "meine Nummer ist ** **"),
        ("zweimal die fünf", "de", "zweimal die fünf"),
        ("doppel fünf zwölf", "de", "* * **"),
        ("dreißig vierzig", "de", "** **"),
        ("zweitausendsechsundzwanzig", "de", "****"),
        ("zéro six vingt-quatre quatre-vingt-dix-sept", "fr", "* * ** **"),
        ("soixante-dix-sept, trente et un", "fr", "**, * et *"),
        ("seis cero, cuarenta y dos", "es", "* *, * y *"),
        ("veintiuno dieciséis", "es", "** **"),
        ("٤٩٢٩", "ar", "****"),
    ],
)
def test_a_run_of_digits_is_put_out(text: str, language: str, left: str) -> None:
    assert after(text, language) == left


@pytest.mark.parametrize(
    "text",
    [
        "I have 3 of them.",
        "room 101 please",
        "one or two or three or four",
        "four one two",
        "forty-nine euros",
        "one hundred people",
        "double trouble",
        "the one that I bought once",
        "oh well, that is nine",
        "four nine and then um two one",
        "4 and then um and 9 and so on, 2, 1",
    ],
)
def test_what_is_no_run_of_four_stays(text: str) -> None:
    assert after(text) == text


def test_a_language_that_is_not_known_is_searched_with_all_words() -> None:
    assert after("sieben acht neun null", "") == "* * * *"
    assert after("siete ocho nueve cero", "pl") == "* * * *"
    assert after("sieben acht neun null", "en") == "sieben acht neun null"


def test_an_accent_may_be_a_sign_of_its_own() -> None:
    assert after(normalize("NFD", "fünf fünf fünf fünf"), "de") == "* * * *"


def test_one_number_goes_on_while_the_other_says_yes() -> None:
    spoken = masked(
        turns_of(
            caller=[said("It is four nine", 0.0), said("two one", 2.4)],
            agent=[said("Yes?", 1.7), said("Four nine", 4.0), said("two", 12.0)],
        )
    )
    # The agent says it again, but never four digits of it near each other.
    assert read(spoken) == ["caller: It is * *", "agent: Yes?", "caller: * *", "agent: Four nine", "agent: two"]


def test_digits_of_two_speakers_are_no_number() -> None:
    spoken = turns_of(caller=[said("one two", 0.0)], agent=[said("three four", 1.5)])
    assert masked(spoken) == spoken


def test_digits_long_after_each_other_are_no_number() -> None:
    spoken = turns_of(caller=[said("one two", 0.0), said("three four", 7.0)])
    assert masked(spoken) == spoken


def test_times_confidence_and_what_was_not_put_out_stay() -> None:
    before = turns_of(caller=[said("card 4929 1234 thanks", 1.0)], agent=[said("Hello", 20.0)])
    hidden, untouched = masked(before)
    assert untouched == before[1]
    assert [word.text for word in hidden.words] == ["card", "****", "****", "thanks"]
    assert [word[1:] for word in hidden.words] == [word[1:] for word in before[0].words]
    assert (hidden.line.confidence, hidden.line.start_seconds) == (before[0].line.confidence, 1.0)


def test_a_line_without_words_loses_its_digits_too() -> None:
    line = SpokenLine(role=Role.CALLER, start_seconds=1.0, end_seconds=9.0, text="It is 49 29, ok? And four.")
    (turn,) = masked([Turn(line, ())])
    assert (turn.line.text, turn.words) == ("It is ** **, ok? And four.", ())


def test_a_word_of_several_loses_them_all() -> None:
    (turn,) = masked(turns_of(caller=[(Word("4 9 2 9", 0.0, 1.0), Word("ok", 1.0, 1.2))]))
    assert turn.line.text == "**** ok"


def test_of_nothing_nothing_is_left() -> None:
    assert masked(()) == ()
