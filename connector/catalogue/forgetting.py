"""Taking a person out of every row about one call. Knows which columns say who somebody is; which words do, the domain
knows."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, exists, select, update

from connector.catalogue import codec
from connector.catalogue.call_texts import set_call_text
from connector.catalogue.people_tables import CALL_NOTES, CALL_TAGS, HOLDS, TRANSCRIPTS
from connector.catalogue.tables import (
    ARTEFACTS,
    CALLS,
    COMMANDS,
    DELIVERIES,
    NOTIFICATIONS,
    RECORDINGS,
    RENDERINGS,
    SEGMENTS,
)
from connector.catalogue.transcript_ends import emptied
from connector.domain.call import CallState
from connector.domain.forgetting import Person, forgotten, person
from connector.domain.ids import CallId
from connector.domain.states import CommandState, DeliveryState
from connector.errors import IllegalTransition, OnHold

#: Nothing is there any more that the name would lead to.
_NAMELESS = (DeliveryState.DELETED.value, DeliveryState.WAIVED.value)
#: Why a transcript is gone that had outlived its recording.
_FORGOTTEN = "somebody who speaks in it was forgotten"
_own = RECORDINGS.c.call_id
_is_held = exists().where(HOLDS.c.recording_id == RECORDINGS.c.id)


def forget_person(connection: Connection, call_id: CallId, number: str) -> None:
    """Within the caller's transaction; without a number everybody. Raises OnHold, IllegalTransition for a live call."""
    locked = select(CALLS).where(CALLS.c.id == call_id).with_for_update()
    row = connection.execute(locked).mappings().one_or_none()
    if row is None:
        return
    call = codec.CALL.thing(row)
    if call.state is CallState.LIVE and call.joined is None:
        raise IllegalTransition(f"call {call_id} is live: nobody is forgotten before it has ended")
    _check_that_nothing_is_held(connection, call_id)
    whom = person(call, number)
    connection.execute(update(CALLS).where(CALLS.c.id == call_id).values(**codec.CALL.row(forgotten(call, whom))))
    _forget_marks(connection, call_id, whom)
    ids = connection.execute(select(RECORDINGS.c.id).where(_own == call_id)).scalars().all()
    emptied(connection, ids, _FORGOTTEN)
    _forget_texts(connection, whom, ids)
    _forget_names(connection, ids)
    connection.execute(delete(NOTIFICATIONS).where(NOTIFICATIONS.c.recording_id.in_(ids)))
    settled = update(COMMANDS).where(COMMANDS.c.call_id == call_id, COMMANDS.c.state != CommandState.OPEN.value)
    connection.execute(settled.values(options=""))
    set_call_text(connection, call_id)


def _check_that_nothing_is_held(connection: Connection, call_id: CallId) -> None:
    held = connection.execute(select(RECORDINGS.c.id).where(_own == call_id, _is_held)).scalars().first()
    if held is not None:
        raise OnHold(f"recording {held} is on legal hold: its call stays as it is")


def _forget_marks(connection: Connection, call_id: CallId, whom: Person) -> None:
    connection.execute(delete(CALL_NOTES).where(CALL_NOTES.c.call_id == call_id))
    tags = connection.execute(select(CALL_TAGS.c.tag).where(CALL_TAGS.c.call_id == call_id)).scalars()
    named = [tag for tag in tags if whom.is_in(tag)]
    connection.execute(delete(CALL_TAGS).where(CALL_TAGS.c.call_id == call_id, CALL_TAGS.c.tag.in_(named)))


def _forget_texts(connection: Connection, whom: Person, ids: Sequence[str]) -> None:
    for table, of_it, plain, nested in (
        (RECORDINGS, "id", ("rule", "reason"), ("options",)),
        (RENDERINGS, "recording_id", (), ("channels", "gaps", "troubles")),
        (ARTEFACTS, "recording_id", (), ("channels",)),
        (TRANSCRIPTS, "recording_id", ("reason",), ()),
    ):
        _clean(connection, table, of_it, ids, whom, plain, nested)


def _clean(
    connection: Connection,
    table: Table,
    of_it: str,
    ids: Sequence[str],
    whom: Person,
    plain: Sequence[str],
    nested: Sequence[str],
) -> None:
    for row in connection.execute(select(table).where(table.c[of_it].in_(ids))).mappings().all():
        clean: dict[str, Any] = {name: whom.without(row[name]) for name in plain}
        clean |= {name: _without(whom, row[name]) for name in nested}
        changed = {name: value for name, value in clean.items() if value != row[name]}
        if changed:
            keys = (column == row[column.name] for column in table.primary_key)
            connection.execute(update(table).where(*keys).values(**changed))


def _without(whom: Person, text: str) -> str:
    """Nothing is written anew that does not change."""
    before = msgspec.json.decode(text)
    after = whom.without_any(before)
    return text if after == before else codec.json_text(after)


def _forget_names(connection: Connection, ids: Sequence[str]) -> None:
    """Templates and dialplans put numbers into names; those of what is still there lead to it."""
    gone = DELIVERIES.c.recording_id.in_(ids), DELIVERIES.c.state.in_(_NAMELESS)
    connection.execute(update(DELIVERIES).where(*gone).values(object_name="", url="", reason=""))
    without_sources = select(RECORDINGS.c.id).where(RECORDINGS.c.id.in_(ids), RECORDINGS.c.sources_removed.is_(True))
    connection.execute(update(SEGMENTS).where(SEGMENTS.c.recording_id.in_(without_sources)).values(path="", reason=""))
