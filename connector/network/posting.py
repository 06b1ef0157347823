"""The Poster by aiohttp: straight to the address, once, without proxy, cookies or redirects, behind the guard. Knows
neither what a letter says nor what becomes of its answer."""

import asyncio
import errno
import re
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from connector.domain.ids import Moment
from connector.errors import AddressForbidden, EndpointUnreachable
from connector.network.guard import Guard, literal
from connector.network.guarded_names import NameThreads, guarded
from connector.ports.clock import Clock
from connector.ports.poster import Letter, Reply

_LONGEST_LINE_BYTES: Final = 8192
_MOST_HEADERS: Final = 64
#: A URL that can go on the wire as it is written. yarl would write some of its signs otherwise, and signatures of the
#: path would no longer match.
_WRITTEN_WELL: Final = re.compile(r"[A-Za-z0-9:/?#\[\]@!$&'()*+,;=._~%-]+")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class HttpPoster:
    """One session for all letters that may go to the same places; a connection of its own for each letter, so that
    each is judged by what its name means now, and nothing of an earlier answer is taken for the next."""

    def __init__(self, clock: Clock, names: AbstractResolver | None = None) -> None:
        """`names`: where names are looked up; closed with this."""
        self._clock = clock
        self._names = names or NameThreads()
        self._sessions: dict[tuple[Guard, str | None], aiohttp.ClientSession] = {}
        self._opening = asyncio.Lock()

    async def post(self, letter: Letter) -> Reply:
        url = _address(letter.url)
        guard = Guard(allowed=tuple(letter.allowed)).for_scheme(url.scheme)
        ca = letter.ca if url.scheme == "https" else None
        host = url.host or ""
        if (address := literal(host)) is not None:
            guard.check(host, address)
            # aiohttp takes no other spelling.
            url = url.with_host(str(address))
        try:
            async with asyncio.timeout(letter.limit_seconds):
                return await self._exchanged(letter, url, await self._session(guard, ca))
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            # Not `from` it: the library's words hold the whole URL, and a server's.
            raise EndpointUnreachable(f"{host} {_fault(error, letter.limit_seconds)}") from None

    async def close(self) -> None:
        async with self._opening:
            while self._sessions:
                _, session = self._sessions.popitem()
                await session.close()
            await self._names.close()

    async def _exchanged(self, letter: Letter, url: URL, session: aiohttp.ClientSession) -> Reply:
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        async with session.post(url, data=letter.body, headers=letter.headers, allow_redirects=False) as answer:
            content = await _beginning(answer, letter.most_bytes)
            is_cut = len(content) > letter.most_bytes or not answer.content.at_eof()
            # Whatever is left of it, or still to come, is not waited for.
            answer.close()
        return Reply(
            status=answer.status,
            content=content[: letter.most_bytes],
            is_cut=is_cut,
            retry_after_seconds=waiting_seconds(answer.headers.get("Retry-After"), self._clock.now()),
            seconds=loop.time() - started_at,
        )

    async def _session(self, guard: Guard, ca: str | None) -> aiohttp.ClientSession:
        """`ca` None: no TLS."""
        async with self._opening:
            session = self._sessions.get((guard, ca))
            if session is None:
                trust = True if ca is None else await asyncio.to_thread(_trust, ca)
                session = self._sessions[guard, ca] = self._opened(guard, trust)
            return session

    def _opened(self, guard: Guard, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # No limit: behind many that do not answer, another's letter would wait.
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=trust, **guarded(guard, self._names)),
            # The letter's own limit is over everything.
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            # A small answer could be packed so that it fills the memory.
            auto_decompress=False,
            headers={"User-Agent": "callreel", "Accept-Encoding": "identity"},
            max_line_size=_LONGEST_LINE_BYTES,
            max_field_size=_LONGEST_LINE_BYTES,
            max_headers=_MOST_HEADERS,
        )


def waiting_seconds(retry_after: str | None, now: Moment) -> float | None:
    """Of Retry-After, which is seconds or a date; None where it is neither."""
    text = (retry_after or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        # One without a zone is meant in UTC as well, not in ours.
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _address(text: str) -> URL:
    try:
        url = URL(text, encoded=_WRITTEN_WELL.fullmatch(text) is not None)
        if url.scheme in {"http", "https"} and url.host:
            return url
    except ValueError:
        pass
    # It may hold a secret, and is not repeated.
    raise AddressForbidden("this is no address to post to: write https://HOST/PATH")


async def _beginning(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """So much of it, and one byte more where there is more. Nothing is waited for when nothing is wanted."""
    content = b""
    while most_bytes and len(content) <= most_bytes:
        piece = await answer.content.read(most_bytes + 1 - len(content))
        if not piece:
            break
        content += piece
    return content


def _trust(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise EndpointUnreachable(
            f"cannot read an authority's certificate from {ca} ({error.strerror or 'it holds none'}): mend `ca`"
        ) from error


def _fault(error: Exception, limit_seconds: float) -> str:
    """What happened, to be said behind the host's name; none of the library's words, but those on a certificate."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "is a name that is not known now"
        case aiohttp.ClientConnectorCertificateError():
            return _distrust(error.certificate_error)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "does not speak TLS as we do: is that its port for https?"
        case TimeoutError() if not getattr(error, "errno", None):
            return f"gave no whole answer within {limit_seconds:g} s"
        case aiohttp.ClientPayloadError():
            return "broke off its answer"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection before it answered"
        case OSError():
            number = error.errno or 0
            return _ERRORS.get(number) or f"cannot be reached now ({errno.errorcode.get(number, type(error).__name__)})"
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return "does not answer in HTTP that can be read"
    return f"could not be asked ({type(error).__name__})"


def _distrust(error: Exception) -> str:
    reason = str(getattr(error, "verify_message", "")).rstrip(".") or type(error).__name__
    return (
        f"shows a certificate that is not trusted ({reason}):"
        " if an authority of your own signed it, name that one's file as `ca`"
    )


_ERRORS: Final[Mapping[int, str]] = {
    errno.ECONNREFUSED: "refuses the connection: does its server run?",
    errno.ECONNRESET: "reset the connection before it had answered",
    errno.EPIPE: "reset the connection before it had answered",
    errno.ETIMEDOUT: "does not answer: the connection timed out",
    errno.EHOSTUNREACH: "cannot be reached: there is no way to that host",
    errno.ENETUNREACH: "cannot be reached: there is no way to that network",
}
