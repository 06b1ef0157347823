"""Keys of the API: made, renewed, ended, listed. Knows what may be given away; a key itself it shows once."""

import base64
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from connector.domain.access import (
    ID_LENGTH,
    ID_SIGNS,
    NO_LIMITS,
    Access,
    ApiKey,
    KeyRole,
    Limits,
    is_key_id,
    is_within,
    key_digest,
    key_text,
    why_not_given,
)
from connector.domain.durations import LONGEST_SECONDS
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.secret import Secret
from connector.errors import BadRequest, Conflict, NotFound, NotPermitted
from connector.ports.accounts import Account, Accounts
from connector.ports.clock import Clock
from connector.ports.vault import Vault
from connector.services.auditing import Auditing

#: How long the old key is good beside the new one.
GRACE_SECONDS: Final = 86_400.0
_SECRET_BYTES: Final = 32
_LONGEST_TEXT: Final = 200
_MOST_LIMITS: Final = 100
_UNPRINTED: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    name: str
    #: None: of the house, if whoever asks has it; else his own.
    organisation: str | None = None
    roles: tuple[KeyRole, ...] = (KeyRole.READ,)
    limits: Limits = NO_LIMITS
    expires_at: Moment | None = None
    is_signing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """Nobody can show it again."""

    key: ApiKey
    text: Secret
    #: Its part behind the id: of keys that sign, what clients sign with.
    secret: Secret

    @property
    def digest(self) -> str:
        return key_digest(self.text.reveal())


class Keys:
    def __init__(
        self,
        accounts: Accounts,
        vault: Vault,
        auditing: Auditing,
        clock: Clock,
        *,
        changed: Callable[[], None] = lambda: None,
        organisations: Callable[[], Collection[str]] | None = None,
    ) -> None:
        """`changed` is called when a key was; `organisations` are those that may have keys, None: any."""
        self._accounts = accounts
        self._vault = vault
        self._auditing = auditing
        self._clock = clock
        self._changed = changed
        self._organisations = organisations

    async def listed(self, access: Access, *, limit: int, after: str = "") -> Sequence[ApiKey]:
        """The newest first, revoked and expired ones too."""
        if after:
            await self._seen(access, after)
        return await self._accounts.listed(access.organisation, limit=limit, after=after)

    async def make(self, access: Access, wish: KeyWish) -> NewKey:
        """Raises BadRequest, NotPermitted."""
        now = self._clock.now()
        _check_wish(wish, now)
        made = new_key(wish, access.by, now, organisation=wish.organisation or access.organisation)
        self._check_given(access, made.key)
        account = await self._account(made)
        await self._auditing.done(
            access, "key.made", subject=made.key.id, organisation=made.key.organisation, **_facts(made.key)
        )
        await self._accounts.add(account)
        return made

    async def revoke(self, access: Access, key_id: str) -> ApiKey:
        """At once; one that is revoked already stays so."""
        key = await self._seen(access, key_id)
        if not is_within(key.limits, access.key.limits):
            raise NotPermitted("this key is limited itself, and ends none that is less so")
        await self._auditing.done(access, "key.revoked", subject=key.id, organisation=key.organisation, name=key.name)
        now = self._clock.now()
        is_revoked_now = await self._accounts.revoke(key.id, now)
        self._changed()
        return replace(key, revoked_at=now) if is_revoked_now else await self._seen(access, key_id)

    async def rotate(self, access: Access, key_id: str, *, grace_seconds: float = GRACE_SECONDS) -> NewKey:
        """Another key with the same name, roles, limits and end; the old one is good for the grace time still."""
        old = await self._seen(access, key_id)
        now = self._clock.now()
        if not 0 <= grace_seconds <= LONGEST_SECONDS:
            raise BadRequest("the grace time is 0 s to ten years", pointer="/grace_seconds")
        wish = KeyWish(**{field.name: getattr(old, field.name) for field in fields(KeyWish)})
        made = new_key(wish, access.by, now, organisation=old.organisation)
        self._check_given(access, made.key, is_known=True)
        if not old.is_good(now):
            raise Conflict(f"key {old.id} is revoked or has expired: make a new one")
        account = await self._account(made)
        facts = {"organisation": old.organisation, "name": old.name}
        until = now + grace_seconds
        await self._auditing.done(access, "key.rotated", subject=old.id, by_key=made.key.id, until=iso(until), **facts)
        await self._auditing.done(access, "key.made", subject=made.key.id, replaces=old.id, **facts)
        is_replaced = await self._accounts.replace(old.id, until, account)
        self._changed()
        if not is_replaced:
            raise Conflict(f"key {old.id} was revoked meanwhile: make a new one")
        return made

    async def _seen(self, access: Access, key_id: str) -> ApiKey:
        account = await self._accounts.find(key_id) if is_key_id(key_id) else None
        is_own = account is not None and access.organisation in (None, account.key.organisation)
        if account is None or not is_own:
            raise NotFound(f"there is no key {key_id!r}")
        return account.key

    async def _account(self, made: NewKey) -> Account:
        sealed_as = await self._vault.keep(made.secret) if made.key.is_signing else ""
        return Account(made.key, made.digest, sealed_as)

    def _check_given(self, access: Access, key: ApiKey, *, is_known: bool = False) -> None:
        why = why_not_given(access.key, key)
        if why:
            raise NotPermitted(why)
        if self._organisations is None or key.organisation is None or is_known:
            return
        known = self._organisations()
        if key.organisation not in known:
            names = ", ".join(sorted(known))
            raise BadRequest(
                f"no organisation is called {key.organisation!r} in the configuration; there are: {names}",
                pointer="/organisation",
            )


def new_key(wish: KeyWish, by: str, now: Moment, *, organisation: str | None) -> NewKey:
    """By chance; in no list yet."""
    key_id = "".join(secrets.choice(ID_SIGNS) for _ in range(ID_LENGTH))
    key = ApiKey(
        id=key_id,
        name=wish.name,
        organisation=organisation,
        roles=tuple(dict.fromkeys(wish.roles)),
        limits=wish.limits,
        created_at=now,
        created_by=by,
        expires_at=wish.expires_at,
        is_signing=wish.is_signing,
    )
    drawn = secrets.token_bytes(_SECRET_BYTES)
    # Clients that sign decode it as standard base64.
    text = (base64.b64encode(drawn) if wish.is_signing else base64.urlsafe_b64encode(drawn).rstrip(b"=")).decode()
    return NewKey(key=key, text=Secret(key_text(key_id, text)), secret=Secret(text))


def _check_wish(wish: KeyWish, now: Moment) -> None:
    _check_text(wish.name, "/name")
    if wish.organisation is not None:
        _check_text(wish.organisation, "/organisation")
    if not wish.roles:
        raise BadRequest("a key needs a role: read, listen, control or admin", pointer="/roles")
    for field in fields(Limits):
        limits: Sequence[str] = getattr(wish.limits, field.name)
        if len(limits) > _MOST_LIMITS:
            raise BadRequest(f"more than {_MOST_LIMITS} {field.name} are too many", pointer=f"/limits/{field.name}")
        for one in limits:
            _check_text(one, f"/limits/{field.name}")
    if wish.expires_at is not None and not now < wish.expires_at <= now + LONGEST_SECONDS:
        raise BadRequest("a key's end is to come, and within ten years", pointer="/expires_at")


def _check_text(text: str, pointer: str) -> None:
    if not text.strip() or len(text) > _LONGEST_TEXT or _UNPRINTED.search(text):
        raise BadRequest(f"{pointer[1:]}: 1 to {_LONGEST_TEXT} signs, not all blank, no control signs", pointer=pointer)


def _facts(key: ApiKey) -> dict[str, object]:
    limits = {field.name: list(said) for field in fields(Limits) if (said := getattr(key.limits, field.name))}
    facts: dict[str, object] = {"name": key.name, "roles": [str(role) for role in key.roles]}
    if limits:
        facts["limits"] = limits
    if key.expires_at is not None:
        facts["expires_at"] = iso(key.expires_at)
    if key.is_signing:
        facts["is_signing"] = True
    return facts
