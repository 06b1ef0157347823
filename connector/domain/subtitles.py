"""Lines cut so that they can be read while they are heard. Pure; knows no file's form."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from connector.domain.speech import Word
from connector.domain.transcript import SpokenLine
from connector.domain.wording import UNSPACED, written

LONGEST_SECONDS: Final = 7.0
#: Two rows of a player.
MOST_CHARACTERS: Final = 84
#: A sentence's end is as good a place as a pause of so long; a comma half as good.
_SENTENCE_SECONDS: Final = 1.0
_COMMA_SECONDS: Final = 0.5
#: A cue that lasts no time is never shown.
_LEAST_SECONDS: Final = 0.001
_PIECES: Final = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")


class Cue(NamedTuple):
    start_seconds: float
    end_seconds: float
    text: str
    line: SpokenLine


def cues(lines: Sequence[tuple[SpokenLine, Sequence[Word]]]) -> list[Cue]:
    """In the order in which they begin; those of two speakers may overlap. A word alone is never cut."""
    cut = [cue for line, words in lines for cue in _cues_of(line, words)]
    return sorted(cut, key=lambda cue: cue.start_seconds)


def _cues_of(line: SpokenLine, words: Sequence[Word]) -> Iterator[Cue]:
    if _is_short(line.end_seconds - line.start_seconds, line.text):
        yield _cue(line.start_seconds, line.end_seconds, line.text, line)
        return
    for part in _parts(words or _shares(line)):
        yield _cue(part[0].start_seconds, part[-1].end_seconds, written(word.text for word in part), line)


def _cue(start: float, end: float, text: str, line: SpokenLine) -> Cue:
    return Cue(start, max(end, start + _LEAST_SECONDS), text, line)


def _is_short(seconds: float, text: str) -> bool:
    return seconds <= LONGEST_SECONDS and len(text) <= MOST_CHARACTERS


def _parts(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Cut in two, and each again, until every part is short."""
    seconds = words[-1].end_seconds - words[0].start_seconds
    if len(words) == 1 or _is_short(seconds, written(word.text for word in words)):
        yield words
        return
    # Not near the edges: a cue of one word flashes by.
    edge = len(words) // 4
    places = range(max(1, edge), min(len(words) - 1, len(words) - edge) + 1)
    middle = len(words) / 2
    place = max(places, key=lambda place: (_pause(words[place - 1], words[place]), -abs(place - middle)))
    yield from _parts(words[:place])
    yield from _parts(words[place:])


def _pause(before: Word, after: Word) -> float:
    pause = after.start_seconds - before.end_seconds
    if before.text.endswith((".", "?", "!", "…", "。", "？", "！")):
        return pause + _SENTENCE_SECONDS
    return pause + (_COMMA_SECONDS if before.text.endswith((",", ";", ":", "，", "、")) else 0.0)


def _shares(line: SpokenLine) -> Sequence[Word]:
    """Where the words' times are not known, each has as much of the line's as it has of its letters."""
    texts = _PIECES.findall(line.text) or [""]
    letters = sum(map(len, texts)) or 1
    seconds = line.end_seconds - line.start_seconds
    words, passed = [], 0
    for text in texts:
        start, passed = passed, passed + len(text)
        times = (line.start_seconds + seconds * count / letters for count in (start, passed))
        words.append(Word(text, *times))
    return words
