"""The role that answers HTTP."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from connector import __version__
from connector.catalogue.version import check_version
from connector.config.loading import load
from connector.errors import CatalogueUnavailable
from connector.roles import logs
from connector.roles.first_key import print_first_key
from connector.roles.following import follow_configuration
from connector.roles.foundation import Foundation
from connector.roles.lifeline import Lifeline, lifeline
from connector.roles.rooms import rooms
from connector.roles.server import Server
from connector.roles.web_house import WebHouse, furnished
from connector.services.reports import write_report
from connector.settings import Settings
from connector.web.app import application, served
from connector.web.metrics import RequestNumbers

log = logging.getLogger(__name__)

_REPORT_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 2.0


async def run(config: Path) -> None:
    """Until somebody asks to stop."""
    settings = load(config, os.environ)
    logs.set_up(settings.log.format, settings.log.level, mask_numbers=settings.log.mask_numbers)
    async with lifeline() as life, furnished(settings) as house:
        await _serve(house, config, life)


async def _serve(house: WebHouse, config: Path, life: Lifeline) -> None:
    ground, settings = house.ground, house.ground.settings
    numbers = RequestNumbers()
    app = application(rooms(house, numbers), __version__)
    server = Server(served(app, settings.api, numbers, ground.clock), settings.api)
    await ground.overlay.recall()
    ground.overlay.follow(ground.destinations.follow)
    await server.start()
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(
                follow_configuration(life, config, settings, _reload(ground, server)), name="configuration"
            ),
            tasks.create_task(ground.overlay.run(), name="settings by API"),
            tasks.create_task(house.events.run(), name="live events"),
            tasks.create_task(_report_for_ever(ground), name="reports"),
            tasks.create_task(_make_first_key(ground), name="first key"),
        ]
        _forget_no_beginnings()
        life.ready()
        log.info("web runs", extra={"listen": settings.api.listen})
        await server.serve_until(life.stop_requested)
        house.events.close()
        await server.stop()
        for task in background:
            task.cancel()


def _forget_no_beginnings() -> None:
    """What is there now is there to the end: looking for garbage among it would hold up a request for 80 ms."""
    gc.collect()
    gc.freeze()


def _reload(ground: Foundation, server: Server) -> Callable[[Settings], None]:
    def reload(settings: Settings) -> None:
        ground.overlay.reload(settings)
        server.reload()

    return reload


async def _make_first_key(ground: Foundation) -> None:
    """As soon as the catalogue can keep one."""
    while True:
        try:
            await check_version(ground.catalogue.database)
            await print_first_key(ground.catalogue.accounts, ground.clock, sys.stderr, ground.auditing)
        except CatalogueUnavailable:
            await ground.clock.sleep_until(ground.clock.now() + _LOOK_AGAIN_SECONDS)
        else:
            return


async def _report_for_ever(ground: Foundation) -> None:
    """For doctor: that we live. What is wrong is asked of us over HTTP."""
    while True:
        facts = {"at": ground.clock.now(), "node": ground.settings.node, "problems": ground.auditing.troubles()}
        write_report(ground.state / "health", "web", facts)
        await ground.clock.sleep_until(ground.clock.now() + _REPORT_SECONDS)
