"""Where what holds comes from, and who the agents are that may be switched. Pure; knows no file and no row."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.ids import Moment
from connector.domain.policy import Switch


class Source(StrEnum):
    #: Nobody says anything.
    DEFAULT = "default"
    #: config.yaml.
    FILE = "file"
    #: Somebody who changed it by API.
    API = "api"
    #: A rule of config.yaml that speaks of every such call: it has the word before, or instead.
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    source: Source
    #: The configuration file's name, without its folder; empty where no file says it.
    file: str = ""
    #: From 1; 0 where no file says it.
    line: int = 0
    #: Who changed it by API, and when.
    by: str = ""
    at: Moment | None = None
    #: What else decides, or limits it: rules for some calls, a plan.
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent whom the configuration names, whom somebody has switched, or who has had a call."""

    id: str
    name: str
    switch: Switch
    #: Of whether he is recorded.
    origin: Origin
    #: When his last call began; None: he had none, or it is not for who asks.
    last_call_at: Moment | None = None
