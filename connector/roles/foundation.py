"""What every role but capture stands on: the catalogue, destinations as the configuration of now says, and what is
written down of who did what. Knows no work and no route."""

from dataclasses import dataclass
from pathlib import Path

from connector.catalogue.store import Catalogue
from connector.catalogue.vault import VaultRows
from connector.config.retention_terms import retention_terms
from connector.domain.retention import Terms
from connector.network.clock import SystemClock
from connector.roles.addresses import catalogue_url, public_url
from connector.roles.destinations import ConfiguredDestinations, Watched, unwatched
from connector.roles.following import Overlay
from connector.roles.house_key import house_key
from connector.roles.stores import Stores
from connector.services.audit_head import NAME, AuditHead
from connector.services.auditing import Auditing
from connector.services.erasing import Erasing
from connector.services.erasure_book import ErasureBook
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup
from connector.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    #: As the file said at the start; `overlay.settings` are those of now.
    settings: Settings
    state: Path
    clock: SystemClock
    catalogue: Catalogue
    vault: VaultRows
    destinations: ConfiguredDestinations
    overlay: Overlay
    links: FileLinks
    fetching: Fetching
    lookup: Lookup
    auditing: Auditing
    erasing: Erasing

    def terms(self) -> Terms:
        """For how long recordings are kept, as of now."""
        return retention_terms(self.overlay.settings)

    def hour(self) -> tuple[str, str]:
        """When the daily job runs, and of which zone that is."""
        return self.overlay.settings.retention.daily_at, self.overlay.settings.timezone

    async def close(self) -> None:
        await self.auditing.close()
        await self.destinations.close()
        await self.catalogue.close()


def laid(settings: Settings, clock: SystemClock, watched: Watched = unwatched) -> Foundation:
    """Nothing is connected before it is used. `watched` may measure what each destination does."""
    state = Path(settings.state)
    catalogue = Catalogue.open(catalogue_url(settings), now=clock.now)
    key = house_key(settings)
    vault = VaultRows(catalogue.database, key, clock.now)
    stores = Stores(catalogue.uploads, clock, catalogue.pins, settings.api.storage_allow_private)
    destinations = ConfiguredDestinations(settings, vault, stores.made, watched)
    links = FileLinks(public_url(settings), key, clock)
    fetching = Fetching(catalogue.shipping, destinations, links)
    lookup = Lookup(catalogue.call_search, fetching)
    auditing = Auditing(catalogue.audit, clock, AuditHead(state / NAME, key, clock))
    return Foundation(
        settings=settings,
        state=state,
        clock=clock,
        catalogue=catalogue,
        vault=vault,
        destinations=destinations,
        overlay=Overlay(settings, catalogue.changed_settings, clock, vault=vault),
        links=links,
        fetching=fetching,
        lookup=lookup,
        auditing=auditing,
        erasing=Erasing(catalogue.erasures, catalogue.keeping, lookup, ErasureBook(state), auditing, clock),
    )
