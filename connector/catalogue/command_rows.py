"""Instructions between web and capture, as rows. Knows when one is over; knows nothing of what it means."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from connector.catalogue import codec
from connector.catalogue.database import Database
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
#: A ring may be lost: so long nobody asks without one. Less than whoever posts waits for an answer.
_BELIEVED_SECONDS = 0.5


class CommandRows:
    """The Commands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bell = database.bell("commands")
        #: Which node had none, after so many rings, and until when that is believed.
        self._none_open: tuple[str, int, Moment] = ("", 0, 0.0)

    async def post(self, command: Command) -> Command:
        def work(connection: Connection) -> Command:
            connection.execute(insert_or_ignore(connection.dialect.name, COMMANDS, "id"), codec.COMMAND.row(command))
            row = connection.execute(select(COMMANDS).where(COMMANDS.c.id == command.id)).mappings().one()
            return codec.COMMAND.thing(row)

        posted = await self._database.write(work)
        if self._bell is not None:
            self._bell.ring()
        return posted

    async def open_for(self, node: str, now: Moment) -> Sequence[Command]:
        # Capture asks twenty times a second.
        rings = self._bell.rings() if self._bell is not None else 0
        if self._bell is not None and self._is_known_to_have_none(node, rings, now):
            return []
        rows = await self._database.read(
            lambda connection: connection.execute(_OPEN, {"of_node": node}).mappings().all()
        )
        self._none_open = ("", 0, 0.0) if rows else (node, rings, now + _BELIEVED_SECONDS)
        commands = [codec.COMMAND.thing(row) for row in rows]
        if any(command.expires_at <= now for command in commands):
            await self._expire(node, now)
        return [command for command in commands if command.expires_at > now]

    def _is_known_to_have_none(self, node: str, rings: int, now: Moment) -> bool:
        of, after, until = self._none_open
        return (of, after) == (node, rings) and until - _BELIEVED_SECONDS <= now < until

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
