"""Where in what was said the words of a search stand. Pure; knows no index and no page of calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from connector.domain.call import Role
from connector.domain.ids import RecordingId
from connector.domain.spoken_words import Ways, asked, words_there
from connector.domain.transcript import Transcript

_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A line with any of the words; or a note, which belongs to no recording and to no moment of it."""

    recording_id: RecordingId | None = None
    #: Its place among the transcript's lines, from 0.
    line: int | None = None
    #: On the recording's clock.
    start_seconds: float | None = None
    role: Role | None = None
    text: str
    #: So many of the words stand there.
    word_count: int


def hits(transcript: Transcript, text: str, most: int = _MOST) -> tuple[Hit, ...]:
    """The best first: those with the most of the words, then the earliest."""
    things = asked(text)
    found: list[Hit] = []
    whole, all_words = 0, sum(len(ways[0]) for ways in things)
    for hit in _in_lines(transcript, things):
        found.append(hit)
        whole += hit.word_count == all_words
        # None of those behind them is better.
        if whole == most:
            break
    return best(tuple(found), most)


def note_hit(note: str, text: str) -> Hit | None:
    count = _count(note, asked(text))
    return Hit(text=note, word_count=count) if count else None


def best(found: tuple[Hit, ...], most: int = _MOST) -> tuple[Hit, ...]:
    """Of those with as many words, the order stays."""
    return tuple(sorted(found, key=attrgetter("word_count"), reverse=True)[:most])


def _in_lines(transcript: Transcript, things: tuple[Ways, ...]) -> Iterator[Hit]:
    spoken = sorted(enumerate(transcript.lines), key=lambda one: one[1].start_seconds)
    for number, line in spoken:
        count = _count(line.text, things)
        if count:
            yield Hit(
                recording_id=transcript.recording_id,
                line=number,
                start_seconds=line.start_seconds,
                role=line.role,
                text=line.text,
                word_count=count,
            )


def _count(text: str, things: tuple[Ways, ...]) -> int:
    there = words_there(text, things)
    return sum(_of_thing(ways, there) for ways in things) if there else 0


def _of_thing(ways: Ways, there: set[str]) -> int:
    """A number in one piece counts as all its groups."""
    written, *others = ways
    if any(there.issuperset(words) for words in others):
        return len(written)
    return sum(word in there for word in written)
