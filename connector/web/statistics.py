"""Calls counted over time, over HTTP. Speaks HTTP in, services out."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from connector.domain.access import NO_LIMITS, Access, KeyRole
from connector.domain.export_rows import first_moment, last_moment
from connector.domain.moments import iso
from connector.errors import BadRequest, NotPermitted
from connector.ports.clock import Clock
from connector.ports.statistics_ledger import HOUR_SECONDS, Tally
from connector.services.statistics import Statistics
from connector.web.body_parts import At
from connector.web.call_filters import QueryDate, Word
from connector.web.door import Door
from connector.web.problems import problems

_DAY_HOURS: Final = 24
#: 9999-01-01: no calendar of ours goes much further.
_LAST: Final = 253_370_764_800


class Bucket(StrEnum):
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class _Span:
    hours_each: int
    most_days: int
    usual_days: int


_SPANS: Final = {Bucket.HOUR: _Span(1, 14, 1), Bucket.DAY: _Span(_DAY_HOURS, 400, 30)}


class AskedStatistics(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_date: QueryDate | None = Field(
        None, description="from that day or moment on (UTC); else the last 24 hours, or 30 days by day"
    )
    to_date: QueryDate | None = Field(None, description="to the end of that day, or to that moment; else now")
    bucket: Bucket = Field(Bucket.HOUR, description="hour: 14 days at most; day: 400 days at most")
    organisation: Word | None = Field(None, description="for keys of the whole house")


class StatisticsBucket(BaseModel):
    """Calls by when they began. Conferences are not counted: their participants are in calls of their own."""

    at: At = Field(description="when it begins")
    calls: int
    answered: int
    recorded: int = Field(description="a recording is there, on its way, or was removed since; and none failed")
    failed: int = Field(description="a recording of it failed, whatever became of others")
    not_recorded: int = Field(description="answered, and nothing of it was recorded: by rule, by wish, or too short")
    talked_seconds: float = Field(description="of those that have ended")


class StatisticsBody(BaseModel):
    from_date: At = Field(description="widened to whole hours or days of UTC")
    to_date: At
    bucket: Bucket
    buckets: list[StatisticsBucket] = Field(description="the oldest first; none is left out")


def statistics_router(door: Door, statistics: Statistics, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/v1/statistics", operation_id="get_statistics", responses=problems())
    async def get_statistics(
        access: Annotated[Access, door.needs(KeyRole.READ)], asked: Annotated[AskedStatistics, Query()]
    ) -> StatisticsBody:
        """How many calls there were, and what became of them, by hours or days of UTC.

        The last hours are as of now, to five seconds; what is older is counted again the more seldom, the older it is:
        an hour of yesterday every quarter of an hour.
        """
        if access.key.limits != NO_LIMITS:
            raise NotPermitted("statistics are of a whole organisation: ask with a key that is not limited")
        organisation = access.asked_of(asked.organisation)
        each = _SPANS[asked.bucket].hours_each
        first, end = _hours(asked, clock.now())
        tallies = await statistics.tallies(organisation, first, end, each)
        return StatisticsBody(
            from_date=_moment(first),
            to_date=_moment(end),
            bucket=asked.bucket,
            buckets=[_bucket(first + number * each, tally) for number, tally in enumerate(tallies)],
        )

    return router


def _hours(asked: AskedStatistics, now: float) -> tuple[int, int]:
    """The hours of the epoch that are meant, as whole buckets. Raises BadRequest."""
    span = _SPANS[asked.bucket]
    each_seconds = span.hours_each * HOUR_SECONDS
    to = now if asked.to_date is None else last_moment(asked.to_date, "to_date")
    end = math.ceil(to / each_seconds)
    if asked.from_date is None:
        first = end - span.usual_days * _DAY_HOURS // span.hours_each
    else:
        first = math.floor(first_moment(asked.from_date, "from_date") / each_seconds)
    if first >= end:
        raise BadRequest("from_date: it is not before to_date", pointer="from_date")
    if first < 0 or end * each_seconds > _LAST:
        raise BadRequest("from_date: nothing is counted before 1970 or after 9998", pointer="from_date")
    if (end - first) * span.hours_each > span.most_days * _DAY_HOURS:
        shorter = "bucket=day takes 400" if asked.bucket is Bucket.HOUR else "ask for one part after the other"
        said = f"from_date: at most {span.most_days} days by {asked.bucket} are counted at once: {shorter}"
        raise BadRequest(said, pointer="from_date")
    return first * span.hours_each, end * span.hours_each


def _moment(hour: int) -> str:
    return iso(float(hour * HOUR_SECONDS))


def _bucket(hour: int, tally: Tally) -> StatisticsBucket:
    return StatisticsBucket(
        at=_moment(hour),
        calls=tally.calls,
        answered=tally.answered,
        recorded=tally.recorded,
        failed=tally.failed,
        not_recorded=tally.not_recorded,
        talked_seconds=round(tally.talked_seconds, 3),
    )
