"""The destinations of the configuration, by name, as it changes; and those of earlier that still hold recordings."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.config.addresses import bucket_of, template_of
from connector.config.house_rules import destination_names, may_use, organisation_settings, organisations
from connector.domain.object_names import NameTemplate
from connector.domain.recording import Delivery, Recording
from connector.domain.secret import Secret
from connector.errors import DestinationRefused, SecretLost
from connector.ports.destinations import Destination
from connector.ports.object_store import ObjectStore
from connector.ports.vault import Vault
from connector.roles import places
from connector.settings import DestinationSettings, Settings

log = logging.getLogger(__name__)

#: What a recording's own `destinationUrl` is called; no name of the configuration has a colon at its end.
CALLS_OWN = "call:"

Made = Callable[[DestinationSettings], ObjectStore]
#: A destination's store, watched under its name.
Watched = Callable[[str, ObjectStore], ObjectStore]


def unwatched(_name: str, store: ObjectStore) -> ObjectStore:
    return store


@dataclass(frozen=True, slots=True)
class _Described:
    """Settings, and what they come to: a list of a hundred calls asks for it a hundred times."""

    settings: DestinationSettings
    template: NameTemplate
    #: As the vault gets it.
    written: Secret

    @staticmethod
    def of(settings: DestinationSettings) -> "_Described":
        return _Described(settings, NameTemplate.parse(template_of(settings.url)), places.written(settings))


class ConfiguredDestinations:
    """The Destinations port. A store is kept while anybody may ask for it with the same settings."""

    def __init__(self, settings: Settings, vault: Vault, made: Made, watched: Watched = unwatched) -> None:
        self._vault = vault
        self._made = made
        self._watched = watched
        self._settings = settings
        self._wanted: dict[str, _Described] = {}
        #: By what the vault calls them.
        self._known: dict[str, tuple[_Described, ObjectStore]] = {}
        self.follow(settings)

    @property
    def settings(self) -> Settings:
        """The configuration of now."""
        return self._settings

    def follow(self, settings: Settings) -> None:
        """Other destinations from now on; deliveries under way end where they began."""
        self._wanted = {name: _Described.of(one) for name, one in all_destinations(settings).items()}
        self._settings = settings

    def names_for(self, recording: Recording) -> Sequence[str]:
        if recording.options.destination_url:
            return (CALLS_OWN,)
        wanted = [name for name in recording.destinations if not self._is_anothers(name, recording.organisation)]
        if wanted:
            return wanted
        usual = destination_names(self._settings, recording.organisation)
        return usual or (own_destination(recording.organisation),)

    def wants_manifest(self, name: str) -> bool:
        return name in self._wanted and self._wanted[name].settings.manifest

    async def find(self, name: str, recording: Recording) -> Destination | None:
        wanted = await self._calls_own(recording) if name == CALLS_OWN else self._wanted.get(name)
        if wanted is None:
            return None
        return self._destination(name, wanted, await self._place(wanted), recording)

    async def holding(self, delivery: Delivery, recording: Recording) -> Destination | None:
        now = self._wanted.get(delivery.destination)
        if not delivery.place or (now is not None and await self._vault.keep(now.written) == delivery.place):
            return await self.find(delivery.destination, recording)
        try:
            then = await self._remembered(delivery.place)
        except DestinationRefused:
            # The house's key is lost, perhaps; what is configured may do all the same.
            if await self._is_same_address(delivery, recording):
                return await self.find(delivery.destination, recording)
            raise
        if now is not None and places.is_same_place(then.settings, now.settings):
            # Its keys may have been changed since.
            return await self.find(delivery.destination, recording)
        self._make_known(delivery.place, then)
        return self._destination(delivery.destination, then, delivery.place, recording)

    async def _is_same_address(self, delivery: Delivery, recording: Recording) -> bool:
        """Whether today's destination is where the copy's URL says that it lies."""
        now = await self.find(delivery.destination, recording)
        return now is not None and bool(delivery.url) and now.store.url(delivery.object_name) == delivery.url

    async def close(self) -> None:
        for _, store in self._known.values():
            await store.close()

    async def _place(self, wanted: _Described) -> str:
        """Kept each time that it is asked for: what nobody asks for and no recording names is forgotten."""
        place = await self._vault.keep(wanted.written)
        self._make_known(place, wanted)
        return place

    async def _remembered(self, place: str) -> _Described:
        if place in self._known:
            return self._known[place][0]
        return _Described.of(places.read(await self._revealed(place)))

    def _make_known(self, place: str, described: _Described) -> None:
        if place not in self._known:
            self._known[place] = (described, self._made(described.settings))

    async def _calls_own(self, recording: Recording) -> _Described:
        options = recording.options
        if not options.credentials:
            # Not with the machine's own role: a call must not reach what only the house may.
            raise DestinationRefused("a recording's own destinationUrl wants credentials of its own: name them")
        credentials = self._settings.credentials.get(options.credentials)
        if credentials is None:
            credentials = await self._revealed(options.credentials)
        # Each call may name a file of its own there: the bucket is the place, not the name.
        return _Described.of(DestinationSettings(url=bucket_of(options.destination_url or ""), credentials=credentials))

    async def _revealed(self, name: str) -> Secret:
        try:
            return await self._vault.reveal(name)
        except SecretLost as error:
            raise DestinationRefused(f"its credentials are lost: {error}") from error

    def _destination(self, name: str, described: _Described, place: str, recording: Recording) -> Destination:
        own, settings = organisation_settings(self._settings, recording.organisation), described.settings
        url = recording.options.destination_url if name == CALLS_OWN else None
        return Destination(
            name=name,
            store=self._watched(name, self._known[place][1]),
            template=NameTemplate.parse(template_of(url)) if url else described.template,
            timezone=own.timezone or self._settings.timezone,
            place=place,
            overwrite=settings.overwrite,
            backup=settings.backup,
            link_seconds=own.link_seconds or settings.link_seconds,
        )

    def _is_anothers(self, name: str, organisation: str) -> bool:
        """A name that nobody has is refused when it is used, and said; another organisation's is never used."""
        if name not in self._settings.destinations or may_use(self._settings, organisation, name):
            return False
        log.error("destination not allowed", extra={"destination": name, "organisation": organisation})
        return True


def all_destinations(settings: Settings) -> dict[str, DestinationSettings]:
    """Those with a name, and those that an organisation has written out."""
    own = {
        own_destination(name): organisation.destination
        for name, organisation in organisations(settings).items()
        if isinstance(organisation.destination, DestinationSettings)
    }
    return {**settings.destinations, **own}


def own_destination(organisation: str) -> str:
    return f"organisation:{organisation}"
