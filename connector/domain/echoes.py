"""One side's voice that comes back on another side's channel. Pure; knows words and times, not how loud they are.

Whose echo it is, only loudness would tell for certain; what comes back is fainter, and an engine is less sure of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from connector.domain.speech import Word
from connector.domain.wording import confidence_of

#: Two may well say `thank you` at once; the same three words, each at the same time, are one voice.
FEWEST_WORDS: Final = 3
LATEST_SECONDS: Final = 0.3


def is_echo(run: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether all of `run` stands, word for word and at the same times, in the words of another channel (in order), of
    which the engine is surer. Equally sure, or not said how sure: no, for no word is lost on a guess."""
    own, own_confidence = _plain(run), confidence_of(run)
    if len(own) < FEWEST_WORDS or own_confidence is None:
        return False
    first = bisect_left(other, own[0].start_seconds - LATEST_SECONDS, key=_start)
    last = bisect_right(other, own[-1].start_seconds + LATEST_SECONDS, key=_start)
    there = _plain(other[first:last])
    matches = (there[at : at + len(own)] for at in range(len(there) - len(own) + 1))
    return any(_is_same(own, match) and own_confidence < (confidence_of(match) or 0.0) for match in matches)


def _is_same(own: Sequence[Word], match: Sequence[Word]) -> bool:
    return all(
        mine.text == theirs.text and abs(mine.start_seconds - theirs.start_seconds) <= LATEST_SECONDS
        for mine, theirs in zip(own, match, strict=True)
    )


def _plain(words: Sequence[Word]) -> list[Word]:
    """Letters and digits alone: `Hello,` comes back as `hello`."""
    bare = (word._replace(text="".join(filter(str.isalnum, word.text)).casefold()) for word in words)
    return [word for word in bare if word.text]


def _start(word: Word) -> float:
    return word.start_seconds
