"""Instructions between web and capture, as rows. Knows when one is over; knows nothing of what it means."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.onlooker import Sign
from connector.catalogue.tables import COMMANDS
from connector.catalogue.upsert import insert_or_ignore
from connector.domain.ids import Moment
from connector.domain.states import CommandState
from connector.ports.commands import Command

_OPEN = (
    select(COMMANDS)
    .where(COMMANDS.c.node == bindparam("of_node"), COMMANDS.c.state == CommandState.OPEN.value)
    .order_by(COMMANDS.c.number)
)


class CommandRows:
    """The Commands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        #: When a node had none: until something is written, it has none.
        self._none_open: tuple[str, Sign | None] = ("", None)

    async def post(self, command: Command) -> Command:
        def work(connection: Connection) -> Command:
            connection.execute(insert_or_ignore(connection.dialect.name, COMMANDS, "id"), codec.COMMAND.row(command))
            row = connection.execute(select(COMMANDS).where(COMMANDS.c.id == command.id)).mappings().one()
            return codec.COMMAND.thing(row)

        return await self._database.write(work)

    async def open_for(self, node: str, now: Moment) -> Sequence[Command]:
        # Capture asks twenty times a second.
        sign = self._database.sign()
        if sign is not None and self._none_open == (node, sign):
            return []
        rows = await self._database.read(
            lambda connection: connection.execute(_OPEN, {"of_node": node}).mappings().all()
        )
        self._none_open = (node, None if rows else sign)
        commands = [codec.COMMAND.thing(row) for row in rows]
        if any(command.expires_at <= now for command in commands):
            await self._expire(node, now)
        return [command for command in commands if command.expires_at > now]

    async def find(self, command_id: str) -> Command | None:
        wanted = select(COMMANDS).where(COMMANDS.c.id == command_id)
        row = await self._database.read(lambda connection: connection.execute(wanted).mappings().one_or_none())
        return None if row is None else codec.COMMAND.thing(row)

    async def expiries(self, action: str, after: Moment) -> Sequence[Moment]:
        wanted = (
            select(COMMANDS.c.expires_at)
            .where(COMMANDS.c.action == action, COMMANDS.c.expires_at > after)
            .order_by(COMMANDS.c.expires_at)
        )
        return await self._database.read(lambda connection: connection.execute(wanted).scalars().all())

    async def forget(self, before: Moment) -> int:
        old = delete(COMMANDS).where(COMMANDS.c.state != CommandState.OPEN.value, COMMANDS.c.expires_at < before)
        return await self._database.write(lambda connection: connection.execute(old).rowcount)

    async def _expire(self, node: str, now: Moment) -> None:
        over = (
            update(COMMANDS)
            .where(
                COMMANDS.c.node == node,
                COMMANDS.c.state == CommandState.OPEN.value,
                COMMANDS.c.expires_at <= now,
            )
            .values(state=CommandState.EXPIRED.value)
        )
        await self._database.write(lambda connection: connection.execute(over))
