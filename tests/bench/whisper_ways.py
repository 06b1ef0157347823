"""Two ways to hear a channel, for a warm process: as callreel does, and all of it, silence included. Holds the model
between two works; measures nothing.
"""

from functools import cache
from pathlib import Path
from typing import Any

import soundfile
import soxr

from connector.settings.transcription import AUTO_MODEL
from connector.transcription.channel_samples import SAMPLE_RATE
from connector.transcription.listening import Listener
from connector.transcription.models import Model, find
from connector.transcription.whisper_messages import Channel, WordsWanted

from .prompted import sound_of

LOCALE = "en-US"


def heard(path: Path, state: Path) -> int:
    """Every channel, silence skipped; how many words."""
    sound = sound_of(path)
    words = 0
    for number, voices in enumerate(sound.voices):
        channel = Channel(path, number, len(sound.voices), tuple(voices))
        words += len(_listener().words(WordsWanted(_model(state), channel, "en", 1)).words)
    return words


def heard_whole(path: Path, state: Path) -> int:
    """Every channel from beginning to end, by the same model with the same settings."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    words = 0
    for channel in samples.T:
        segments, _ = _whisper(state).transcribe(
            soxr.resample(channel, sample_rate, SAMPLE_RATE),
            language="en",
            beam_size=1,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
        )
        words += sum(len(segment.words or ()) for segment in segments)
    return words


@cache
def _listener() -> Listener:
    return Listener()


@cache
def _model(state: Path) -> Model:
    return find(AUTO_MODEL, state, LOCALE)


@cache
def _whisper(state: Path) -> Any:
    from faster_whisper import WhisperModel

    folder = str(_model(state).folder)
    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=True)
