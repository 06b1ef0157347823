"""The role that renders, ships and tidies up: everything that may take its time."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from connector.catalogue.version import check_version
from connector.config.loading import load
from connector.domain.notification import TELLING
from connector.domain.products import WITHDRAWING
from connector.domain.transcript import TRANSCRIBING
from connector.engine.dbos import DbosEngine
from connector.engine.takeover import Leadership, Takeover
from connector.errors import CatalogueUnavailable
from connector.network.posting import HttpPoster
from connector.ports.engine import Plans
from connector.ports.request_book import KEPT_SECONDS
from connector.roles import folder_lock, logs
from connector.roles.adapters import spool_folder
from connector.roles.addresses import engine_url
from connector.roles.destinations import all_destinations
from connector.roles.following import follow_configuration
from connector.roles.house import House, built
from connector.roles.lifeline import Lifeline, lifeline
from connector.roles.stores import unusable
from connector.services.forwarding import Forwarder
from connector.services.janitor import Janitor, Memory
from connector.services.main_links import MainLinks
from connector.services.notifying import Notifying
from connector.services.patience import patient
from connector.services.reconciling import name_unknown, unknown_files
from connector.services.reports import write_report
from connector.services.side_line import SideLine
from connector.settings import Settings

log = logging.getLogger(__name__)

#: Pieces of work at once: the encoders are the limit, and a few more keep them fed while others store.
_AT_ONCE = 8
_REPORT_SECONDS = 2.0
_DRAIN_SECONDS = 20.0
_FILES_NAMED = 20
_LOOK_AGAIN_SECONDS = 60.0
#: An order's id acts once for so long.
_ORDERS_KEPT_SECONDS = 30 * 86_400.0

Around = Callable[[Plans], Plans]


async def run(config: Path, around: Around = lambda plans: plans) -> None:
    """Until somebody asks to stop. `around` may wrap every step: the fault tests' way to die at each of them."""
    settings = load(config, os.environ)
    logs.set_up(settings.log.format, settings.log.level, mask_numbers=settings.log.mask_numbers)
    async with lifeline() as life, built(settings) as house:
        with folder_lock.held(Path(settings.state), "work"):
            await Work(house, around).run(life, config)


def plans(house: House) -> Plans:
    """Every kind of work and its steps."""
    removing = house.removing
    return {"ship": house.shipping.steps, "remove": removing.steps, WITHDRAWING: removing.withdrawal}


def direct_plans(house: House) -> Plans:
    """What needs no engine."""
    return {TELLING: house.telling.steps}


def side_plans(house: House) -> Plans:
    """What takes so long that nothing else may wait behind it."""
    return {TRANSCRIBING: house.transcribing.steps}


class Work:
    def __init__(self, house: House, around: Around) -> None:
        settings = house.settings
        self._house = house
        self._around = around
        self._engine = DbosEngine(engine_url(settings), settings.node, _AT_ONCE)
        direct = around(direct_plans(house))
        beside = around(side_plans(house))
        dues = house.catalogue.dues
        self._forwarder = Forwarder(dues, self._engine, house.clock, settings.node, direct, aside=[*beside])
        self._side_lines = [
            SideLine(kind, steps, dues, house.clock, settings.node, lambda: house.engines.at_once)
            for kind, steps in beside.items()
        ]
        self._janitor = Janitor(
            house.catalogue.shipping,
            house.catalogue.dues,
            self._engine,
            house.removing,
            house.catalogue.notifications,
            house.vault,
            house.clock,
            node=settings.node,
            folder=Path(settings.state),
            keep_local_seconds=settings.local.keep_seconds,
            least_room_percent=settings.local.least_room_percent,
            spools=[spool_folder(pbx) for pbx in settings.pbx.values()],
            memories=[
                Memory(seconds=KEPT_SECONDS, forget=house.catalogue.requests.forget),
                Memory(seconds=_ORDERS_KEPT_SECONDS, forget=house.catalogue.commands.forget),
            ],
        )
        self._poster = HttpPoster(house.clock)
        self._notifying = Notifying(
            house.catalogue.notifications,
            self._poster,
            lambda: house.destinations.settings.notifications,
            MainLinks(house.catalogue.shipping, house.fetching),
            house.clock,
            settings.node,
        )
        self._unknown: list[tuple[str, str]] = []

    async def run(self, life: Lifeline, config: Path) -> None:
        await self._wait_for_catalogue(life)
        if life.stop_requested.is_set():
            return
        overlay = self._house.overlay
        await overlay.recall()
        overlay.follow(self._follow)
        async with AsyncExitStack() as stack:
            takeover = await self._claimed(stack)
            stack.push_async_callback(self._poster.close)
            await self._engine.start(patient(self._around(plans(self._house)), self._house.clock))
            await self._reconcile()
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(self._forwarder.run(), name="forwarder"),
                    *(tasks.create_task(line.run(), name="side line") for line in self._side_lines),
                    tasks.create_task(self._janitor.run(), name="janitor"),
                    tasks.create_task(self._notifying.run(), name="notifications"),
                    tasks.create_task(self._house.retention.run_for_ever(), name="retention"),
                    tasks.create_task(self._house.erasing.run_for_ever(), name="erasures"),
                    tasks.create_task(self._report_for_ever(), name="reports"),
                    tasks.create_task(self._look_again_for_ever(), name="unknown files"),
                    tasks.create_task(
                        follow_configuration(life, config, self._house.settings, overlay.reload), name="configuration"
                    ),
                    tasks.create_task(overlay.run(), name="settings by API"),
                ]
                if takeover is not None:
                    background.append(tasks.create_task(takeover.run(), name="takeover"))
                life.ready()
                log.info("work runs", extra={"node": self._house.settings.node})
                await life.stop_requested.wait()
                background[0].cancel()
                await self._engine.drain(_DRAIN_SECONDS)
                for task in background:
                    task.cancel()
        log.info("work leaves")

    async def _wait_for_catalogue(self, life: Lifeline) -> None:
        """A wrong catalogue is refused; one that does not answer is waited for."""
        wait = 1.0
        is_there = False
        while not is_there and not life.stop_requested.is_set():
            try:
                await check_version(self._house.catalogue.database)
                is_there = True
            except CatalogueUnavailable as error:
                log.warning("catalogue unavailable", extra={"hint": str(error)})
                await self._house.clock.sleep_until(self._house.clock.now() + wait)
                wait = min(2 * wait, 10.0)

    async def _claimed(self, stack: AsyncExitStack) -> Takeover | None:
        """Beyond one machine: nobody else works under our name, and we look after those that died."""
        url = engine_url(self._house.settings)
        if url.startswith("sqlite"):
            return None
        nodes, clock, node = self._house.catalogue.nodes, self._house.clock, self._house.settings.node
        takeover = Takeover(self._engine, nodes, clock, node, Leadership(url))
        await takeover.claim()
        stack.push_async_callback(takeover.leave)
        return takeover

    async def _reconcile(self) -> None:
        found = await unknown_files(self._house.catalogue.shipping, self._house.sources)
        name_unknown(found)
        self._unknown = [(pbx, path) for pbx, paths in found.items() for path in paths]
        taken_up = await self._janitor.take_up_stuck()
        taken_up += await self._house.transcribing.begin(self._house.settings.node)
        log.info("reconciled", extra={"unknown_files": len(self._unknown), "taken_up": taken_up})

    async def _look_again_for_ever(self) -> None:
        """Whether somebody has tidied up what nobody knew at the start. New files are not asked for: a recorder's file
        is there before the catalogue knows it."""
        clock = self._house.clock
        while True:
            await clock.sleep_until(clock.now() + _LOOK_AGAIN_SECONDS)
            if self._unknown:
                with suppress(CatalogueUnavailable):
                    found = await unknown_files(self._house.catalogue.shipping, self._house.sources)
                    self._unknown = [(pbx, path) for pbx, path in self._unknown if path in found.get(pbx, [path])]

    def _follow(self, settings: Settings) -> None:
        self._house.follow(settings)
        self._notifying.follow()

    async def _report_for_ever(self) -> None:
        clock = self._house.clock
        while True:
            wanted = all_destinations(self._house.destinations.settings)
            problems = [f"destination {name}: {reason}" for name, reason in unusable(wanted).items()]
            if self._unknown:
                named = ", ".join(f"{pbx}: {path}" for pbx, path in self._unknown[:_FILES_NAMED])
                problems.append(f"{len(self._unknown)} files that no recording refers to: {named}")
            told = await self._notifying.report()
            facts = {
                "at": clock.now(),
                "node": self._house.settings.node,
                "notifications": {
                    "waiting": told.waiting,
                    "dead": told.dead,
                    "endpoints_down": told.down,
                    "delivered": told.delivered,
                    "failed": told.failed,
                },
                "problems": [*problems, *told.problems, *self._house.auditing.troubles()],
                "destinations": self._house.meters.numbers,
            }
            write_report(Path(self._house.settings.state) / "health", "work", facts)
            await clock.sleep_until(clock.now() + _REPORT_SECONDS)
