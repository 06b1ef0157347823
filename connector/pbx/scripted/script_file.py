"""Reads a script from JSON or YAML: conversations told in steps, single lines, voices.

```yaml
conversations:
  - caller: "+4930123"
    agent: "201"
    at: 0                       # seconds; optional
    times: 3                    # the same again …
    every_seconds: 5            # … this long after
    steps:
      - {do: ringing, seconds: 2}
      - {do: talk, seconds: 10}
      - {do: transfer_blind, to: "202"}
      - {do: hangup}
voices: {call1-caller: "wav:/some/file.wav"}
lines:
  - {at: 3, type: Misbehaves, fault: cut, seconds: 2}
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from connector.domain.call import Direction
from connector.errors import ConfigError
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Fault, Script, in_order, lines_of, together

_STEPS = frozenset(
    {
        *("answer", "hangup", "hold", "identified", "instruct", "misbehave", "muted", "pickup", "queue", "quiet"),
        *("confer", "confer_through_helper", "leave_conference", "machine", "must_record", "press"),
        *(
            "transfer_into_conference",
            "ringing",
            "second_agent",
            "talk",
            "transfer_attended",
            "transfer_blind",
            "variable",
            "voice",
            "wait",
        ),
    }
)


def read_script(path: Path) -> Script:
    """Raises ConfigError that names the file."""
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"the script {path} cannot be read ({error}): write JSON or YAML") from error
    try:
        return script_of(data)
    except ConfigError as error:
        raise ConfigError(f"the script {path} is wrong: {error}") from error


def script_of(data: object) -> Script:
    """The script of plain data; raises ConfigError that names the place."""
    if not isinstance(data, Mapping):
        raise ConfigError("a script has `conversations`, `lines` and `voices`")
    unknown = sorted(data.keys() - {"conversations", "lines", "voices"})
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is unknown: a script has `conversations`, `lines` and `voices`")
    told = [
        script
        for number, entry in enumerate(data.get("conversations", ()), start=1)
        for script in _told(dict(entry), f"call{number}")
    ]
    rest = Script(lines=in_order(lines_of(data.get("lines", ()))), voices=data.get("voices", {}))
    return together(*told, rest)


def _told(entry: dict[str, Any], name: str) -> list[Script]:
    """The same conversation as often as it happens."""
    starts, times, every = entry.pop("at", 0.0), entry.pop("times", 1), entry.pop("every_seconds", 0.0)
    prefix, steps = entry.pop("prefix", name), entry.pop("steps", ())
    prefixes = [prefix] if times == 1 else [f"{prefix}-{turn}" for turn in range(1, times + 1)]
    return [
        _conversation({**entry, "prefix": each}, steps).later(starts + turn * every)
        for turn, each in enumerate(prefixes)
    ]


def _conversation(entry: dict[str, Any], steps: Sequence[Mapping[str, Any]]) -> Script:
    try:
        if "direction" in entry:
            entry["direction"] = Direction(entry["direction"])
        conversation = Conversation(**entry)
        for step in steps:
            _take(conversation, dict(step))
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError(f"the conversation {entry['prefix']} is wrong ({error}): look at its steps") from error
    return conversation.script()


def _take(conversation: Conversation, step: dict[str, Any]) -> None:
    name = step.pop("do", "")
    if name not in _STEPS:
        raise ConfigError(f"the step {name!r} is unknown: use one of {', '.join(sorted(_STEPS))}")
    if "fault" in step:
        step["fault"] = Fault(step["fault"])
    getattr(conversation, name)(**step)
