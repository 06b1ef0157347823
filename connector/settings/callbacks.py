"""Whom we tell of recordings, and whom we ask what to record: the endpoints of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.domain.durations import seconds_of
from connector.domain.inquiry import CallMoment
from connector.domain.notification import Shape
from connector.domain.secret import Secret
from connector.settings.said import said

NOTIFICATION_EVENTS = (
    "recording_finished",
    "recording_available",
    "recording_failed",
    "recording_absent",
    "transcription_available",
)


class Otherwise(StrEnum):
    """What holds when nobody answers, or nothing that can be read."""

    RULES = "rules"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """What both kinds of callbacks have."""

    url: str = field(metadata=said("where it is posted; http:// only with allow_private", form="url"))
    secret: Secret | None = field(
        default=None,
        metadata=said(
            "the signing secret (Standard Webhooks; whsec_… or whsk_…), {env: NAME} or {file: path}", form="signing"
        ),
    )
    next_secret: Secret | None = field(
        default=None, metadata=said("while the secret is changed: the new one; both sign", form="signing")
    )
    application_key: str = field(
        default="", metadata=said("with application_secret: requests are signed as Sinch signs its callbacks, too")
    )
    application_secret: Secret | None = field(
        default=None, metadata=said("base64, {env: NAME} or {file: path}", form="application_secret")
    )
    headers: Mapping[str, Secret] = field(
        default_factory=dict, metadata=said("further headers: Authorization: {env: CRM_AUTHORIZATION}")
    )
    allow_private: tuple[str, ...] = field(
        default=(), metadata=said("private networks that this endpoint may be in, as 10.0.0.0/24", form="network")
    )
    ca: str = field(default="", metadata=said("a file with an authority of your own", form="path"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings(EndpointSettings):
    """One that hears of recordings."""

    fallback: str = field(
        default="", metadata=said("another address, tried when the first does not take it", form="url")
    )
    events: tuple[str, ...] = field(default=(), metadata=said("which events; default: all", words=NOTIFICATION_EVENTS))
    format: Shape = field(
        default=Shape.SINCH,
        metadata=said("sinch, standard (type, timestamp, data), or dialgen (onCallComplete, once a recording)"),
    )
    organisations: tuple[str, ...] = field(
        default=(), metadata=said("whose recordings; default: every organisation's", named="organisations")
    )
    timeout_seconds: float = field(
        default=15.0, metadata=said("how long an answer is waited for", key="timeout", read=seconds_of)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings(EndpointSettings):
    """One that is asked about calls, and may answer with instructions. A call never waits for it."""

    events: tuple[CallMoment, ...] = field(
        default=tuple(CallMoment), metadata=said("when it is asked: incoming, answered, ended")
    )
    timeout_seconds: float = field(
        default=5.0, metadata=said("how long an answer is waited for", key="timeout", read=seconds_of)
    )
    otherwise: Otherwise = field(
        default=Otherwise.RULES,
        metadata=said("without an answer in time: rules (they stay as they are), yes (record) or no (do not)"),
    )
