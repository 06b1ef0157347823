"""What real FreeSWITCHes (1.11.3-dev and 1.10.12) sent during one call of each kind, cut to what is read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.pbx.freeswitch.esl_event import EslEvent

_FOLDER = Path(__file__).parent / "streams"


def stream(name: str, version: str = "1.11") -> list[EslEvent]:
    lines = (_FOLDER / version / f"{name}.jsonl").read_text().splitlines()
    return [EslEvent(json.loads(line)) for line in lines]


@dataclass(frozen=True)
class Answers:
    """To the commands of a census, in the middle of a call."""

    show: str
    dumps: list[str]
    buglists: dict[str, str]
    conferences: str
    gone: str
    gone_bugs: str


def census(name: str, version: str = "1.11") -> Answers:
    answers: dict[str, Any] = json.loads((_FOLDER / version / f"census_{name}.json").read_text())
    return Answers(**answers)


def event(name: str, uuid: str = "", **headers: str) -> EslEvent:
    """Underscores stand for dashes, but in variables."""
    plain = {key if key.startswith("variable_") else key.replace("_", "-"): value for key, value in headers.items()}
    return EslEvent({"Event-Name": name, **({"Unique-ID": uuid} if uuid else {}), **plain})
