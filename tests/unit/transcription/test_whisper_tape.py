"""Speech on tapes and back, and what of Whisper's words is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from connector.domain.speech import Voice, Word
from connector.errors import BrokenAudio, SourceMissing
from connector.transcription.channel_samples import SAMPLE_RATE, ChannelSamples, quietest_seconds
from connector.transcription.tape import GAP_SECONDS, LONGEST_SECONDS, Tape
from connector.transcription.whisper_messages import Channel
from connector.transcription.whisper_words import SpokenWord, is_made_up, without_repetition, words_of


@dataclass
class Said:
    word: str
    start: float
    end: float
    probability: float = 0.9


@dataclass
class Passage:
    words: Sequence[SpokenWord] | None
    no_speech_prob: float = 0.0
    avg_logprob: float = -0.2


def a_tape() -> Tape:
    """Two seconds from 10 s on, then three from 60 s on."""
    tape = Tape()
    tape.add(10.0, 2.0)
    tape.add(60.0, 3.0)
    return tape


# --- tapes --------------------------------------------------------------------------------------------------------


def test_what_lies_on_a_tape_was_spoken_where_it_was_cut_out() -> None:
    second = 2.0 + GAP_SECONDS
    assert a_tape().on_the_recording(0.5, 1.5) == (10.5, 11.5)
    assert a_tape().on_the_recording(second + 1, second + 2) == pytest.approx((61.0, 62.0))


def test_a_word_that_reaches_over_a_pause_stays_on_the_side_where_most_of_it_is() -> None:
    second = 2.0 + GAP_SECONDS
    assert a_tape().on_the_recording(1.0, second + 0.2) == (11.0, 12.0)
    assert a_tape().on_the_recording(1.9, second + 2.0) == pytest.approx((60.0, 62.0))


def test_what_is_heard_in_the_gap_or_behind_the_end_goes_to_the_nearest() -> None:
    assert a_tape().on_the_recording(2.05, 2.1) == (12.0, 12.0)
    assert a_tape().on_the_recording(29.0, 29.9) == (63.0, 63.0)


def test_a_tape_takes_what_a_model_hears_at_once_and_one_that_is_empty_takes_anything() -> None:
    tape = Tape()
    assert tape.has_room_for(LONGEST_SECONDS + 10)
    tape.add(0.0, 20.0)
    assert tape.has_room_for(LONGEST_SECONDS - 20.0 - GAP_SECONDS)
    assert not tape.has_room_for(LONGEST_SECONDS - 20.0)


# --- words --------------------------------------------------------------------------------------------------------


def test_words_are_as_they_are_written_without_blanks_around_and_on_the_recordings_clock() -> None:
    words = words_of(
        [Passage([Said(" Hello,", 0.25, 0.5), Said(" ", 0.6, 0.7), Said(" world.", 3.3, 3.9, 0.25)])], a_tape()
    )
    assert words == [Word("Hello,", 10.25, 10.5, 0.9), Word("world.", 61.0, 61.6, 0.25)]
    assert all(type(word.start_seconds) is float for word in words)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" Personne", " n", "'est", " là."], ["Personne", "n'est", "là."]),
        ([" un'", "altra", " volta"], ["un'altra", "volta"]),
        ([" Dial", " 0", "-", "8", "00", " or", " $1", ",000", ".50."], ["Dial", "0-800", "or", "$1,000.50."]),
        (["这", "是", " OK", "吗"], ["这", "是", "OK", "吗"]),
        (["Hello", " you"], ["Hello", "you"]),
    ],
)
def test_pieces_of_a_word_are_one(pieces: list[str], words: list[str]) -> None:
    said = [Said(piece, at / 10, at / 10 + 0.1, 0.5) for at, piece in enumerate(pieces)]
    assert [word.text for word in words_of([Passage(said)], a_tape())] == words


def test_a_word_of_several_pieces_lasts_as_long_as_all_and_is_as_sure_as_they_are_together() -> None:
    (word,) = words_of([Passage([Said(" n", 0.0, 0.1, 0.9), Said("'est", 0.1, 0.4, 0.5)])], a_tape())
    assert word.end_seconds - word.start_seconds == pytest.approx(0.4)
    assert word.confidence == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("no_speech", "sure", "made_up"), [(0.7, -1.1, True), (0.7, -0.5, False), (0.5, -1.1, False), (0.6, -1.0, False)]
)
def test_a_passage_that_is_neither_speech_nor_sure_is_made_up(no_speech: float, sure: float, made_up: bool) -> None:
    passage = Passage([Said(" you", 0.0, 0.5)], no_speech, sure)
    assert is_made_up(passage) is made_up
    assert len(words_of([passage], a_tape())) == (not made_up)


def test_a_passage_without_words_is_none() -> None:
    assert words_of([Passage(None)], a_tape()) == []


def test_a_word_six_times_in_a_row_is_one_and_five_times_is_what_was_said() -> None:
    def said(*texts: str) -> list[Word]:
        return [Word(text, place, place + 0.5) for place, text in enumerate(texts)]

    stuck = said("so", "No,", "no", "no.", "NO", "no", "no!", "stop")
    assert [word.text for word in without_repetition(stuck)] == ["so", "No,", "stop"]
    insistent = said("no", "no", "no", "no", "no", "stop")
    assert list(without_repetition(insistent)) == insistent
    assert len(without_repetition(said("-", ".", "-", ".", "-", "."))) == 6


# --- samples ------------------------------------------------------------------------------------------------------


def a_sound(folder: Path, channels: int = 2, sample_rate: int = 8000) -> Path:
    """Ten seconds; each channel is constant: a tenth, two tenths …"""
    path = folder / "sound.wav"
    levels = np.arange(1, channels + 1, dtype=np.float32) / 10
    soundfile.write(path, np.tile(levels, (10 * sample_rate, 1)), sample_rate, "PCM_16")
    return path


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 48_000])
def test_a_channel_is_read_at_16_khz_whatever_it_was(tmp_path: Path, sample_rate: int) -> None:
    path = a_sound(tmp_path, 3, sample_rate)
    for number in range(3):
        with ChannelSamples(Channel(path, number, 3, ())) as samples:
            piece = samples.between(2.0, 4.5)
            assert piece.dtype == np.float32
            assert len(piece) == round(2.5 * SAMPLE_RATE)
            assert piece[1000:-1000] == pytest.approx((number + 1) / 10, abs=1e-3)
            assert len(samples.between(9.0, 99.0)) == SAMPLE_RATE
            assert len(samples.between(20.0, 21.0)) == 0


def test_another_number_of_channels_than_was_said_is_no_such_sound(tmp_path: Path) -> None:
    with pytest.raises(BrokenAudio, match=r"sound\.wav holds 2 channels instead of 3"):
        ChannelSamples(Channel(a_sound(tmp_path), 0, 3, (Voice(0.0, 1.0),)))
    with pytest.raises(SourceMissing, match=r"gone\.wav"):
        ChannelSamples(Channel(tmp_path / "gone.wav", 0, 2, ()))


def test_a_voice_without_a_pause_is_cut_where_it_is_quietest() -> None:
    loud = np.ones(8 * SAMPLE_RATE, np.float32)
    loud[5 * SAMPLE_RATE : round(5.2 * SAMPLE_RATE)] = 0.1
    assert quietest_seconds(loud) == pytest.approx(5.1)
    assert quietest_seconds(loud[:1000]) == 500 / SAMPLE_RATE
