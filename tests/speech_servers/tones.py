"""Words that a server can really hear: each one is a tone of its own. Who sends the wrong channel, cuts in the wrong
place or shifts times is found out by the sound itself."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from connector.domain.speech import Voice
from connector.ports.transcriber import ChannelSound

#: The tone of each stands 200 Hz above the one before it.
WORDS: Final = ("hello", "this", "is", "the", "agent", "calling", "about", "your", "order", "number", "thanks", "bye")
_LOWEST_HERTZ: Final = 400
_STEP_HERTZ: Final = 200
_LOUDNESS: Final = 8000
#: What is quieter is silence; louder than the noise that is under everything.
_SILENCE: Final = 500.0
_WINDOW_SECONDS: Final = 0.01


class Said(NamedTuple):
    word: str
    start_seconds: float
    end_seconds: float


def sentence(text: str, start_seconds: float, *, each: float = 0.3, pause: float = 0.1) -> list[Said]:
    """The words one after the other."""
    return [
        Said(word, start_seconds + index * (each + pause), start_seconds + index * (each + pause) + each)
        for index, word in enumerate(text.split())
    ]


def write_sound(
    path: Path, channels: Sequence[Sequence[Said]], *, duration_seconds: float, sample_rate: int = 8000
) -> ChannelSound:
    """A file with these words in each channel, and where there is voice, as the work makes it."""
    frames = round(duration_seconds * sample_rate)
    sound = np.random.default_rng(1).integers(-20, 21, (frames, len(channels))).astype(np.int16)
    for channel, said in enumerate(channels):
        for one in said:
            first, end = (round(seconds * sample_rate) for seconds in one[1:])
            time = np.arange(end - first) / sample_rate
            sound[first:end, channel] += (_LOUDNESS * np.sin(2 * np.pi * _hertz(one.word) * time)).astype(np.int16)
    soundfile.write(path, sound, sample_rate, format="WAVEX" if len(channels) > 2 else "WAV", subtype="PCM_16")
    return ChannelSound(
        path=path,
        sample_rate=sample_rate,
        duration_seconds=duration_seconds,
        voices=tuple(voices_of(said, duration_seconds) for said in channels),
    )


def voices_of(said: Iterable[Said], duration_seconds: float) -> tuple[Voice, ...]:
    """0.2 s around each word; what is less than 0.5 s apart is one."""
    found: list[Voice] = []
    for _, start, end in said:
        voice = Voice(max(0.0, start - 0.2), min(duration_seconds, end + 0.2))
        if found and voice.start_seconds - found[-1].end_seconds < 0.5:
            voice = Voice(found.pop().start_seconds, voice.end_seconds)
        found.append(voice)
    return tuple(found)


class Hearing(NamedTuple):
    """What a server hears in a file."""

    sample_rate: int
    duration_seconds: float
    channels: list[list[Said]]
    #: As soundfile calls it: WAV, WAVEX, FLAC.
    format: str


def hearing(content: bytes) -> Hearing:
    """Raises soundfile.LibsndfileError for what is no sound of 16 bits."""
    with soundfile.SoundFile(io.BytesIO(content)) as file:
        assert file.subtype == "PCM_16", file.subtype
        sound = file.read(dtype="int16", always_2d=True)
        channels = [_heard(sound[:, channel], file.samplerate) for channel in range(file.channels)]
        return Hearing(file.samplerate, len(sound) / file.samplerate, channels, file.format)


def _heard(sound: NDArray[np.int16], sample_rate: int) -> list[Said]:
    window = round(_WINDOW_SECONDS * sample_rate)
    windows = sound[: len(sound) // window * window].reshape(-1, window).astype(np.float64)
    is_loud = np.sqrt((windows**2).mean(axis=1)) > _SILENCE
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_loud, [False])).astype(np.int8)))
    return [
        Said(
            _word(sound[begin * window : end * window], sample_rate),
            begin * window / sample_rate,
            end * window / sample_rate,
        )
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def _word(tone: NDArray[np.int16], sample_rate: int) -> str:
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
    hertz = int(spectrum.argmax()) * sample_rate / len(tone)
    return WORDS[round((hertz - _LOWEST_HERTZ) / _STEP_HERTZ)]


def _hertz(word: str) -> int:
    return _LOWEST_HERTZ + _STEP_HERTZ * WORDS.index(word)
