"""A destination tried out, of the configuration or not: nothing but it is opened, and nothing is kept but how it wants
to be spoken to."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from connector.catalogue.store import Catalogue
from connector.catalogue.version import check_version
from connector.config.addresses import place, template_of
from connector.domain.diagnosis import Finding, bad, ok, warning
from connector.domain.object_names import NameTemplate
from connector.errors import CatalogueMismatch, CatalogueUnavailable, ConfigError, DestinationRefused, NotFound
from connector.network.clock import SystemClock
from connector.network.fetching import HttpFetcher
from connector.ports.pins import Pin
from connector.roles.addresses import catalogue_url
from connector.roles.destinations import all_destinations
from connector.roles.stores import Stores, feeler_of, place_of_pins
from connector.services.probing import OnTrial, Probing
from connector.settings import DestinationSettings, Settings
from connector.storage.memory import MemoryUploads

#: What of a pin can be written into the configuration.
_WRITABLE = ("region", "addressing")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A destination of the configuration, or an address."""

    #: As it was asked for.
    name: str
    settings: DestinationSettings
    #: Where the catalogue is that keeps what is found out.
    house: Settings

    async def run(self, tell: Callable[[Finding], None]) -> Pin:
        """Each finding is told as soon as there is one. Returns what was pinned, or would have been: nothing when
        no recording can be stored there."""
        clock = SystemClock()
        try:
            stores = Stores(MemoryUploads(), clock)
            # Only to see whether it can be made at all.
            await stores.made(self.settings).close()
            feeler = feeler_of(self.settings)
        except DestinationRefused as error:
            tell(bad("credentials", str(error), "see docs/destinations.md"))
            return Pin()
        on_trial = OnTrial(
            folder=NameTemplate.parse(template_of(self.settings.url)).folder,
            opened=lambda pin: stores.made(self.settings, pin),
            feeler=feeler,
        )
        found = await Probing(HttpFetcher(self.settings.ca, self.settings.proxy), clock).run(on_trial, tell) or Pin()
        if found != Pin():
            tell(await self._kept(found))
        return found

    def written(self, pin: Pin) -> str:
        """The lines of config.yaml that say the same for good; empty where there are none."""
        said = {word: getattr(pin, word) for word in _WRITABLE if getattr(pin, word)}
        if not said:
            return ""
        section, _, own = self.name.partition(":")
        if "://" in self.name:
            path, said = ["destinations", "NAME"], {"url": self.settings.url, **said}
        elif section == "organisation" and own:
            path = ["organisations", own, "destination"]
        else:
            path = ["destinations", self.name]
        lines = [
            *(f"{_yaml(word)}:" for word in path),
            *(f"{word}: {json.dumps(value)}" for word, value in said.items()),
        ]
        return "\n".join("  " * min(depth, len(path)) + line for depth, line in enumerate(lines))

    async def _kept(self, pin: Pin) -> Finding:
        """Whoever stores there from now on does so."""
        catalogue = Catalogue.open(catalogue_url(self.house))
        try:
            await check_version(catalogue.database)
            await catalogue.pins.keep(place_of_pins(self.settings), pin)
        except (CatalogueUnavailable, CatalogueMismatch) as error:
            return warning("pinned", f"nothing: {error}", "then test again, or write it into config.yaml")
        finally:
            await catalogue.close()
        return ok("pinned", f"{_told(pin)}; all that is stored there from now on is stored so, until the next test")


def wanted(settings: Settings, name: str, credentials: str | None) -> Trial:
    """Of what the configuration calls so, or of that URL, with the credentials of that name."""
    if "://" not in name:
        found = _named(settings, name)
    else:
        try:
            found = DestinationSettings(url=place(name))
        except ValueError as error:
            raise ConfigError(str(error)) from None
    return Trial(name=name, settings=_with_credentials(found, settings, credentials), house=settings)


def _named(settings: Settings, name: str) -> DestinationSettings:
    known = all_destinations(settings)
    if name not in known:
        raise NotFound(f"no destination is called {name!r}: the configuration has {', '.join(known)}")
    return known[name]


def _with_credentials(one: DestinationSettings, settings: Settings, name: str | None) -> DestinationSettings:
    if name is None:
        return one
    if name not in settings.credentials:
        known = ", ".join(settings.credentials) or "none"
        raise NotFound(f"there are no credentials called {name!r}: the configuration has {known}")
    return replace(one, credentials=settings.credentials[name])


def _told(pin: Pin) -> str:
    said = {
        "region": pin.region,
        "addressing": pin.addressing,
        "If-None-Match": pin.conditions,
        "Content-MD5": pin.checksums,
    }
    return ", ".join(f"{what} {word}" for what, word in said.items() if word)


def _yaml(word: str) -> str:
    """As a key: quoted where it could be taken for anything but a word."""
    is_plain = _PLAIN.fullmatch(word) and word.lower() not in _NO_WORDS
    return word if is_plain else json.dumps(word, ensure_ascii=False)
