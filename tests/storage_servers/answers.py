"""One HTTP request over one connection, as a stranger sends it: nothing here is shared with what is tested."""

import http.client
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

_LIMIT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    #: Names in lower case.
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's own word, such as AccessDenied; "" when there is none."""
        return next(iter(self.texts("Code")), self.headers.get("x-ms-error-code", ""))

    def texts(self, tag: str) -> list[str]:
        """The text of each element of that name, wherever it stands and whatever its namespace."""
        if not self.body.lstrip().startswith((b"<", b"\xef\xbb\xbf<")):
            return []
        root = ElementTree.fromstring(self.body)
        return [element.text or "" for element in root.iter() if element.tag.rpartition("}")[2] == tag]


def exchanged(
    endpoint: str, method: str, target: str, headers: dict[str, str], body: bytes, ca_file: Path | None = None
) -> Answer:
    """Blocks, so that a test whose proxy runs in its own event loop calls it in a thread."""
    parts = urlsplit(endpoint)
    assert parts.hostname is not None
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=_LIMIT_SECONDS, context=_trusting(ca_file))
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=_LIMIT_SECONDS)
    )
    try:
        connection.request(method, target, body=body, headers=headers)
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
