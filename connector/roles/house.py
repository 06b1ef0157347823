"""What work and the command line share: the foundation, and the services that render, ship and remove."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.audio.workshop import EncoderProcesses
from connector.catalogue.store import Catalogue
from connector.catalogue.vault import VaultRows
from connector.catalogue.version import check_version
from connector.config.loading import load
from connector.network.clock import SystemClock
from connector.ports.segment_source import SegmentSource
from connector.roles.adapters import segment_source
from connector.roles.destinations import ConfiguredDestinations
from connector.roles.engines import ConfiguredEngines, maker
from connector.roles.following import Overlay
from connector.roles.foundation import laid
from connector.services.auditing import Auditing
from connector.services.channel_sounds import ChannelSounds
from connector.services.erasing import Erasing
from connector.services.fetching import Fetching
from connector.services.health import Health
from connector.services.lookup import Lookup
from connector.services.remaking import Remaking
from connector.services.removing import Removing
from connector.services.rendering import Renderer
from connector.services.retention import Retention
from connector.services.reviving import Reviving
from connector.services.shipping import Shipping
from connector.services.storing import Storing
from connector.services.telling import Telling
from connector.services.transcribing import Transcribing
from connector.services.transcript_filing import TranscriptFiling
from connector.settings import Settings
from connector.storage.meters import Meters


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    settings: Settings
    overlay: Overlay
    clock: SystemClock
    catalogue: Catalogue
    vault: VaultRows
    destinations: ConfiguredDestinations
    sources: Mapping[str, SegmentSource]
    workshop: EncoderProcesses
    shipping: Shipping
    reviving: Reviving
    removing: Removing
    fetching: Fetching
    lookup: Lookup
    telling: Telling
    engines: ConfiguredEngines
    transcribing: Transcribing
    auditing: Auditing
    erasing: Erasing
    retention: Retention
    health: Health
    meters: Meters

    def follow(self, settings: Settings) -> None:
        """What the configuration says from now on."""
        self.destinations.follow(settings)
        self.engines.follow(settings)


@asynccontextmanager
async def opened(config: Path) -> AsyncIterator[House]:
    """The house by that configuration file; the catalogue must be there and of our version."""
    settings = load(config, os.environ)
    async with built(settings) as house:
        await check_version(house.catalogue.database)
        await house.overlay.recall()
        house.overlay.follow(house.follow)
        yield house


@asynccontextmanager
async def built(settings: Settings) -> AsyncIterator[House]:
    """Everything put together; nothing is connected or started before it is used."""
    clock = SystemClock()
    meters = Meters(clock)
    ground = laid(settings, clock, meters.over)
    state, catalogue, destinations = ground.state, ground.catalogue, ground.destinations
    shipping, dues = catalogue.shipping, catalogue.dues
    sources = {name: segment_source(name, pbx, state, clock) for name, pbx in settings.pbx.items()}
    workshop = EncoderProcesses(settings.encoders)
    # What is made to be heard waits for no encoder, and no encoder for it.
    apart = EncoderProcesses(1)
    renderer = Renderer(sources, workshop, state)
    storing = Storing(shipping, destinations, clock, state)
    remaking = Remaking(shipping, catalogue.transcriptions, renderer, storing, state)
    engines = ConfiguredEngines(settings, maker(state, clock))
    telling = Telling(shipping, dues, catalogue.notifications, lambda: destinations.settings.notifications, clock)
    try:
        yield House(
            settings=settings,
            overlay=ground.overlay,
            clock=clock,
            catalogue=catalogue,
            vault=ground.vault,
            destinations=destinations,
            sources=sources,
            workshop=workshop,
            shipping=Shipping(shipping, dues, renderer, storing, remaking, destinations, clock, state),
            reviving=Reviving(shipping, dues, destinations, clock),
            removing=Removing(shipping, dues, sources, destinations, clock, state),
            fetching=ground.fetching,
            lookup=ground.lookup,
            telling=telling,
            engines=engines,
            transcribing=Transcribing(
                catalogue.transcriptions,
                shipping,
                dues,
                ChannelSounds(Renderer(sources, apart, state), ground.fetching, apart, state),
                engines,
                TranscriptFiling(shipping, dues, sources, destinations, clock, state),
                clock,
            ),
            auditing=ground.auditing,
            erasing=ground.erasing,
            retention=Retention(catalogue.keeping, ground.terms, ground.hour, ground.auditing, clock),
            health=Health(catalogue.search, dues, clock, state),
            meters=meters,
        )
    finally:
        await engines.close()
        await apart.close()
        await workshop.close()
        for source in sources.values():
            await source.close()
        await ground.close()
