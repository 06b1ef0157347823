"""Which of the doors are open that look like other services' APIs."""

from dataclasses import dataclass, field

from connector.settings.said import said


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    osmtalk: bool = field(default=True, metadata=said("osmTalk's clients: /api/calls, /api/settings/storage"))
    dialgen: bool = field(default=True, metadata=said("Dialgen's clients: /api/v1/call"))
    sinch: bool = field(default=True, metadata=said("Sinch's clients: /calling/v1"))
    krosai: bool = field(
        default=True, metadata=said("KrosAI's clients: /v1 takes x-api-key; no: `Authorization: Bearer` alone")
    )
    talkturo: bool = field(default=True, metadata=said("Talkturo's clients: /v1/assistants and the download by call"))
