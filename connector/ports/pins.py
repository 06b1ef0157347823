"""What a trial found out about how a destination wants to be spoken to, kept for whoever stores there later."""

from dataclasses import dataclass
from typing import Protocol

#: What a destination's settings may leave open: the fields of a Pin.
REGION, ADDRESSING, CONDITIONS, CHECKSUMS = "region", "addressing", "conditions", "checksums"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Each in the store's own words; empty: nothing was found out, or the settings say it themselves."""

    region: str = ""
    addressing: str = ""
    #: Whether the server keeps its word on `If-None-Match: *`.
    conditions: str = ""
    #: What the server does with a Content-MD5.
    checksums: str = ""


class Pins(Protocol):
    """By place: a destination's address with all of its settings that bear on it, without any secret. Other settings
    are another place, so that no pin outlives what it was found out for."""

    async def find(self, place: str) -> Pin | None:
        """None when no trial was made there. Raises CatalogueUnavailable."""
        ...

    async def keep(self, place: str, pin: Pin) -> None:
        """In place of what was kept before, whole. Raises CatalogueUnavailable."""
        ...
