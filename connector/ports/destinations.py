"""Where artefacts go by name, as the configuration of this moment says, and where those lie that went earlier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.object_names import NameTemplate
from connector.domain.recording import Delivery, Recording
from connector.ports.object_store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    name: str
    store: ObjectStore
    template: NameTemplate
    timezone: str
    #: It with these settings and these credentials, as the vault calls it.
    place: str = ""
    overwrite: bool = False
    #: Who takes its place while it cannot take anything; "" for nobody.
    backup: str = ""
    #: How long its links are good for, unless somebody says.
    link_seconds: float = 3600.0


class Destinations(Protocol):
    def names_for(self, recording: Recording) -> Sequence[str]:
        """The destinations that this recording goes to, the first one first; never empty."""
        ...

    def wants_manifest(self, name: str) -> bool:
        """Whether a manifest goes there with every recording."""
        ...

    async def find(self, name: str, recording: Recording) -> Destination | None:
        """The destination of that name, as this recording is to be stored there; None when the configuration has none
        (any more). Raises DestinationRefused when its credentials are lost, CatalogueUnavailable."""
        ...

    async def holding(self, delivery: Delivery, recording: Recording) -> Destination | None:
        """The place that the delivery was named for, with the newest credentials that we have for it, whatever became
        of the configuration; None when that is not known any more. Raises as `find` does."""
        ...
