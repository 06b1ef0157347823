"""The facts of a talk in JSON: who spoke for how long. Shapes, and how facts become one; knows no route."""

from pydantic import BaseModel, Field

from connector.domain.call import Role
from connector.domain.talk import TalkFacts, TalkSide


class TalkSideBody(BaseModel):
    role: Role
    party: str = Field(description="number or name")
    talk_seconds: float
    longest_monologue_seconds: float = Field(description="the longest that this side spoke without being answered")
    interruptions: int = Field(description="how often it began while another was speaking, and went on")
    response_seconds: float | None = Field(
        description="the middle of the times that it took to answer; null: it never did"
    )


class TalkBody(BaseModel):
    duration_seconds: float
    silence_seconds: float = Field(description="nobody speaks")
    overlap_seconds: float = Field(description="more than one speaks")
    sides: list[TalkSideBody] = Field(description="in the order of the channels")


def talk_body(facts: TalkFacts | None) -> dict[str, object] | None:
    """As TalkBody, which says what it is made of."""
    if facts is None:
        return None
    return {
        "duration_seconds": round(facts.duration_seconds, 3),
        "silence_seconds": round(facts.silence_seconds, 3),
        "overlap_seconds": round(facts.overlap_seconds, 3),
        "sides": [_side(side) for side in facts.sides],
    }


def _side(side: TalkSide) -> dict[str, object]:
    return {
        "role": side.role,
        "party": side.party,
        "talk_seconds": round(side.talk_seconds, 3),
        "longest_monologue_seconds": round(side.longest_monologue_seconds, 3),
        "interruptions": side.interruptions,
        "response_seconds": None if side.response_seconds is None else round(side.response_seconds, 3),
    }
