"""Requests that act once, as rows. Knows which of several is the first; knows nothing of HTTP."""

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from connector.catalogue.account_tables import REQUESTS
from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.upsert import upsert_where
from connector.domain.ids import Moment
from connector.ports.request_book import KEPT_SECONDS, LOST_SECONDS, BookedRequest

_REQUEST = RowCodec(BookedRequest)
_IS_OVER = or_(
    and_(
        REQUESTS.c.status == 0,
        REQUESTS.c.digest == bindparam("same_digest"),
        REQUESTS.c.at <= bindparam("lost_at"),
    ),
    REQUESTS.c.at <= bindparam("forgotten_at"),
)


class RequestRows:
    """The RequestBook."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, request: BookedRequest) -> BookedRequest | None:
        limits = {
            "same_digest": request.digest,
            "lost_at": request.at - LOST_SECONDS,
            "forgotten_at": request.at - KEPT_SECONDS,
        }

        def work(connection: Connection) -> BookedRequest | None:
            # One statement: of those that come at the same time the later ones wait, and then see the first.
            upsert = upsert_where(connection.dialect.name, REQUESTS, _REQUEST.columns, _IS_OVER)
            statement = upsert.returning(REQUESTS.c.id)
            while connection.execute(statement, _REQUEST.row(request) | limits).one_or_none() is None:
                wanted = select(REQUESTS).where(REQUESTS.c.id == request.id)
                # None: it was withdrawn between the two statements.
                if row := connection.execute(wanted).mappings().one_or_none():
                    return _REQUEST.thing(row)
            return None

        return await self._database.write(work)

    async def end(self, request_id: str, status: int, body: str) -> None:
        done = update(REQUESTS).where(REQUESTS.c.id == request_id).values(status=status, body=body)
        await self._database.write(lambda connection: connection.execute(done))

    async def withdraw(self, request_id: str) -> None:
        void = delete(REQUESTS).where(REQUESTS.c.id == request_id, REQUESTS.c.status == 0)
        await self._database.write(lambda connection: connection.execute(void))

    async def forget(self, before: Moment) -> int:
        old = delete(REQUESTS).where(REQUESTS.c.at < before)
        return await self._database.write(lambda connection: connection.execute(old).rowcount)
