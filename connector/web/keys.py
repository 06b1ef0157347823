"""Keys over HTTP: listed, made, renewed, ended, by administrators. Speaks HTTP in, services out."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from connector.domain.access import Access, ApiKey, KeyRole, Limits, is_key_id
from connector.domain.durations import LONGEST_SECONDS
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.errors import BadRequest
from connector.ports.clock import Clock
from connector.services.keys import GRACE_SECONDS, Keys, KeyWish, NewKey
from connector.web.door import Door
from connector.web.problems import problems
from connector.web.whole_numbers import WHOLE

_MOST: Final = 100
#: Not blank, and no control characters.
_PRINTED: Final = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_Text = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=_PRINTED)]
_Texts = Annotated[list[_Text], Field(max_length=_MOST)]
_KeyId = Annotated[str, Path(max_length=200, description="the key's id: what stands behind callreel_")]
_MOMENT: Final[dict[str, Any]] = {"format": "date-time"}


class KeyLimits(BaseModel):
    """Which calls a key sees; empty lists limit nothing, and all that is said must fit."""

    model_config = ConfigDict(extra="forbid")

    tags: _Texts = Field(default=[], description="calls with one of these tags")
    agents: _Texts = Field(default=[], description="calls of one of these agents, by id")
    numbers: _Texts = Field(default=[], description="calls from or to one of these; +4930* means all that begin so")


class KeyWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Text = Field(description="for people: what it is for")
    organisation: _Text | None = Field(default=None, description="whose; null: that of the asking key")
    roles: list[KeyRole] = Field(default=[KeyRole.READ], min_length=1, max_length=len(KeyRole))
    limits: KeyLimits = KeyLimits()
    expires_at: Annotated[StrictStr, Field(max_length=40, json_schema_extra=_MOMENT)] | None = Field(
        default=None, description="the end of it, with its zone: 2027-01-01T00:00:00Z; null: none"
    )
    signing: StrictBool = Field(default=False, description="for clients that sign requests, as Sinch's do")


class KeyRotated(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[StrictInt, Field(ge=0, le=int(LONGEST_SECONDS)), WHOLE] = Field(
        default=int(GRACE_SECONDS), description="how long the old key is good still"
    )


class KeyView(BaseModel):
    id: str
    name: str
    organisation: str | None = Field(description="null: the whole house")
    roles: list[KeyRole]
    limits: KeyLimits
    state: Literal["good", "expired", "revoked"]
    signing: bool
    created_at: str = Field(json_schema_extra=_MOMENT)
    created_by: str
    expires_at: str | None = Field(json_schema_extra=_MOMENT)
    revoked_at: str | None = Field(json_schema_extra=_MOMENT)
    used_at: str | None = Field(json_schema_extra=_MOMENT, description="when it was used last, to some minutes")


class KeyMade(KeyView):
    key: str = Field(description="the key itself; it is shown only here")
    secret: str | None = Field(description="of a key that signs: what to sign with; null for the others")


class KeyPage(BaseModel):
    keys: list[KeyView] = Field(description="the newest first")
    next_cursor: str | None


def keys_router(door: Door, keys: Keys, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["keys"])

    @router.get("/v1/keys", operation_id="list_keys", responses=problems())
    async def list_keys(
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> KeyPage:
        """The organisation's keys, those that ended, too; never the secrets."""
        found = await keys.listed(access, limit=limit + 1, after="" if cursor is None else _after(cursor))
        next_cursor = _cursor(found, limit)
        if next_cursor is not None:
            query = urlencode({"limit": limit, "cursor": next_cursor})
            response.headers["link"] = f'</v1/keys?{query}>; rel="next"'
        return KeyPage(keys=[key_view(key, clock.now()) for key in found[:limit]], next_cursor=next_cursor)

    @router.post("/v1/keys", operation_id="make_key", status_code=201, responses=problems(409))
    async def make_key(
        response: Response, access: Annotated[Access, door.needs(KeyRole.ADMIN)], wanted: KeyWanted
    ) -> KeyMade:
        """The answer shows the key, once. Nobody gives away more than he has: neither another organisation's things,
        nor roles, nor wider limits, nor a later end."""
        return _made(response, await keys.make(access, _wish(wanted)), clock)

    @router.post("/v1/keys/{key_id}/rotate", operation_id="rotate_key", status_code=201, responses=problems(409))
    async def rotate_key(
        response: Response,
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
        key_id: _KeyId,
        wanted: KeyRotated | None = None,
    ) -> KeyMade:
        """Another key with the same name, roles, limits and end; the old one is good for the grace time still."""
        grace_seconds = (wanted or KeyRotated()).grace_seconds
        return _made(response, await keys.rotate(access, key_id, grace_seconds=grace_seconds), clock)

    @router.delete("/v1/keys/{key_id}", operation_id="revoke_key", responses=problems())
    async def revoke_key(access: Annotated[Access, door.needs(KeyRole.ADMIN)], key_id: _KeyId) -> KeyView:
        """It opens nothing any more: here at once, on other nodes within two seconds."""
        return key_view(await keys.revoke(access, key_id), clock.now())

    return router


def key_view(key: ApiKey, now: Moment) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        organisation=key.organisation,
        roles=list(key.roles),
        limits=key_limits(key.limits),
        state="revoked" if key.revoked_at is not None else "good" if key.is_good(now) else "expired",
        signing=key.is_signing,
        created_at=iso(key.created_at),
        created_by=key.created_by,
        expires_at=_iso(key.expires_at),
        revoked_at=_iso(key.revoked_at),
        used_at=_iso(key.used_at),
    )


def key_limits(limits: Limits) -> KeyLimits:
    return KeyLimits(tags=list(limits.tags), agents=list(limits.agents), numbers=list(limits.numbers))


def _made(response: Response, made: NewKey, clock: Clock) -> KeyMade:
    # A key lies in nobody's cache, and in no book of answers.
    response.headers["cache-control"] = "no-store"
    secret = made.secret.reveal() if made.key.is_signing else None
    view = key_view(made.key, clock.now())
    return KeyMade(**view.model_dump(), key=made.text.reveal(), secret=secret)


def _wish(wanted: KeyWanted) -> KeyWish:
    limits = wanted.limits
    return KeyWish(
        name=wanted.name,
        organisation=wanted.organisation,
        roles=tuple(wanted.roles),
        limits=Limits(tags=tuple(limits.tags), agents=tuple(limits.agents), numbers=tuple(limits.numbers)),
        expires_at=None if wanted.expires_at is None else _moment(wanted.expires_at),
        is_signing=wanted.signing,
    )


def _moment(written: str) -> Moment:
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or "T" not in written.upper():
        raise BadRequest("expires_at is a moment with its zone: 2027-01-01T00:00:00Z", pointer="/expires_at")
    return read.timestamp()


def _iso(moment: Moment | None) -> str | None:
    return None if moment is None else iso(moment)


def _cursor(found: Sequence[ApiKey], limit: int) -> str | None:
    """None when there is nothing behind this page."""
    if len(found) <= limit:
        return None
    return base64.urlsafe_b64encode(f"key {found[limit - 1].id}".encode()).decode()


def _after(cursor: str) -> str:
    try:
        kind, _, key_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, ValueError):
        kind, key_id = "", ""
    if kind != "key" or not is_key_id(key_id):
        raise BadRequest("this cursor is none of ours: take next_cursor of the page before", pointer="cursor")
    return key_id
