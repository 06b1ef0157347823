"""Doors that look like other services' APIs: their clients change the address and the key. Which are open, the
configuration says."""

from dataclasses import dataclass

from fastapi import APIRouter

from connector.ports.clock import Clock
from connector.services.file_links import FileLinks
from connector.services.house_settings import HouseSettings
from connector.services.lookup import Lookup
from connector.services.ordering import Ordering
from connector.services.organisation_names import OrganisationNames
from connector.services.sinch_signatures import SinchSignatures
from connector.settings.doors import DoorSettings
from connector.web.compat.dialgen import dialgen_router
from connector.web.compat.osmtalk import osmtalk_router
from connector.web.compat.osmtalk_storage import osmtalk_storage_router
from connector.web.compat.reception import Auditing, Reception
from connector.web.compat.sinch_calls import sinch_calls_router
from connector.web.compat.sinch_conferences import sinch_conferences_router
from connector.web.compat.sinch_entry import SinchEntry, SinchKeeper
from connector.web.compat.sinch_orders import SinchOrders
from connector.web.compat.talkturo import talkturo_router
from connector.web.door import Door

__all__ = ["BehindDoors", "compatible_doors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindDoors:
    """What the doors lead to."""

    door: Door
    keeper: SinchKeeper
    signatures: SinchSignatures
    lookup: Lookup
    auditing: Auditing
    ordering: Ordering
    settings: HouseSettings
    links: FileLinks
    names: OrganisationNames
    clock: Clock


def compatible_doors(switches: DoorSettings, house: BehindDoors) -> APIRouter:
    """Those that are open."""
    router = APIRouter()
    if switches.osmtalk:
        router.include_router(osmtalk_router(house.door, _reception(house, "osmtalk")))
        router.include_router(osmtalk_storage_router(house.door, house.settings))
    if switches.dialgen:
        router.include_router(dialgen_router(house.door, _reception(house, "dialgen"), house.names))
    if switches.sinch:
        router.include_router(_sinch(house))
    if switches.talkturo:
        router.include_router(talkturo_router(house.door, _reception(house, "talkturo"), house.settings, house.links))
    return router


def _sinch(house: BehindDoors) -> APIRouter:
    entry, reception = SinchEntry(house.keeper, house.signatures), _reception(house, "sinch")
    orders = SinchOrders(reception, house.ordering)
    router = APIRouter()
    router.include_router(sinch_calls_router(entry, reception, orders))
    router.include_router(sinch_conferences_router(entry, reception, orders, house.clock))
    return router


def _reception(house: BehindDoors, service: str) -> Reception:
    return Reception(house.lookup, house.auditing, service)
