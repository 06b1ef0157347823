"""The clients of aiobotocore: one session for the process, one client for all who share an endpoint and a key.

All that is peculiar to that library, which has no types, stays here and in s3_errors.
"""

import asyncio
import base64
import hashlib
import re
import ssl
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from connector.domain.secret import Secret
from connector.errors import AddressForbidden, DestinationRefused
from connector.network.guard import Guard, literal
from connector.storage.credentials import KeyPair
from connector.storage.s3_errors import translated
from connector.storage.s3_place import Addressing, Checksums, S3Place
from connector.storage.time_limits import LIMITS, READ_SECONDS

#: What the library gives back, before s3_bucket has taken out of it what it needs.
Reply: TypeAlias = dict[str, Any]

_DEFAULT_REGION = "us-east-1"
_REGION = re.compile(r"[A-Za-z0-9-]{0,63}")


class S3Client(Protocol):
    """The part of the library's client that we use; parameters are those of s3_requests."""

    def put_object(self, **parameters: object) -> Awaitable[Reply]: ...
    def create_multipart_upload(self, **parameters: object) -> Awaitable[Reply]: ...
    def upload_part(self, **parameters: object) -> Awaitable[Reply]: ...
    def complete_multipart_upload(self, **parameters: object) -> Awaitable[Reply]: ...
    def abort_multipart_upload(self, **parameters: object) -> Awaitable[Reply]: ...
    def head_object(self, **parameters: object) -> Awaitable[Reply]: ...
    def get_object(self, **parameters: object) -> Awaitable[Reply]: ...
    def delete_object(self, **parameters: object) -> Awaitable[Reply]: ...
    def generate_presigned_url(self, ClientMethod: str, Params: object, ExpiresIn: int) -> Awaitable[str]: ...  # noqa: N803 – the library's names


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """Who shares a client."""

    endpoint: str
    region: str
    #: None: the environment's, or the instance's role.
    keys: KeyPair | None
    ca_file: Path | None
    proxy: Secret | None
    addressing: Addressing
    sends_md5: bool = True


@dataclass(slots=True)
class _Lease:
    client: S3Client
    closing: AsyncExitStack
    borrowers: int = 0


@dataclass(slots=True)
class S3Clients:
    """One for the process, and one more for endpoints that a call has named. Whoever borrows a client gives it back;
    with the last one it is closed."""

    #: Where its clients may go; they go straight, for behind a proxy nobody could say where. None: anywhere.
    guard: Guard | None = None
    _session: Any = None
    _leases: dict[ClientKey, _Lease] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def borrow(self, key: ClientKey) -> S3Client:
        """DestinationRefused when no such client can be made: a wrong file or region, or no credentials anywhere."""
        async with self._lock:
            lease = self._leases.get(key)
            if lease is None:
                lease = self._leases[key] = await self._opened(key)
            lease.borrowers += 1
            return lease.client

    async def give_back(self, key: ClientKey) -> None:
        async with self._lock:
            lease = self._leases[key]
            lease.borrowers -= 1
            if lease.borrowers == 0:
                del self._leases[key]
                await lease.closing.aclose()

    async def lent_until(self) -> float | None:
        """When the credentials of environment or role end; None for those that stay."""
        credentials = await self._lent()
        # The library keeps it to itself; a link must not promise to live longer.
        expires_at = getattr(credentials, "_expiry_time", None)
        return expires_at.timestamp() if expires_at else None

    async def _opened(self, key: ClientKey) -> _Lease:
        _check_addresses(key)
        if self.guard is not None:
            _check_literal(self.guard, key.endpoint)
        await asyncio.to_thread(_load_library)
        if key.ca_file is not None:
            await asyncio.to_thread(_check_ca_file, key.ca_file)
        if key.keys is None and await self._lent() is None:
            raise DestinationRefused(
                "there are no credentials: name some for this destination, set AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY, or give this machine a role"
            )
        closing = AsyncExitStack()
        with translated():
            client = await closing.enter_async_context(self._client(key))
        client.meta.events.register("before-call.s3.CompleteMultipartUpload", _completing)
        if key.sends_md5:
            client.meta.events.register("before-call.s3.CompleteMultipartUpload", _with_md5)
        client.meta.events.register_first("needs-retry.s3", _left_alone)
        return _Lease(client, closing)

    async def _lent(self) -> Any:
        """The environment's credentials or the role's; asking for these takes a while where there is none."""
        with translated():
            async with asyncio.timeout(LIMITS.answer_seconds):
                return await self._the_session().get_credentials()

    def _client(self, key: ClientKey) -> Any:
        session = self._the_session()
        # With the environment's keys goes the environment's region.
        region = key.region or (None if key.keys else session.get_config_variable("region"))
        return session.create_client(
            "s3",
            endpoint_url=key.endpoint or None,
            region_name=region or _DEFAULT_REGION,
            verify=str(key.ca_file) if key.ca_file else None,
            config=_configuration(key, self.guard),
            **_arguments(key.keys),
        )

    def _the_session(self) -> Any:
        from aiobotocore.session import AioSession  # type: ignore[import-untyped]  # the library has no types

        if self._session is None:
            self._session = AioSession()
        return self._session


def client_key(place: S3Place, keys: KeyPair | None, *, endpoint: str | None = None) -> ClientKey:
    """Of that place; for its links `endpoint` is the public one."""
    endpoint = place.endpoint if endpoint is None else endpoint
    addressing = place.addressing
    if addressing is Addressing.AUTO and endpoint:
        addressing = Addressing.PATH
    return ClientKey(
        endpoint=endpoint,
        region=place.region or (keys.region if keys else ""),
        keys=keys,
        ca_file=place.ca_file,
        proxy=place.proxy,
        addressing=addressing,
        sends_md5=place.checksums is not Checksums.REFUSED,
    )


def _load_library() -> None:
    """It takes a while: in a thread, so that others are served meanwhile; and not before anybody has a bucket."""
    for name in ("aiobotocore.session", "aiobotocore.config", "connector.storage.s3_http"):
        import_module(name)


def _arguments(keys: KeyPair | None) -> dict[str, str | None]:
    if keys is None:
        return {}
    return {
        "aws_access_key_id": keys.key_id,
        "aws_secret_access_key": keys.secret.reveal(),
        "aws_session_token": keys.session_token.reveal() if keys.session_token else None,
    }


def _configuration(key: ClientKey, guard: Guard | None) -> Any:
    from aiobotocore.config import AioConfig  # type: ignore[import-untyped]  # the library has no types

    from connector.network.guarded_names import guarded
    from connector.storage.s3_http import StraightSession

    proxies = {scheme: key.proxy.reveal() for scheme in ("http", "https")} if key.proxy else None
    if guard is not None:
        # None would be the environment's.
        proxies = {}
    return AioConfig(
        # Without it links for an endpoint of one's own are signed in the old way, which few servers take.
        signature_version="s3v4",
        # The MD5 that goes with every body is signed and vouches for it. The library would read the body once more for
        # a SHA-256, and hold everything else up meanwhile.
        s3={"addressing_style": key.addressing.value, "payload_signing_enabled": False},
        # By default it sends trailing CRC32 in chunks over TLS: Google and many others refuse that.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=10,
        read_timeout=READ_SECONDS,
        max_pool_connections=16,
        retries={"total_max_attempts": 4, "mode": "standard"},
        warm_up_loader_caches=True,
        # An AWS_ENDPOINT_URL meant for another tool must not move our recordings.
        ignore_configured_endpoint_urls=True,
        proxies=proxies,
        http_session_cls=StraightSession,
        connector_args=guarded(_of_endpoint(guard, key.endpoint)) if guard else None,
    )


def _of_endpoint(guard: Guard, endpoint: str) -> Guard:
    return guard.for_scheme(urlsplit(endpoint).scheme or "https")


def _check_addresses(key: ClientKey) -> None:
    """The library says ValueError to these, or takes them for a broken line."""
    if key.endpoint and not _is_address(key.endpoint):
        raise DestinationRefused(f"{key.endpoint!r} is no endpoint: write https://HOST or https://HOST:PORT")
    if key.proxy and not _is_address(key.proxy.reveal()):
        raise DestinationRefused("that is no proxy's address: write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")
    if not _REGION.fullmatch(key.region):
        raise DestinationRefused(f"{key.region!r} is no region: write it as eu-central-1")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_literal(guard: Guard, endpoint: str) -> None:
    """Of odd spellings the library says that they are none, and tries them again."""
    host = urlsplit(endpoint).hostname or ""
    try:
        if (address := literal(host)) is not None:
            _of_endpoint(guard, endpoint).check(host, address)
    except AddressForbidden as error:
        raise DestinationRefused(str(error)) from error


def _check_ca_file(path: Path) -> None:
    """The library reads it as late as it connects, and then takes a wrong one for a broken line."""
    if not path.is_file():
        raise DestinationRefused(f"there is no file {path} with the authority's certificate: mend `ca`")
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise DestinationRefused(f"{path} holds no certificate in PEM that can be read: mend `ca`") from error


def _completing(context: Reply, **_: object) -> None:
    """Joining parts may take the server minutes."""
    context["read_timeout"] = LIMITS.complete_seconds


def _with_md5(params: Reply, **_: object) -> None:
    """The list of parts is proven as all else that we send."""
    params["headers"]["Content-MD5"] = base64.b64encode(
        hashlib.md5(params["body"], usedforsecurity=False).digest()
    ).decode()


def _left_alone(response: tuple[Any, Reply] | None, operation: Any, **_: object) -> None:
    """Who says when to come again is not asked before. The library's own tries would not heed it."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # the library has no types

    if response is not None and response[0].status_code >= 400 and "retry-after" in response[0].headers:
        raise ClientError(response[1], operation.name)
