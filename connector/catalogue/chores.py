"""Questions of the janitor and of the start-up reconcile: what may go, what nobody works on. Reads only."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    cast,
    exists,
    false,
    not_,
    or_,
    select,
    type_coerce,
    update,
)

from connector.catalogue.account_tables import CHANGED_SETTINGS, KEYS
from connector.catalogue.columns import without_index
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.catalogue.tables import (
    CALLS,
    COMMANDS,
    DELIVERIES,
    DUE,
    MAY_HAVE_FILES,
    RECORDINGS,
    RENDERINGS,
    SEALED,
    SEGMENTS,
)
from connector.domain.call import CallState
from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.notification import TELLING
from connector.domain.products import SHIPPING
from connector.domain.setting_changes import STORAGE
from connector.domain.states import CommandState, DeliveryState, RecordingState, TranscriptionState
from connector.domain.transcript import TRANSCRIBING

_DONE_FOR = (RecordingState.REMOVED.value, RecordingState.ABSENT.value)
#: A deleted one is a transcript's, whose days were over before its sound's.
_SETTLED = (
    DeliveryState.STORED.value,
    DeliveryState.WAIVED.value,
    DeliveryState.DELETED.value,
    DeliveryState.LEFT.value,
)
_WAITS_FOR_WORK = (RecordingState.CAPTURED.value, RecordingState.RENDERED.value, RecordingState.REMOVING.value)

#: Nobody will ask such a copy's destination for anything any more.
_NEEDS_NO_PLACE = (DeliveryState.DELETED.value, DeliveryState.WAIVED.value)
_SECRET_NAME = re.compile(r"s-[0-9a-f]{32}")

_of_it = DELIVERIES.c.recording_id == RECORDINGS.c.id
_HAS_SOURCES = and_(RECORDINGS.c.sources_removed == false(), exists().where(SEGMENTS.c.recording_id == RECORDINGS.c.id))
#: What is said in it is not heard yet; of the copies nobody could tell the channels apart.
_IS_HEARD = ~or_(
    exists().where(DUE.c.recording_id == RECORDINGS.c.id, without_index(DUE.c.kind) == TRANSCRIBING),
    exists().where(
        TRANSCRIPTS.c.recording_id == RECORDINGS.c.id, TRANSCRIPTS.c.state == TranscriptionState.WAITING.value
    ),
)
_HAS_ARTEFACTS = and_(
    RECORDINGS.c.artefacts_removed == false(), exists().where(RENDERINGS.c.recording_id == RECORDINGS.c.id)
)


def files_to_remove(connection: Connection, node: str, stored_before: Moment, limit: int) -> list[RecordingId]:
    """The oldest first. At least one delivery must have been stored: no copy anywhere else is no reason to remove."""
    waits = exists().where(_of_it, DELIVERIES.c.state.not_in(_SETTLED))
    is_fresh = exists().where(_of_it, DELIVERIES.c.stored_at >= stored_before)
    is_stored = exists().where(_of_it, without_index(DELIVERIES.c.state) == DeliveryState.STORED.value)
    is_available = RECORDINGS.c.state == RecordingState.AVAILABLE.value
    has_done_its_duty = and_(is_available, is_stored, ~waits, ~is_fresh, _IS_HEARD)
    wanted = (
        select(RECORDINGS.c.id)
        .where(
            RECORDINGS.c.node == node,
            MAY_HAVE_FILES,
            or_(has_done_its_duty, RECORDINGS.c.state.in_(_DONE_FOR)),
            or_(_HAS_SOURCES, _HAS_ARTEFACTS),
        )
        .order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)
        .limit(limit)
    )
    return [RecordingId(found) for found in connection.execute(wanted).scalars()]


def fileless(node: str, requested_before: Moment, limit: int) -> Update:
    """Remembers of some that are done for, and of which there never was a file, that none is left."""
    never_had_any = (
        not_(exists().where(SEGMENTS.c.recording_id == RECORDINGS.c.id)),
        not_(exists().where(RENDERINGS.c.recording_id == RECORDINGS.c.id)),
    )
    some = (
        select(RECORDINGS.c.id)
        .where(
            RECORDINGS.c.node == node,
            RECORDINGS.c.requested_at < requested_before,
            MAY_HAVE_FILES,
            RECORDINGS.c.state.in_(_DONE_FOR),
            *never_had_any,
        )
        .limit(limit)
        .correlate(None)
    )
    return update(RECORDINGS).where(RECORDINGS.c.id.in_(some)).values(sources_removed=True, artefacts_removed=True)


def stuck(connection: Connection, node: str, now: Moment, limit: int) -> list[Due]:
    """The oldest first."""
    # What is only to be told or heard of it waits for nothing here.
    is_due = exists().where(DUE.c.recording_id == RECORDINGS.c.id, DUE.c.kind.not_in((TELLING, TRANSCRIBING)))
    misses_a_copy = and_(
        RECORDINGS.c.state == RecordingState.AVAILABLE.value,
        exists().where(_of_it, without_index(DELIVERIES.c.state) == DeliveryState.WAITING.value),
    )
    waits = or_(RECORDINGS.c.state.in_(_WAITS_FOR_WORK), misses_a_copy)
    wanted = (
        select(RECORDINGS.c.id, RECORDINGS.c.last_attempt, RECORDINGS.c.state)
        .where(RECORDINGS.c.node == node, waits, ~is_due)
        .order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)
        .limit(limit)
    )
    rows = connection.execute(wanted)
    return [
        Due(
            kind="remove" if row.state == RecordingState.REMOVING else SHIPPING,
            subject=row.id,
            attempt=row.last_attempt + 1,
            node=node,
            at=now,
        )
        for row in rows
    ]


def unused_secrets(connection: Connection, kept_before: Moment, still_used: Collection[str]) -> set[str]:
    """Names of sealed rows that neither a delivery nor what is yet to be recorded or delivered refers to."""
    old = select(SEALED.c.name).where(SEALED.c.kept_at < kept_before)
    names = set(connection.execute(old).scalars()) - set(still_used)
    for named in _naming(connection.dialect.name):
        if not names:
            break
        for text in connection.execute(named).scalars():
            names.difference_update(_SECRET_NAME.findall(text))
    return names


def _naming(dialect: str) -> Iterator[Select[Any]]:
    """Everything that may name a secret, the least first."""
    yield select(KEYS.c.sealed_as).where(KEYS.c.sealed_as != "")
    yield select(CHANGED_SETTINGS.c.value).where(CHANGED_SETTINGS.c.name == STORAGE)
    yield select(COMMANDS.c.options).where(COMMANDS.c.state == CommandState.OPEN.value)
    yield select(CALLS.c.wanted).where(CALLS.c.state == CallState.LIVE.value, CALLS.c.wanted.is_not(None))
    yield select(DELIVERIES.c.place).where(DELIVERIES.c.state.not_in(_NEEDS_NO_PLACE)).distinct()
    options = _json(dialect, RECORDINGS.c.options)["credentials"].as_string()
    yield select(options).where(RECORDINGS.c.state.not_in(_DONE_FOR), options.is_not(None)).distinct()


def _json(dialect: str, text: ColumnElement[str]) -> ColumnElement[Any]:
    # SQLite's JSON is text; a cast would make a number of it.
    return cast(text, JSON) if dialect == "postgresql" else type_coerce(text, JSON)
