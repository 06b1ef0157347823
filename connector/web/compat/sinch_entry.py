"""Who comes in by Sinch's door: HTTP Basic with key and secret, requests signed by an application, or a key of ours.

Knows headers; services know keys and signatures.
"""

import base64
import binascii
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBearer
from fastapi.security.base import SecurityBase

from connector.domain.access import Access, KeyRole
from connector.domain.ids import derived_id
from connector.errors import KeyRefused
from connector.services.sinch_signatures import SinchSignatures
from connector.web.compat.bodies import content_of
from connector.web.door import Doorkeeper, address_of

_BASIC = HTTPBasic(auto_error=False, scheme_name="sinch-basic", description="application key and secret")
_SIGNED = APIKeyHeader(
    name="authorization",
    auto_error=False,
    scheme_name="sinch-signed",
    description="Authorization: application KEY:SIGNATURE, with x-timestamp",
)
_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="Authorization: Bearer KEY")


class SinchKeeper(Doorkeeper, Protocol):
    async def admitted_by_password(self, name: str, password: str, address: str) -> Access:
        """By a key's name and its secret. Raises KeyRefused, TooManyRequests, CatalogueUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    access: Access
    #: The same whenever the same signed request comes again: what it says acts once.
    seed: str


class SinchEntry:
    def __init__(self, keeper: SinchKeeper, signatures: SinchSignatures) -> None:
        self._keeper = keeper
        self._signatures = signatures

    def needs(self, role: KeyRole) -> Any:
        """For a route's parameter: `arrival: Annotated[Arrival, entry.needs(KeyRole.CONTROL)]`."""
        return Depends(self._entry(role))

    def _entry(self, role: KeyRole) -> Callable[..., Awaitable[Arrival]]:
        async def arrival(
            request: Request,
            _basic: Annotated[object, Security(_documented_only(_BASIC))],
            _signed: Annotated[object, Security(_documented_only(_SIGNED))],
            _bearer: Annotated[object, Security(_documented_only(_BEARER))],
        ) -> Arrival:
            scheme, _, shown = request.headers.get("authorization", "").partition(" ")
            seed = uuid.uuid4().hex
            match scheme.lower():
                case "application":
                    access = await self._signed(request)
                    seed = derived_id("sinch", shown.strip())
                case "basic":
                    access = await self._keeper.admitted_by_password(*_name_and_password(shown), address_of(request))
                case "bearer":
                    access = await self._keeper.admitted(shown.strip(), address_of(request))
                case _:
                    raise KeyRefused("a key is wanted: HTTP Basic, Authorization: application KEY:SIGNATURE, or Bearer")
            self._keeper.check(access, role)
            return Arrival(access=access, seed=seed)

        return arrival

    async def _signed(self, request: Request) -> Access:
        return await self._signatures.admitted(
            method=request.method,
            path=request.scope.get("raw_path", request.url.path.encode()).decode(errors="replace"),
            headers=request.headers,
            body=await content_of(request),
            address=address_of(request),
        )


def _documented_only(scheme: SecurityBase) -> SecurityBase:
    """For OpenAPI: the header is read in one place, above."""
    return _Silent(scheme)


class _Silent(SecurityBase):
    def __init__(self, scheme: SecurityBase) -> None:
        self.model = scheme.model
        self.scheme_name = scheme.scheme_name

    async def __call__(self) -> None:
        return None


def _name_and_password(shown: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(shown.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        raise KeyRefused("Authorization: Basic wants base64 of KEY:SECRET") from None
    if not colon:
        raise KeyRefused("Authorization: Basic wants base64 of KEY:SECRET")
    return name, password
