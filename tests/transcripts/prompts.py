"""Prompts of Debian's asterisk-core-sounds and what is said in them, put on the channels of a telephone call. Knows
sound, no engine.

The sounds are not ours and not here: scripts/get-asterisk has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from connector.domain.speech import Voice
from connector.ports.transcriber import ChannelSound
from tests.pbx import noise

SAMPLE_RATE: Final = 8000
#: What stands around voice wherever it is found.
_PAD_SECONDS: Final = 0.2
#: The rustle of a line, in steps.
_RUSTLE: Final = 10

TEXTS: Final = {
    "agent-alreadyon": "That agent is already logged on. Please enter your agent number followed by the pound key.",
    "auth-incorrect": "Password incorrect. Please enter your password followed by the pound key.",
    "conf-onlyone": "There is currently one other participant in the conference.",
    "conf-roll-callcomplete": "Playback of the list of people attending is complete.",
    "confbridge-lock-no-join": "The conference is currently locked and cannot be joined.",
    "confbridge-pin-bad": "You have entered too many invalid personal identification numbers.",
    "feature-not-avail-line": "That feature is not available on this line.",
    "privacy-unident": "The party you are trying to reach does not accept unidentified calls.",
    "queue-youarenext": "Your call is now first in line and will be answered by the next available representative.",
    "ss-noservice": "The number you have dialed is not in service. Please check the number and try again.",
    "vm-nobox": "You cannot reply to this message because the sender does not have a mailbox.",
    "vm-whichbox": "To leave a message, please enter a mailbox number.",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    channel: int
    prompt: str
    voice: Voice


def conversation(sounds: Path, path: Path, prompts: Sequence[str]) -> tuple[ChannelSound, list[Spoken]]:
    """Each in turn says one, the left channel first, with pauses of different lengths."""
    spoken: list[Spoken] = []
    at = 1.0
    for place, prompt in enumerate(prompts):
        length = len(_samples(sounds, prompt)) / SAMPLE_RATE
        spoken.append(Spoken(place % 2, prompt, Voice(at, at + length)))
        at += length + 0.4 + 0.5 * (place % 3)
    lines = [_rustle(at + 1.0, channel) for channel in range(2)]
    for one in spoken:
        samples = _samples(sounds, one.prompt)
        first = round(one.voice.start_seconds * SAMPLE_RATE)
        lines[one.channel][first : first + len(samples)] += samples
    voices = [[_padded(one.voice) for one in spoken if one.channel == channel] for channel in range(2)]
    return written(path, lines, voices), spoken


def written(
    path: Path, channels: Sequence[NDArray[np.float64]], voices: Sequence[Sequence[Voice]] = ()
) -> ChannelSound:
    """With what µ-law leaves of them; without voices said, somebody may speak all the time."""
    duration = len(channels[0]) / SAMPLE_RATE
    limited = [np.clip(np.rint(channel), -32000, 32000).astype(np.int64) for channel in channels]
    coded = [noise.LINEAR[noise.nearest_codes(channel)] for channel in limited]
    soundfile.write(path, np.stack(coded, axis=1), SAMPLE_RATE, "PCM_16")
    return ChannelSound(
        path=path,
        sample_rate=SAMPLE_RATE,
        duration_seconds=duration,
        voices=voices or [[Voice(0.0, duration)] for _ in channels],
    )


def silence(seconds: float) -> NDArray[np.float64]:
    return np.zeros(round(seconds * SAMPLE_RATE))


def comfort_noise(seconds: float) -> NDArray[np.float64]:
    return _rustle(seconds, 7)


def ringback(seconds: float) -> NDArray[np.float64]:
    """As it sounds in Europe: a second of 425 Hz, four of nothing."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.where(time % 5 < 1, 6000 * np.sin(2 * np.pi * 425 * time), 0.0)


def american_ringback(seconds: float) -> NDArray[np.float64]:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    both = np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 480 * time)
    return np.where(time % 6 < 2, 4000 * both, 0.0)


def _rustle(seconds: float, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, _RUSTLE, round(seconds * SAMPLE_RATE))


def _samples(sounds: Path, prompt: str) -> NDArray[np.float64]:
    samples, sample_rate = soundfile.read(sounds / f"{prompt}.wav", dtype="int16")
    assert sample_rate == SAMPLE_RATE
    return np.asarray(samples, np.float64)


def _padded(voice: Voice) -> Voice:
    return Voice(voice.start_seconds - _PAD_SECONDS, voice.end_seconds + _PAD_SECONDS)
