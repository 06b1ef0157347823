"""AMI's text: bytes to messages, however the network cut them, and actions to bytes. Knows no socket and no event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

END = b"\r\n\r\n"
LONGEST_MESSAGE_BYTES = 16 << 20
_LONGEST_GREETING_BYTES = 1024
_FORBIDDEN = frozenset("\r\n\0")

Fields = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class AmiMessage:
    """Lines `Name: value`; names in any case. Of a name that stands twice the first one counts: what a caller smuggled
    into a value comes after what Asterisk wrote."""

    lines: tuple[tuple[str, str], ...]
    _values: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values: dict[str, list[str]] = {}
        for name, value in self.lines:
            values.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "_values", values)

    @classmethod
    def parsed(cls, raw: bytes) -> "AmiMessage":
        """Never raises: what is no UTF-8 becomes U+FFFD, a line without a colon is left out."""
        parts = (line.partition(":") for line in raw.decode("utf-8", "replace").split("\r\n"))
        return cls(tuple((name, value.removeprefix(" ")) for name, colon, value in parts if colon))

    @property
    def event(self) -> str:
        """Empty for a reply."""
        return self.get("Event")

    @property
    def response(self) -> str:
        """Empty for an event."""
        return self.get("Response")

    def get(self, key: str, default: str = "") -> str:
        values = self._values.get(key.lower())
        return values[0] if values else default

    def all(self, key: str) -> list[str]:
        """Every value of a name that stands more than once, in order."""
        return list(self._values.get(key.lower(), ()))


class TooLong(ValueError):
    """No end of a message within the limit."""


class Messages:
    """Cuts what arrives into messages. The first line, before any message, is the greeting."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked_at = 0
        self.greeting: str | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now, without their empty lines. Raises TooLong."""
        self._buffer += data
        if self.greeting is None and not self._take_greeting():
            return
        start = 0
        while (end := self._buffer.find(END, max(start, self._looked_at))) >= 0:
            # Asterisk sometimes writes an empty line too many.
            if message := bytes(self._buffer[start:end]).strip(b"\r\n"):
                yield message
            start = self._looked_at = end + len(END)
        del self._buffer[:start]
        self._looked_at = max(len(self._buffer) - len(END) + 1, 0)
        if len(self._buffer) > LONGEST_MESSAGE_BYTES:
            raise TooLong(f"a message of more than {LONGEST_MESSAGE_BYTES >> 20} MB")

    def _take_greeting(self) -> bool:
        line, end, rest = bytes(self._buffer).partition(b"\r\n")
        if not end:
            if len(line) > _LONGEST_GREETING_BYTES:
                raise TooLong("a greeting without an end")
            return False
        self.greeting = line.decode("utf-8", "replace")
        self._buffer[:] = rest
        return True


def action_bytes(lines: Iterable[tuple[str, object]]) -> bytes:
    """One action, each value of a list a line of its own. Raises ValueError for what would be read as another line:
    numbers and names that callers choose go in here."""
    written: list[str] = []
    for name, value in lines:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            line = f"{name}: {one}"
            if not _FORBIDDEN.isdisjoint(line):
                raise ValueError(f"its field {name!r} has a line break or NUL in it")
            written.append(line)
    return "\r\n".join((*written, "", "")).encode()
