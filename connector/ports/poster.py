"""Posting JSON to an address that an administrator or a caller named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    url: str
    body: bytes
    headers: Mapping[str, str]
    #: For all of it: connection, request and answer.
    limit_seconds: float
    #: Networks beyond the public ones in which the address may be, as 10.0.0.0/24.
    allowed: Sequence[str] = ()
    #: A file with an authority of one's own, in place of the system's.
    ca: str = ""
    #: How much of the answer is wanted; the rest is not read.
    most_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    #: At most as much as was wanted; never logged.
    content: bytes
    #: There was more of it.
    is_cut: bool
    #: What the server asked us to wait; None where it did not.
    retry_after_seconds: float | None
    seconds: float


class Poster(Protocol):
    async def post(self, letter: Letter) -> Reply:
        """Whatever the status is, 3xx too: nobody is sent on. Raises AddressForbidden for an address in a network that
        is not allowed, EndpointUnreachable when there is no whole answer in time."""
        ...
