"""Settings by API, as rows. Knows nothing of what they mean."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from connector.catalogue.account_tables import CHANGED_SETTINGS
from connector.catalogue.database import Database
from connector.catalogue.tables import ABOUT
from connector.catalogue.upsert import execute_many, insert_into, upsert
from connector.domain.ids import Moment
from connector.ports.changed_settings import ChangedSetting

_COLUMNS: Final = ("organisation", "name", "value", "by", "at")
#: Of the row that counts the changes.
_REVISION: Final = "settings_revision"

_ALL = select(*(CHANGED_SETTINGS.c[name] for name in _COLUMNS)).order_by(
    CHANGED_SETTINGS.c.organisation, CHANGED_SETTINGS.c.name
)
_TAKEN_BACK = delete(CHANGED_SETTINGS).where(
    CHANGED_SETTINGS.c.organisation == bindparam("of_organisation"), CHANGED_SETTINGS.c.name == bindparam("of_name")
)
_COUNT = select(ABOUT.c.value).where(ABOUT.c.name == _REVISION)

#: A ring may be lost: so often the last answer is given without one.
_BELIEVED = 1


class ChangedSettingRows:
    """The ChangedSettings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = database.bell("settings")
        #: The last answer, after how many rings, and how often it may be given without one.
        self._known = 0
        self._rings = -1
        self._believed = 0

    async def all(self) -> Sequence[ChangedSetting]:
        rows = await self._database.read(lambda connection: connection.execute(_ALL).mappings().all())
        return [ChangedSetting(**row) for row in rows]

    async def change(self, organisation: str, values: Mapping[str, str | None], *, by: str, at: Moment) -> None:
        facts = {"organisation": organisation, "by": by, "at": at}
        changed = [{**facts, "name": name, "value": value} for name, value in values.items() if value is not None]
        gone = [{"of_organisation": organisation, "of_name": name} for name, value in values.items() if value is None]

        def work(connection: Connection) -> None:
            # First: it makes changes at the same time wait for each other.
            _count(connection)
            execute_many(connection, upsert(connection.dialect.name, CHANGED_SETTINGS, _COLUMNS), changed)
            execute_many(connection, _TAKEN_BACK, gone)

        await self._database.write(work)
        if self._bell is not None:
            self._bell.ring()

    async def revision(self) -> int:
        # Every role asks every second.
        rings = self._bell.rings() if self._bell is not None else -1
        if self._bell is not None and rings == self._rings and self._believed > 0:
            self._believed -= 1
            return self._known
        found = await self._database.read(lambda connection: connection.execute(_COUNT).scalar_one_or_none())
        self._known, self._rings, self._believed = int(found or 0), rings, _BELIEVED
        return self._known


def _count(connection: Connection) -> None:
    first = insert_into(connection.dialect.name, ABOUT).values(name=_REVISION, value="0")
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    count = int(connection.execute(_COUNT.with_for_update()).scalar_one())
    connection.execute(ABOUT.update().where(ABOUT.c.name == _REVISION).values(value=str(count + 1)))
