"""The plain facts of a conversation, from where there is voice: no words, no engine, no opinion. Pure."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median
from typing import Final, NamedTuple

from connector.domain.call import Role
from connector.domain.recording import ChannelLabel
from connector.domain.speech import Voice

#: By how much each voice is wider, at both ends, than what was heard of it: where it begins and ends is heard late.
PADDING_SECONDS: Final = 0.2
#: Who pauses for less, while nobody else speaks, still holds the floor.
BREATH_SECONDS: Final = 1.0
#: An interruption meets somebody who is under way, not one who begins at the same time;
UNDER_WAY_SECONDS: Final = 0.3
#: cuts off more than the end of a word (voice is known no better than this);
CUT_OFF_SECONDS: Final = 0.2
#: and goes on: `mm-hm` is none.
GOES_ON_SECONDS: Final = 1.0
#: What comes later is no answer but a new beginning: somebody had looked something up.
LATEST_RESPONSE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkSide:
    role: Role
    party: str = ""
    talk_seconds: float
    longest_monologue_seconds: float
    #: How often this side began while another was speaking, and went on.
    interruptions: int
    #: The middle of the times that this side took to answer; None: it never did.
    response_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkFacts:
    duration_seconds: float
    #: Nobody speaks.
    silence_seconds: float
    #: More than one speaks.
    overlap_seconds: float
    #: In the order of the channels.
    sides: tuple[TalkSide, ...]


class _Stretch(NamedTuple):
    start_seconds: float
    end_seconds: float
    side: int

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds


def talk_facts(
    channels: Sequence[tuple[ChannelLabel, Sequence[Voice]]],
    duration_seconds: float,
    *,
    padding_seconds: float = PADDING_SECONDS,
) -> TalkFacts:
    """The padding is taken off first: with it, whoever answers at once would talk over the other."""
    spoken = sorted(
        stretch
        for side, (_, voices) in enumerate(channels)
        for stretch in _stretches(side, voices, duration_seconds, padding_seconds)
    )
    anybody, several = _shared_seconds(spoken)
    return TalkFacts(
        duration_seconds=duration_seconds,
        silence_seconds=max(0.0, duration_seconds - anybody),
        overlap_seconds=several,
        sides=tuple(_side(label, side, spoken) for side, (label, _) in enumerate(channels)),
    )


def _side(label: ChannelLabel, side: int, spoken: Sequence[_Stretch]) -> TalkSide:
    own = [stretch for stretch in spoken if stretch.side == side]
    responses = list(_responses(side, spoken))
    return TalkSide(
        role=label.role,
        party=label.party,
        talk_seconds=sum(stretch.seconds for stretch in own),
        longest_monologue_seconds=_longest_monologue(own, [other for other in spoken if other.side != side]),
        interruptions=_interruptions(side, spoken),
        response_seconds=median(responses) if responses else None,
    )


def _stretches(side: int, voices: Sequence[Voice], duration: float, padding: float) -> Iterator[_Stretch]:
    """Within the recording, without padding; a voice that is nothing but padding stays as it is."""
    for voice in voices:
        start, end = max(0.0, voice.start_seconds), min(duration, voice.end_seconds)
        narrow = start + (padding if start > 0 else 0.0), end - (padding if end < duration else 0.0)
        if narrow[0] < narrow[1]:
            start, end = narrow
        if start < end:
            yield _Stretch(start, end, side)


def _shared_seconds(spoken: Sequence[_Stretch]) -> tuple[float, float]:
    """While anybody speaks, and while more than one does."""
    steps = sorted([(one.start_seconds, 1) for one in spoken] + [(one.end_seconds, -1) for one in spoken])
    anybody = several = 0.0
    speaking = 0
    for (at, step), (until, _) in pairwise(steps):
        speaking += step
        anybody += until - at if speaking else 0.0
        several += until - at if speaking > 1 else 0.0
    return anybody, several


def _longest_monologue(own: Sequence[_Stretch], others: Sequence[_Stretch]) -> float:
    starts = [other.start_seconds for other in others]
    latest_ends = list(accumulate((other.end_seconds for other in others), max))
    longest = start = end = 0.0
    for place, stretch in enumerate(own):
        before = bisect_left(starts, stretch.start_seconds)
        is_answered = before > 0 and latest_ends[before - 1] > end
        if place == 0 or is_answered or stretch.start_seconds - end >= BREATH_SECONDS:
            start = stretch.start_seconds
        end = stretch.end_seconds
        longest = max(longest, end - start)
    return longest


def _interruptions(side: int, spoken: Sequence[_Stretch]) -> int:
    found = 0
    speaking: list[_Stretch] = []
    for stretch in spoken:
        speaking = [other for other in speaking if other.end_seconds > stretch.start_seconds]
        goes_on = stretch.side == side and stretch.seconds >= GOES_ON_SECONDS
        found += goes_on and any(_is_cut_off(other, stretch.start_seconds) for other in speaking)
        speaking.append(stretch)
    return found


def _is_cut_off(other: _Stretch, at_seconds: float) -> bool:
    return at_seconds - other.start_seconds >= UNDER_WAY_SECONDS and other.end_seconds - at_seconds >= CUT_OFF_SECONDS


def _responses(side: int, spoken: Sequence[_Stretch]) -> Iterator[float]:
    """From silence after another's last word to this side's first."""
    last: _Stretch | None = None
    for stretch in spoken:
        if last is not None and stretch.side == side != last.side:
            waited = stretch.start_seconds - last.end_seconds
            if 0 <= waited <= LATEST_RESPONSE_SECONDS:
                yield waited
        if last is None or stretch.end_seconds > last.end_seconds:
            last = stretch
