"""Every room of the API, with the services behind its door. Knows routers and services; what they do is theirs."""

from fastapi import APIRouter

from connector import __version__
from connector.config.engine_rules import engines_of
from connector.config.house_rules import organisations
from connector.roles.foundation import Foundation
from connector.roles.web_house import WebHouse
from connector.services.converting import Converting
from connector.services.exporting import Exporting
from connector.services.listenings import Listenings
from connector.services.marking import Marking
from connector.services.ordering import Ordering
from connector.services.organisation_names import OrganisationNames
from connector.services.person_files import PersonFiles
from connector.services.placing import Placing
from connector.services.rehearing import Rehearing
from connector.services.replaying import Replaying
from connector.services.reviving import AskedRevival, Reviving
from connector.services.sinch_signatures import SinchSignatures
from connector.services.waveforms import DRAWING, Waveforms
from connector.web.audit import audit_router
from connector.web.batch import batch_router
from connector.web.calls import calls_router
from connector.web.compat import BehindDoors, compatible_doors
from connector.web.conferences import conferences_router
from connector.web.control import control_router
from connector.web.door import Door
from connector.web.erasure import erasure_router
from connector.web.files import files_router
from connector.web.health import health_router
from connector.web.house_health import house_health_router
from connector.web.idempotency import Once
from connector.web.keeping import keeping_router
from connector.web.keys import keys_router
from connector.web.live import live_router
from connector.web.marks import marks_router
from connector.web.metrics import RequestNumbers, metrics_router
from connector.web.notifications import notifications_router
from connector.web.outbound import outbound_router
from connector.web.pages import BUILT, BuiltPage, page_router
from connector.web.recordings import recordings_router
from connector.web.retries import retries_router
from connector.web.session import Surroundings, session_router
from connector.web.session_cookie import SessionCookies
from connector.web.settings import settings_router
from connector.web.statistics import statistics_router
from connector.web.streams import streams_router
from connector.web.transcripts import transcripts_router
from connector.web.waveforms import waveforms_router

#: Below the prefix that nginx knows: each destination is a folder of its own.
_EACH_DESTINATION = "{destination}/"


def rooms(house: WebHouse, numbers: RequestNumbers) -> list[APIRouter]:
    ground, cookies = house.ground, _cookies(house)
    door = Door(house.doorkeeper, cookies)
    catalogue, clock, auditing, lookup = ground.catalogue, ground.clock, ground.auditing, ground.lookup
    once = Once(door, catalogue.requests, clock)
    ordering = Ordering(catalogue.commands, ground.vault, auditing, clock)
    api = ground.settings.api
    return [
        health_router(house.health, door, is_open=api.open_metrics),
        metrics_router(house.health, numbers, door, is_open=api.open_metrics),
        house_health_router(door, house.house_health),
        statistics_router(door, house.statistics, clock),
        *_sound(ground, door, once),
        calls_router(door, lookup, auditing),
        marks_router(once, Marking(catalogue.call_marks, lookup, auditing, clock)),
        control_router(door, once, lookup, ordering),
        conferences_router(door, once, lookup, ordering),
        *_care(house, door, once),
        live_router(house.events, door),
        # Other services' clients show keys: a browser's cookie opens nothing there.
        compatible_doors(api.doors, _behind_doors(house, Door(house.doorkeeper), ordering)),
        *(_page(house, door, cookies) if cookies else []),
    ]


def _cookies(house: WebHouse) -> SessionCookies | None:
    """None where the API is alone: then nobody carries any."""
    api = house.ground.settings.api
    return SessionCookies(house.sessions, api.public_url) if api.page else None


def _page(house: WebHouse, door: Door, cookies: SessionCookies) -> list[APIRouter]:
    ground = house.ground
    around = Surroundings(
        version=__version__,
        organisations=lambda: organisations(ground.overlay.settings),
        may_place_calls=lambda: ground.overlay.settings.api.outbound is not None,
    )
    return [
        session_router(door, cookies, house.sessions, ground.auditing, around),
        page_router(BuiltPage(BUILT)),
    ]


def _sound(ground: Foundation, door: Door, once: Once) -> list[APIRouter]:
    hand_over = ground.settings.api.hand_over and ground.settings.api.hand_over + _EACH_DESTINATION
    fetching, lookup, auditing, catalogue = ground.fetching, ground.lookup, ground.auditing, ground.catalogue
    persons = PersonFiles(catalogue.call_search, catalogue.erasures, catalogue.notifications, catalogue.audit, auditing)
    return [
        files_router(ground.links, fetching, auditing, hand_over),
        # Before what takes any word for a recording's id.
        batch_router(door, Exporting(catalogue.call_search, fetching, auditing), persons, ground.clock),
        recordings_router(door, lookup, fetching, auditing),
        streams_router(door, lookup, fetching, Converting(), Listenings(auditing, ground.clock), hand_over),
        waveforms_router(door, lookup, fetching, Waveforms(ground.state, fetching, Converting(DRAWING, 1))),
        transcripts_router(door, once, lookup, catalogue.transcriptions, _rehearing(ground), auditing),
    ]


def _rehearing(ground: Foundation) -> Rehearing:
    def engines(organisation: str) -> tuple[str, ...]:
        return engines_of(ground.overlay.settings, organisation)

    return Rehearing(ground.catalogue.transcriptions, ground.lookup, engines, ground.auditing, ground.clock)


def _care(house: WebHouse, door: Door, once: Once) -> list[APIRouter]:
    ground = house.ground
    catalogue, clock, overlay, node = ground.catalogue, ground.clock, ground.overlay, ground.settings.node
    replaying = Replaying(catalogue.notifications, lambda: overlay.settings.notifications, clock)
    placing = Placing(catalogue.commands, ground.auditing, lambda: overlay.settings.api.outbound, node, clock)
    return [
        keeping_router(door, house.recording_keeper),
        retries_router(door, _revival(ground)),
        erasure_router(door, ground.erasing),
        settings_router(door, house.house_settings),
        keys_router(door, house.keys, clock),
        audit_router(door, ground.auditing),
        notifications_router(replaying, door),
        outbound_router(door, once, placing),
    ]


def _revival(ground: Foundation) -> AskedRevival:
    catalogue = ground.catalogue
    reviving = Reviving(catalogue.shipping, catalogue.dues, ground.destinations, ground.clock)
    return AskedRevival(reviving, catalogue.shipping, ground.lookup, ground.auditing)


def _behind_doors(house: WebHouse, door: Door, ordering: Ordering) -> BehindDoors:
    ground = house.ground
    return BehindDoors(
        door=door,
        keeper=house.doorkeeper,
        signatures=SinchSignatures(house.doorkeeper, ground.clock),
        lookup=ground.lookup,
        auditing=ground.auditing,
        ordering=ordering,
        settings=house.house_settings,
        links=ground.links,
        names=OrganisationNames(lambda: ground.overlay.settings.organisations),
        clock=ground.clock,
    )
