"""Words and voices of conversations, for tests of what is made of them."""

from collections.abc import Sequence

from connector.domain.call import Role
from connector.domain.recording import ChannelLabel
from connector.domain.speech import SpokenChannel, Voice, Word
from connector.domain.turns import Turn, turns

CALLER = ChannelLabel(index=0, role=Role.CALLER, party="+4930123456")
AGENT = ChannelLabel(index=1, role=Role.AGENT, party="201")

WORD_SECONDS = 0.3


def said(text: str, start: float, *, confidence: float | None = 0.9, step: float = 0.35) -> tuple[Word, ...]:
    """Its words one after another, with a short pause between."""
    return tuple(
        Word(word, start + place * step, start + place * step + WORD_SECONDS, confidence)
        for place, word in enumerate(text.split())
    )


def a_channel(label: ChannelLabel, *utterances: Sequence[Word], voice: Sequence[Voice] | None = None) -> SpokenChannel:
    """Voice wherever a word is, unless said otherwise."""
    words = tuple(word for utterance in utterances for word in utterance)
    everywhere = (Voice(0.0, 10_000.0),)
    return SpokenChannel(label=label, voice=everywhere if voice is None else tuple(voice), words=words)


def turns_of(caller: Sequence[Sequence[Word]] = (), agent: Sequence[Sequence[Word]] = ()) -> tuple[Turn, ...]:
    return turns([a_channel(CALLER, *caller), a_channel(AGENT, *agent)])


def read(spoken: Sequence[Turn]) -> list[str]:
    """Who said what, in order."""
    return [f"{turn.line.role}: {turn.line.text}" for turn in spoken]
