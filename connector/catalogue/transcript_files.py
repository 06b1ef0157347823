"""The files of transcripts, as rows: whose words are made anew, or are over while their sound stays. Decides nothing
about days, and not when words are made anew."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, bindparam, exists, select, update

from connector.catalogue import codec
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.hold_rows import ON_ITS_WAY_OUT
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.catalogue.tables import ARTEFACTS, DELIVERIES, RECORDINGS
from connector.catalogue.upsert import execute_many, upsert
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.products import WITHDRAWING
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.states import DELIVERY, DeliveryEvent, DeliveryState, TranscriptionState, moved

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
_VERSION = select(ARTEFACTS.c.version).where(
    ARTEFACTS.c.recording_id == bindparam("of_recording"), ARTEFACTS.c.kind == bindparam("of_kind")
)
_SUPERSEDED = (
    update(DELIVERIES)
    .where(
        DELIVERIES.c.recording_id == bindparam("of_recording"),
        DELIVERIES.c.kind == bindparam("of_kind"),
        DELIVERIES.c.state == DeliveryState.STORED.value,
        DELIVERIES.c.version < bindparam("newest"),
    )
    .values(state=moved(DELIVERY, DeliveryState.STORED, DeliveryEvent.SUPERSEDED).value, attempts=0, reason="")
)
_STATE = select(DELIVERIES.c.state).where(
    DELIVERIES.c.recording_id == bindparam("of_recording"),
    DELIVERIES.c.kind == bindparam("of_kind"),
    DELIVERIES.c.destination == bindparam("to_destination"),
)
_ARE_WORDS_OVER = select(
    exists().where(
        TRANSCRIPTS.c.recording_id == bindparam("of_recording"),
        TRANSCRIPTS.c.state == TranscriptionState.REMOVED.value,
    )
)


def renewed(connection: Connection, artefact: Artefact, organisation: Mapping[str, str]) -> bool:
    """Within the caller's transaction: every destination that has an earlier version is to have this one. False: it is
    the one that is known."""
    of_it = {"of_recording": artefact.recording_id, "of_kind": artefact.kind.value}
    known = connection.execute(_VERSION, of_it).scalar_one_or_none()
    if known is not None and artefact.version <= known:
        return False
    columns = (*codec.ARTEFACT.columns, "organisation")
    found = codec.ARTEFACT.row(artefact) | dict(organisation)
    execute_many(connection, upsert(connection.dialect.name, ARTEFACTS, columns), [found])
    connection.execute(_SUPERSEDED, of_it | {"newest": artefact.version})
    return True


def landed(connection: Connection, delivery: Delivery) -> DeliveryState:
    """Within the caller's transaction, when one was stored: words that were removed while they were on their way go
    again, and a version that is not the newest any more is replaced. Returns what the delivery is then."""
    of_it = {"of_recording": delivery.recording_id, "of_kind": delivery.kind.value}
    if connection.execute(_ARE_WORDS_OVER, of_it).scalar_one():
        withdraw(connection, [delivery.recording_id], lambda _: False)
    else:
        connection.execute(_SUPERSEDED, of_it | {"newest": connection.execute(_VERSION, of_it).scalar_one()})
    return DeliveryState(connection.execute(_STATE, of_it | {"to_destination": delivery.destination}).scalar_one())


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
        state = moved(DELIVERY, _held(delivery), event)
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
    if _held(delivery) is DeliveryState.STORED:
        return DeliveryEvent.LEFT if is_left(delivery) else DeliveryEvent.DELETING
    return DeliveryEvent.WAIVED if DeliveryEvent.WAIVED in DELIVERY[delivery.state] else None


def _held(delivery: Delivery) -> DeliveryState:
    """Its place has an earlier version while it waits for a newer one."""
    return DeliveryState.STORED if delivery.has_earlier else delivery.state
