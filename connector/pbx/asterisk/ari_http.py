"""HTTP to one Asterisk: the password in a header, time limits, one server only, errors in our words.

Knows neither events nor what is asked for.
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aioswagger11.http_client import AsynchronousHttpClient
from aioswagger11.processors import SwaggerError
from yarl import URL

from connector.errors import ConfigError, ConnectorError, PbxRefused, PbxUnreachable
from connector.settings import Endpoint

REQUEST_SECONDS = 10.0
#: A peer that is silent for one and a half of it is gone.
HEARTBEAT_SECONDS = 6.0
LOGIN_REFUSED = frozenset({401, 403})
_MESSAGE_BYTES = 16 * 1024 * 1024
_ERROR_BYTES = 64 * 1024
_UNAVAILABLE = frozenset({502, 503, 504})


class AriRefused(PbxRefused):
    """Asterisk's answer was an error; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _ErrorAnswer(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AriHttp(AsynchronousHttpClient):  # type: ignore[misc]  # aioswagger11 has no types
    """What aioswagger11 speaks through. Made inside a running loop."""

    def __init__(self, place: str, endpoint: Endpoint, ca: str) -> None:
        self.authenticator = None
        self.websockets: set[aiohttp.ClientWebSocketResponse] = set()
        self._place = place
        self._user = endpoint.user
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        self.origin = f"{'https' if endpoint.tls else 'http'}://{host}:{endpoint.port}"
        self._timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        self.session = aiohttp.ClientSession(
            headers={"Authorization": aiohttp.encode_basic_auth(endpoint.user, endpoint.password.reveal())},
            connector=aiohttp.TCPConnector(ssl=_trust(place, ca) if endpoint.tls else True),
        )

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> aiohttp.ClientResponse:
        response = await self.session.request(
            method,
            self._own(url),
            params=params,
            data=data,
            headers=headers,
            timeout=timeout or self._timeout,
            allow_redirects=False,
        )
        if response.status >= 300:
            async with response:
                said = (await response.content.read(_ERROR_BYTES)).decode("utf-8", "replace")
            raise _ErrorAnswer(response.status, f"{method} {urlsplit(url).path}: {response.status} {_text_of(said)}")
        return response

    async def ws_connect(self, url: str, params: Mapping[str, Any] | None = None) -> aiohttp.ClientWebSocketResponse:
        return await self.session.ws_connect(
            self._own(url), params=params, heartbeat=HEARTBEAT_SECONDS, max_msg_size=_MESSAGE_BYTES
        )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What goes wrong inside becomes PbxRefused (AriRefused where Asterisk said it) or PbxUnreachable."""
        try:
            yield
        except (_ErrorAnswer, aiohttp.WSServerHandshakeError) as error:
            raise self._refusal(error.status, str(error)) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise PbxRefused(f"{self._place}: its certificate is not trusted ({error}): set `ca`") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise PbxUnreachable(f"{self._place} does not answer ({reason}): is http.conf enabled there?") from error
        except (SwaggerError, ValueError) as error:
            raise PbxRefused(f"{self._place} is no ARI ({error}): does another program listen there?") from error

    def _refusal(self, status: int, said: str) -> ConnectorError:
        if status in _UNAVAILABLE:
            return PbxUnreachable(f"{self._place} has no answer now ({said}): is Asterisk starting or overloaded?")
        if status in LOGIN_REFUSED:
            hint = f"user {self._user!r} refused ({said}): is that user in ari.conf, and not read_only?"
            return AriRefused(status, f"{self._place}: {hint}")
        return AriRefused(status, f"{self._place}: {said}")

    def _own(self, url: str) -> URL:
        # Asterisk's description of itself names host and scheme as it sees them: behind a proxy they are wrong, and
        # our password must not go there.
        return URL(self.origin + urlsplit(url).path, encoded=True)


def _trust(place: str, ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise ConfigError(f"{place}: the file {ca!r} is no certificate we can read ({error}): mend `ca`") from error


def _text_of(answer: str) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer[:200].strip()
