"""What the web role has of services: the foundation, and who lets in, keeps, changes and tells. Knows no route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connector.config.house_rules import organisations
from connector.network.clock import SystemClock
from connector.roles.equipment import equipment
from connector.roles.foundation import Foundation, laid
from connector.roles.house_key import house_key
from connector.roles.storage_trial import BucketTrial
from connector.services.doorkeeping import Doorkeeping
from connector.services.health import Health, RecentHealth
from connector.services.house_health import HouseHealth
from connector.services.house_settings import HouseSettings
from connector.services.keeping import RecordingKeeper
from connector.services.keys import Keys
from connector.services.live_events import LiveEvents
from connector.services.sessions import Sessions
from connector.services.statistics import Statistics
from connector.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHouse:
    ground: Foundation
    health: RecentHealth
    house_health: HouseHealth
    statistics: Statistics
    doorkeeper: Doorkeeping
    keys: Keys
    sessions: Sessions
    house_settings: HouseSettings
    recording_keeper: RecordingKeeper
    events: LiveEvents


@asynccontextmanager
async def furnished(settings: Settings) -> AsyncIterator[WebHouse]:
    """Nothing is asked of the catalogue before it is used; what is open is closed in the end."""
    ground = laid(settings, SystemClock())
    catalogue, vault, auditing, clock = ground.catalogue, ground.vault, ground.auditing, ground.clock
    doorkeeper = Doorkeeping(catalogue.accounts, vault, clock, per_second=settings.api.requests_per_second)
    trial = BucketTrial(clock, catalogue.pins, settings.api.storage_allow_private)
    house_settings = HouseSettings(
        catalogue.changed_settings, catalogue.seen_agents, vault, ground.overlay, trial, auditing, clock
    )
    events = LiveEvents(catalogue.changes, catalogue.accounts, clock)
    keys = Keys(
        catalogue.accounts,
        vault,
        auditing,
        clock,
        changed=doorkeeper.key_changed,
        organisations=lambda: organisations(ground.overlay.settings),
    )
    keeper = RecordingKeeper(catalogue.keeping, ground.lookup, ground.erasing, ground.terms, auditing, clock)
    health = RecentHealth(Health(catalogue.search, catalogue.dues, clock, ground.state), clock)
    try:
        yield WebHouse(
            ground=ground,
            health=health,
            house_health=HouseHealth(
                health, catalogue.health, lambda whose: equipment(ground.overlay.settings, whose), clock
            ),
            statistics=Statistics(catalogue.statistics, clock),
            doorkeeper=doorkeeper,
            keys=keys,
            sessions=Sessions(house_key(settings), clock),
            house_settings=house_settings,
            recording_keeper=keeper,
            events=events,
        )
    finally:
        events.close()
        await house_settings.close()
        await doorkeeper.close()
        await ground.close()
