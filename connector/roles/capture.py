"""The role that listens to the PBXs and keeps their recorders: never encodes, never waits for a lock."""

import asyncio
import logging
import os
from pathlib import Path

from connector.catalogue.journal import Journal
from connector.catalogue.journal_writer import JournalWriter
from connector.catalogue.store import Catalogue
from connector.catalogue.version import check_version
from connector.config.house_rules import directory, policies
from connector.config.loading import load
from connector.domain.call import Call
from connector.domain.director import Director
from connector.domain.recorders import CaptureLimits
from connector.errors import CatalogueUnavailable
from connector.network.clock import SystemClock
from connector.ports.pbx import Pbx
from connector.roles import folder_lock, logs
from connector.roles.adapters import pbx_driver
from connector.roles.addresses import catalogue_url
from connector.roles.asterisks import Asterisks
from connector.roles.callbacks import LatePoster, LateVault, callbacks
from connector.roles.cycles import CycleSearch
from connector.roles.following import Overlay, follow_configuration
from connector.roles.lifeline import Lifeline, lifeline
from connector.services.asking import Asking
from connector.services.dialling import Dialling
from connector.services.instructing import Instructing
from connector.services.intake import Intake
from connector.services.obeying import Obeying
from connector.services.reports import write_report
from connector.settings import Settings

log = logging.getLogger(__name__)

#: A first start may come before anybody has written one: the page says how.
NO_PBX = "nothing is recorded: the configuration has no PBX"

#: How long the start waits for a catalogue that does not answer, before calls go on being recorded without it.
_MEMORY_SECONDS = 10.0
_REPORT_SECONDS = 2.0
_DRAIN_SECONDS = 10.0
_LAG_OF_NOTE = 5000


async def run(config: Path) -> None:
    """Until somebody asks to stop. The PBX goes on recording while we are away."""
    settings = load(config, os.environ)
    logs.set_up(settings.log.format, settings.log.level, mask_numbers=settings.log.mask_numbers)
    async with lifeline() as life:
        with folder_lock.held(Path(settings.state), "capture"):
            while not life.stop_requested.is_set():
                capture = Capture(settings)
                await capture.run(life, config)
                settings = capture.file


class Capture:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._has_memory = False
        self._clock = SystemClock()
        self._state = Path(settings.state)
        self._journal = Journal(self._state / "journal")
        self._catalogue = Catalogue.open(catalogue_url(settings), now=self._clock.now)
        self._overlay = Overlay(
            settings, self._catalogue.changed_settings, self._clock, copy=self._state / "settings.json"
        )
        self._writer = JournalWriter(self._journal, self._catalogue.calls, settings.node, self._clock)
        self._pbxs = [
            pbx_driver(name, pbx, self._clock, directory(settings, name).variables)
            for name, pbx in settings.pbx.items()
        ]
        rules = policies(settings)
        limits = CaptureLimits(
            verify_seconds=settings.capture.verify_seconds,
            close_seconds=settings.capture.close_seconds,
            regret_seconds=settings.capture.regret_seconds,
        )
        by_name: dict[str, Intake] = {}
        obeying = Obeying(by_name, LateVault(settings, self._catalogue, self._clock), self._clock)
        self._asking = Asking(callbacks(settings), obeying, LatePoster(self._clock), self._clock)
        self._dialling = Dialling(self._pbxs, self._journal, self._clock)
        self._intakes = [
            self._intake(pbx, Director(pbx.name, settings.node, directory(settings, pbx.name), rules, limits))
            for pbx in self._pbxs
        ]
        by_name |= {intake.pbx_name: intake for intake in self._intakes}
        self._asterisks = Asterisks(
            settings, self._pbxs, self._intakes, self._catalogue.shipping.known_paths, self._clock
        )

    @property
    def file(self) -> Settings:
        """The latest configuration that was read."""
        return self._overlay.file

    async def run(self, life: Lifeline, config: Path) -> None:
        await self._check_catalogue()
        await self._overlay.recall()
        self._overlay.follow(self._follow)
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(self._writer.run(), name="journal writer")]
            await self._remember()
            intakes = [tasks.create_task(intake.run(), name=f"intake {intake.pbx_name}") for intake in self._intakes]
            instructing = Instructing(
                self._catalogue.commands, self._intakes, self._clock, self._settings.node, self._dialling.take
            )
            following = follow_configuration(life, config, self._settings, self._overlay.reload)
            background += [
                tasks.create_task(instructing.run(), name="instructions"),
                tasks.create_task(self._report_for_ever(), name="reports"),
                tasks.create_task(following, name="configuration"),
                tasks.create_task(self._overlay.run(), name="settings by API"),
                tasks.create_task(self._asterisks.run(), name="what belongs to Asterisk"),
            ]
            life.ready()
            if not self._settings.pbx:
                log.warning(NO_PBX, extra={"config": str(config)})
            log.info("capture runs", extra={"node": self._settings.node, "pbxs": ", ".join(self._settings.pbx)})
            await self._until_over(life)
            await self._leave(intakes)
            for task in background:
                task.cancel()
        await self._catalogue.close()
        self._journal.close()

    def _intake(self, pbx: Pbx, director: Director) -> Intake:
        return Intake(pbx, director, self._journal, self._clock, self._noticed)

    def _noticed(self, call: Call) -> None:
        self._asking.noticed(call)
        self._dialling.noticed(call)

    async def _check_catalogue(self) -> None:
        """A wrong one is refused; one that does not answer is no reason not to record."""
        try:
            await check_version(self._catalogue.database)
        except CatalogueUnavailable as error:
            log.warning("catalogue unavailable", extra={"hint": str(error)})

    async def _remember(self) -> None:
        """Calls that an earlier process knew, from journal and catalogue."""
        if not await self._writer.drained(_MEMORY_SECONDS):
            log.error("capture starts without its memory: the catalogue does not answer")
            return
        self._has_memory = True
        for intake in self._intakes:
            known = await self._catalogue.calls.unfinished(self._settings.node, intake.pbx_name)
            decision = intake.director.adopt(known.calls, known.recordings, known.segments, self._clock.now())
            self._journal.append(decision.changes)
            self._asking.adopted(known.calls)
            if known.calls:
                facts = {"pbx": intake.pbx_name, "calls": len(known.calls), "recordings": len(known.recordings)}
                log.info("calls taken up again", extra=facts)

    async def _until_over(self, life: Lifeline) -> None:
        """Until somebody asks to stop. Without memory, until the catalogue is there: what an earlier process recorded
        has to be taken up, so everything begins anew; the PBXs go on recording meanwhile."""
        stop = asyncio.ensure_future(life.stop_requested.wait())
        recall = asyncio.ensure_future(self._recall())
        await asyncio.wait((stop, recall), return_when=asyncio.FIRST_COMPLETED)
        for waiting in (stop, recall):
            waiting.cancel()

    async def _recall(self) -> None:
        if self._has_memory:
            await asyncio.Event().wait()
        while not await self._writer.drained(_MEMORY_SECONDS):
            pass
        log.warning("capture begins anew with its memory: the catalogue answers")

    def _follow(self, settings: Settings) -> None:
        self._asking.follow(callbacks(settings))
        rules = policies(settings)
        for intake in self._intakes:
            if intake.pbx_name in settings.pbx:
                intake.director.follow(directory(settings, intake.pbx_name), rules)

    async def _report_for_ever(self) -> None:
        cycles = CycleSearch(self._clock.now())
        while True:
            self._report()
            cycles.rest(self._clock.now(), self._live_calls)
            if not any(intake.director.live_calls or intake.director.live_recordings for intake in self._intakes):
                self._clock.resettle()
            await self._clock.sleep_until(self._clock.now() + _REPORT_SECONDS)

    @property
    def _live_calls(self) -> int:
        return sum(intake.director.live_calls for intake in self._intakes)

    def _report(self) -> None:
        problems = [trouble for intake in self._intakes for trouble in intake.troubles()]
        problems += [*self._asterisks.troubles(), *self._asking.troubles()]
        if not self._pbxs:
            problems.append(NO_PBX)
        if self._writer.lag > _LAG_OF_NOTE:
            problems.append(f"the catalogue is {self._writer.lag} changes behind the journal")
        facts = {
            "at": self._clock.now(),
            "node": self._settings.node,
            "live_calls": self._live_calls,
            "live_recordings": sum(intake.director.live_recordings for intake in self._intakes),
            "pbxs": {intake.pbx_name: intake.standing() for intake in self._intakes},
            "journal_lag": self._writer.lag,
            "callbacks": {
                name: {"asked": one.asked, "answered": one.answered} for name, one in self._asking.counts.items()
            },
            "problems": problems,
        }
        write_report(self._state / "health", "capture", facts)

    async def _leave(self, intakes: list[asyncio.Task[None]]) -> None:
        """Take no more events, finish those at hand, bring the journal into the catalogue."""
        for pbx in self._pbxs:
            await pbx.close()
        await self._dialling.close()
        await self._asking.close()
        _, late = await asyncio.wait(intakes, timeout=_DRAIN_SECONDS)
        for intake in late:
            # A command that the PBX never answers must not keep us from leaving.
            intake.cancel()
        await self._writer.drained(_DRAIN_SECONDS)
        log.info("capture leaves; the PBXs go on recording")
