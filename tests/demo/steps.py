"""The logs of the daemon and of the players as they grow, and their lines in words. Knows no process."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

_LOOK_SECONDS: Final = 0.1
#: The players say in their own words what they do.
PLAYERS: Final = "phones"
CONNECTED: Final = "pbx resynchronised"
AVAILABLE: Final = "available"
TRANSCRIBED: Final = "transcribed"
UNHEARD: Final = "no transcript"

_WORDS: Final = {
    PLAYERS: "{words}",
    CONNECTED: "The connector has found the PBX and knows what lives there.",
    "recording requested": "A call is answered. Recorded, because {rule}. The PBX gets a command for each channel.",
    "recording recording": "The PBX writes: one file for each channel, growing while they talk.",
    "recording captured": "The call is over, its files are closed. From here on it is the work of another process.",
    "rendered": "One pass over both: placed on one clock, mixed, hashed ({seconds} s of sound).",
    "stored": "Stored, checked and named: {url}",
    AVAILABLE: "Available.",
    TRANSCRIBED: "Heard, each side by itself, by Whisper on this machine: {words} words.",
}


@dataclass(frozen=True, slots=True)
class Step:
    event: str
    facts: dict[str, Any]

    @property
    def recording_id(self) -> str:
        return str(self.facts.get("recording_id", ""))

    @property
    def trouble(self) -> str:
        """What a warning or an error says; "" for everything else."""
        is_bad = self.facts.get("level") in {"warning", "error", "critical"}
        return f"{self.event}: {self.facts.get('hint') or self.facts.get('reason') or ''}" if is_bad else ""

    @property
    def words(self) -> str:
        """For a person; "" for what is of no interest here."""
        template = _WORDS.get(self.event, "")
        return template.format_map({"rule": "", "seconds": "?", "url": "", **self.facts}) if template else self.trouble


def steps(logs: Sequence[Path], check: Callable[[], None]) -> Iterator[Step | None]:
    """For ever: each line of the logs, and None each time that there is none. `check` raises when it is in vain."""
    with ExitStack() as closing:
        growing = [_lines(closing.enter_context(log.open(encoding="utf-8", errors="replace"))) for log in logs]
        while True:
            new = [line for lines in growing if (line := next(lines))]
            for line in new:
                facts = _facts(line)
                yield Step(str(facts.pop("event", "")), facts)
            if not new:
                check()
                yield None
                time.sleep(_LOOK_SECONDS)


def _lines(file: TextIO) -> Iterator[str]:
    """Each whole line; "" while there is none."""
    rest = ""
    while True:
        rest += file.readline()
        if rest.endswith("\n"):
            yield rest
            rest = ""
        else:
            yield ""


def _facts(line: str) -> dict[str, Any]:
    """A program's own words beside the log are no step."""
    try:
        facts = json.loads(line)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
