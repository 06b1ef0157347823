"""A transcript as other programs read it: Sinch's file, KrosAI's answer, turns of a chat, subtitles, text. Pure; knows
no HTTP."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Final, TypedDict

from connector.domain.call import Role
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.speech import Word
from connector.domain.subtitles import cues
from connector.domain.transcript import SpokenLine, Transcript

_TURN_ROLES = {Role.AGENT: "assistant", Role.CALLER: "user"}
#: SubRip has no way to write a sign that means something: what would be taken for a tag, a command or an arrow is
#: written with another that looks like it.
_SRT_SIGNS: Final = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


class SinchLine(TypedDict):
    #: Seconds from the start.
    timestamp: float
    speakerLabel: str
    text: str


class SinchTranscript(TypedDict):
    text: str
    lines: list[SinchLine]


class KrosTranscript(TypedDict):
    transcript: str
    word_count: int
    language: str | None
    confidence: float | None


class Turn(TypedDict):
    role: str
    content: str
    timestamp: str


def in_order(lines: Iterable[SpokenLine]) -> list[SpokenLine]:
    """As they were begun; two at the same time stay as they are."""
    return sorted(lines, key=lambda line: line.start_seconds)


def with_words(lines: Sequence[SpokenLine], words: Sequence[Sequence[Word]]) -> list[tuple[SpokenLine, Sequence[Word]]]:
    """In order, each line with its own words; `words` are in the order of `lines`, or none are known."""
    pairs = zip(lines, chain(words, repeat(())), strict=False)
    return sorted(pairs, key=lambda pair: pair[0].start_seconds)


def sinch(lines: Iterable[SpokenLine]) -> SinchTranscript:
    """Speakers are numbered as they come."""
    spoken = in_order(lines)
    speakers = list(dict.fromkeys(_speaker(line) for line in spoken))
    said = [
        SinchLine(
            timestamp=round(line.start_seconds, 3),
            speakerLabel=f"Speaker {speakers.index(_speaker(line)) + 1}",
            text=line.text,
        )
        for line in spoken
    ]
    return SinchTranscript(text=" ".join(line.text for line in spoken), lines=said)


def kros(transcript: Transcript) -> KrosTranscript:
    return KrosTranscript(
        transcript=replace(transcript, lines=tuple(in_order(transcript.lines))).labelled,
        word_count=transcript.word_count,
        language=transcript.language or None,
        confidence=transcript.confidence,
    )


def turns(lines: Iterable[SpokenLine], began_at: Moment) -> list[Turn]:
    """Dialgen's and osmTalk's: who serves is the assistant. `began_at` is when the recording did."""
    return [
        Turn(role=_TURN_ROLES[line.role], content=line.text, timestamp=iso(began_at + line.start_seconds))
        for line in in_order(lines)
    ]


def timed(lines: Iterable[SpokenLine]) -> str:
    """For people: when, who, what."""
    return "".join(
        f"{_clock(line.start_seconds).partition('.')[0]} {_name(line)}: {_flat(line.text)}\n"
        for line in in_order(lines)
    )


def vtt(lines: Sequence[SpokenLine], words: Sequence[Sequence[Word]] = ()) -> str:
    """WebVTT, the speaker as each cue's voice."""
    shown = (
        f"{_clock(cue.start_seconds)} --> {_clock(cue.end_seconds)}\n"
        f"<v {_escaped(_name(cue.line))}>{_escaped(_flat(cue.text))}\n"
        for cue in cues(with_words(lines, words))
    )
    return "\n".join(("WEBVTT\n", *shown))


def srt(lines: Sequence[SpokenLine], words: Sequence[Sequence[Word]] = ()) -> str:
    """SubRip, which knows no voices: who speaks stands before the words."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_seconds, ',')} --> {_clock(cue.end_seconds, ',')}\n"
        f"{_said_by(cue.line, _flat(cue.text).translate(_SRT_SIGNS))}\n"
        for number, cue in enumerate(cues(with_words(lines, words)), start=1)
    )


def _speaker(line: SpokenLine) -> tuple[Role, str]:
    return line.role, line.party


def _said_by(line: SpokenLine, text: str) -> str:
    return f"[{line.role.capitalize()}]: {_flat(text)}"


def _name(line: SpokenLine) -> str:
    return _flat(f"{line.role.capitalize()} {line.party}")


def _clock(seconds: float, point: str = ".") -> str:
    whole, thousandths = divmod(round(max(0.0, seconds) * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"


def _flat(text: str) -> str:
    """On one line: an empty one ends a cue."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
