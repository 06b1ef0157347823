"""Who is who: which organisation a call belongs to, what is a trunk, who is inside, which agent that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.domain.call import Leg
from connector.domain.patterns import device_matches, number_matches

DEFAULT_ORGANISATION = "default"
#: Whom we take for an extension when the configuration does not say: numbers of two to six digits.
DEFAULT_INTERNAL = ("XX", "XXX", "XXXX", "XXXXX", "XXXXXX")
#: FreeSWITCH shows a channel variable under this prefix; the configuration may use either name.
_VARIABLE_PREFIX = "variable_"


class Unknown(StrEnum):
    """What becomes of a call whose organisation nobody configured."""

    #: It is not recorded, and the log says so.
    REFUSE = "refuse"


def what_of_unknown(text: str) -> Unknown:
    """As people write it; raises ValueError."""
    word = text.lower()
    if word == "hold":
        raise ValueError(
            "'hold' is not there: a call of an organisation that nobody has configured cannot be kept for it, it is not"
            " recorded. Write refuse, and name each organisation before it calls"
        )
    if word not in tuple(Unknown):
        raise ValueError(f"{text!r} is not one of {', '.join(Unknown)}")
    return Unknown(word)


class AgentSource(StrEnum):
    #: Only the names in the configuration.
    STATIC = "static"
    #: What a queue calls its member is the agent's name.
    QUEUES = "asterisk-queues"
    #: A channel variable holds the agent's id.
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    internal: tuple[str, ...] = DEFAULT_INTERNAL
    trunks: tuple[str, ...] = ()
    #: How the organisation is found: "pbx", "context" or the name of a channel variable.
    by: str = "pbx"
    unknown: Unknown = Unknown.REFUSE
    #: The configured organisations; empty: there is one, `default`.
    organisations: frozenset[str] = frozenset()
    #: Further spellings, case-folded → organisation.
    matches: Mapping[str, str] = field(default_factory=dict)
    agent_source: AgentSource = AgentSource.STATIC
    #: The channel variable that holds an agent's id.
    agent_variable: str = ""
    #: Extension, queue member or device of one organisation → who that is.
    agents: Mapping[tuple[str, str], Agent] = field(default_factory=dict)

    @property
    def variables(self) -> frozenset[str]:
        """The channel variables that the PBX has to tell us for this; those of a call's own wish come on top."""
        by = set() if self.by in {"pbx", "context"} else {_plain(self.by)}
        return frozenset(by | ({_plain(self.agent_variable)} if self.agent_variable else set()))

    def organisation(self, pbx: str, leg: Leg) -> str | None:
        """The organisation of this leg's call; None when nothing configured fits it."""
        if not self.organisations:
            return DEFAULT_ORGANISATION
        found = {"pbx": pbx, "context": leg.context}.get(self.by)
        key = (_variable(leg, self.by) if found is None else found).strip()
        return key if key in self.organisations else self.matches.get(key.casefold())

    def is_trunk(self, leg: Leg) -> bool:
        return any(device_matches(leg.device, pattern) for pattern in self.trunks)

    def is_internal(self, leg: Leg) -> bool:
        """One of our own phones: no trunk, and a number as ours are."""
        return not self.is_trunk(leg) and any(number_matches(leg.number, pattern) for pattern in self.internal)

    def agent(self, organisation: str, leg: Leg, member: str = "") -> tuple[str, str]:
        """Id and name; who is not on the list is his number (or device), without a name."""
        told = _variable(leg, self.agent_variable) if self.agent_variable else ""
        extension = _extension(member)
        for key in (told, member, extension, leg.number, leg.device, _extension(leg.device)):
            if key and (found := self.agents.get((organisation, key))) is not None:
                return found.id, found.name
        is_name = bool(member) and "/" not in member and not member.isdecimal()
        if is_name and not told and self.agent_source is AgentSource.QUEUES:
            return leg.number or _extension(leg.device) or member, member
        return told or extension or leg.number or leg.device, ""


def _variable(leg: Leg, name: str) -> str:
    return leg.variable(_plain(name)) or leg.variable(_VARIABLE_PREFIX + _plain(name)) or ""


def _plain(name: str) -> str:
    return name.removeprefix(_VARIABLE_PREFIX)


def _extension(device: str) -> str:
    """2001 of PJSIP/2001 and of Local/2001@agents/n."""
    technology, slash, rest = device.partition("/")
    return rest.partition("@")[0].partition("/")[0] if slash else technology
