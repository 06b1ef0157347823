"""How far uploads in parts have come, as rows. Knows nothing of stores."""

from collections.abc import Callable

from sqlalchemy import bindparam, delete, select

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.tables import UPLOADS
from connector.catalogue.upsert import upsert
from connector.domain.ids import Moment
from connector.ports.uploads import Upload

_COLUMNS = (*codec.UPLOAD.columns, "kept_at")
_IT = (UPLOADS.c.place == bindparam("at_place"), UPLOADS.c.name == bindparam("of_name"))
_ROW = select(UPLOADS).where(*_IT)
_FORGOTTEN = delete(UPLOADS).where(*_IT)
_AT_PLACE = select(UPLOADS).where(UPLOADS.c.place == bindparam("at_place")).order_by(UPLOADS.c.name)


class UploadRows:
    """The Uploads."""

    def __init__(self, database: Database, now: Callable[[], Moment]) -> None:
        self._database = database
        self._now = now

    async def find(self, place: str, name: str) -> Upload | None:
        it = {"at_place": place, "of_name": name}
        row = await self._database.read(lambda connection: connection.execute(_ROW, it).mappings().one_or_none())
        return None if row is None else codec.UPLOAD.thing(row)

    async def keep(self, upload: Upload) -> None:
        row = codec.UPLOAD.row(upload) | {"kept_at": self._now()}
        await self._database.write(
            lambda connection: connection.execute(upsert(connection.dialect.name, UPLOADS, _COLUMNS), row)
        )

    async def forget(self, place: str, name: str) -> None:
        it = {"at_place": place, "of_name": name}
        await self._database.write(lambda connection: connection.execute(_FORGOTTEN, it))

    async def under_way(self, place: str) -> list[Upload]:
        wanted = {"at_place": place}
        rows = await self._database.read(lambda connection: connection.execute(_AT_PLACE, wanted).mappings().all())
        return [codec.UPLOAD.thing(row) for row in rows]
