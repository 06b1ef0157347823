"""SIP messages and session descriptions as text: read and written, nothing sent.

Bytes that are no UTF-8 pass through unharmed, so that a caller may have any name.
"""

import random
import re
from dataclasses import dataclass
from typing import Final

#: The payload type of keys (RFC 4733).
DIGITS: Final = 101
_MIRRORED: Final = {"sendonly": "recvonly", "recvonly": "sendonly"}


@dataclass(frozen=True, slots=True)
class Message:
    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def code(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def method(self) -> str:
        """Of the request, or of the one that is answered."""
        return self["CSeq"].split()[-1]

    @property
    def number(self) -> int:
        return int(self["CSeq"].split()[0])

    @property
    def branch(self) -> str:
        return _found(r"branch=([^;,\s]+)", self["Via"])

    @property
    def requested_user(self) -> str:
        return _found(r"^\S+ sip:([^@;>]+)@", self.start)

    def __getitem__(self, name: str) -> str:
        """The first of that name, or ""."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def encoded(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{key}: {value}" for key, value in self.headers), f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode(errors="surrogateescape") + body


@dataclass(frozen=True, slots=True)
class Session:
    """What a description says about sound."""

    host: str
    port: int
    direction: str
    #: Payload type by the name of its coding: {"PCMU/8000": 0}.
    payloads: dict[str, int]

    @property
    def answering_direction(self) -> str:
        return _MIRRORED.get(self.direction, self.direction)


def message(data: bytes) -> Message:
    head, _, body = data.decode(errors="surrogateescape").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return Message(start, tuple((key.strip(), value.strip()) for key, value in pairs), body)


def reply(request: Message, code: int, reason: str, *, tag: str = "", contact: str = "", body: str = "") -> Message:
    to = request["To"]
    if tag and ";tag=" not in to:
        to += f";tag={tag}"
    headers = [("Via", via) for via in request.all("Via")]
    headers += [("Record-Route", route) for route in request.all("Record-Route")]
    headers += [("From", request["From"]), ("To", to), ("Call-ID", request["Call-ID"]), ("CSeq", request["CSeq"])]
    headers.append(("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY, INFO, UPDATE"))
    if contact:
        headers.append(("Contact", f"<{contact}>"))
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return Message(f"SIP/2.0 {code} {reason}", tuple(headers), body)


def session(body: str) -> Session:
    names = {name: int(number) for number, name in re.findall(r"a=rtpmap:(\d+) (\S+)", body)}
    listed = _found(r"m=audio \d+ \S+ ([\d ]+)", body).split()
    if "0" in listed:
        names.setdefault("PCMU/8000", 0)
    return Session(
        host=_found(r"c=IN IP4 (\S+)", body),
        port=int(_found(r"m=audio (\d+)", body) or 0),
        direction=_found(r"a=(sendrecv|sendonly|recvonly|inactive)", body) or "sendrecv",
        payloads=names,
    )


def description(*, port: int, name: str, payload: int, direction: str, version: int) -> str:
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/AVP {payload} {DIGITS}",
        f"a=rtpmap:{payload} {name}",
        f"a=rtpmap:{DIGITS} telephone-event/8000",
        f"a=fmtp:{DIGITS} 0-16",
        "a=ptime:20",
        f"a={direction}",
    ]
    return "\r\n".join([*lines, ""])


def uri(header: str) -> str:
    """Of a From, To or Contact."""
    return _found(r"<([^>]+)>", header) or header.partition(";")[0].strip()


def tag(header: str) -> str:
    return _found(r";\s*tag=([^;>\s]+)", header)


def token() -> str:
    return f"{random.getrandbits(48):012x}"


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else ""
