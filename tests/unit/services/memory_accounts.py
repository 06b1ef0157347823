"""Keys in memory, which may be away, and which know how often they were asked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connector.domain.access import ApiKey, KeyRole
from connector.domain.ids import Moment
from connector.errors import CatalogueUnavailable, Conflict
from connector.ports.accounts import Account
from connector.services.keys import KeyWish, NewKey, new_key
from tests.builders import MORNING


class MemoryAccounts:
    """The Accounts; `asked` counts the look-ups."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.is_available = True
        self.asked = 0

    async def add(self, account: Account) -> None:
        self._check()
        if account.key.id in self.accounts:
            raise Conflict(f"there is a key {account.key.id} already")
        self.accounts[account.key.id] = account

    async def add_first(self, account: Account) -> bool:
        if not self.accounts:
            await self.add(account)
        return list(self.accounts) == [account.key.id]

    async def replace(self, key_id: str, until: Moment, account: Account) -> bool:
        old = self.accounts.get(key_id)
        if old is None or not old.key.is_good(account.key.created_at):
            return False
        self.change(key_id, expires_at=min(old.key.expires_at or until, until))
        await self.add(account)
        return True

    async def find(self, key_id: str) -> Account | None:
        self._check()
        self.asked += 1
        return self.accounts.get(key_id)

    async def signers(self, organisation: str) -> Sequence[Account]:
        self._check()
        self.asked += 1
        return [
            one
            for one in self.accounts.values()
            if one.sealed_as and one.key.organisation == organisation and one.key.revoked_at is None
        ]

    async def listed(self, organisation: str | None, *, limit: int, after: str = "") -> Sequence[ApiKey]:
        self._check()
        keys = [one.key for one in self.accounts.values() if organisation in {None, one.key.organisation}][::-1]
        start = next((at for at, key in enumerate(keys, start=1) if key.id == after), 0)
        return keys[start : start + limit]

    async def revoke(self, key_id: str, at: Moment) -> bool:
        self._check()
        if key_id not in self.accounts or self.accounts[key_id].key.revoked_at is not None:
            return False
        self.change(key_id, revoked_at=at)
        return True

    async def used(self, key_id: str, at: Moment) -> None:
        self._check()
        self.change(key_id, used_at=at)

    def change(self, key_id: str, **over: Any) -> None:
        """As another node would."""
        account = self.accounts[key_id]
        self.accounts[key_id] = replace(account, key=replace(account.key, **over))

    def _check(self) -> None:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")


async def a_key(accounts: MemoryAccounts, *roles: KeyRole, sealed_as: str = "", **over: Any) -> NewKey:
    """One that is there."""
    facts: dict[str, Any] = {"name": "CRM", "organisation": "acme", "roles": roles or (KeyRole.READ,)}
    facts |= {"is_signing": bool(sealed_as)} | over
    wish = KeyWish(**facts)
    made = new_key(wish, "ada", MORNING, organisation=wish.organisation)
    await accounts.add(Account(made.key, made.digest, sealed_as))
    return made
