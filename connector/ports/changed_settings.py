"""What the API has changed of the configuration: it is laid over config.yaml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSetting:
    organisation: str
    #: As `recording_enabled`, `storage`, `agents.2001.recording_enabled`.
    name: str
    #: JSON; a secret stands in it by the vault's name.
    value: str
    by: str
    at: Moment


class ChangedSettings(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def all(self) -> Sequence[ChangedSetting]: ...

    async def change(self, organisation: str, values: Mapping[str, str | None], *, by: str, at: Moment) -> None:
        """All of them in one transaction; None takes one back, so that config.yaml holds again."""
        ...

    async def revision(self) -> int:
        """Another one after each change: cheap, for whoever asks every second."""
        ...
