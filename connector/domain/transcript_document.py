"""Everything that is kept of a transcript as one JSON document: turns, words, times, how sure. Pure; knows no HTTP.

Other forms leave something out; this one is for whoever wants to make a form of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.recording import ChannelLabel, Rendering
from connector.domain.speech import Word
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import SpokenLine, Transcript
from connector.domain.transcript_forms import with_words

#: Of this form; a reader asks for it before it reads on.
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When it was said, and on which channels."""

    #: The recording's clock begins here.
    began_at: Moment
    duration_seconds: float
    channels: tuple[ChannelLabel, ...]


def occasion_of(transcript: Transcript, began_at: Moment, rendering: Rendering | None = None) -> Occasion:
    """As its sound was rendered; where no sound was kept, as its talk was reckoned; else as its lines say."""
    if rendering is not None and rendering.channels:
        return Occasion(began_at=began_at, duration_seconds=rendering.duration_seconds, channels=rendering.channels)
    facts, lines = transcript.facts, transcript.lines
    speakers = dict.fromkeys((said.role, said.party) for said in (facts.sides if facts is not None else lines))
    seconds = facts.duration_seconds if facts is not None else max((line.end_seconds for line in lines), default=0.0)
    channels = (ChannelLabel(index=index, role=role, party=party) for index, (role, party) in enumerate(speakers))
    return Occasion(began_at=began_at, duration_seconds=seconds, channels=tuple(channels))


def document(transcript: Transcript, words: Sequence[Sequence[Word]], occasion: Occasion) -> dict[str, object]:
    """Moments are UTC, seconds count from the recording's beginning. `words` of each line in the order of the lines;
    none: they are not known."""
    facts = transcript.facts
    return {
        "version": VERSION,
        "recordingId": transcript.recording_id,
        "callId": transcript.call_id,
        "transcriptVersion": transcript.version,
        "madeAt": iso(transcript.made_at) if transcript.made_at is not None else None,
        "startedAt": iso(occasion.began_at),
        "durationMs": round(occasion.duration_seconds * 1000),
        "language": transcript.language or None,
        "languageProbability": _rounded(transcript.language_confidence),
        "confidence": _rounded(transcript.confidence),
        "engine": {"name": transcript.engine, "model": transcript.model},
        "channels": [_channel(label, facts) for label in occasion.channels],
        "turns": [_turn(line, own, occasion.channels) for line, own in with_words(transcript.lines, words)],
        "talk": _talk(facts) if facts is not None else None,
    }


def _channel(label: ChannelLabel, facts: TalkFacts | None) -> dict[str, object]:
    spoken = next((side for side in facts.sides if _is_of(label, side)), None) if facts is not None else None
    return {
        "index": label.index,
        "label": label.role.capitalize(),
        "role": str(label.role),
        "party": label.party,
        "speechMs": round(spoken.talk_seconds * 1000) if spoken is not None else None,
    }


def _turn(line: SpokenLine, words: Sequence[Word], channels: Sequence[ChannelLabel]) -> dict[str, object]:
    return {
        "speaker": line.role.capitalize(),
        "role": str(line.role),
        "party": line.party,
        "channel": next((label.index for label in channels if _is_of(label, line)), None),
        "start": round(line.start_seconds, 3),
        "end": round(line.end_seconds, 3),
        "text": line.text,
        "confidence": _rounded(line.confidence),
        "overlap": line.overlaps,
        "words": [_word(word) for word in words],
    }


def _word(word: Word) -> dict[str, object]:
    return {
        "w": word.text,
        "s": round(word.start_seconds, 3),
        "e": round(word.end_seconds, 3),
        "c": _rounded(word.confidence),
    }


def _talk(facts: TalkFacts) -> dict[str, object]:
    return {
        "durationSeconds": round(facts.duration_seconds, 3),
        "silenceSeconds": round(facts.silence_seconds, 3),
        "overlapSeconds": round(facts.overlap_seconds, 3),
        "sides": [_side(side) for side in facts.sides],
    }


def _side(side: TalkSide) -> dict[str, object]:
    return {
        "role": str(side.role),
        "party": side.party,
        "talkSeconds": round(side.talk_seconds, 3),
        "longestMonologueSeconds": round(side.longest_monologue_seconds, 3),
        "interruptions": side.interruptions,
        "responseSeconds": _rounded(side.response_seconds),
    }


def _is_of(label: ChannelLabel, said: SpokenLine | TalkSide) -> bool:
    return (label.role, label.party) == (said.role, said.party)


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if value is not None else None
