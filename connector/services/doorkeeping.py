"""Who comes in: a key is looked up, compared, and kept to its pace; who guesses keys has to wait.

Whoever showed a right key lately comes in by it however many others guess from the same address: they may share it. A
key that this node has not seen yet waits with the guessers.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.access import Access, ApiKey, KeyRole, is_key_id, key_digest, key_id_of, key_text
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.secret import Secret
from connector.errors import ConnectorError, KeyRefused, NotPermitted, SecretLost, TooManyRequests
from connector.ports.accounts import Account, Accounts
from connector.ports.clock import Clock
from connector.ports.vault import Vault
from connector.services.door_limits import Guesses, Pace, Remembered, place_of, whole_seconds

log = logging.getLogger(__name__)

#: How long a key is taken for what it was: another node may have revoked it meanwhile.
_FRESH_SECONDS: Final = 2.0
_USED_EVERY_SECONDS: Final = 300.0
#: Is compared with when there is nothing to compare with.
_NOBODYS: Final = key_digest("")
_UNKNOWN: Final = "no such key: it is wrong, or was revoked; ask your administrator for another"
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class _Seen:
    """A key that was shown rightly."""

    key: ApiKey
    at: Moment
    #: How many changes of keys this node had made by then.
    changes: int


@dataclass(frozen=True, slots=True)
class _Signers:
    found: tuple[tuple[ApiKey, Secret], ...]
    at: Moment
    changes: int


class Doorkeeping:
    def __init__(
        self, accounts: Accounts, vault: Vault, clock: Clock, *, per_second: float = 50.0, burst: int = 200
    ) -> None:
        """`per_second` and `burst`: how many requests each key may make."""
        self._accounts = accounts
        self._vault = vault
        self._clock = clock
        self._guesses = Guesses()
        self._pace = Pace(per_second, burst)
        #: By the digest of what was shown.
        self._seen: Remembered[_Seen] = Remembered()
        #: Who came in by a name and a proof, by place and name: the key's id.
        self._proved: Remembered[str] = Remembered()
        self._signers: Remembered[_Signers] = Remembered(1000)
        self._used: Remembered[Moment] = Remembered()
        self._changes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def admitted(self, shown: str, address: str) -> Access:
        """Who shows that key. Raises KeyRefused, TooManyRequests, CatalogueUnavailable."""
        digest = key_digest(shown)
        if self._seen.get(digest) is None:
            self._refuse_guessers(address)
        key = await self._key(shown, digest)
        if key is None:
            raise self._wrong(address)
        return self._let_in(key, address)

    async def admitted_by_password(self, name: str, password: str, address: str) -> Access:
        """By HTTP Basic: a key's id or its organisation's name, and the key or its secret part. Raises as `admitted`.

        By the name of an organisation only its keys that sign are found, or whole keys."""
        if key_id_of(password):
            access = await self.admitted(password, address)
            if name not in (access.key.id, access.key.organisation):
                raise self._wrong(address)
            return access
        known_as = key_digest(f"{name}:{password}")
        key_id = self._proved.get(known_as)
        if key_id is None:
            self._refuse_guessers(address)
            key_id = await self._id_by_password(name, password)
        if not key_id:
            raise self._wrong(address)
        self._proved.put(known_as, key_id)
        return await self.admitted(key_text(key_id, password), address)

    async def admitted_by_proof(self, name: str, is_proof: Callable[[Secret], bool], address: str) -> Access:
        """By a request's signature: `is_proof` says whether it was made with that secret. `name` as for `signers`.
        Raises as `admitted`."""
        known_as = f"{place_of(address)} {name[:_LONGEST_NAME]}"
        if self._proved.get(known_as) is None:
            self._refuse_guessers(address)
        for key, secret in await self.signers(name):
            if is_proof(secret):
                self._proved.put(known_as, key.id)
                return self._let_in(key, address)
        raise self._wrong(address)

    async def signers(self, name: str) -> Sequence[tuple[ApiKey, Secret]]:
        """The good keys that sign, with their secrets: of an organisation, or the one with that id."""
        now, changes = self._clock.now(), self._changes
        kept = self._signers.get(name)
        if kept is None or not self._is_fresh(kept):
            accounts = [one for one in await self._named(name) if one.sealed_as]
            kept = _Signers(tuple([pair for one in accounts if (pair := await self._revealed(one))]), now, changes)
            if kept.found:
                self._signers.put(name, kept)
        return [(key, secret) for key, secret in kept.found if key.is_good(now)]

    def check(self, access: Access, role: KeyRole) -> None:
        """Raises NotPermitted, naming the role that is missing."""
        if not access.key.may(role):
            own = ", ".join(access.key.roles) or "no role at all"
            raise NotPermitted(f"this needs a key with the role {role}; this one has {own}")

    def key_changed(self) -> None:
        """By this node: what is known of keys is looked up again, even what is being looked up now."""
        self._changes += 1

    async def close(self) -> None:
        """Lets what is being written come to its end."""
        await asyncio.gather(*self._tasks)

    async def _key(self, shown: str, digest: str) -> ApiKey | None:
        """None unless the whole of it is right."""
        now, changes = self._clock.now(), self._changes
        seen = self._seen.get(digest)
        if seen is not None and self._is_fresh(seen):
            return seen.key
        key_id = key_id_of(shown)
        account = await self._accounts.find(key_id) if key_id else None
        is_right = hmac.compare_digest(account.digest if account else _NOBODYS, digest)
        if account is None or not is_right:
            self._seen.forget(digest)
            return None
        self._seen.put(digest, _Seen(account.key, now, changes))
        return account.key

    def _is_fresh(self, known: _Seen | _Signers) -> bool:
        return known.changes == self._changes and self._clock.now() - known.at < _FRESH_SECONDS

    async def _id_by_password(self, name: str, password: str) -> str:
        """Of the key of that name whose secret part it is; "" when there is none."""
        right = ""
        for account in await self._named(name):
            if hmac.compare_digest(account.digest, key_digest(key_text(account.key.id, password))):
                right = account.key.id
        return right

    async def _named(self, name: str) -> list[Account]:
        """By a key's id, or an organisation's name."""
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            return []
        account = await self._accounts.find(name) if is_key_id(name) else None
        return [*([account] if account else []), *await self._accounts.signers(name)]

    async def _revealed(self, account: Account) -> tuple[ApiKey, Secret] | None:
        try:
            return account.key, await self._vault.reveal(account.sealed_as)
        except SecretLost as error:
            log.error("signing key without its secret", extra={"key": account.key.id, "hint": str(error)})
            return None

    def _let_in(self, key: ApiKey, address: str) -> Access:
        now = self._clock.now()
        # A right key is no guess, even when it is not good any more.
        if key.revoked_at is not None:
            raise KeyRefused(_UNKNOWN)
        if key.expires_at is not None and not key.is_good(now):
            raise KeyRefused(f"this key expired at {iso(key.expires_at)}: ask your administrator for another")
        wait = self._pace.wait_seconds(key.id, now)
        if wait:
            raise TooManyRequests(
                f"this key asks more than {self._pace.per_second:g} times a second: go slower",
                retry_after_seconds=wait,
            )
        self._note_use(key, now)
        return Access(key=key, address=address)

    def _refuse_guessers(self, address: str) -> None:
        pause = self._guesses.pause_seconds(place_of(address), self._clock.now())
        if pause:
            raise TooManyRequests(
                f"too many wrong keys came from this address: wait {whole_seconds(pause)} s",
                retry_after_seconds=pause,
            )

    def _wrong(self, address: str) -> KeyRefused:
        pause = self._guesses.wrong(place_of(address), self._clock.now())
        if pause:
            log.warning("wrong keys were shown", extra={"address": address, "pause_seconds": round(pause)})
        return KeyRefused(_UNKNOWN)

    def _note_use(self, key: ApiKey, now: Moment) -> None:
        """In the background: nobody waits for it, and nobody fails by it."""
        noted_at = max(self._used.get(key.id) or 0.0, key.used_at or 0.0)
        if now - noted_at >= _USED_EVERY_SECONDS:
            self._used.put(key.id, now)
            task = asyncio.create_task(self._write_use(key.id, now))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _write_use(self, key_id: str, now: Moment) -> None:
        try:
            await self._accounts.used(key_id, now)
        except ConnectorError as error:
            log.debug("use of a key not noted", extra={"key": key_id, "hint": str(error)})
