"""What is ours, and bears on what doctor finds at a PBX. Knows no PBX."""

from dataclasses import dataclass
from pathlib import Path

from connector.pbx.accounts import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    #: Whom to judge for: the user that callreel runs as.
    us: Account
    #: What the last days' calls wrote; None where nothing is known.
    bytes_per_day: float | None
    #: Other folders of ours, by what they are.
    neighbours: tuple[tuple[str, Path], ...]
    #: Whether a rule asks for announcements or beeps.
    plays_sounds: bool
    #: Whether the API may place calls here.
    places_calls: bool = False
    #: Where we answer Asterisk's dialplan.
    fastagi_ports: frozenset[int] = frozenset()
