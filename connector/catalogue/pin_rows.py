"""What trials found out about destinations, as rows. Knows nothing of stores."""

from collections.abc import Callable
from dataclasses import asdict, fields

from sqlalchemy import bindparam, select

from connector.catalogue.database import Database
from connector.catalogue.tables import PINS
from connector.catalogue.upsert import upsert
from connector.domain.ids import Moment
from connector.ports.pins import Pin

_WORDS = tuple(field.name for field in fields(Pin))
_COLUMNS = ("place", *_WORDS, "kept_at")
_ROW = select(*(PINS.c[name] for name in _WORDS)).where(PINS.c.place == bindparam("at_place"))


class PinRows:
    """The Pins."""

    def __init__(self, database: Database, now: Callable[[], Moment]) -> None:
        self._database = database
        self._now = now

    async def find(self, place: str) -> Pin | None:
        wanted = {"at_place": place}
        row = await self._database.read(lambda connection: connection.execute(_ROW, wanted).mappings().one_or_none())
        return None if row is None else Pin(**row)

    async def keep(self, place: str, pin: Pin) -> None:
        row = {"place": place, **asdict(pin), "kept_at": self._now()}
        await self._database.write(
            lambda connection: connection.execute(upsert(connection.dialect.name, PINS, _COLUMNS), row)
        )
