"""The whole configuration as frozen values. Defaults and explanations stand here, once; reading files is config's."""

from connector.settings.callbacks import (
    NOTIFICATION_EVENTS,
    CallbackSettings,
    EndpointSettings,
    NotificationSettings,
    Otherwise,
)
from connector.settings.destinations import DEFAULT_DESTINATION, DestinationSettings
from connector.settings.doors import DoorSettings
from connector.settings.house import (
    ApiSettings,
    CaptureSettings,
    LocalSettings,
    LogSettings,
    RetentionSettings,
    Settings,
)
from connector.settings.outbound import OutboundSettings
from connector.settings.pbxs import AsteriskSettings, Endpoint, FreeswitchSettings, PbxSettings, ScriptedSettings
from connector.settings.policy import (
    DEFAULT_OPTIONS,
    AgentsSettings,
    DefaultSettings,
    OrganisationSettings,
    OrganisationsSettings,
    PlanSettings,
    RuleSettings,
)
from connector.settings.transcription import (
    ENGINES,
    LOCAL_ENGINE,
    DeepgramSettings,
    EngineSettings,
    OpenaiSettings,
    TranscriptionSettings,
    WhisperSettings,
)

__all__ = [
    "DEFAULT_DESTINATION",
    "DEFAULT_OPTIONS",
    "ENGINES",
    "LOCAL_ENGINE",
    "NOTIFICATION_EVENTS",
    "AgentsSettings",
    "ApiSettings",
    "AsteriskSettings",
    "CallbackSettings",
    "CaptureSettings",
    "DeepgramSettings",
    "DefaultSettings",
    "DestinationSettings",
    "DoorSettings",
    "Endpoint",
    "EndpointSettings",
    "EngineSettings",
    "FreeswitchSettings",
    "LocalSettings",
    "LogSettings",
    "NotificationSettings",
    "OpenaiSettings",
    "OrganisationSettings",
    "OrganisationsSettings",
    "Otherwise",
    "OutboundSettings",
    "PbxSettings",
    "PlanSettings",
    "RetentionSettings",
    "RuleSettings",
    "ScriptedSettings",
    "Settings",
    "TranscriptionSettings",
    "WhisperSettings",
]
