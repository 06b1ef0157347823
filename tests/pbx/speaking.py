"""Two phones that say prompts to each other, in turns and at the same time, and know who said what when.

Knows phones and sound; what is heard of it is not its business.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.pbx import noise
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.sounds import Coding, ComfortNoise
from tests.pbx.waiting import talking, until
from tests.transcripts.prompt_list import SAMPLE_RATE, Prompt

SPEAKERS: Final = ("caller", "agent")
#: Between two turns, one after the other.
_PAUSES: Final = (0.4, 0.9, 0.6)
#: Every fourth turn begins so long before the one before it ends.
_TALK_OVER_SECONDS: Final = 1.2
_TALK_OVER_EVERY: Final = 4
_BEFORE_SECONDS: Final = 1.0
_AFTER_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    speaker: str
    prompt: Prompt
    #: By so much slower than it was spoken, and deeper; 1 is the voice that it has.
    slower: float
    #: Since the talk began.
    start_seconds: float
    end_seconds: float
    #: Somebody else speaks at the same time.
    overlaps: bool


def turns(prompts: Sequence[Prompt], voices: Sequence[float]) -> list[Turn]:
    """Caller and agent alternate, each with the voice of that place."""
    found: list[Turn] = []
    for place, prompt in enumerate(prompts):
        slower = voices[place % 2]
        end = found[-1].end_seconds if found else 0.0
        start = end - _TALK_OVER_SECONDS if _talks_over(place) else end + _PAUSES[place % len(_PAUSES)]
        found.append(
            Turn(
                speaker=SPEAKERS[place % 2],
                prompt=prompt,
                slower=slower,
                start_seconds=start,
                end_seconds=start + len(prompt.samples(slower=slower)) / SAMPLE_RATE,
                overlaps=_talks_over(place) or (_talks_over(place + 1) and place + 1 < len(prompts)),
            )
        )
    return found


def _talks_over(place: int) -> bool:
    return place % _TALK_OVER_EVERY == _TALK_OVER_EVERY - 1


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples from that one of the stream on; before and after them, the rustle of a line."""

    samples: NDArray[np.int16]
    first_sample: int

    def frames(self, first: int, count: int, coding: Coding) -> list[bytes | None]:
        assert coding.sample_rate == SAMPLE_RATE, "prompts are spoken as µ-law"
        sound = np.random.default_rng(first).integers(-10, 11, count * coding.frame)
        places = np.arange(len(sound)) + first * coding.frame - self.first_sample
        is_spoken = (places >= 0) & (places < len(self.samples))
        sound[is_spoken] += self.samples[places[is_spoken]]
        payload = coding.payload_of(noise.nearest_codes(np.clip(sound, -32000, 32000)))
        return [payload[at : at + coding.size] for at in range(0, len(payload), coding.size)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    caller: Leg
    agent: Leg
    turns: Sequence[Turn]
    #: Wall clock.
    began_at: float


async def talk(phone: Phone, name: str, told: Sequence[Turn]) -> Talk:
    """A call to the agent of that name, from answer to hang-up."""
    phone.manners[name] = Manner(sound=ComfortNoise())
    caller = await phone.call(f"to_{name}", user=f"+4930{name}", sound=ComfortNoise())
    agent = await phone.answered(name)
    legs = dict(zip(SPEAKERS, (caller, agent), strict=True))
    await until(lambda: all(leg.rtp.began is not None for leg in legs.values()), f"sound of both sides of {name}")
    sounds = {speaker: await asyncio.to_thread(_said, told, speaker) for speaker in SPEAKERS}
    began_at = time.time() + _BEFORE_SECONDS
    for speaker, leg in legs.items():
        leg.sound = Spoken(sounds[speaker], round((began_at - leg.began) * SAMPLE_RATE))
    await talking(_BEFORE_SECONDS + max(turn.end_seconds for turn in told) + _AFTER_SECONDS)
    await caller.hang_up()
    return Talk(caller=caller, agent=agent, turns=told, began_at=began_at)


def _said(told: Sequence[Turn], speaker: str) -> NDArray[np.int16]:
    """All that one of them says."""
    own = [turn for turn in told if turn.speaker == speaker]
    sound = np.zeros(round(max(turn.end_seconds for turn in own) * SAMPLE_RATE) + 1, np.int16)
    for turn in own:
        samples = turn.prompt.samples(slower=turn.slower)
        first = round(turn.start_seconds * SAMPLE_RATE)
        sound[first : first + len(samples)] += samples[: len(sound) - first]
    return sound
