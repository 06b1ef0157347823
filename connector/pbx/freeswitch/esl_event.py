"""An event of FreeSWITCH's, as it stands on the wire. Pure: knows headers and a body, not what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLE = "variable_"


@dataclass(frozen=True, slots=True)
class EslEvent:
    """Header names as FreeSWITCH writes them; values decoded, bad bytes replaced."""

    headers: Mapping[str, str]
    body: str = ""

    def get(self, header: str) -> str:
        """Empty for one that is not there."""
        return self.headers.get(header, "")

    @property
    def name(self) -> str:
        """CHANNEL_BRIDGE; of a CUSTOM event its subclass, conference::maintenance."""
        name = self.get("Event-Name")
        return self.get("Event-Subclass") or name if name == "CUSTOM" else name

    @property
    def channel(self) -> str:
        """The uuid of the leg that it is about."""
        return self.get("Unique-ID")

    def variable(self, name: str) -> str:
        """A channel variable's value."""
        return self.headers.get(_VARIABLE + name, "")


def variable_in(header: str) -> str:
    """The name of the channel variable that stands under it; "" for other headers."""
    return header.removeprefix(_VARIABLE) if header.startswith(_VARIABLE) else ""
