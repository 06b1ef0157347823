"""The proof by sound of the demo's own calls: left only the caller, right only the agents, and all of them.

Knows what the exchange's people said and heard; how a voice is found is hearing's business.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from tests.demo.exchange import Exchange
from tests.demo.hearing import Samples, Side, Voice, side


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    left: Side
    right: Side

    @property
    def holds(self) -> bool:
        return all(side.is_only_own and side.is_complete for side in (self.left, self.right))

    @property
    def in_words(self) -> str:
        return (
            f"  Heard: on the left {_words(self.left, 'the caller')},\n"
            f"         on the right {_words(self.right, 'the agents')}."
        )

    def as_json(self) -> dict[str, Any]:
        return {"left": _figures(self.left), "right": _figures(self.right)}


def proof(exchange: Exchange, stereo: Path) -> Proof:
    """What is heard in the recording of a call that the players made."""
    sound, rate = soundfile.read(stereo, dtype="int16", always_2d=True)
    left, right = sound[:, 0], sound[:, 1]
    agents = [Voice.read(path) for path in exchange.agent_voices]
    return Proof(
        left=side(
            left, rate, own=[Voice.read(exchange.caller_voice)], other=right, heard=_all(exchange.heard_of_caller)
        ),
        right=side(right, rate, own=agents, other=left, heard=_all(exchange.heard_of_agents)),
    )


def _all(paths: tuple[Path, ...]) -> list[Samples]:
    return [soundfile.read(path, dtype="int16")[0] for path in paths]


def _words(side: Side, who: str) -> str:
    complete = "" if side.complete is None else f", {side.complete:.2%} of what the other end's phones heard of it"
    if side.own_seconds == 0:
        return f"{who} is not heard"
    return f"{who} alone, {side.own_seconds:.2f} s{complete} (anything else: {side.leak_decibels:.0f} dB)"


def _figures(side: Side) -> dict[str, float | None]:
    return {"own_seconds": round(side.own_seconds, 3), "complete": side.complete, "leak_decibels": side.leak_decibels}
