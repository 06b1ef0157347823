"""What was written down of a talk beside what was said in it: whose each line is, how many words are wrong, how well
the beginnings are known. Pure; knows no engine and no call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tests.transcripts.word_errors import plain_words, word_errors


class Said(NamedTuple):
    speaker: str
    text: str
    #: On the recording's clock.
    start_seconds: float
    end_seconds: float
    #: What it is counted among.
    kinds: frozenset[str] = frozenset()


class Written(NamedTuple):
    speaker: str
    text: str
    start_seconds: float
    end_seconds: float


@dataclass
class Judgement:
    """Of one talk or of several."""

    #: Lines of somebody who said nothing at that time.
    strangers: list[Written] = field(default_factory=list)
    #: Turns without a line.
    missed: list[Said] = field(default_factory=list)
    #: Turns whose first lines stand in another order than they were said.
    is_in_order: bool = True
    #: Lines beyond one for each turn.
    further_lines: int = 0
    #: How far each turn's first line begins from where it was said.
    starts: list[float] = field(default_factory=list)
    #: By kind: wrong words, said words.
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)

    def error_rate(self, kind: str) -> float:
        wrong, said = self.counts[kind]
        return wrong / said

    def start_seconds(self, percent: float) -> float:
        return float(np.percentile(self.starts, percent))

    def __str__(self) -> str:
        rates = ", ".join(
            f"{kind} {100 * wrong / said:.1f} % of {said}" for kind, (wrong, said) in sorted(self.counts.items())
        )
        return (
            f"word errors: {rates}; {len(self.starts)} turns begin within {self.start_seconds(50):.3f} s (p50), "
            f"{self.start_seconds(95):.3f} s (p95), {max(self.starts):.3f} s (worst); "
            f"{self.further_lines} further lines"
        )


def judge(judgement: Judgement, said: Sequence[Said], written: Sequence[Written]) -> None:
    """Add one talk to it; what was said stands in its order."""
    lines: dict[int, list[Written]] = {place: [] for place in range(len(said))}
    for line in written:
        place = _turn_of(line, said)
        if place is None:
            judgement.strangers.append(line)
        else:
            lines[place].append(line)
    order = list(dict.fromkeys(place for line in written if (place := _turn_of(line, said)) is not None))
    judgement.is_in_order &= order == sorted(order)
    for place, turn in enumerate(said):
        _judge_turn(judgement, turn, lines[place])


def _judge_turn(judgement: Judgement, turn: Said, lines: Sequence[Written]) -> None:
    words, heard = plain_words(turn.text), plain_words(" ".join(line.text for line in lines))
    wrong = word_errors(words, heard)
    for kind in turn.kinds:
        before = judgement.counts.get(kind, (0, 0))
        judgement.counts[kind] = (before[0] + wrong, before[1] + len(words))
    if wrong:
        judgement.wrong.append((wrong, " ".join(words), " ".join(heard)))
    if not lines:
        judgement.missed.append(turn)
        return
    judgement.further_lines += len(lines) - 1
    judgement.starts.append(abs(lines[0].start_seconds - turn.start_seconds))


def _turn_of(line: Written, said: Iterable[Said]) -> int | None:
    """The one of the same speaker that has the most of it."""
    shared = [
        (min(line.end_seconds, turn.end_seconds) - max(line.start_seconds, turn.start_seconds), place)
        for place, turn in enumerate(said)
        if turn.speaker == line.speaker
    ]
    most, place = max(shared, default=(0.0, 0))
    return place if most > 0 else None
