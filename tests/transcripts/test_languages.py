"""The real Whisper on telephone prompts of other languages: which it is, found out once for a call, and its words."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from connector.domain.speech import Heard
from connector.transcription.whisper import WhisperTranscriber
from tests.transcripts.prompt_list import NoPrompts, Prompt, spoken_in
from tests.transcripts.prompts import Spoken, conversation
from tests.transcripts.word_errors import plain_words, word_errors

_log = logging.getLogger(__name__)

SENTENCES = 8
#: The lists leave accents out and differ from what is said by a word here and there.
MOST_WRONG = 0.25


def some(language: str) -> Sequence[Prompt]:
    """Of the whole list, each as far from the next; without figures, for they may be said in several ways."""
    try:
        prompts = [one for one in spoken_in(language) if not any(map(str.isdigit, one.text))]
    except NoPrompts as error:
        pytest.skip(str(error))
    return prompts[:: len(prompts) // SENTENCES][:SENTENCES]


def errors(texts: Mapping[str, str], spoken: Sequence[Spoken], heard: Sequence[Heard]) -> tuple[int, int]:
    """Of so many words."""
    wrong = said = 0
    for channel, one in enumerate(heard):
        words = [word for own in spoken if own.channel == channel for word in plain_words(texts[own.prompt])]
        wrong += word_errors(words, plain_words(" ".join(word.text for word in one.words)))
        said += len(words)
    return wrong, said


@pytest.mark.parametrize("language", ["es", "fr", "it", "ru"])
async def test_a_language_is_found_out_and_its_words_are_heard(
    whisper: WhisperTranscriber, tmp_path: Path, language: str
) -> None:
    prompts = some(language)
    texts = {one.name: one.text for one in prompts}
    sound, spoken = conversation(prompts[0].folder, tmp_path / "call.wav", list(texts))
    heard = await whisper.hear(sound, "")
    assert [one.language for one in heard] == [language, language]
    wrong, said = errors(texts, spoken, heard)
    _log.info("%s: %.2f sure, %d of %d words wrong", language, heard[0].language_confidence, wrong, said)
    assert wrong <= MOST_WRONG * said, heard


@pytest.mark.parametrize(("language", "locale"), [("fr", "fr-CA"), ("es", "es-MX")])
async def test_a_language_that_is_said_is_not_looked_for(
    whisper: WhisperTranscriber, tmp_path: Path, language: str, locale: str
) -> None:
    prompts = some(language)[:4]
    texts = {one.name: one.text for one in prompts}
    sound, spoken = conversation(prompts[0].folder, tmp_path / "call.wav", list(texts))
    heard = await whisper.hear(sound, locale)
    assert [(one.language, one.language_confidence) for one in heard] == [(language, None)] * 2
    wrong, said = errors(texts, spoken, heard)
    assert wrong <= said / 2, heard
