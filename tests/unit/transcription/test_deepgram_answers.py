"""Answers of Deepgram's, whole and broken."""

import json
from typing import Any

import pytest

from connector.domain.speech import Heard, Word
from connector.transcription.deepgram_answers import heard
from connector.transcription.pieces import Piece

WHOLE = Piece(0.0, 60.0)


def channel(*words: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"alternatives": [{"transcript": "", "confidence": 0.9, "words": list(words)}]} | more


def word(text: str, start: Any, end: Any, **more: Any) -> dict[str, Any]:
    return {"word": text, "start": start, "end": end} | more


def heard_of(*channels: dict[str, Any], count: int | None = None) -> list[Heard]:
    answer = {"metadata": {"duration": 60.0}, "results": {"channels": list(channels)}}
    return heard(json.dumps(answer).encode(), count or len(channels), WHOLE)


def test_words_are_written_with_their_signs_and_their_confidence() -> None:
    first, second = heard_of(
        channel(word("hello", 1, 1.5, punctuated_word="Hello,", confidence=0.75), word("you", 2.0, 2.5)),
        channel(word("yes", 3.0, 3.5, punctuated_word="Yes.", confidence=0.5)),
    )
    assert first.words == (Word("Hello,", 1.0, 1.5, 0.75), Word("you", 2.0, 2.5, None))
    assert second.words == (Word("Yes.", 3.0, 3.5, 0.5),)


def test_the_first_of_several_alternatives_counts() -> None:
    both = {"alternatives": [{"words": [word("yes", 1.0, 2.0)]}, {"words": [word("no", 1.0, 2.0)]}]}
    assert [word.text for word in heard_of(both)[0].words] == ["yes"]


def test_a_language_that_was_found_comes_with_how_sure_that_is() -> None:
    (found,) = heard_of(channel(detected_language="pt-BR", language_confidence=0.5))
    assert (found.language, found.language_confidence) == ("pt", 0.5)


@pytest.mark.parametrize("silent", [{"alternatives": []}, {"alternatives": [{}]}, {"alternatives": [{"words": None}]}])
def test_a_channel_without_words_is_one(silent: dict[str, Any]) -> None:
    assert heard_of(silent) == [Heard()]


def test_times_are_set_right() -> None:
    (found,) = heard_of(channel(word("c", 59.5, 61), word("a", -1, 0.5), word("b", 3.0, 2.0)))
    assert [(word.text, word.start_seconds, word.end_seconds) for word in found.words] == [
        ("a", 0.0, 0.5),
        ("b", 3.0, 3.0),
        ("c", 59.5, 60.0),
    ]


@pytest.mark.parametrize("time", ["NaN", "1e999", '"1.5"', "null", "[]"])
def test_what_is_no_time_is_refused(time: str) -> None:
    answer = f'{{"results": {{"channels": [{{"alternatives": [{{"words": [{{"start": {time}, "end": 2}}]}}]}}]}}}}'
    with pytest.raises(ValueError, match=r"JSON|no time"):
        heard(answer.encode(), 1, WHOLE)


def test_other_channels_than_were_sent_are_no_answer() -> None:
    with pytest.raises(ValueError, match="1 channels instead of 2"):
        heard_of(channel(), count=2)
