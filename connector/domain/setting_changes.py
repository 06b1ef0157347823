"""What the API may change of the configuration: its names, how their values are read and kept, and what holds then.

Pure; knows no file and no row. A value that cannot be is a BadRequest that points to it.
"""

import difflib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from connector.domain.option_values import UNLIMITED, UNLIMITED_DAYS, one_of, retention_days
from connector.domain.options import AudioFormat
from connector.domain.policy import Switch
from connector.errors import BadRequest

STORAGE: Final = "storage"
LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
LINK_SECONDS: Final = range(60, 7 * 86_400 + 1)

_AGENTS: Final = "agents"
_LONGEST_ID: Final = 100


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is wanted")  # one kind of error for every reader
    return value


def _days(value: object) -> int | str:
    if value != UNLIMITED and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"1 to 3650 days are wanted as a number, or `{UNLIMITED}`")
    return UNLIMITED if retention_days(value) == UNLIMITED_DAYS else int(str(value))


def _locale(value: object) -> str:
    if not isinstance(value, str) or not LOCALE.fullmatch(value):
        raise ValueError("a language is wanted, as en-GB")
    return value


def _format(value: object) -> str:
    return str(one_of(AudioFormat)(value))


def _link_seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in LINK_SECONDS:
        raise ValueError(f"{LINK_SECONDS[0]} to {LINK_SECONDS[-1]} seconds are wanted as a number")
    return value


#: By name; each reads what JSON has, and gives what is kept.
SETTINGS: Final[Mapping[str, Callable[[object], object]]] = {
    "recording_enabled": _switch,
    "transcription_enabled": _switch,
    "transcription_locale": _locale,
    "multi_channel": _switch,
    "recording_format": _format,
    "retention_days": _days,
    "transcript_retention_days": _days,
    "link_seconds": _link_seconds,
}
#: Of one agent, as agents.2001.recording_enabled.
AGENT_SETTINGS: Final = ("recording_enabled", "transcription_enabled")


class AgentSetting(NamedTuple):
    agent: str
    setting: str

    @property
    def name(self) -> str:
        return f"{_AGENTS}.{self.agent}.{self.setting}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """What somebody wants changed. None takes a value back, so that config.yaml holds again; what is not said stays."""

    #: By the names of SETTINGS, or of an AgentSetting.
    values: Mapping[str, object] = field(default_factory=dict)
    #: By the names of STORAGE_FIELDS, laid over those that are there; None takes all of it back.
    storage: Mapping[str, object] | None = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """What holds for an organisation's calls of which neither a rule, nor an agent's switch, nor the call says more."""

    recording_enabled: bool
    transcription_enabled: bool
    #: None: the call's own.
    transcription_locale: str | None
    multi_channel: bool
    recording_format: str
    #: 0: without end.
    retention_days: int
    #: None: as transcripts are kept usually.
    transcript_retention_days: int | None
    link_seconds: float
    agents: Mapping[str, Switch]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSetting:
    """What was changed once, and does not hold: config.yaml says otherwise by now."""

    organisation: str
    name: str
    reason: str


def agent_setting(name: str) -> AgentSetting | None:
    """None: it is no agent's."""
    section, _, rest = name.partition(".")
    agent, _, setting = rest.rpartition(".")
    return AgentSetting(agent, setting) if section == _AGENTS and rest else None


def agent_setting_name(agent: str, setting: str) -> str:
    return AgentSetting(agent, setting).name


def check_name(name: str) -> None:
    of_agent = agent_setting(name)
    if of_agent is not None:
        _check_agent(of_agent)
    elif name not in SETTINGS:
        raise BadRequest(f"there is no setting {name!r}{near(name, SETTINGS)}", pointer=pointer(name))


def kept(name: str, value: object) -> str:
    """A value by name, as a row has it."""
    check_name(name)
    of_agent = agent_setting(name)
    try:
        return json.dumps(SETTINGS[of_agent.setting if of_agent else name](value), ensure_ascii=False)
    except ValueError as error:
        raise BadRequest(f"{name}: {error}", pointer=pointer(name)) from error


def read(name: str, written: str) -> Any:
    """What a row has; ValueError for what another release may have written."""
    try:
        kept(name, value := json.loads(written))
    except BadRequest as error:
        raise ValueError(str(error)) from error
    return value


def days(value: int | str) -> int:
    """0 for without end."""
    return retention_days(value)


def pointer(name: str) -> str:
    """Where it stands in a body that changes settings."""
    of_agent = agent_setting(name)
    parts = (_AGENTS, of_agent.agent, of_agent.setting) if of_agent else (name,)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def near(name: str, known: Collection[str]) -> str:
    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return f"; did you mean {by_lower[found[0]]}?" if found else f"; known are {', '.join(known)}"


def _check_agent(one: AgentSetting) -> None:
    if not one.agent.strip() or len(one.agent) > _LONGEST_ID or not one.agent.isprintable():
        raise BadRequest(f"an agent's id is wanted, of at most {_LONGEST_ID} signs", pointer=pointer(one.name))
    if one.setting not in AGENT_SETTINGS:
        what = f"there is no setting {one.setting!r} of an agent{near(one.setting, AGENT_SETTINGS)}"
        raise BadRequest(what, pointer=pointer(one.name))
