"""The machines that take part, as rows."""

from sqlalchemy import Connection, delete, select

from connector.catalogue.database import Database
from connector.catalogue.tables import NODES
from connector.catalogue.upsert import insert_into
from connector.domain.ids import Moment


class NodeRows:
    """The Nodes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, node: str, at: Moment) -> None:
        def work(connection: Connection) -> None:
            insert = insert_into(connection.dialect.name, NODES).values(node=node, seen_at=at)
            later = {"seen_at": insert.excluded.seen_at}
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["node"], set_=later, where=NODES.c.seen_at < insert.excluded.seen_at
                )
            )

        await self._database.write(work)

    async def silent_since(self, moment: Moment) -> list[str]:
        wanted = select(NODES.c.node).where(NODES.c.seen_at < moment).order_by(NODES.c.node)
        return await self._database.read(lambda connection: list(connection.execute(wanted).scalars()))

    async def forget(self, node: str) -> None:
        gone = delete(NODES).where(NODES.c.node == node)
        await self._database.write(lambda connection: connection.execute(gone))
