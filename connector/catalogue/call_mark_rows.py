"""Tags and notes that people give to calls. Knows rows, and that notes are found by their words."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete

from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import RowCodec
from connector.catalogue.database import Database
from connector.catalogue.joined_calls import survivors
from connector.catalogue.people_tables import CALL_NOTES, CALL_TAGS
from connector.catalogue.upsert import execute_many, insert_into
from connector.domain.ids import CallId, Moment
from connector.ports.call_marks import Note

_NOTE = RowCodec(Note)


class CallMarkRows:
    """The CallMarks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tag(self, call_id: CallId, organisation: str, tags: Sequence[str], *, by: str, at: Moment) -> None:
        rows = [{"call_id": call_id, "tag": tag, "organisation": organisation, "by": by, "at": at} for tag in tags]

        def work(connection: Connection) -> None:
            insert = insert_into(connection.dialect.name, CALL_TAGS)
            execute_many(connection, insert.on_conflict_do_nothing(index_elements=["call_id", "tag"]), rows)

        await self._database.write(work)

    async def untag(self, call_id: CallId, tag: str) -> bool:
        def work(connection: Connection) -> bool:
            calls = list(survivors(connection, [call_id]))
            wanted = delete(CALL_TAGS).where(CALL_TAGS.c.call_id.in_(calls), CALL_TAGS.c.tag == tag)
            return bool(connection.execute(wanted).rowcount)

        return await self._database.write(work)

    async def note(self, note: Note) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert_into(connection.dialect.name, CALL_NOTES), [_NOTE.row(note)])
            set_call_text(connection, note.call_id)

        await self._database.write(work)

    async def remove_note(self, call_id: CallId, note_id: str) -> bool:
        def work(connection: Connection) -> bool:
            calls = list(survivors(connection, [call_id]))
            wanted = delete(CALL_NOTES).where(CALL_NOTES.c.call_id.in_(calls), CALL_NOTES.c.id == note_id)
            is_gone = bool(connection.execute(wanted).rowcount)
            if is_gone:
                set_call_text(connection, call_id)
            return is_gone

        return await self._database.write(work)
