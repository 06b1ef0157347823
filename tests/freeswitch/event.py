"""An event as the switch fires it, and its two forms on the wire. Pure: knows no channel.

Measured: plain values are URL-encoded, JSON's are not; a body is a second Content-Length in plain and `_body` in JSON;
a variable that was set several times is an array in JSON.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import quote

import msgspec

from tests.freeswitch.legs import Value

#: What FreeSWITCH leaves as it is, besides letters and digits; a per cent sign before two hex digits too.
_PLAIN: Final = "!$'()*,-./_~"


@dataclass(eq=False)
class Event:
    name: str
    headers: dict[str, Value]
    body: str = ""
    subclass: str = field(default="", kw_only=True)

    @cached_property
    def json_frame(self) -> bytes:
        document = dict(self.headers)
        if self.body:
            document |= {"Content-Length": str(len(self.body.encode())), "_body": self.body}
        return _framed("text/event-json", msgspec.json.encode(document))

    @cached_property
    def plain_frame(self) -> bytes:
        lines = [f"{name}: {_encoded(value)}\n" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body.encode())}\n")
        return _framed("text/event-plain", ("".join(lines) + "\n" + self.body).encode())

    def get(self, header: str) -> str:
        value = self.headers.get(header, "")
        return value if isinstance(value, str) else value[0]


def _framed(kind: str, body: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: %b\n\n" % (len(body), kind.encode()) + body


def _encoded(value: Value) -> str:
    text = value if isinstance(value, str) else "ARRAY::" + "|:".join(value)
    return quote(text, safe=_PLAIN)
