"""The keys of the API as rows. Knows digests; never sees a key."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, or_, select, update

from connector.catalogue import codec
from connector.catalogue.account_tables import KEYS
from connector.catalogue.database import Database
from connector.catalogue.upsert import insert_or_ignore
from connector.domain.access import ApiKey
from connector.domain.ids import Moment
from connector.errors import Conflict
from connector.ports.accounts import Account

#: PostgreSQL's lock for whoever looks whether there was ever a key; SQLite's writers are alone anyway.
_LOCK: Final = 0x63616C6C6B657973
_KEY = codec.RowCodec(ApiKey, nested=("roles", "limits"), left_out=("is_signing",))

_ROW = select(KEYS).where(KEYS.c.id == bindparam("of_id"))
_SIGNERS = select(KEYS).where(
    KEYS.c.organisation == bindparam("of_organisation"), KEYS.c.sealed_as != "", KEYS.c.revoked_at.is_(None)
)
_REVOKE = (
    update(KEYS)
    .where(KEYS.c.id == bindparam("of_id"), KEYS.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at_moment"))
)
_USED = (
    update(KEYS)
    .where(KEYS.c.id == bindparam("of_id"), or_(KEYS.c.used_at.is_(None), KEYS.c.used_at < bindparam("at_moment")))
    .values(used_at=bindparam("at_moment"))
)
_STILL_GOOD = and_(
    KEYS.c.id == bindparam("of_id"),
    KEYS.c.revoked_at.is_(None),
    or_(KEYS.c.expires_at.is_(None), KEYS.c.expires_at > bindparam("now")),
)


class KeyRows:
    """The Accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        await self._database.write(lambda connection: _add(connection, account))

    async def add_first(self, account: Account) -> bool:
        def work(connection: Connection) -> bool:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            if connection.execute(select(KEYS.c.id).limit(1)).first() is not None:
                return False
            _add(connection, account)
            return True

        return await self._database.write(work)

    async def replace(self, key_id: str, until: Moment, account: Account) -> bool:
        # Who is asked for the old one's state is also who changes it: of two that ask at once one gets a new key.
        ends = or_(KEYS.c.expires_at.is_(None), KEYS.c.expires_at > bindparam("until"))
        shorten = update(KEYS).where(_STILL_GOOD, ends).values(expires_at=bindparam("until"))
        wanted = {"of_id": key_id, "now": account.key.created_at}

        def work(connection: Connection) -> bool:
            is_good = connection.execute(select(KEYS.c.id).where(_STILL_GOOD).with_for_update(), wanted).first()
            if is_good is None:
                return False
            connection.execute(shorten, wanted | {"until": until})
            _add(connection, account)
            return True

        return await self._database.write(work)

    async def find(self, key_id: str) -> Account | None:
        wanted = {"of_id": key_id}
        row = await self._database.read(lambda connection: connection.execute(_ROW, wanted).mappings().one_or_none())
        return None if row is None else _account(row)

    async def signers(self, organisation: str) -> Sequence[Account]:
        wanted = {"of_organisation": organisation}
        rows = await self._database.read(lambda connection: connection.execute(_SIGNERS, wanted).mappings().all())
        return [_account(row) for row in rows]

    async def listed(self, organisation: str | None, *, limit: int, after: str = "") -> Sequence[ApiKey]:
        page = select(KEYS).order_by(KEYS.c.created_at.desc(), KEYS.c.id.desc()).limit(limit)
        if organisation is not None:
            page = page.where(KEYS.c.organisation == organisation)
        if after:
            made = select(KEYS.c.created_at).where(KEYS.c.id == after).scalar_subquery()
            page = page.where(or_(KEYS.c.created_at < made, and_(KEYS.c.created_at == made, KEYS.c.id < after)))
        rows = await self._database.read(lambda connection: connection.execute(page).mappings().all())
        return [_account(row).key for row in rows]

    async def revoke(self, key_id: str, at: Moment) -> bool:
        wanted = {"of_id": key_id, "at_moment": at}
        return await self._database.write(lambda connection: connection.execute(_REVOKE, wanted).rowcount > 0)

    async def used(self, key_id: str, at: Moment) -> None:
        wanted = {"of_id": key_id, "at_moment": at}
        await self._database.write(lambda connection: connection.execute(_USED, wanted))


def _add(connection: Connection, account: Account) -> None:
    row = _KEY.row(account.key) | {"digest": account.digest, "sealed_as": account.sealed_as}
    added = insert_or_ignore(connection.dialect.name, KEYS, "id").returning(KEYS.c.id)
    if connection.execute(added, row).first() is None:
        raise Conflict(f"there is a key {account.key.id} already")


def _account(row: RowMapping) -> Account:
    key = _KEY.thing(row, is_signing=bool(row["sealed_as"]))
    return Account(key, row["digest"], row["sealed_as"])
