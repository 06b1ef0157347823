"""Card numbers, telephone numbers, dates of birth: runs of digits put out of what was said. Pure; keeps none of them.

Better one number too many than one too few: a year, a price or a time of four digits goes as well.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from connector.domain.call import Role
from connector.domain.spoken_numbers import Atom, Kind, Vocabulary
from connector.domain.turns import Turn
from connector.domain.wording import written

FEWEST_DIGITS: Final = 4
#: `four nine, and then, two one` is one number; with more in between it is a sentence.
MOST_LINKS: Final = 2
#: Somebody reads from a card, and the other says `mm-hm` between: still one number.
LONGEST_PAUSE_SECONDS: Final = 5.0
_STAYS: Final = ".,;:!?"


class _Placed(NamedTuple):
    turn: int
    word: int
    start_seconds: float
    end_seconds: float
    atom: Atom


def masked(turns: Sequence[Turn], language: str = "") -> tuple[Turn, ...]:
    """Each word of a run reads as many `*` as it has digits; times and everything else stay. `language`: in whose words
    digits are looked for, as `en`; empty: in all that are known. Figures always are."""
    vocabulary = Vocabulary(language)
    speakers = dict.fromkeys((turn.line.role, turn.line.party) for turn in turns)
    stars: Counter[tuple[int, int]] = Counter()
    for speaker in speakers:
        for run in _runs(_said(turns, speaker, vocabulary)):
            stars.update(_stars(run))
    return tuple(_starred(turn, place, stars) for place, turn in enumerate(turns))


def _said(turns: Sequence[Turn], speaker: tuple[Role, str], vocabulary: Vocabulary) -> Iterator[_Placed]:
    for place, turn in enumerate(turns):
        if (turn.line.role, turn.line.party) == speaker:
            for number, (text, start, end) in enumerate(_texts(turn)):
                for atom in vocabulary.atoms(text):
                    yield _Placed(place, number, start, end, atom)


def _texts(turn: Turn) -> list[tuple[str, float, float]]:
    """A line without words has those of its text, at no known time of it."""
    if turn.words:
        return [(word.text, word.start_seconds, word.end_seconds) for word in turn.words]
    return [(text, turn.line.start_seconds, turn.line.end_seconds) for text in turn.line.text.split()]


def _runs(said: Iterator[_Placed]) -> Iterator[list[_Placed]]:
    run: list[_Placed] = []
    links = 0
    for one in said:
        links += one.atom.kind is Kind.LINK
        is_late = bool(run) and one.start_seconds - run[-1].end_seconds > LONGEST_PAUSE_SECONDS
        if one.atom.kind is Kind.OTHER or links > MOST_LINKS or is_late:
            yield run
            run, links = [], 0
        if one.atom.digits:
            run.append(one)
            links = 0
    yield run


def _stars(run: Sequence[_Placed]) -> Counter[tuple[int, int]]:
    """For each word that takes part; none when it is too short a run."""
    nexts = [one.atom.kind for one in run[1:]] + [Kind.OTHER]
    digits = [_digits(one.atom, following) for one, following in zip(run, nexts, strict=False)]
    if sum(digits) < FEWEST_DIGITS:
        return Counter()
    stars: Counter[tuple[int, int]] = Counter()
    for one, count in zip(run, digits, strict=True):
        stars[one.turn, one.word] += count
    return stars


def _digits(atom: Atom, following: Kind) -> int:
    if atom.kind is Kind.TENS and following is Kind.UNIT:
        return 1
    return 0 if atom.kind is Kind.AGAIN and following is Kind.OTHER else atom.digits


def _starred(turn: Turn, place: int, stars: Counter[tuple[int, int]]) -> Turn:
    texts = [_starred_text(text, stars[place, number]) for number, (text, _, _) in enumerate(_texts(turn))]
    if not any(stars[place, number] for number in range(len(texts))):
        return turn
    words = tuple(word._replace(text=text) for word, text in zip(turn.words, texts, strict=False))
    return replace(turn, line=replace(turn.line, text=written(texts)), words=words)


def _starred_text(text: str, count: int) -> str:
    return "*" * count + text[len(text.rstrip(_STAYS)) :] if count else text
