"""Who spoke when: the words of channels made into turns, by rules that were measured on calls. Pure; knows no engine.

The channel says who speaks; nothing is guessed from the sound or from the words.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from connector.domain.echoes import is_echo
from connector.domain.recording import ChannelLabel
from connector.domain.speech import Heard, SpokenChannel, Voice, Word
from connector.domain.transcript import SpokenLine
from connector.domain.wording import confidence_of, written

#: A word outside all voice is one that nobody said. Shorter pauses than this count as voice, so a word that near to
#: one is as good as in it.
REACH_SECONDS: Final = 0.5
#: A pause that ends an utterance: alone, and when another begins a word in it.
PAUSE_SECONDS: Final = 0.8
YIELDING_SECONDS: Final = 0.25
#: Neighbours of one speaker nearer than this are one turn.
JOINED_SECONDS: Final = 1.5
LONGEST_SECONDS: Final = 30.0
#: No word's time is known better.
TOUCHING_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    line: SpokenLine
    #: In order; what the line reads is made of them.
    words: tuple[Word, ...]


class _Utterance(NamedTuple):
    start_seconds: float
    #: The place among the channels.
    channel: int
    words: tuple[Word, ...]

    @property
    def end_seconds(self) -> float:
        return _end(self.words)


def turns(channels: Sequence[SpokenChannel]) -> tuple[Turn, ...]:
    """In the order in which they begin. What overlaps stays whole on both sides and is marked."""
    words = [_spoken(channel.words, channel.voice) for channel in channels]
    spoken = _joined(sorted(_own_utterances(words), key=lambda one: (one.start_seconds, one.channel)))
    overlapping = _overlapping(spoken)
    return tuple(
        _turn(one, channels[one.channel].label, overlaps=place in overlapping) for place, one in enumerate(spoken)
    )


def language_of(heard: Sequence[Heard]) -> tuple[str, float | None]:
    """Whose engine says a language and heard the most words decides; empty: none does."""
    said = [one for one in heard if one.language]
    if not said:
        return "", None
    most = max(said, key=lambda one: len(one.words))
    return most.language, most.language_confidence


def _spoken(words: Sequence[Word], voices: Sequence[Voice]) -> list[Word]:
    """In order and within voice: engines stretch words over pauses, and hear some in silence."""
    starts, ends = [voice.start_seconds for voice in voices], [voice.end_seconds for voice in voices]
    kept = []
    for word in sorted(words, key=lambda word: word.start_seconds):
        first = bisect_right(ends, word.start_seconds)
        past = max(first, bisect_left(starts, word.end_seconds))
        clamped = _clamped(word, voices[first:past]) or _moved(word, voices[max(0, first - 1) : first + 1])
        if clamped is not None and word.text.strip():
            kept.append(clamped)
    return sorted(kept, key=lambda word: word.start_seconds)


def _clamped(word: Word, voices: Sequence[Voice]) -> Word | None:
    """To the one of these voices that has the most of it."""
    shared = [
        (max(word.start_seconds, voice.start_seconds), min(word.end_seconds, voice.end_seconds)) for voice in voices
    ]
    if not shared:
        return None
    start, end = max(shared, key=lambda span: span[1] - span[0])
    return word._replace(start_seconds=start, end_seconds=max(start, end))


def _moved(word: Word, voices: Sequence[Voice]) -> Word | None:
    """To the nearest edge of the voices before and after it, if one is within reach."""
    edges = [
        (word.start_seconds - voice.end_seconds, voice.end_seconds)
        if voice.end_seconds <= word.start_seconds
        else (voice.start_seconds - word.end_seconds, voice.start_seconds)
        for voice in voices
    ]
    distance, edge = min(edges, default=(REACH_SECONDS + 1, 0.0))
    return word._replace(start_seconds=edge, end_seconds=edge) if distance <= REACH_SECONDS else None


def _own_utterances(words: Sequence[Sequence[Word]]) -> Iterator[_Utterance]:
    """Of all channels, without what is another channel's voice coming back."""
    for channel, own in enumerate(words):
        others = [other for place, other in enumerate(words) if place != channel]
        others_starts = sorted(word.start_seconds for other in others for word in other)
        for run in _utterances(own, others_starts):
            if not any(is_echo(run, other) for other in others):
                yield _Utterance(run[0].start_seconds, channel, run)


def _utterances(words: Sequence[Word], others_starts: Sequence[float]) -> Iterator[tuple[Word, ...]]:
    run: list[Word] = []
    end = 0.0
    for word in words:
        if run and _is_end(end, word.start_seconds, others_starts):
            yield from _cut(run)
            run = []
        end = max(end, word.end_seconds) if run else word.end_seconds
        run.append(word)
    if run:
        yield from _cut(run)


def _is_end(end: float, next_start: float, others_starts: Sequence[float]) -> bool:
    pause = next_start - end
    if pause <= YIELDING_SECONDS:
        return False
    place = bisect_left(others_starts, end)
    return pause > PAUSE_SECONDS or (place < len(others_starts) and others_starts[place] < next_start)


def _cut(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """None longer than the longest, unless one word alone is."""
    rest = tuple(words)
    while len(rest) > 1 and _end(rest) - rest[0].start_seconds > LONGEST_SECONDS:
        place = _cutting_place(rest)
        yield rest[:place]
        rest = rest[place:]
    yield rest


def _cutting_place(words: Sequence[Word]) -> int:
    """At the widest pause of the second half of what may be one line."""
    latest = words[0].start_seconds + LONGEST_SECONDS
    fits = 1
    while fits < len(words) - 1 and words[fits].end_seconds <= latest:
        fits += 1
    late = [place for place in range(1, fits + 1) if words[place].start_seconds >= latest - LONGEST_SECONDS / 2] or [
        fits
    ]
    return max(late, key=lambda place: words[place].start_seconds - words[place - 1].end_seconds)


def _joined(spoken: Sequence[_Utterance]) -> list[_Utterance]:
    """Neighbours of one speaker, nobody between them."""
    joined: list[_Utterance] = []
    for one in spoken:
        if joined and _is_one(joined[-1], one):
            joined[-1] = joined[-1]._replace(words=joined[-1].words + one.words)
        else:
            joined.append(one)
    return joined


def _is_one(last: _Utterance, one: _Utterance) -> bool:
    return (
        last.channel == one.channel
        and one.start_seconds - last.end_seconds < JOINED_SECONDS
        and one.end_seconds - last.start_seconds <= LONGEST_SECONDS
    )


def _overlapping(spoken: Sequence[_Utterance]) -> set[int]:
    found = set()
    for place, one in enumerate(spoken):
        end = one.end_seconds - TOUCHING_SECONDS
        for later in range(place + 1, len(spoken)):
            if spoken[later].start_seconds >= end:
                break
            if spoken[later].channel != one.channel:
                found |= {place, later}
    return found


def _turn(spoken: _Utterance, label: ChannelLabel, *, overlaps: bool) -> Turn:
    line = SpokenLine(
        role=label.role,
        party=label.party,
        start_seconds=spoken.start_seconds,
        end_seconds=spoken.end_seconds,
        text=written(word.text for word in spoken.words),
        confidence=confidence_of(spoken.words),
        overlaps=overlaps,
    )
    return Turn(line, spoken.words)


def _end(words: Sequence[Word]) -> float:
    return max(word.end_seconds for word in words)
