"""A storage tried out while somebody waits: one small file, put, read back and taken away again. Of a user's bucket
what fails is said of the word that is at fault; where nobody answers it is said at once."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from connector.config.addresses import template_of
from connector.domain.diagnosis import Finding, Level, bad
from connector.domain.object_names import NameTemplate
from connector.errors import AddressForbidden, CatalogueUnavailable, ConnectorError, DestinationRefused
from connector.network.fetching import HttpFetcher
from connector.ports.clock import Clock
from connector.ports.feeler import Feeler, Felt, Way
from connector.ports.object_store import Digest, Link, ObjectFacts, ObjectStore
from connector.ports.pins import Pin, Pins
from connector.roles.stores import Stores, feeler_of, place_of_pins
from connector.services.probing import OnTrial, Probing
from connector.settings import DestinationSettings
from connector.storage.memory import MemoryUploads

log = logging.getLogger(__name__)

_ENDPOINT: Final = "s3Endpoint"
#: Which word is at fault, by what a server calls it; by the status where it has no word for it.
_FAULTS: Final[Mapping[str, str]] = {
    "InvalidAccessKeyId": "s3AccessKey",
    "AccessDenied": "s3AccessKey",
    "401": "s3AccessKey",
    "403": "s3AccessKey",
    "SignatureDoesNotMatch": "s3SecretKey",
    "NoSuchBucket": "s3Bucket",
    "InvalidBucketName": "s3Bucket",
    "AuthorizationHeaderMalformed": "s3Region",
    "PermanentRedirect": "s3Region",
    "IllegalLocationConstraintException": "s3Region",
    # No server of S3's speaks so.
    "302": _ENDPOINT,
    "404": _ENDPOINT,
    "405": _ENDPOINT,
}
_LET_IN: Final = "its network has to stand in api.storage_allow_private there"


class BucketTrial:
    """The StorageTrial. How a bucket wants to be spoken to is kept for whoever stores there."""

    def __init__(self, clock: Clock, pins: Pins, allow_private: Sequence[str] = ()) -> None:
        """`allow_private`: networks that users' servers may be in."""
        self._clock = clock
        self._pins = pins
        self._allow_private = allow_private

    async def findings(self, settings: DestinationSettings) -> Sequence[Finding]:
        stores = Stores(MemoryUploads(), self._clock, allow_private=self._allow_private)
        try:
            await stores.made(settings).close()
            feeler = feeler_of(settings, self._allow_private)
        except DestinationRefused as error:
            return [bad("credentials", str(error), "")]
        found: list[Finding] = []
        heeding = _Heeding(feeler) if feeler is not None else None

        def opened(pin: Pin) -> ObjectStore:
            store = stores.made(settings, pin)
            silence = heeding.silence if heeding is not None else None
            return store if silence is None else _Silent(store, silence)

        # A key of the house's may be good for one folder alone.
        folder = NameTemplate.parse(template_of(settings.url)).folder
        on_trial = OnTrial(folder=folder, opened=opened, feeler=heeding, is_brief=True)
        # A link of theirs is never fetched: their public endpoint may be reached from outside alone.
        pin = await Probing(HttpFetcher(), self._clock).run(on_trial, found.append) or Pin()
        if pin != Pin():
            await self._kept(settings, pin)
        refusal = heeding.refusal if heeding is not None else None
        # Of the house's own destinations nobody has said the words that could be at fault.
        return found if refusal is None or not settings.is_guarded else [_blamed(one, refusal) for one in found]

    async def _kept(self, settings: DestinationSettings, pin: Pin) -> None:
        try:
            await self._pins.keep(place_of_pins(settings), pin)
        except CatalogueUnavailable as error:
            log.warning("not kept how a bucket is spoken to", extra={"hint": str(error)})


class _Heeding:
    """A Feeler, and why nothing could be put as one usually does."""

    def __init__(self, feeler: Feeler) -> None:
        self._feeler = feeler
        self._has_landed = False
        #: None as soon as anything could be put.
        self.refusal: ConnectorError | None = None

    @property
    def silence(self) -> ConnectorError | None:
        """The refusal, when no server said it."""
        return self.refusal if self.refusal is not None and not _response(self.refusal) else None

    @property
    def open(self) -> frozenset[str]:
        return self._feeler.open

    @property
    def addressings(self) -> tuple[str, ...]:
        return self._feeler.addressings

    async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
        felt = await self._feeler.put(name, content, manner, way)
        if felt.error is None:
            self.refusal, self._has_landed = None, True
        elif not self._has_landed:
            self.refusal = self.refusal or felt.error
        return felt

    async def close(self) -> None:
        await self._feeler.close()


class _Silent:
    """In the place of a store that has just been silent: an ObjectStore's patience takes half a minute for each
    question, and somebody waits for the answer."""

    def __init__(self, store: ObjectStore, error: ConnectorError) -> None:
        self._store = store
        self._error = error

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        raise self._error

    async def facts(self, name: str) -> ObjectFacts | None:
        raise self._error

    def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        raise self._error

    async def remove(self, name: str) -> None:
        raise self._error

    def url(self, name: str) -> str:
        return self._store.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        raise self._error

    async def abandon(self, name: str) -> None:
        raise self._error

    async def close(self) -> None:
        await self._store.close()


def _blamed(finding: Finding, refusal: ConnectorError) -> Finding:
    """With the word at fault for its subject, where that is known."""
    if finding.level is not Level.BAD:
        return finding
    what = f"{finding.what}; {_LET_IN}" if isinstance(refusal.__cause__, AddressForbidden) else finding.what
    return replace(finding, subject=_fault(refusal) or finding.subject, what=what)


def _fault(refusal: ConnectorError) -> str:
    if not (response := _response(refusal)):
        return _ENDPOINT
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return _FAULTS.get(str(response.get("Error", {}).get("Code", "")) or str(status), "")


def _response(refusal: ConnectorError) -> Mapping[str, Any]:
    """What a server answered; empty: nobody did."""
    found: Mapping[str, Any] | None = getattr(refusal.__cause__, "response", None)
    return found or {}
