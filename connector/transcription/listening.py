"""Whisper itself, in its own process: a model, and what it hears in a channel.

What is voiced is checked for speech once more (silero: ringing and music have a voice too), put together on tapes and
heard tape by tape. Against faster-whisper's own filter over the whole channel this takes as much time and a fifth
less memory, for as many words.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from connector.domain.speech import Voice, Word
from connector.errors import EngineRefused
from connector.transcription.channel_samples import SAMPLE_RATE, ChannelSamples, Samples, quietest_seconds
from connector.transcription.models import MODEL_FILE, Model, joined, proven
from connector.transcription.pieces import LEAST_VOICE_SECONDS
from connector.transcription.tape import GAP_SECONDS, LONGEST_SECONDS, Tape
from connector.transcription.whisper_messages import Answer, Channel, LanguageWanted, WordsWanted
from connector.transcription.whisper_words import without_repetition, words_of
from connector.transcription.word_times import begun_with_voice

#: A voice that goes on for longer is cut at the quietest place of its last part.
_LONGEST_SPEECH_SECONDS: Final = LONGEST_SECONDS - 1.0
_SEARCHED_SECONDS: Final = 8.0
#: What silero calls a pause, and what is kept around speech.
_PAUSE_MS: Final = 500
_PAD_MS: Final = 200
_GAP: Final = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.float32)


class Speech(NamedTuple):
    """Speech and where it begins on the recording's clock."""

    start_seconds: float
    samples: Samples

    @property
    def length_seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class Listener:
    """Holds one model at a time."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._whisper: Any = None

    def language(self, wanted: LanguageWanted) -> Answer:
        """Of the first tape that is full of speech; empty when nobody speaks."""
        whisper = self._loaded(wanted.model)
        for _, samples in _tapes(wanted.channel):
            language, confidence, _ = whisper.detect_language(audio=samples)
            return Answer(language=str(language), language_confidence=float(confidence))
        return Answer()

    def words(self, wanted: WordsWanted) -> Answer:
        whisper = self._loaded(wanted.model)
        words: list[Word] = []
        for tape, samples in _tapes(wanted.channel):
            segments, _ = whisper.transcribe(
                samples,
                language=wanted.language,
                beam_size=wanted.beam,
                condition_on_previous_text=False,
                word_timestamps=True,
                vad_filter=False,
            )
            words += words_of(segments, tape)
        heard = begun_with_voice(without_repetition(words), wanted.channel.voices)
        return Answer(words=heard, language=wanted.language)

    def _loaded(self, model: Model) -> Any:
        if self._folder != model.folder:
            # Never two in memory.
            self._folder = self._whisper = None
            joined(model)
            proven(model)
            self._whisper = _whisper(model.folder)
            self._folder = model.folder
        return self._whisper


def _whisper(folder: Path) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise EngineRefused(f"Whisper cannot be loaded ({error}): scripts/install --with whisper-english") from error
    try:
        return WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=True
        )
    except Exception as error:
        # The library raises whatever it finds, also for half a file.
        raise EngineRefused(
            f"{folder / MODEL_FILE} and what lies beside it are no model that can be loaded ({error}): get it once more"
        ) from error


def _tapes(channel: Channel) -> Iterator[tuple[Tape, Samples]]:
    with ChannelSamples(channel) as samples:
        tape = Tape()
        parts: list[Samples] = []
        for start_seconds, spoken in _spoken(samples, channel.voices):
            length_seconds = len(spoken) / SAMPLE_RATE
            if not tape.has_room_for(length_seconds):
                yield tape, np.concatenate(parts)
                tape, parts = Tape(), []
            tape.add(start_seconds, length_seconds)
            parts += [spoken, _GAP]
        if parts:
            yield tape, np.concatenate(parts)


def _spoken(samples: ChannelSamples, voices: Iterable[Voice]) -> Iterator[Speech]:
    """Without channels in which hardly anything is spoken."""
    waiting: list[Speech] | None = []
    for voice in voices:
        for speech in _speech_of(samples, voice):
            if waiting is None:
                yield speech
                continue
            waiting.append(speech)
            if sum(one.length_seconds for one in waiting) >= LEAST_VOICE_SECONDS + 2 * _PAD_MS / 1000:
                yield from waiting
                waiting = None


def _speech_of(samples: ChannelSamples, voice: Voice) -> Iterator[Speech]:
    start, end = voice
    while start < end:
        piece = samples.between(start, min(end, start + _LONGEST_SPEECH_SECONDS))
        if end - start > _LONGEST_SPEECH_SECONDS:
            searched = round((_LONGEST_SPEECH_SECONDS - _SEARCHED_SECONDS) * SAMPLE_RATE)
            kept = searched + round(quietest_seconds(piece[searched:]) * SAMPLE_RATE)
            piece = piece[:kept]
        if not len(piece):
            return
        for first, last in _speech_in(piece):
            yield Speech(start + first / SAMPLE_RATE, piece[first:last])
        start += len(piece) / SAMPLE_RATE if end - start > _LONGEST_SPEECH_SECONDS else end - start


def _speech_in(samples: Samples) -> Sequence[tuple[int, int]]:
    """By silero, from one sample to another."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=_PAUSE_MS, speech_pad_ms=_PAD_MS)
    return [(int(found["start"]), int(found["end"])) for found in get_speech_timestamps(samples, options)]
