"""Doctor as a whole: every PBX of the configuration and our own house, at the same time, under a time limit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector.catalogue.store import Catalogue
from connector.config.addresses import folder_of
from connector.config.overlay import laid_over
from connector.domain.diagnosis import Finding, Level, not_looked_at, ok, warning
from connector.errors import ConnectorError, NotFound
from connector.network.clock import SystemClock
from connector.pbx.circumstances import Circumstances
from connector.roles import premises
from connector.roles.adapters import spool_folder
from connector.roles.addresses import catalogue_url
from connector.roles.engines import engine_findings, maker
from connector.services.janitor import free_percent
from connector.settings import PbxSettings, Settings

#: For each part: they run at the same time.
LIMIT_SECONDS = 8.0
_CATALOGUE_SECONDS = 2.0
#: What the findings about our own house stand under.
OURSELVES = "callreel"


@dataclass(frozen=True, slots=True)
class Report:
    #: A PBX's name, or callreel.
    about: str
    findings: tuple[Finding, ...]


async def examined(settings: Settings, only: str | None = None, *, clock: SystemClock | None = None) -> list[Report]:
    """With `only`, that PBX and our own house. NotFound when there is no such PBX."""
    if only is not None and only not in settings.pbx:
        raise NotFound(f"no PBX is called {only!r}: the configuration has {', '.join(settings.pbx)}")
    examination = _Examination(settings, clock or SystemClock())
    wanted = {name: pbx for name, pbx in settings.pbx.items() if only in (None, name)}
    try:
        return await examination.reports(wanted)
    finally:
        await examination.close()


class _Examination:
    def __init__(self, settings: Settings, clock: SystemClock) -> None:
        self._settings = settings
        self._clock = clock
        self._state = Path(settings.state)
        self._us = premises.callreel_account(self._state)
        self._catalogue = Catalogue.open(catalogue_url(settings), now=clock.now)

    async def reports(self, wanted: Mapping[str, PbxSettings]) -> list[Report]:
        sizes = await self._bytes_per_day()
        parts = [(name, part) for name, pbx in wanted.items() for part in self._parts(name, pbx, sizes.get(name))]
        parts.append((OURSELVES, self._house()))
        async with asyncio.TaskGroup() as tasks:
            found = [(about, tasks.create_task(_collected(part))) for about, part in parts]
        return [
            Report(name, tuple(finding for about, task in found if about == name for finding in task.result()))
            for name in (*wanted, OURSELVES)
        ]

    async def close(self) -> None:
        await self._catalogue.close()

    async def _bytes_per_day(self) -> Mapping[str, float]:
        with suppress(ConnectorError, TimeoutError):
            async with asyncio.timeout(_CATALOGUE_SECONDS):
                return await premises.bytes_per_day(self._catalogue, self._clock.now())
        return {}

    async def _laid(self) -> Settings:
        """With what the API changed, as far as the catalogue can tell."""
        with suppress(ConnectorError, TimeoutError):
            async with asyncio.timeout(_CATALOGUE_SECONDS):
                return laid_over(self._settings, await self._catalogue.changed_settings.all(), {})
        return self._settings

    def _parts(self, name: str, pbx: PbxSettings, bytes_per_day: float | None) -> Sequence[AsyncIterator[Finding]]:
        """What is looked at there, at the same time."""
        ours = Circumstances(
            us=self._us,
            bytes_per_day=bytes_per_day,
            neighbours=tuple(self._neighbours()),
            plays_sounds=premises.plays_sounds(self._settings),
            places_calls=self._settings.api.outbound is not None and self._settings.api.outbound.pbx == name,
            fastagi_ports=frozenset({int(self._settings.capture.fastagi.rpartition(":")[2])}),
        )
        if pbx.asterisk is not None:
            from connector.pbx.asterisk.checks import AsteriskChecks

            return AsteriskChecks(name, pbx.asterisk, ours, self._clock).parts()
        if pbx.freeswitch is not None:
            from connector.pbx.freeswitch.checks import FreeSwitchChecks

            return FreeSwitchChecks(name, pbx.freeswitch, ours, self._clock).parts()
        return (_no_checks(),)

    async def _house(self) -> AsyncIterator[Finding]:
        now = self._clock.now()
        yield premises.pbx_finding(self._settings)
        yield premises.policy_finding(self._settings)
        for finding in premises.state_findings(self._state, self._us):
            yield finding
        for finding in watermark_findings(self._settings):
            yield finding
        yield await premises.catalogue_finding(self._catalogue, catalogue_url(self._settings))
        for finding in premises.role_findings(self._state, now):
            yield finding
        if any(pbx.asterisk is not None for pbx in self._settings.pbx.values()):
            is_running = premises.is_running(self._state, "capture", now)
            yield await premises.fastagi_finding(self._settings.capture.fastagi, is_capture_running=is_running)
        for finding in premises.destination_findings(self._settings, self._us):
            yield finding
        for finding in await engine_findings(await self._laid(), maker(self._state, self._clock)):
            yield finding

    def _neighbours(self) -> Iterator[tuple[str, Path]]:
        yield "the state folder", self._state
        for name, destination in self._settings.destinations.items():
            if folder := folder_of(destination.url):
                yield f"destination {name}", Path(folder)


def watermark_findings(settings: Settings, free: Callable[[Path], float] = free_percent) -> Iterator[Finding]:
    """Of every disk that files lie on until their copies are confirmed: how far it is from `local.least_room`."""
    least = settings.local.least_room_percent
    for whose, folder in _local_folders(settings):
        if not folder.is_dir():
            # Another check of that folder says so.
            continue
        percent = free(folder)
        what = f"{percent:.0f} % free at {folder} ({whose})"
        if percent < least:
            mend = "make room there, or lower local.least_room"
            what = f"only {what}: below local.least_room ({least:g} %) nothing is kept beyond its copies"
            yield warning("watermark", what, mend)
        else:
            yield ok("watermark", f"{what}; below {least:g} % nothing would be kept beyond its copies")


def _local_folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "state folder", Path(settings.state)
    for name, pbx in settings.pbx.items():
        # Files that are fetched lie in the state folder; the spool is another machine's.
        if pbx.asterisk is None or pbx.asterisk.files != "ari":
            yield f"spool of {name}", spool_folder(pbx)


async def _no_checks() -> AsyncIterator[Finding]:
    yield not_looked_at("pbx", "the scripted PBX is what it is")


async def _collected(findings: AsyncIterator[Finding]) -> list[Finding]:
    """What was found within the limit, and that it ended there."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            async for finding in findings:
                found.append(finding)  # noqa: PERF401  # what was found before the limit is kept
    except TimeoutError:
        found.append(not_looked_at("the rest", f"{LIMIT_SECONDS:.0f} s were over"))
    return found


def is_good(reports: Sequence[Report]) -> bool:
    """Whether nothing is bad."""
    return all(finding.level is not Level.BAD for report in reports for finding in report.findings)
