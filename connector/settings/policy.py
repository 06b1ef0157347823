"""Whose calls are recorded, and how: rules, organisations, agents, retention plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.option_values import retention_days as days
from connector.domain.options import PauseBehavior, RecordingOptions, TranscriptionOptions
from connector.domain.organisation import AgentSource, Unknown, what_of_unknown
from connector.domain.policy import Switch, When, Word
from connector.domain.products import DEFAULT_FORMAT, DEFAULT_LAYOUT
from connector.settings.destinations import DestinationSettings
from connector.settings.said import said
from connector.settings.transcription import ENGINES


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """force and never override everything; else the first yes or no wins. Recording options stand beside `when`."""

    when: When = field(default=When(), metadata=said("which calls: all that is said must fit, of a list one"))
    record: Word = field(
        default=Word.DONTCARE, metadata=said("force, yes, dontcare, no or never; dontcare only says options")
    )
    callback: str = field(
        default="", metadata=said("which of the callbacks is asked about such a call", named="callbacks")
    )
    options: RecordingOptions = field(default=RecordingOptions(), metadata=said("recording options", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSettings:
    record: Word = field(default=Word.YES, metadata=said("what happens when no rule says anything"))
    destinations: tuple[str, ...] = field(
        default=(), metadata=said("several destinations, instead of `destination`", named="destinations")
    )
    callback: str = field(
        default="", metadata=said("which of the callbacks is asked about such a call", named="callbacks")
    )
    options: RecordingOptions = field(default=RecordingOptions(), metadata=said("recording options", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    match: tuple[str, ...] = field(
        default=(), metadata=said("further values of `by` that mean this organisation, beside its name")
    )
    destination: DestinationSettings | str | None = field(
        default=None, metadata=said("the name of a destination, or one written out here", named="destinations")
    )
    destinations: tuple[str, ...] = field(
        default=(), metadata=said("several destinations, instead of `destination`", named="destinations")
    )
    record: Word | None = field(default=None, metadata=said("force, yes, dontcare, no or never"))
    rules: tuple[RuleSettings, ...] = field(default=(), metadata=said("rules before the common ones"))
    plan: str = field(default="", metadata=said("retention plan", named="plans"))
    timezone: str = field(default="", metadata=said("the organisation's own zone", form="timezone"))
    engines: tuple[str, ...] = field(
        default=(),
        metadata=said(
            "speech engines that may hear its sound, the first one usually; default: only transcription.engine",
            named=ENGINES,
        ),
    )
    agents: Mapping[str, str] = field(
        default_factory=dict, metadata=said("this organisation's extension, queue member or device: name")
    )
    callback: str = field(
        default="", metadata=said("which of the callbacks is asked about such a call", named="callbacks")
    )
    options: RecordingOptions = field(default=RecordingOptions(), metadata=said("recording options", flat=True))
    switch: bool | None = field(default=None, metadata=said("whether calls are recorded, by the API", hidden=True))
    agent_switches: Mapping[str, Switch] = field(
        default_factory=dict, metadata=said("what the API says of single agents, by their ids", hidden=True)
    )
    link_seconds: float | None = field(
        default=None, metadata=said("how long its links are good for, by the API", hidden=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationsSettings:
    """Tenants by name; beside them the two words `by` and `unknown`."""

    by: str = field(
        default="pbx", metadata=said("how a call's organisation is found: pbx, context, or a channel variable's name")
    )
    unknown: Unknown = field(
        default=Unknown.REFUSE,
        metadata=said(
            "a call of nobody's is not recorded, and the log says so; there is no other way yet", read=what_of_unknown
        ),
    )
    known: Mapping[str, OrganisationSettings] = field(
        default_factory=dict, metadata=said("one organisation", rest=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsSettings:
    source: AgentSource = field(
        default=AgentSource.STATIC,
        metadata=said("where agents come from: static (names), asterisk-queues (members' names) or variable"),
    )
    variable: str = field(default="", metadata=said("the channel variable that holds the agent's id"))
    names: Mapping[str, str] = field(
        default_factory=dict,
        metadata=said("extension, queue member or device: name; ORGANISATION/201 for one tenant's"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    retention_days: int = field(
        default=90, metadata=said("days that recordings are kept", key="retentionDays", read=days)
    )
    max_retention_days: int = field(
        default=3650,
        metadata=said(
            "the most that a call's own wish, a rule or extending can reach", key="maxRetentionDays", read=days
        ),
    )
    transcript_retention_days: int | None = field(
        default=None,
        metadata=said(
            "days that transcripts are kept; default: as long as their recordings",
            key="transcriptRetentionDays",
            read=days,
        ),
    )


#: The recording options where nobody says anything; what is not here depends on the call or is off.
DEFAULT_OPTIONS = RecordingOptions(
    format=DEFAULT_FORMAT,
    channels=DEFAULT_LAYOUT,
    notification_events=True,
    transcription=TranscriptionOptions(enabled=False),
    swap=False,
    separate=False,
    prompts=False,
    beep=False,
    pause_behavior=PauseBehavior.SILENCE,
    max_length_seconds=86_400.0,
    retention_days=90,
)
