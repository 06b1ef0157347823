"""Single small puts into a bucket, each in a manner of the caller's choosing: to find out how it wants to be spoken to.

No store's own care is in them: no looks before, no second tries of ours, no proof.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connector.domain.ids import Moment
from connector.errors import ConnectorError
from connector.ports.pins import Pin


class Way(StrEnum):
    #: In the place of whatever has that name.
    REPLACING = "replacing"
    #: The server is asked to refuse where something has that name.
    IF_NEW = "if new"
    #: With another content's MD5, which the server should refuse.
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What came of one put."""

    #: None: it is there.
    error: ConnectorError | None = None
    #: The server does not know something that was sent.
    is_unknown: bool = False
    #: It found the bytes to be others than their MD5 says.
    is_damaged: bool = False
    #: Which region the server named, or was last asked in.
    region: str = ""
    #: What the server takes for now; None where it does not say.
    at: Moment | None = None


class Feeler(Protocol):
    @property
    def open(self) -> frozenset[str]:
        """What of a Pin the destination's settings leave open."""
        ...

    @property
    def addressings(self) -> tuple[str, ...]:
        """As a Pin has them, the usual one first; none when the settings say it."""
        ...

    async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
        """Every refusal and every silence is in what comes back; none is raised."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
