"""What has changed of calls and recordings: marks of the newest and of those named, cheaply. Writes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Double, Integer, Row, RowMapping, Select, bindparam, or_, select

from connector.catalogue import codec
from connector.catalogue.database import Database
from connector.catalogue.people_tables import CALL_TAGS
from connector.catalogue.tables import CALLS, RECORDINGS
from connector.domain.call import CallState
from connector.domain.happenings import CallMark, RecordingMark
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import IN_CAPTURE, RecordingState
from connector.ports.changes import CallPicture, Look

#: How many ids one statement names.
_SLICE: Final = 500
_MOST = bindparam("most", type_=Integer)
_SINCE = bindparam("since", type_=Double)
_CALL_MARK = select(
    CALLS.c.id,
    CALLS.c.started_at,
    CALLS.c.answered_at.is_not(None),
    or_(CALLS.c.state == CallState.ENDED.value, CALLS.c.joined.is_not(None)),
)
_RECORDING_MARK = select(RECORDINGS.c.id, RECORDINGS.c.requested_at, RECORDINGS.c.call_id, RECORDINGS.c.state)
_RUNS = RECORDINGS.c.state.in_(sorted(state.value for state in IN_CAPTURE))
_STATES: Final = {state.value: state for state in RecordingState}

_NEWEST_CALLS = _CALL_MARK.where(CALLS.c.started_at >= _SINCE).order_by(CALLS.c.started_at.desc()).limit(_MOST)
_NEWEST_RECORDINGS = (
    _RECORDING_MARK.where(RECORDINGS.c.requested_at >= _SINCE).order_by(RECORDINGS.c.requested_at.desc()).limit(_MOST)
)
_RUNNING = _RECORDING_MARK.where(_RUNS).limit(_MOST)
_NAMED_CALLS = _CALL_MARK.where(CALLS.c.id.in_(bindparam("ids", expanding=True)))
_NAMED_RECORDINGS = _RECORDING_MARK.where(RECORDINGS.c.id.in_(bindparam("ids", expanding=True)))
_WHOLE_CALLS = select(CALLS).where(CALLS.c.id.in_(bindparam("ids", expanding=True)))
_WHOLE_RECORDINGS = (
    select(RECORDINGS)
    .where(RECORDINGS.c.call_id.in_(bindparam("ids", expanding=True)))
    .order_by(RECORDINGS.c.requested_at, RECORDINGS.c.id)
)
_TAGS = (
    select(CALL_TAGS.c.call_id, CALL_TAGS.c.tag)
    .where(CALL_TAGS.c.call_id.in_(bindparam("ids", expanding=True)))
    .order_by(CALL_TAGS.c.at, CALL_TAGS.c.tag)
)


class ChangeRows:
    """The Changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sign(self) -> object | None:
        return self._database.sign()

    async def look(
        self, calls: Sequence[CallId], recordings: Sequence[RecordingId], *, since: Moment | None, most: int
    ) -> Look:
        return await self._database.snapshot(lambda connection: _look(connection, calls, recordings, since, most))

    async def pictures(self, calls: Sequence[CallId]) -> Mapping[CallId, CallPicture]:
        return await self._database.snapshot(lambda connection: _pictures(connection, calls))


def _look(
    connection: Connection, calls: Sequence[str], recordings: Sequence[str], since: Moment | None, most: int
) -> Look:
    newest = {"since": 0.0 if since is None else since, "most": most}
    running = connection.execute(_RUNNING, newest).all() if since is None else []
    of_recordings = [
        *connection.execute(_NEWEST_RECORDINGS, newest).all(),
        *running,
        *_rows(connection, _NAMED_RECORDINGS, recordings),
    ]
    of_calls = [
        *connection.execute(_NEWEST_CALLS, newest).all(),
        *_rows(connection, _NAMED_CALLS, [*calls, *(call_id for _, _, call_id, _ in running)]),
    ]
    return Look(
        calls={
            CallId(id): CallMark(at=at, is_answered=bool(is_answered), is_over=bool(is_over))
            for id, at, is_answered, is_over in of_calls
        },
        recordings={
            RecordingId(id): RecordingMark(at=at, call_id=call_id, state=_STATES[state])
            for id, at, call_id, state in of_recordings
        },
    )


def _pictures(connection: Connection, calls: Sequence[str]) -> dict[CallId, CallPicture]:
    recordings = defaultdict(list)
    for row in _mappings(connection, _WHOLE_RECORDINGS, calls):
        recordings[row["call_id"]].append(codec.RECORDING.thing(row))
    given = defaultdict(list)
    for row in _mappings(connection, _TAGS, calls):
        given[row["call_id"]].append(row["tag"])
    found = {}
    for row in _mappings(connection, _WHOLE_CALLS, calls):
        call, own = codec.CALL.thing(row), tuple(recordings[row["id"]])
        tags = chain(call.tags, *(one.options.tags or () for one in own), given[call.id])
        found[call.id] = CallPicture(call=call, recordings=own, tags=tuple(dict.fromkeys(tags)))
    return found


def _rows(connection: Connection, statement: Select[Any], ids: Iterable[str]) -> list[Row[Any]]:
    return [row for some in _slices(ids) for row in connection.execute(statement, {"ids": some})]


def _mappings(connection: Connection, statement: Select[Any], ids: Iterable[str]) -> list[RowMapping]:
    return [row for some in _slices(ids) for row in connection.execute(statement, {"ids": some}).mappings()]


def _slices(ids: Iterable[str]) -> list[list[str]]:
    wanted = sorted(set(ids))
    return [wanted[at : at + _SLICE] for at in range(0, len(wanted), _SLICE)]
