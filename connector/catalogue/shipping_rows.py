"""What work writes of recordings from CAPTURED on: states, renderings, deliveries. Knows rows and state tables."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, bindparam, not_, select, text, update

from connector.catalogue import codec
from connector.catalogue.chores import fileless, files_to_remove, stuck
from connector.catalogue.database import Database
from connector.catalogue.due_rows import insert_dues
from connector.catalogue.recording_files import copies_of, recording_files, with_copies
from connector.catalogue.tables import ARTEFACTS, DELIVERIES, MAY_HAVE_FILES, RECORDINGS, RENDERINGS, SEGMENTS
from connector.catalogue.transcript_files import landed, renewed
from connector.catalogue.upsert import execute_many, insert_into, upsert
from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.recording import Artefact, ArtefactKind, Delivery, Rendering
from connector.domain.states import (
    DELIVERY,
    RECORDING,
    DeliveryEvent,
    DeliveryState,
    RecordingEvent,
    RecordingState,
    moved,
)
from connector.errors import IllegalTransition, ObjectExists
from connector.ports.shipping_ledger import RecordingFile

#: Nobody is at work on its copies, and there may be more of them.
_IS_SETTLED = frozenset({RecordingState.AVAILABLE, RecordingState.FAILED_STORE})
_WANTS_COPIES = frozenset({RecordingState.RENDERED, RecordingState.AVAILABLE})
#: Events that a try to store ended with.
_TRIED = frozenset({DeliveryEvent.STORED, DeliveryEvent.REFUSED, DeliveryEvent.GAVE_UP})

# Made once: making a statement costs as much as asking it. An update sets the columns that it is executed with.
_RECORDING = RECORDINGS.c.id == bindparam("of_recording")
_RECORDING_ROW = select(RECORDINGS).where(_RECORDING)
_RECORDING_STATE = select(RECORDINGS.c.state).where(_RECORDING).with_for_update()
_ORGANISATION = select(RECORDINGS.c.organisation).where(_RECORDING)
_RECORDING_SET = update(RECORDINGS).where(_RECORDING)
_DELIVERY = (
    DELIVERIES.c.recording_id == bindparam("of_recording"),
    DELIVERIES.c.kind == bindparam("of_kind"),
    DELIVERIES.c.destination == bindparam("to_destination"),
)
_DELIVERY_ROW = select(DELIVERIES).where(*_DELIVERY).with_for_update()
_DELIVERY_SET = update(DELIVERIES).where(*_DELIVERY)
#: Whose copies have gone, or never came.
_NAMELESS = (DeliveryState.WAIVED, DeliveryState.DELETED)
_HOLDER = select(DELIVERIES.c.recording_id).where(
    DELIVERIES.c.object_name == bindparam("name"),
    DELIVERIES.c.place == bindparam("at_place"),
    DELIVERIES.c.state.not_in(_NAMELESS),
    not_(and_(*_DELIVERY)),
)
_NAMING_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


class ShippingRows:
    """The ShippingLedger."""

    def __init__(self, database: Database, now: Callable[[], Moment]) -> None:
        self._database = database
        self._now = now

    async def file(self, recording_id: RecordingId) -> RecordingFile | None:
        wanted = {"of_recording": recording_id}
        files = await self._database.snapshot(
            lambda connection: recording_files(connection, connection.execute(_RECORDING_ROW, wanted).mappings().all())
        )
        return files[0] if files else None

    async def refreshed(self, file: RecordingFile) -> RecordingFile:
        return await self._database.snapshot(lambda connection: _refreshed(connection, file))

    async def moved(
        self, recording_id: RecordingId, event: RecordingEvent, *, reason: str = "", due: Sequence[Due] = ()
    ) -> RecordingState:
        def work(connection: Connection) -> RecordingState:
            state = moved(RECORDING, _state_of(connection, recording_id), event)
            _set_recording(connection, recording_id, state=state.value, reason=reason)
            insert_dues(connection, due)
            return state

        return await self._database.write(work)

    async def rendered(self, recording_id: RecordingId, rendering: Rendering, deliveries: Sequence[Delivery]) -> None:
        def work(connection: Connection) -> None:
            state = _state_of(connection, recording_id)
            if state is RecordingState.RENDERED:
                return
            after = moved(RECORDING, state, RecordingEvent.RENDERED)
            _set_recording(connection, recording_id, state=after.value)
            _write_rendering(connection, recording_id, rendering, deliveries)

        await self._database.write(work)

    async def remade(self, recording_id: RecordingId, rendering: Rendering) -> None:
        def work(connection: Connection) -> None:
            _check_that_copies_are_wanted(connection, recording_id)
            _write_rendering(connection, recording_id, rendering, ())

        await self._database.write(work)

    async def added(self, artefact: Artefact, deliveries: Sequence[Delivery], due: Sequence[Due] = ()) -> None:
        recording_id = artefact.recording_id

        def work(connection: Connection) -> None:
            _check_that_it_is_settled(connection, recording_id)
            found = codec.ARTEFACT.row(artefact) | _organisation_of(connection, recording_id)
            execute_many(connection, _new(connection.dialect.name, ARTEFACTS), [found])
            _add_deliveries(connection, _organisation_of(connection, recording_id), deliveries)
            # The janitor sees to the new file as to the earlier ones.
            _set_recording(connection, recording_id, artefacts_removed=False)
            insert_dues(connection, due)

        await self._database.write(work)

    async def renewed(self, artefact: Artefact, due: Sequence[Due] = ()) -> None:
        recording_id = artefact.recording_id

        def work(connection: Connection) -> None:
            _check_that_it_is_settled(connection, recording_id)
            if renewed(connection, artefact, _organisation_of(connection, recording_id)):
                _set_recording(connection, recording_id, artefacts_removed=False)
                insert_dues(connection, due)

        await self._database.write(work)

    async def named(self, delivery: Delivery, object_name: str, place: str, *, overwrite: bool = False) -> None:
        def work(connection: Connection) -> None:
            _delivery_row(connection, delivery)
            if not overwrite:
                _check_that_name_is_free(connection, delivery, object_name, place)
            _set_delivery(connection, delivery, object_name=object_name, place=place)

        await self._database.write(work)

    async def stood_in(self, delivery: Delivery) -> None:
        def work(connection: Connection) -> None:
            _check_that_copies_are_wanted(connection, delivery.recording_id)
            _add_deliveries(connection, _organisation_of(connection, delivery.recording_id), [delivery])

        await self._database.write(work)

    async def delivery_moved(
        self,
        delivery: Delivery,
        event: DeliveryEvent,
        *,
        reason: str = "",
        url: str = "",
        version: int | None = None,
        due: Sequence[Due] = (),
    ) -> DeliveryState:
        move = self._move(delivery, event, reason=reason, url=url, version=version, due=due)
        return await self._database.write(move)

    async def stored(
        self, file: RecordingFile, delivery: Delivery, *, url: str, version: int, due: Sequence[Due]
    ) -> RecordingFile:
        move = self._move(delivery, DeliveryEvent.STORED, reason="", url=url, version=version, due=due)

        def work(connection: Connection) -> RecordingFile:
            move(connection)
            return _refreshed(connection, file)

        return await self._database.write(work)

    def _move(
        self,
        delivery: Delivery,
        event: DeliveryEvent,
        *,
        reason: str,
        url: str,
        version: int | None,
        due: Sequence[Due],
    ) -> Callable[[Connection], DeliveryState]:
        is_anew = version is not None and version > delivery.version
        stored_at = self._now() if is_anew else delivery.stored_at or self._now()

        def work(connection: Connection) -> DeliveryState:
            row = _delivery_row(connection, delivery)
            state = moved(DELIVERY, DeliveryState(row["state"]), event)
            attempts = 0 if event is DeliveryEvent.RETRIED else row["attempts"] + (event in _TRIED)
            columns = {"state": state.value, "reason": reason, "url": url or row["url"], "attempts": attempts}
            if event is DeliveryEvent.STORED:
                columns |= {"stored_at": stored_at, "version": version or row["version"]}
            if event is DeliveryEvent.RETRIED:
                # Where it goes is asked of the configuration anew: that may be what was mended.
                columns["place"] = ""
            _set_delivery(connection, delivery, **columns)
            insert_dues(connection, due)
            is_paper = delivery.kind is ArtefactKind.TRANSCRIPT and version is not None
            return landed(connection, delivery) if is_paper else state

        return work

    async def delivery_postponed(self, delivery: Delivery, reason: str, due: Due) -> None:
        def work(connection: Connection) -> None:
            row = _delivery_row(connection, delivery)
            if row["state"] != DeliveryState.WAITING:
                raise IllegalTransition(
                    f"the delivery {_name(delivery)} is {row['state']}: there is nothing to put off"
                )
            _set_delivery(connection, delivery, reason=reason, attempts=row["attempts"] + 1)
            insert_dues(connection, [due])

        await self._database.write(work)

    async def delivery_untried(self, delivery: Delivery, reason: str, due: Due) -> None:
        def work(connection: Connection) -> None:
            row = _delivery_row(connection, delivery)
            if row["state"] == DeliveryState.WAITING and not row["reason"]:
                _set_delivery(connection, delivery, reason=reason)
            insert_dues(connection, [due])

        await self._database.write(work)

    async def next_attempt(self, recording_id: RecordingId) -> int:
        wanted = select(RECORDINGS.c.last_attempt).where(RECORDINGS.c.id == recording_id)
        last = await self._database.read(lambda connection: connection.execute(wanted).scalar_one_or_none())
        return (last or 0) + 1

    async def sources_removed(self, recording_id: RecordingId) -> None:
        await self._database.write(lambda connection: _set_recording(connection, recording_id, sources_removed=True))

    async def artefacts_removed(self, recording_id: RecordingId) -> None:
        await self._database.write(lambda connection: _set_recording(connection, recording_id, artefacts_removed=True))

    async def files_to_remove(self, node: str, stored_before: float, limit: int) -> list[RecordingId]:
        return await self._database.read(lambda connection: files_to_remove(connection, node, stored_before, limit))

    async def note_fileless(self, node: str, requested_before: float, limit: int) -> int:
        wanted = fileless(node, requested_before, limit)
        return await self._database.write(lambda connection: connection.execute(wanted).rowcount)

    async def known_paths(self, pbx: str) -> set[str]:
        wanted = (
            select(SEGMENTS.c.path)
            .join(RECORDINGS, RECORDINGS.c.id == SEGMENTS.c.recording_id)
            .where(RECORDINGS.c.pbx == pbx, RECORDINGS.c.sources_removed.is_(False), MAY_HAVE_FILES)
        )
        return await self._database.read(lambda connection: set(connection.execute(wanted).scalars()))

    async def stuck(self, node: str, limit: int) -> list[Due]:
        now = self._now()
        return await self._database.read(lambda connection: stuck(connection, node, now, limit))


def _refreshed(connection: Connection, file: RecordingFile) -> RecordingFile:
    row = connection.execute(_RECORDING_ROW, {"of_recording": file.recording.id}).mappings().one_or_none()
    if row is None:
        raise _unknown(file.recording.id)
    return with_copies(file, row, copies_of(connection, [file.recording.id]))


def _state_of(connection: Connection, recording_id: RecordingId) -> RecordingState:
    state = connection.execute(_RECORDING_STATE, {"of_recording": recording_id}).scalar_one_or_none()
    if state is None:
        raise _unknown(recording_id)
    return RecordingState(state)


def _unknown(recording_id: RecordingId) -> IllegalTransition:
    return IllegalTransition(f"the catalogue has no recording {recording_id!r}")


def _check_that_it_is_settled(connection: Connection, recording_id: RecordingId) -> None:
    state = _state_of(connection, recording_id)
    if state not in _IS_SETTLED:
        raise IllegalTransition(f"the recording {recording_id} is {state}: nothing is added to it")


def _check_that_copies_are_wanted(connection: Connection, recording_id: RecordingId) -> None:
    state = _state_of(connection, recording_id)
    if state not in _WANTS_COPIES:
        raise IllegalTransition(f"the recording {recording_id} is {state}: nobody wants copies of it")


def _set_recording(connection: Connection, recording_id: RecordingId, **columns: object) -> None:
    connection.execute(_RECORDING_SET, columns | {"of_recording": recording_id})


def _write_rendering(
    connection: Connection, recording_id: RecordingId, rendering: Rendering, deliveries: Sequence[Delivery]
) -> None:
    dialect = connection.dialect.name
    organisation = _organisation_of(connection, recording_id)
    found = codec.RENDERING.row(rendering) | {"recording_id": recording_id}
    execute_many(connection, upsert(dialect, RENDERINGS, tuple(found)), [found])
    made = [codec.ARTEFACT.row(artefact) | organisation for artefact in rendering.artefacts]
    execute_many(connection, upsert(dialect, ARTEFACTS, (*codec.ARTEFACT.columns, "organisation")), made)
    _add_deliveries(connection, organisation, deliveries)


def _add_deliveries(connection: Connection, organisation: dict[str, str], deliveries: Sequence[Delivery]) -> None:
    """One that is there already stays as it is."""
    rows = [codec.DELIVERY.row(delivery) | organisation for delivery in deliveries]
    execute_many(connection, _new(connection.dialect.name, DELIVERIES), rows)


@cache
def _new(dialect: str, table: Table) -> Any:
    return insert_into(dialect, table).on_conflict_do_nothing()


def _organisation_of(connection: Connection, recording_id: RecordingId) -> dict[str, str]:
    return {"organisation": connection.execute(_ORGANISATION, {"of_recording": recording_id}).scalar_one()}


def _delivery_row(connection: Connection, delivery: Delivery) -> RowMapping:
    row = connection.execute(_DELIVERY_ROW, _key(delivery)).mappings().one_or_none()
    if row is None:
        raise IllegalTransition(f"the catalogue has no delivery {_name(delivery)}")
    return row


def _check_that_name_is_free(connection: Connection, delivery: Delivery, object_name: str, place: str) -> None:
    if connection.dialect.name == "postgresql":
        # Two who ask for one name at the same moment would both see it free.
        connection.execute(_NAMING_LOCK, {"name": object_name})
    holder = connection.execute(_HOLDER, {"name": object_name, "at_place": place} | _key(delivery)).first()
    if holder is not None:
        raise ObjectExists(f"{object_name!r} is the name of a copy of recording {holder.recording_id} there already")


def _set_delivery(connection: Connection, delivery: Delivery, **columns: object) -> None:
    connection.execute(_DELIVERY_SET, columns | _key(delivery))


def _key(delivery: Delivery) -> dict[str, object]:
    return {
        "of_recording": delivery.recording_id,
        "of_kind": delivery.kind.value,
        "to_destination": delivery.destination,
    }


def _name(delivery: Delivery) -> str:
    return f"{delivery.recording_id}/{delivery.kind}/{delivery.destination}"
