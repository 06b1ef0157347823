"""How each part of the house is: PBXs, destinations, queues, disks. From what roles report and the catalogue counts;
knows no configuration file and no HTTP."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.errors import CatalogueUnavailable
from connector.ports.clock import Clock
from connector.ports.health_ledger import Copies, HealthLedger, Standing
from connector.services.health import RETRIABLE, STALE_SECONDS, RecentHealth, StateCounts
from connector.services.recent import Recent

_CAPTURE: Final = "capture"
#: Destinations that the configuration has not (any more), or that a call brought with it.
UNKNOWN_KIND: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What the configuration of now has of the house's, or of one organisation's."""

    node: str
    #: Kinds by name.
    pbxs: Mapping[str, str]
    destinations: Mapping[str, str]
    #: What lies on disks of this machine, by what people call it.
    folders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxHealth:
    name: str
    kind: str
    #: Whose capture role says the rest; None: none here does, and nothing of it is known.
    node: str | None = None
    is_connected: bool | None = None
    problems: tuple[str, ...] = ()
    live_calls: int | None = None
    recorders: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationHealth:
    name: str
    kind: str
    #: None: the catalogue cannot say now.
    copies: Copies | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    name: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseReport:
    node: str
    is_well: bool
    #: None: they are the whole house's, and not for who asked.
    problems: tuple[str, ...] | None
    pbxs: Sequence[PbxHealth]
    destinations: Sequence[DestinationHealth]
    disks: Sequence[Disk]
    counts: StateCounts
    #: None: the catalogue cannot say now.
    standing: Standing | None


class HouseHealth:
    def __init__(
        self,
        health: RecentHealth,
        ledger: HealthLedger,
        equipment: Callable[[str | None], Equipment],
        clock: Clock,
    ) -> None:
        """`equipment`: of that organisation, or (None) of the house, as the configuration has it now."""
        self._health = health
        self._ledger = ledger
        self._equipment = equipment
        self._clock = clock
        self._recent = Recent[str | None, HouseReport](clock)

    async def report(self, organisation: str | None) -> HouseReport:
        """Of that organisation's own part, or of the house. Raises CatalogueUnavailable for an organisation's: it has
        nothing else to say."""
        if organisation is None:
            return await self._recent.answer(None, self._of_house)
        return await self._recent.answer(organisation, lambda: self._of_organisation(organisation))

    async def _of_house(self) -> HouseReport:
        here = self._equipment(None)
        report = await self._health.report()
        standing = None
        try:
            standing = await self._ledger.standing(None, here.destinations)
        except CatalogueUnavailable as error:
            # Mostly named already, by the report.
            said = f"catalogue: {error}"
            problems = report.problems if said in report.problems else (*report.problems, said)
        else:
            problems = (*report.problems, *_lost_copies(standing), *_left_copies(standing))
        return HouseReport(
            node=here.node,
            is_well=not problems,
            problems=problems,
            pbxs=self._pbxs(here, report.roles.get(_CAPTURE, {})),
            destinations=_destinations(here, standing),
            disks=await asyncio.to_thread(_disks, here.folders),
            counts=report.counts,
            standing=standing,
        )

    async def _of_organisation(self, organisation: str) -> HouseReport:
        here = self._equipment(organisation)
        standing = await self._ledger.standing(organisation, here.destinations)
        counts = await self._health.counts(organisation)
        report = await self._health.report()
        return HouseReport(
            node=here.node,
            is_well=not (
                any(counts.recordings.get(state, 0) for state in RETRIABLE)
                or standing.notifications_dead
                or _lost_copies(standing)
                or _left_copies(standing)
            ),
            problems=None,
            pbxs=self._pbxs(here, report.roles.get(_CAPTURE, {})),
            destinations=_destinations(here, standing),
            disks=[],
            counts=counts,
            standing=standing,
        )

    def _pbxs(self, here: Equipment, capture: Mapping[str, Any]) -> list[PbxHealth]:
        """A report that is old says nothing of now; that it is old is a problem of its own."""
        is_fresh = self._clock.now() - float(capture.get("at", 0.0)) <= STALE_SECONDS
        told: Mapping[str, Mapping[str, Any]] = capture.get("pbxs", {}) if is_fresh else {}
        return [_pbx(name, kind, str(capture.get("node")), told.get(name)) for name, kind in here.pbxs.items()]


def _pbx(name: str, kind: str, node: str, told: Mapping[str, Any] | None) -> PbxHealth:
    if told is None:
        return PbxHealth(name=name, kind=kind)
    return PbxHealth(
        name=name,
        kind=kind,
        node=node,
        is_connected=bool(told.get("is_connected")),
        problems=tuple(map(str, told.get("problems", ()))),
        live_calls=int(told.get("live_calls", 0)),
        recorders=int(told.get("recorders", 0)),
        version=str(told.get("version") or "") or None,
    )


def _destinations(here: Equipment, standing: Standing | None) -> list[DestinationHealth]:
    copies: Mapping[str, Copies] = standing.copies if standing is not None else {}
    return [
        DestinationHealth(name=name, kind=here.destinations.get(name, UNKNOWN_KIND), copies=copies.get(name))
        for name in dict.fromkeys((*here.destinations, *copies))
    ]


def _lost_copies(standing: Standing) -> list[str]:
    """Nobody tries them again by himself."""
    mend = "mend what it says, then callreel recordings retry"
    return [
        f"destination {name}: {lost} copies were not taken ({mend}): {copies.reason or 'it said no'}"
        for name, copies in standing.copies.items()
        if (lost := copies.refused + copies.gave_up)
    ]


def _left_copies(standing: Standing) -> list[str]:
    """What somebody wanted gone, or whose days are over, lies there still."""
    mend = "it is tried again every night: give callreel the right to delete there, or delete them yourself"
    return [
        f"destination {name}: {copies.undeletable} copies could not be deleted ({mend}): {copies.undeletable_reason}"
        for name, copies in standing.copies.items()
        if copies.undeletable
    ]


def _disks(folders: Mapping[str, Path]) -> list[Disk]:
    """Each file system once, by all that lies on it; a folder that is not there (yet) is on none."""
    found: dict[int, Disk] = {}
    for name, folder in folders.items():
        try:
            device, usage = folder.stat().st_dev, shutil.disk_usage(folder)
        except OSError:
            continue
        known = found.get(device)
        names = f"{known.name}, {name}" if known else name
        found[device] = Disk(name=names, free_bytes=usage.free, total_bytes=usage.total)
    return list(found.values())
