"""The Feeler of a bucket that speaks S3: single requests, each in its own manner. Keeps nothing and proves nothing."""

import asyncio
import hashlib
import re
from typing import Any

from connector.errors import ConnectorError, DestinationUnreachable
from connector.network.guard import Guard
from connector.network.http_dates import moment_of
from connector.ports.feeler import Felt, Way
from connector.ports.object_store import Digest
from connector.ports.pins import Pin
from connector.storage import s3_requests
from connector.storage.credentials import KeyPair
from connector.storage.s3_answers import Act, NotKnownThere
from connector.storage.s3_clients import ClientKey, Reply, S3Client, S3Clients, client_key
from connector.storage.s3_errors import answer_of, translated
from connector.storage.s3_pins import addressings, left_open, pinned
from connector.storage.s3_place import S3Place
from connector.storage.time_limits import LIMITS

_SIGNED_FOR = re.compile(r"Credential=[^/]*/\d{8}/([A-Za-z0-9-]+)/s3/")
_ANOTHER = b"another content"


class S3Feeler:
    """The library itself follows a server that names another region; how it was signed at last tells which."""

    def __init__(self, place: S3Place, keys: KeyPair | None, guard: Guard | None = None) -> None:
        """`guard`: where it may go; None: anywhere."""
        self._place = place
        self._keys = keys
        self._clients = S3Clients(guard)
        self._borrowed: dict[ClientKey, S3Client] = {}
        #: Of one put and what the library made of it.
        self._signed_for: list[str] = []

    @property
    def open(self) -> frozenset[str]:
        return left_open(self._place, self._keys)

    @property
    def addressings(self) -> tuple[str, ...]:
        return addressings(self._place)

    async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
        place = pinned(self._place, self._keys, manner)
        self._signed_for = []
        try:
            reply = await self._answer(place, name, content, way)
        except ConnectorError as error:
            response: Reply = getattr(error.__cause__, "response", None) or {}
            answer = answer_of(response, None, 0.0)
            return Felt(
                error=error,
                is_unknown=isinstance(error, NotKnownThere),
                is_damaged=way is Way.DAMAGED and answer.status == 400,
                region=self._named(answer.region),
                at=_moment(response),
            )
        return Felt(region=self._signed_for[-1] if self._signed_for else "", at=_moment(reply))

    async def close(self) -> None:
        while self._borrowed:
            key, _ = self._borrowed.popitem()
            await self._clients.give_back(key)

    async def _answer(self, place: S3Place, name: str, content: bytes, way: Way) -> Reply:
        parameters = s3_requests.put(place, name, _digest(content), overwrite=way is not Way.IF_NEW)
        if way is Way.DAMAGED:
            other = hashlib.md5(_ANOTHER, usedforsecurity=False).digest()
            parameters["ContentMD5"] = s3_requests.content_md5(other)
        client = await self._client(client_key(place, self._keys))
        what = f"{name!r} in {place.id}"
        seconds = LIMITS.for_bytes(len(content))
        try:
            async with asyncio.timeout(seconds):
                with translated(Act.STORE, what, self._keys):
                    return await client.put_object(**parameters, Body=content)
        except TimeoutError as error:
            raise DestinationUnreachable(f"cannot store {what} now: no answer within {seconds:.0f} s") from error

    async def _client(self, key: ClientKey) -> S3Client:
        if key not in self._borrowed:
            client: Any = await self._clients.borrow(key)
            client.meta.events.register("before-send.s3", self._heed)
            self._borrowed[key] = client
        return self._borrowed[key]

    def _heed(self, request: Any, **_: object) -> None:
        signed = request.headers.get("Authorization", "")
        found = _SIGNED_FOR.search(signed.decode() if isinstance(signed, bytes) else signed)
        if found:
            self._signed_for.append(found[1])

    def _named(self, region: str) -> str:
        """Another than it was asked in at first."""
        asked = self._signed_for[:1] or [""]
        named = [*self._signed_for, *([region] if region else [])]
        return next((one for one in reversed(named) if one not in asked), "")


def _moment(reply: Reply) -> float | None:
    return moment_of(reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"))


def _digest(content: bytes) -> Digest:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Digest(size_bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest())
