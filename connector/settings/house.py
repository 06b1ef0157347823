"""The house itself, and the configuration as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.domain.durations import seconds_of
from connector.domain.secret import Secret
from connector.domain.shares import percent_of
from connector.settings.callbacks import CallbackSettings, NotificationSettings
from connector.settings.destinations import DestinationSettings
from connector.settings.doors import DoorSettings
from connector.settings.outbound import OutboundSettings
from connector.settings.pbxs import PbxSettings
from connector.settings.policy import (
    AgentsSettings,
    DefaultSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PlanSettings,
    RuleSettings,
)
from connector.settings.said import said
from connector.settings.transcription import TranscriptionSettings
from connector.settings.written import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    daily_at: str = field(
        default="03:30", metadata=said("when the daily job looks for recordings whose days are over", form="clock")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    listen: str = field(default="127.0.0.1:8080", metadata=said("address and port of the HTTP server", form="listen"))
    public_url: str = field(
        default="",
        metadata=said("the server as people reach it, for links to files: https://calls.example.com", form="url"),
    )
    tls_certificate: str = field(
        default="",
        metadata=said(
            "PEM file of the server's certificate with those between it and the root; SIGHUP reads it again",
            form="path",
        ),
    )
    tls_key: str = field(
        default="", metadata=said("PEM file of its key, which nobody else may read and no word protects", form="path")
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata=said(
            "networks of the proxies in front, which alone are believed whom they speak for (X-Forwarded-For, -Proto)",
            form="network",
        ),
    )
    cors_origins: tuple[str, ...] = field(
        default=(),
        metadata=said("whose pages may ask the API from a browser: https://app.example.com", form="origin"),
    )
    hand_over: str = field(
        default="",
        metadata=said(
            "where nginx finds the files of this machine's folders, which it then sends itself: /callreel-files/",
            form="prefix",
        ),
    )
    storage_allow_private: tuple[str, ...] = field(
        default=(),
        metadata=said("private networks in which storage that is named by API may lie, else refused", form="network"),
    )
    page: bool = field(
        default=True, metadata=said("whether the web page is there, for people with a browser; no: the API alone")
    )
    open_metrics: bool = field(
        default=False, metadata=said("whether /metrics, and what /readyz has to say, are there for who has no key")
    )
    requests_per_second: int = field(
        default=50, metadata=said("how much one key may ask; beyond that it is told to wait (429)", least=1)
    )
    doors: DoorSettings = field(
        default=DoorSettings(), metadata=said("which other services' clients find their API here")
    )
    outbound: OutboundSettings | None = field(
        default=None, metadata=said("whether, and which calls the API may place; without it none")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    format: str = field(default="text", metadata=said("text for people, json for programs", words=("text", "json")))
    level: str = field(default="info", metadata=said("how much is said", words=("debug", "info", "warning", "error")))
    mask_numbers: bool = field(default=False, metadata=said("show only the last digits of phone numbers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    keep_seconds: float = field(
        default=0.0,
        metadata=said(
            "how long work files and the PBX's files stay after every copy is confirmed", key="keep", read=seconds_of
        ),
    )
    least_room_percent: float = field(
        default=10.0,
        metadata=said(
            "with less of the disk free than this, nothing is kept beyond its copies, and health says so",
            key="least_room",
            read=percent_of,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    fastagi: str = field(
        default="127.0.0.1:4573",
        metadata=said(
            "address and port at which Asterisk's dialplan reaches us (FastAGI); used with an Asterisk only",
            form="listen",
        ),
    )
    verify_seconds: float = field(
        default=2.0,
        metadata=said("a recorder that has not begun by then is started anew", key="verify", read=seconds_of),
    )
    close_seconds: float = field(
        default=5.0, metadata=said("how long the end of a file is waited for", key="close", read=seconds_of)
    )
    regret_seconds: float = field(
        default=0.5,
        metadata=said(
            "within this time a no that comes with the second party undoes a recording", key="regret", read=seconds_of
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    pbx: Mapping[str, PbxSettings] = field(
        default_factory=dict, metadata=said("the PBXs that are recorded, each under a name of your choice")
    )
    timezone: str = field(
        default="UTC", metadata=said("the zone of rules and of names with {local:…}", form="timezone")
    )
    node: str = field(default="", metadata=said("this machine's name among several; default: its host name"))
    state: str = field(
        default="/var/lib/callreel", metadata=said("the folder of catalogue, journal and work files", form="path")
    )
    destinations: Mapping[str, DestinationSettings] = field(
        default_factory=dict,
        metadata=said("where recordings go, by name, the first one usually; without any: STATE/recordings/ here"),
    )
    credentials: Mapping[str, Secret] = field(
        default_factory=dict,
        metadata=said(
            "by name: {env: NAME} or {file: path}; S3 and Google: key:secret[:region], Azure: the account key"
        ),
    )
    organisations: OrganisationsSettings = field(
        default=OrganisationsSettings(), metadata=said("tenants; without any there is one, `default`")
    )
    plans: Mapping[str, PlanSettings] = field(default_factory=dict, metadata=said("retention plans by name"))
    agents: AgentsSettings = field(default=AgentsSettings(), metadata=said("who the agents are"))
    defaults: DefaultSettings = field(default=DefaultSettings(), metadata=said("what holds where nothing else is said"))
    rules: tuple[RuleSettings, ...] = field(default=(), metadata=said("which calls are recorded, and how"))
    notifications: Mapping[str, NotificationSettings] = field(
        default_factory=dict, metadata=said("endpoints that hear of recordings")
    )
    callbacks: Mapping[str, CallbackSettings] = field(
        default_factory=dict, metadata=said("endpoints that are asked what to record; a rule names one")
    )
    transcription: TranscriptionSettings = field(
        default=TranscriptionSettings(), metadata=said("who hears what is said, where transcripts are asked for")
    )
    catalogue: Secret | None = field(
        default=None,
        metadata=said("postgresql://user:password@host/name; default: SQLite in the state folder", form="database"),
    )
    engine: Secret | None = field(
        default=None,
        metadata=said("the same for the engine; default: SQLite, or the catalogue's PostgreSQL", form="database"),
    )
    retention: RetentionSettings = field(default=RetentionSettings(), metadata=said("when old recordings go"))
    encoders: int = field(default=2, metadata=said("how many processes render recordings", least=1))
    capture: CaptureSettings = field(default=CaptureSettings(), metadata=said("how recorders are watched"))
    local: LocalSettings = field(default=LocalSettings(), metadata=said("what stays on this machine"))
    key: Secret | None = field(
        default=None,
        metadata=said(
            "32 bytes in base64 or hex: seals credentials in the catalogue, signs links to files; default: made once, "
            "STATE/house.key; nodes of one catalogue need the same",
            form="key",
        ),
    )
    api: ApiSettings = field(default=ApiSettings(), metadata=said("the HTTP server"))
    log: LogSettings = field(default=LogSettings(), metadata=said("what is said on stderr"))
    default_organisation: OrganisationSettings = field(
        default=OrganisationSettings(),
        metadata=said("the one organisation of a house that names none: what the API says of it", hidden=True),
    )
    #: No part of what the configuration says: two files that say the same are the same.
    written: Written = field(
        default=Written(), compare=False, repr=False, metadata=said("where each value stands in the file", hidden=True)
    )
