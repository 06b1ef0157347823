"""The files of transcripts whose words are over while their sound stays, as rows. Decides nothing about days."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection, bindparam, select, update

from connector.catalogue import codec
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.hold_rows import ON_ITS_WAY_OUT
from connector.catalogue.tables import DELIVERIES, RECORDINGS
from connector.catalogue.upsert import execute_many
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.products import WITHDRAWING
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import DELIVERY, DeliveryEvent, DeliveryState, moved

_LEAVING = [state.value for state in ON_ITS_WAY_OUT]
_OF_TRANSCRIPTS = DELIVERIES.c.kind == ArtefactKind.TRANSCRIPT.value
_SET = (
    update(DELIVERIES)
    .where(
        DELIVERIES.c.recording_id == bindparam("of_recording"),
        DELIVERIES.c.destination == bindparam("to_destination"),
        _OF_TRANSCRIPTS,
    )
    .values(state=bindparam("new_state"))
)


def withdraw(
    connection: Connection, recording_ids: Collection[RecordingId], is_left: Callable[[Delivery], bool]
) -> None:
    """Within the caller's transaction: each stored one is to be deleted, or left to its bucket; nobody sends another.
    What goes with its recording goes with it."""
    wanted = (
        select(RECORDINGS.c.node, RECORDINGS.c.last_attempt, DELIVERIES)
        .join(DELIVERIES, DELIVERIES.c.recording_id == RECORDINGS.c.id)
        .where(RECORDINGS.c.id.in_(recording_ids), RECORDINGS.c.state.not_in(_LEAVING), _OF_TRANSCRIPTS)
        .with_for_update()
    )
    changed: list[codec.Row] = []
    dues: dict[str, Due] = {}
    for row in connection.execute(wanted).mappings().all():
        delivery = codec.DELIVERY.thing(row)
        event = _event(delivery, is_left)
        if event is None:
            continue
        state = moved(DELIVERY, delivery.state, event)
        changed.append(
            {
                "of_recording": delivery.recording_id,
                "to_destination": delivery.destination,
                "new_state": state.value,
            }
        )
        if state is DeliveryState.DELETING:
            id = delivery.recording_id
            dues[id] = Due(kind=WITHDRAWING, subject=id, attempt=row["last_attempt"] + 1, node=row["node"], at=0.0)
    execute_many(connection, _SET, changed)
    insert_dues(connection, list(dues.values()))


def _event(delivery: Delivery, is_left: Callable[[Delivery], bool]) -> DeliveryEvent | None:
    if delivery.state is DeliveryState.STORED:
        return DeliveryEvent.LEFT if is_left(delivery) else DeliveryEvent.DELETING
    return DeliveryEvent.WAIVED if DeliveryEvent.WAIVED in DELIVERY[delivery.state] else None
