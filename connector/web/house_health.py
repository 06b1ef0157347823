"""How each part of the house is, over HTTP, for people who look after it. Speaks HTTP in, services out."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from connector.domain.access import NO_LIMITS, Access, KeyRole
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.errors import NotPermitted
from connector.ports.health_ledger import Copies
from connector.services.house_health import DestinationHealth, HouseHealth, HouseReport, PbxHealth
from connector.web.body_parts import At
from connector.web.door import Door
from connector.web.problems import problems


class PbxHealthBody(BaseModel):
    name: str
    kind: str = Field(description="asterisk, freeswitch or scripted")
    node: str | None = Field(
        description="whose capture role says the rest; null: none reports to this web role, and nothing is known here"
    )
    is_connected: bool | None = Field(description="null: not known here")
    problems: list[str] = Field(description="each with what to do")
    live_calls: int | None
    recorders: int | None = Field(description="recordings that run now")
    version: str | None = Field(description="null: it has not said, or callreel's account there may not ask")


class DestinationHealthBody(BaseModel):
    name: str
    kind: str = Field(description="file, s3, gs or azure; unknown: the configuration has none of that name now")
    waiting: int | None = Field(description="copies that are still to be stored; null: the catalogue cannot say now")
    refused: int | None = Field(description="copies that it said no to for good")
    gave_up: int | None = Field(description="copies that were tried until the tries were over")
    undeletable: int | None = Field(description="copies that were to go, and that it did not let us delete")
    stored_last: At | None = Field(description="when it took a copy last")
    reason: str = Field(description="why one of the copies is not stored; empty: none says")
    undeletable_reason: str = Field(description="why one of the copies could not be deleted; empty: none says")


class QueueBody(BaseModel):
    kind: str = Field(description="what is to be done: ship, transcribe, tell, remove, …")
    waiting: int
    oldest_at: At = Field(description="when the first of it is, or was, due")


class DiskBody(BaseModel):
    name: str = Field(description="what of callreel's lies there")
    free_bytes: int
    total_bytes: int


class NotificationsHealthBody(BaseModel):
    waiting: int | None = Field(description="null: the catalogue cannot say now")
    dead: int | None = Field(description="their tries are over: POST /v1/notifications/{id}/replay sends one again")


class HealthBody(BaseModel):
    is_well: bool = Field(description="nothing wants a hand")
    problems: list[str] | None = Field(description="what wants a hand; null with a key of an organisation")
    node: str = Field(description="the node that answers: disks are its own, and PBXs those that it is configured for")
    pbxs: list[PbxHealthBody]
    destinations: list[DestinationHealthBody]
    queues: list[QueueBody] = Field(description="work that waits for its time, by kind")
    disk: list[DiskBody] = Field(description="of the node that answers; empty with a key of an organisation")
    notifications: NotificationsHealthBody
    recordings: dict[str, int] = Field(description="how many are in each state")
    transcripts: dict[str, int]


def house_health_router(door: Door, health: HouseHealth) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/v1/health", operation_id="get_health", responses=problems())
    async def get_health(access: Annotated[Access, door.needs(KeyRole.READ)]) -> HealthBody:
        """How the PBXs, destinations, queues and disks are, and what wants a hand.

        A key of an organisation sees its own counts and destinations, and the PBXs where there is no other
        organisation. PBXs are known to the node whose capture role speaks with them: ask that node's web role. Answers
        are up to two seconds old.
        """
        if access.key.limits != NO_LIMITS:
            raise NotPermitted("health is of a whole organisation: ask with a key that is not limited")
        return _health(await health.report(access.organisation))

    return router


def _health(report: HouseReport) -> HealthBody:
    standing = report.standing
    queues = standing.queues if standing else ()
    return HealthBody(
        is_well=report.is_well,
        problems=None if report.problems is None else list(report.problems),
        node=report.node,
        pbxs=[_pbx(one) for one in report.pbxs],
        destinations=[_destination(one) for one in report.destinations],
        queues=[QueueBody(kind=one.kind, waiting=one.waiting, oldest_at=iso(one.oldest_at)) for one in queues],
        disk=[DiskBody(name=one.name, free_bytes=one.free_bytes, total_bytes=one.total_bytes) for one in report.disks],
        notifications=NotificationsHealthBody(
            waiting=standing.notifications_waiting if standing else None,
            dead=standing.notifications_dead if standing else None,
        ),
        recordings=dict(report.counts.recordings),
        transcripts=dict(report.counts.transcripts),
    )


def _pbx(one: PbxHealth) -> PbxHealthBody:
    return PbxHealthBody(
        name=one.name,
        kind=one.kind,
        node=one.node,
        is_connected=one.is_connected,
        problems=list(one.problems),
        live_calls=one.live_calls,
        recorders=one.recorders,
        version=one.version,
    )


def _destination(one: DestinationHealth) -> DestinationHealthBody:
    copies, known = one.copies or Copies(), one.copies is not None
    return DestinationHealthBody(
        name=one.name,
        kind=one.kind,
        waiting=copies.waiting if known else None,
        refused=copies.refused if known else None,
        gave_up=copies.gave_up if known else None,
        undeletable=copies.undeletable if known else None,
        stored_last=_iso_or_none(copies.stored_last),
        reason=copies.reason,
        undeletable_reason=copies.undeletable_reason,
    )


def _iso_or_none(moment: Moment | None) -> str | None:
    return None if moment is None else iso(moment)
