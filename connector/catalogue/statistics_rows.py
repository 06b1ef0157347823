"""Calls counted by the hour in which they began. Knows rows and sums; writes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    ScalarSelect,
    Select,
    case,
    cast,
    func,
    select,
    text,
)

from connector.catalogue.database import Database
from connector.catalogue.tables import CALLS, RECORDINGS
from connector.domain.call import CallKind
from connector.domain.states import RecordingState
from connector.ports.statistics_ledger import HOUR_SECONDS, HourlyTally, Tally

_FAILED_STATES: Final = (RecordingState.FAILED_CAPTURE, RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE)
#: What became of a call's recordings: the greatest counts.
_NOTHING, _RECORDED, _FAILED = 0, 1, 2
_FATE: Final = func.max(
    case(
        (RECORDINGS.c.state.in_([state.value for state in _FAILED_STATES]), _FAILED),
        (RECORDINGS.c.state == RecordingState.ABSENT.value, _NOTHING),
        else_=_RECORDED,
    )
)

#: It takes the questions within for so much work that it compiles the whole for a second or two; it takes a tenth.
_WITHOUT_COMPILER: Final = text("SET LOCAL jit = off")


class StatisticsRows:
    """The StatisticsLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hours(self, organisation: str | None, first: int, end: int) -> Sequence[HourlyTally]:
        def read(connection: Connection) -> Sequence[HourlyTally]:
            if connection.dialect.name == "postgresql":
                connection.execute(_WITHOUT_COMPILER)
            wanted = _by_hour_and_fate(connection.dialect.name, organisation, first, end)
            return _tallies(connection.execute(wanted).mappings())

        return await self._database.read(read)


def _by_hour_and_fate(dialect: str, organisation: str | None, first: int, end: int) -> Select[Any]:
    """A handful of rows for each hour: a database may reckon a column anew for each sum that has it, but groups by it
    once."""
    own, absorbed = _own_fate(), _fate_of_absorbed()
    hour = _hour(dialect)
    wanted = (
        select(
            hour.label("hour"),
            own.label("own"),
            absorbed.label("absorbed"),
            func.count().label("calls"),
            func.count(CALLS.c.answered_at).label("answered"),
            func.sum(CALLS.c.ended_at - CALLS.c.answered_at).label("talked_seconds"),
        )
        .where(
            CALLS.c.started_at >= float(first * HOUR_SECONDS),
            CALLS.c.started_at < float(end * HOUR_SECONDS),
            CALLS.c.joined.is_(None),
            CALLS.c.kind == CallKind.CALL.value,
        )
        .group_by("hour", "own", "absorbed")
    )
    return wanted if organisation is None else wanted.where(CALLS.c.organisation == organisation)


def _hour(dialect: str) -> ColumnElement[int]:
    """PostgreSQL rounds where SQLite cuts off, and not every SQLite knows floor()."""
    hours = CALLS.c.started_at / HOUR_SECONDS
    return cast(hours if dialect == "sqlite" else func.floor(hours), Integer)


def _own_fate() -> ScalarSelect[Any]:
    return select(_FATE).where(RECORDINGS.c.call_id == CALLS.c.id).correlate(CALLS).scalar_subquery()


def _fate_of_absorbed() -> ScalarSelect[Any]:
    """Of what was recorded before it was known that two calls are one."""
    part = CALLS.alias("part")
    recordings = RECORDINGS.join(part, part.c.id == RECORDINGS.c.call_id)
    return select(_FATE).select_from(recordings).where(part.c.joined == CALLS.c.id).correlate(CALLS).scalar_subquery()


def _tallies(rows: Iterable[RowMapping]) -> list[HourlyTally]:
    hours: defaultdict[int, Tally] = defaultdict(Tally)
    for row in rows:
        hours[row["hour"]] += _tally(row)
    return [HourlyTally(hour, hours[hour]) for hour in sorted(hours)]


def _tally(row: RowMapping) -> Tally:
    fate = max(row["own"] or _NOTHING, row["absorbed"] or _NOTHING)
    return Tally(
        calls=row["calls"],
        answered=row["answered"],
        recorded=row["calls"] if fate == _RECORDED else 0,
        failed=row["calls"] if fate == _FAILED else 0,
        not_recorded=row["answered"] if fate == _NOTHING else 0,
        talked_seconds=row["talked_seconds"] or 0.0,
    )
