"""Answers of servers that speak as OpenAI's, as they are met."""

import json
import math
from typing import Any

import pytest

from connector.domain.speech import Heard, Voice, Word
from connector.transcription.openai_answers import Detail, heard, plainer
from connector.transcription.pieces import Piece

WHOLE = Piece(0.0, 60.0)
VOICES = (Voice(1.0, 5.0), Voice(10.0, 14.0))


def heard_of(piece: Piece = WHOLE, voices: tuple[Voice, ...] = VOICES, **answer: Any) -> Heard:
    return heard(json.dumps(answer).encode(), piece, voices)


def word(text: str, start: float | None, end: float | None, **more: Any) -> dict[str, Any]:
    times = {"start": start, "end": end} if start is not None or end is not None else {}
    return {"word": text} | times | more


def texts(heard: Heard) -> list[str]:
    return [word.text for word in heard.words]


def times(heard: Heard) -> list[tuple[float, float]]:
    return [(round(word.start_seconds, 3), round(word.end_seconds, 3)) for word in heard.words]


# Times


def test_times_of_a_piece_are_moved_to_the_recordings_clock() -> None:
    found = heard_of(Piece(100.0, 160.0), text="Hello you", words=[word("Hello", 0.5, 1.0), word("you", 1.0, 1.5)])
    assert times(found) == [(100.5, 101.0), (101.0, 101.5)]


def test_times_out_of_the_piece_are_clamped_and_an_end_before_its_beginning_is_mended() -> None:
    words = [word("a", -3.0, 0.5), word("b", 2.0, 1.0), word("c", 59.0, 75.0), word("d", 80.0, 81.0)]
    assert times(heard_of(words=words)) == [(0.0, 0.5), (2.0, 2.0), (59.0, 60.0), (60.0, 60.0)]


def test_words_out_of_order_are_sorted() -> None:
    found = heard_of(words=[word("late", 9.0, 10.0), word("early", 1.0, 2.0), word("middle", 4.0, 5.0)])
    assert texts(found) == ["early", "middle", "late"]


def test_a_word_without_times_follows_the_one_before_it() -> None:
    found = heard_of(words=[word("room", 1.2, 1.5), word("42", None, None), word("please", 2.0, 2.5)])
    assert times(found) == [(1.2, 1.5), (1.5, 1.5), (2.0, 2.5)]


def test_the_first_word_after_a_pause_begins_with_the_voice_where_it_is_told_when_words_are() -> None:
    words = [word("late", 1.6, 1.9), word("then", 2.1, 2.3), word("later", 10.9, 11.2)]
    mended = [(1.2, 1.9), (2.1, 2.3), (10.9, 11.2)]
    assert times(heard_of(words=words)) == mended
    assert times(heard_of(segments=[{"text": "late then later", "start": 1.6, "end": 11.2, "words": words}])) == mended


def test_a_piece_that_begins_within_a_voice_begins_no_word_with_it() -> None:
    found = heard_of(Piece(3.0, 60.0), words=[word("on", 0.4, 0.8)])
    assert times(found) == [(3.4, 3.8)]


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-Infinity", "1e999", '"1.5"', "[1]", "true"])
def test_what_is_no_time_is_refused(time: str) -> None:
    for answer in (
        f'{{"words": [{{"word": "a", "start": {time}, "end": 2.0}}]}}',
        f'{{"segments": [{{"text": "a", "start": 1.0, "end": {time}}}]}}',
        f'{{"segments": [{{"text": "a", "words": [{{"word": "a", "start": {time}}}]}}]}}',
    ):
        with pytest.raises(ValueError, match=r"JSON|no time"):
            heard(answer.encode(), WHOLE, VOICES)


def test_pieces_of_a_word_are_one_where_blanks_tell_them_apart() -> None:
    pieces = [word(" n", 1.2, 1.4), word("'est", 1.4, 1.6), word(" là.", 1.6, 2.0)]
    assert texts(heard_of(text="n'est là.", words=pieces)) == ["n'est", "là."]
    segments = [{"text": " n'est là.", "start": 1.0, "end": 2.0, "words": pieces}]
    assert texts(heard_of(segments=segments)) == ["n'est", "là."]


def test_a_sentence_that_was_made_up_has_no_words() -> None:
    made_up = {"text": "Thank you.", "start": 10.0, "end": 12.0, "avg_logprob": -1.4, "no_speech_prob": 0.9}
    said = {"text": " Hello", "start": 1.2, "end": 2.0, "avg_logprob": -0.1, "no_speech_prob": 0.9}
    assert texts(heard_of(segments=[said, made_up])) == ["Hello"]
    words = [word("Hello", 1.2, 2.0), word("Thank", 10.0, 10.5), word("you", 11.5, 12.0)]
    assert texts(heard_of(words=words, segments=[said, made_up])) == ["Hello"]
    unsure = made_up | {"no_speech_prob": None}
    assert texts(heard_of(segments=[unsure])) == ["Thank", "you."]


def test_a_word_that_is_said_without_end_is_said_once() -> None:
    words = [word("so", 1.2 + at / 10, 1.3 + at / 10) for at in range(20)]
    assert texts(heard_of(words=[*words, word("yes", 4.0, 4.5)])) == ["so", "yes"]


def test_empty_words_are_none() -> None:
    assert texts(heard_of(words=[word("", 1.0, 2.0), word(" ", 2.0, 3.0), word(" you ", 3.0, 4.0)])) == ["you"]


# What is written


def test_signs_come_back_to_words_that_came_bare() -> None:
    bare = ["Well", "that", "s", "17", "50", "euros", "isn", "t", "it", "yes"]
    words = [word(text, index, index + 0.5) for index, text in enumerate(bare)]
    found = heard_of(text="Well, that's 17.50 euros — isn't it? Yes!", words=words)
    assert texts(found) == ["Well,", "that", "s", "17", "50", "euros", "isn", "t", "it?", "Yes!"]


def test_signs_are_found_in_the_sentences_when_there_is_no_text() -> None:
    found = heard_of(words=[word("hello", 1.0, 1.5)], segments=[{"text": " Hello!", "start": 1.0, "end": 1.5}])
    assert texts(found) == ["Hello!"]


def test_a_text_that_is_another_changes_no_word() -> None:
    words = [word("one", 1.0, 1.5), word("two", 2.0, 2.5)]
    assert texts(heard_of(text="quite something else " * 100, words=words)) == ["one", "two"]


def test_a_long_text_is_followed_to_its_end() -> None:
    count = 20_000
    words = [word(f"w{index}", index / 1000, index / 1000) for index in range(count)]
    found = heard_of(text=" ".join(f"W{index}," for index in range(count)), words=words)
    assert texts(found) == [f"W{index}," for index in range(count)]


# Sentences and texts without words


def test_words_within_sentences_are_as_good() -> None:
    segments = [
        {"text": " Hello you.", "start": 1.0, "end": 2.0, "words": [word(" Hello", 1.2, 1.4), word(" you.", 1.5, 2.0)]},
        {"text": " Bye now.", "start": 11.0, "end": 12.0, "words": None},
    ]
    found = heard_of(text="Hello you. Bye now.", words=None, segments=segments)
    assert texts(found) == ["Hello", "you.", "Bye", "now."]
    assert times(found) == [(1.2, 1.4), (1.5, 2.0), (11.0, 11.5), (11.5, 12.0)]


def test_a_sentence_is_spread_over_the_voice_in_it() -> None:
    found = heard_of(segments=[{"text": "a b c d e f", "start": 3.0, "end": 14.0}])
    assert times(found) == [(3.0, 4.0), (4.0, 5.0), (10.0, 11.0), (11.0, 12.0), (12.0, 13.0), (13.0, 14.0)]


def test_a_sentence_where_there_is_no_voice_is_spread_over_its_time() -> None:
    assert times(heard_of(segments=[{"text": "a b", "start": 20.0, "end": 24.0}])) == [(20.0, 22.0), (22.0, 24.0)]


def test_a_sentence_of_a_piece_is_spread_on_the_recordings_clock() -> None:
    found = heard_of(Piece(10.0, 20.0), segments=[{"text": "a b", "start": 0.0, "end": 2.0}])
    assert times(found) == [(10.0, 11.0), (11.0, 12.0)]


def test_a_sentence_without_an_end_goes_to_the_end_of_the_voice() -> None:
    assert times(heard_of(segments=[{"text": "a b", "start": 10.0}])) == [(10.0, 12.0), (12.0, 14.0)]
    assert times(heard_of(segments=[{"text": "a b", "start": 10.0, "end": 10.0}])) == [(10.0, 12.0), (12.0, 14.0)]


def test_a_text_alone_is_spread_over_all_the_voice() -> None:
    found = heard_of(text="a b c d")
    assert times(found) == [(1.0, 3.0), (3.0, 5.0), (10.0, 12.0), (12.0, 14.0)]
    assert {word.confidence for word in found.words} == {None}


def test_a_word_lies_whole_within_one_voice() -> None:
    found = heard_of(text="a b c", voices=(Voice(0.0, 2.0), Voice(10.0, 11.0)))
    assert times(found) == [(0.0, 1.0), (1.0, 2.0), (10.0, 11.0)]
    found = heard_of(text="a b", voices=(Voice(0.0, 3.0), Voice(10.0, 11.0)))
    assert times(found) == [(0.0, 2.0), (2.0, 3.0)]


def test_nanoseconds_are_no_seconds() -> None:
    segments = [{"text": "a", "start": 0, "end": 1_500_000_000}, {"text": "b", "start": 2_000_000_000, "end": 3e9}]
    assert times(heard_of(segments=segments)) == [(1.0, 1.5), (2.0, 3.0)]


def test_nothing_heard_is_an_answer() -> None:
    assert heard_of(text="") == heard_of(words=[]) == heard_of(segments=[]) == Heard()
    assert heard_of(text="", words=None, segments=None) == Heard()


@pytest.mark.parametrize("answer", [{}, {"error": "no"}, {"language": "en"}])
def test_what_tells_nothing_at_all_is_none(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="without any text"):
        heard_of(**answer)


# Confidence and language


@pytest.mark.parametrize(
    ("logprob", "confidence"),
    [
        (-0.5, math.exp(-0.5)),
        (-9.9, math.exp(-9.9)),
        (-1.0, None),
        (0.0, None),
        (-10.0, None),
        (3.0, None),
        (None, None),
    ],
)
def test_the_logarithm_of_a_sentence_is_the_confidence_of_its_words(
    logprob: float | None, confidence: float | None
) -> None:
    segment = {"text": "a b", "start": 1.0, "end": 3.0, "avg_logprob": logprob}
    assert [word.confidence for word in heard_of(segments=[segment]).words] == [confidence, confidence]
    found = heard_of(words=[word("a", 1.0, 1.5)], segments=[segment])
    assert [word.confidence for word in found.words] == [confidence]


def test_words_beside_sentences_have_the_confidence_of_that_which_they_stand_in() -> None:
    segments = [
        {"text": "", "start": 1.0, "end": 3.0, "avg_logprob": -0.1},
        {"text": "", "start": 10.0, "end": 12.0, "avg_logprob": -0.2},
    ]
    found = heard_of(words=[word("a", 0.9, 1.2), word("b", 2.0, 2.5), word("c", 10.1, 10.5)], segments=segments)
    assert [word.confidence for word in found.words] == [math.exp(-0.1), math.exp(-0.1), math.exp(-0.2)]


def test_a_words_own_probability_goes_first_and_one_that_is_none_is_left_out() -> None:
    segment = {"text": "", "start": 1.0, "end": 3.0, "avg_logprob": -0.1}
    words = [word("a", 1.2, 1.5, probability=0.25), word("b", 1.5, 2.0, probability=7.0)]
    assert heard_of(words=words, segments=[segment]).words == (Word("a", 1.2, 1.5, 0.25), Word("b", 1.5, 2.0, None))


@pytest.mark.parametrize(
    ("said", "language"),
    [
        *(("english", "en"), ("English", "en"), ("en", "en"), ("en-US", "en"), ("haitian creole", "ht")),
        *(("cantonese", "yue"), ("", ""), (None, ""), ("und", ""), ("klingonese", "")),
    ],
)
def test_a_language_is_named_by_its_code_however_it_is_said(said: str | None, language: str) -> None:
    assert heard_of(text="a", language=said).language == language


# What is asked for instead


OPENAI = (
    b'{"error": {"message": "response_format \'verbose_json\' is not compatible with model \'gpt-4o-transcribe\'."}}'
)
GROQ = b'{"error": {"message": "`timestamp_granularities[]` not supported by this model"}}'
FASTAPI = b'{"detail": [{"loc": ["body", "response_format"], "msg": "Input should be \'json\' or \'text\'"}]}'


@pytest.mark.parametrize(
    ("asked", "status", "said", "instead"),
    [
        (Detail.WORDS, 400, OPENAI, Detail.TEXT),
        (Detail.SENTENCES, 400, OPENAI, Detail.TEXT),
        (Detail.TEXT, 400, OPENAI, None),
        (Detail.WORDS, 422, FASTAPI, Detail.TEXT),
        (Detail.WORDS, 400, GROQ, Detail.SENTENCES),
        (Detail.SENTENCES, 400, GROQ, None),
        (Detail.WORDS, 500, OPENAI, None),
        (Detail.WORDS, 400, b"something else", None),
        (Detail.WORDS, 400, b"", None),
    ],
)
def test_less_is_asked_for_only_when_that_is_what_was_too_much(
    asked: Detail, status: int, said: bytes, instead: Detail | None
) -> None:
    assert plainer(asked, status, said) is instead
