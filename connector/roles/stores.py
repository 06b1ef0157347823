"""The table from a destination's settings to the store that keeps its objects.

Loads a client's library when the first destination asks for it, so that a house of folders holds none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from connector.config.addresses import folder_of
from connector.errors import DestinationRefused
from connector.network.guard import Guard
from connector.ports.clock import Clock
from connector.ports.feeler import Feeler
from connector.ports.object_store import ObjectStore
from connector.ports.pins import Pin, Pins
from connector.ports.uploads import Uploads
from connector.settings import DestinationSettings

if TYPE_CHECKING:
    from connector.storage.azure_credentials import AzureKeys
    from connector.storage.azure_place import AzurePlace
    from connector.storage.credentials import KeyPair
    from connector.storage.s3_clients import S3Clients
    from connector.storage.s3_place import S3Place

#: How many things are done at one destination at once.
_AT_ONCE = 8


class Stores:
    """Makes them; what they share lives as long as this."""

    def __init__(
        self, uploads: Uploads, clock: Clock, pins: Pins | None = None, allow_private: Sequence[str] = ()
    ) -> None:
        """With `pins` a bucket is spoken to as its last trial found, until the next one. Into the private networks of
        `allow_private` go users' own servers, too."""
        self._uploads = uploads
        self._clock = clock
        self._pins = pins
        self._allow_private = tuple(allow_private)
        #: By who has named the server: the house, or a user.
        self._s3_clients: dict[bool, S3Clients] = {}

    def made(self, settings: DestinationSettings, pin: Pin | None = None) -> ObjectStore:
        """With its quick retries and its limit. DestinationRefused when its credentials cannot be any. `pin` is what it
        begins with."""
        from connector.storage.limited import Limited
        from connector.storage.retrying import Retrying

        return Limited(Retrying(self._bare(settings, pin or Pin()), self._clock), _AT_ONCE)

    def _bare(self, settings: DestinationSettings, pin: Pin) -> ObjectStore:
        scheme = urlsplit(settings.url).scheme
        if scheme == "file":
            return _folder(settings)
        if scheme == "azure":
            from connector.storage.azure import AzureStore

            place, azure_keys = azure_access(settings)
            guard = guard_of(settings, self._allow_private)
            return AzureStore(place, azure_keys, uploads=self._uploads, guard=guard)
        return self._bucket(settings, pin)

    def _bucket(self, settings: DestinationSettings, pin: Pin) -> ObjectStore:
        from connector.storage.pinned import Pinned
        from connector.storage.s3 import S3Store
        from connector.storage.s3_pins import pin_place, pinned

        bucket, keys = s3_access(settings)
        spoken = pinned(bucket, keys, pin)
        store = S3Store(spoken, keys, uploads=self._uploads, clock=self._clock, clients=self._clients_for(settings))
        if self._pins is None:
            return store

        def follow(pin: Pin) -> None:
            store.speak(pinned(bucket, keys, pin))

        return Pinned(store, follow, self._pins, pin_place(bucket, keys), self._clock)

    def _clients_for(self, settings: DestinationSettings) -> S3Clients:
        from connector.storage.s3_clients import S3Clients

        if settings.is_guarded not in self._s3_clients:
            self._s3_clients[settings.is_guarded] = S3Clients(guard_of(settings, self._allow_private))
        return self._s3_clients[settings.is_guarded]


def guard_of(settings: DestinationSettings, allow_private: Sequence[str] = ()) -> Guard | None:
    """Where its connections may go; None: anywhere."""
    return Guard(is_callers=True, allowed=tuple(allow_private)) if settings.is_guarded else None


def feeler_of(settings: DestinationSettings, allow_private: Sequence[str] = ()) -> Feeler | None:
    """What finds out how it wants to be spoken to; None for a folder."""
    scheme = urlsplit(settings.url).scheme
    guard = guard_of(settings, allow_private)
    if scheme == "file":
        return None
    if scheme == "azure":
        from connector.storage.azure_feeler import AzureFeeler

        return AzureFeeler(*azure_access(settings), guard=guard)
    from connector.storage.s3_feeler import S3Feeler

    return S3Feeler(*s3_access(settings), guard)


def place_of_pins(settings: DestinationSettings) -> str:
    """What the pins of an s3:// or gs:// destination are kept under."""
    from connector.storage.s3_pins import pin_place

    return pin_place(*s3_access(settings))


def unusable(destinations: Mapping[str, DestinationSettings]) -> dict[str, str]:
    """Those whose address or credentials cannot be any, and why. What is recorded waits here until that is mended:
    it is no reason not to record."""
    found: dict[str, str] = {}
    for name, settings in destinations.items():
        try:
            check_access(settings)
        except DestinationRefused as error:
            found[name] = str(error)
    return found


def check_access(settings: DestinationSettings) -> None:
    """DestinationRefused for an address or credentials that cannot be any; nobody is asked."""
    scheme = urlsplit(settings.url).scheme
    if scheme == "azure":
        azure_access(settings)
    elif scheme != "file":
        s3_access(settings)


def s3_access(settings: DestinationSettings) -> tuple[S3Place, KeyPair | None]:
    """The bucket of an s3:// or gs:// destination, and its keys; None: those of the environment or of the machine."""
    from connector.storage.credentials import gcs_keys, s3_keys
    from connector.storage.s3_place import GOOGLE_ENDPOINT, Addressing, Conditions, S3Place

    parts = urlsplit(settings.url)
    is_google = parts.scheme == "gs"
    keys = None
    if is_google and settings.credentials is None:
        raise DestinationRefused("a gs:// destination needs credentials: key:secret of an HMAC key")
    if settings.credentials is not None:
        keys = gcs_keys(settings.credentials) if is_google else s3_keys(settings.credentials)
    place = S3Place(
        bucket=parts.netloc,
        scheme=parts.scheme,
        endpoint=settings.endpoint or (GOOGLE_ENDPOINT if is_google else ""),
        public_endpoint=settings.public_endpoint,
        region="auto" if is_google else settings.region,
        addressing=Addressing.PATH if is_google else Addressing(settings.addressing),
        conditions=Conditions.IGNORED if is_google else Conditions.UNKNOWN,
        ca_file=Path(settings.ca) if settings.ca else None,
        proxy=settings.proxy,
        storage_class=settings.storage_class,
        encryption=settings.server_encryption,
        kms_key=settings.kms_key,
        tags=settings.tags,
        metadata=settings.metadata,
    )
    return place, keys


def azure_access(settings: DestinationSettings) -> tuple[AzurePlace, AzureKeys]:
    """The container of an azure:// destination, and its keys."""
    from connector.storage.azure_credentials import azure_keys
    from connector.storage.azure_place import AzurePlace

    parts = urlsplit(settings.url)
    if settings.credentials is None:
        raise DestinationRefused("an azure:// destination needs credentials: the account's key")
    place = AzurePlace(
        account=parts.netloc,
        container=unquote(parts.path.split("/")[1]),
        endpoint=settings.endpoint,
        public_endpoint=settings.public_endpoint,
        ca_file=Path(settings.ca) if settings.ca else None,
        proxy=settings.proxy,
        access_tier=settings.storage_class,
        tags=settings.tags,
        metadata=settings.metadata,
    )
    return place, azure_keys(settings.credentials)


def _folder(settings: DestinationSettings) -> ObjectStore:
    from connector.storage.local import LocalFolder

    return LocalFolder(
        Path(folder_of(settings.url)),
        file_mode=int(settings.mode, 8),
        folder_mode=int(settings.folder_mode, 8),
        group=settings.group or None,
        key=settings.encrypt,
        former_keys=settings.former_keys,
    )
