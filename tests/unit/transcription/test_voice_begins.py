"""When the first word of each voice begins: as the sound says, where Whisper says nearly the same."""

import pytest

from connector.domain.speech import Voice, Word
from connector.transcription.word_times import begun_with_voice


def starts(*words: tuple[float, float], voices: tuple[Voice, ...]) -> list[float]:
    heard = [Word(f"w{place}", start, end) for place, (start, end) in enumerate(words)]
    return [word.start_seconds for word in begun_with_voice(heard, voices)]


@pytest.mark.parametrize("start", [1.0, 1.2, 1.6])
def test_the_first_word_of_a_voice_begins_with_it(start: float) -> None:
    assert starts((start, 1.9), (2.1, 2.3), voices=(Voice(1.0, 3.0),)) == [1.2, 2.1]


def test_a_word_that_comes_much_later_follows_something_unheard() -> None:
    assert starts((1.8, 1.9), voices=(Voice(1.0, 3.0),)) == [1.8]


def test_a_word_that_is_over_before_the_voice_begins_stays() -> None:
    assert starts((1.05, 1.15), (1.4, 1.6), voices=(Voice(1.0, 3.0),)) == [1.05, 1.4]


def test_every_voice_has_a_first_word_of_its_own_and_words_without_voice_stay() -> None:
    voices = (Voice(1.0, 2.0), Voice(4.0, 6.0), Voice(8.0, 9.0))
    assert starts((1.3, 1.5), (4.1, 4.5), (4.6, 5.0), voices=voices) == [1.2, 4.2, 4.6]
