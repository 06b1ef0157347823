"""Requests that a Sinch application has signed: whose they are. Knows signatures and moments, no HTTP server."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from connector.domain.access import Access
from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.errors import KeyRefused
from connector.network.signing import TOLERANCE_SECONDS, SignedRequest, sinch_key, sinch_refusal
from connector.ports.clock import Clock


class ProofKeeper(Protocol):
    """The doorkeeper, as far as it is needed here."""

    async def admitted_by_proof(self, name: str, is_proof: Callable[[Secret], bool], address: str) -> Access: ...


class SinchSignatures:
    def __init__(self, keeper: ProofKeeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock

    async def admitted(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, address: str
    ) -> Access:
        """Who has signed it within the last minutes; `path` as it was written. Raises KeyRefused, TooManyRequests,
        CatalogueUnavailable. The same request twice comes in twice: who obeys it must know it again."""
        request = SignedRequest(method=method, path=path, headers=headers, body=body)
        name, now = sinch_key(request), self._clock.now()
        if name is None:
            raise KeyRefused("Authorization: application KEY:SIGNATURE is wanted")
        # A wrong clock is no guess at a key: it is said before anybody looks one up.
        _check_age(headers, now)

        def is_proof(secret: Secret) -> bool:
            return not sinch_refusal(request, name, secret, now)

        return await self._keeper.admitted_by_proof(name, is_proof, address)


def _check_age(headers: Mapping[str, str], now: Moment) -> None:
    written = next((value for given, value in headers.items() if given.lower() == "x-timestamp"), "")
    try:
        sent_at = datetime.fromisoformat(written)
    except ValueError:
        sent_at = None
    if sent_at is None or sent_at.tzinfo is None:
        raise KeyRefused("x-timestamp is missing, or no moment like 2026-01-05T09:00:00Z")
    if abs(now - sent_at.timestamp()) > TOLERANCE_SECONDS:
        raise KeyRefused(f"x-timestamp is more than {TOLERANCE_SECONDS:.0f} s off: see to the clocks")
