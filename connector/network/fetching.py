"""The Fetcher by aiohttp: an address fetched as a browser would, without cookies and without following anywhere."""

import asyncio
import ssl

import aiohttp
from yarl import URL

from connector.domain.secret import Secret
from connector.errors import DestinationUnreachable
from connector.network.http_dates import moment_of
from connector.ports.fetcher import Page

_SECONDS = 30.0


class HttpFetcher:
    def __init__(self, ca: str = "", proxy: Secret | None = None) -> None:
        """`ca`: a file with an authority of one's own, in place of the system's."""
        self._ca = ca
        self._proxy = proxy.reveal() if proxy is not None else None

    async def fetch(self, url: str, *, most_bytes: int) -> Page:
        try:
            trust = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca or None)
            async with (
                asyncio.timeout(_SECONDS),
                aiohttp.ClientSession(trust_env=True) as session,
                # As it was signed: aiohttp would write some of its signs otherwise.
                session.get(URL(url, encoded=True), allow_redirects=False, proxy=self._proxy, ssl=trust) as answer,
            ):
                return Page(
                    status=answer.status,
                    content=await _beginning(answer.content, most_bytes),
                    at=moment_of(answer.headers.get("Date")),
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            host = url.split("/")[2]
            # The address itself is a key.
            raise DestinationUnreachable(f"nobody answers a link at {host}: {type(error).__name__}") from error


async def _beginning(stream: aiohttp.StreamReader, most_bytes: int) -> bytes:
    content = b""
    while len(content) < most_bytes and (piece := await stream.read(most_bytes - len(content))):
        content += piece
    return content
