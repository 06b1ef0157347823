"""Sound posted to a speech server: straight there, behind the guard, without redirects. Knows neither what is asked nor
what is answered."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from connector.errors import AddressForbidden, ConnectorError, EngineRefused
from connector.network.guard import Guard, literal
from connector.network.guarded_names import NameThreads, guarded
from connector.network.posting import waiting_seconds
from connector.ports.clock import Clock
from connector.settings.transcription import SpeechServerSettings
from connector.transcription.languages import language_of, listed
from connector.transcription.refusals import Answer, misread, refusal
from connector.transcription.server_faults import translation

#: An hour of talk with every token of it is some 10 MB.
MOST_ANSWER_BYTES: Final = 64 << 20
_CONNECT_SECONDS: Final = 15.0
#: A line on which sound goes slower than this will not do.
_SLOWEST_BYTES_PER_SECOND: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    body: Callable[[], aiohttp.FormData | aiohttp.Payload]
    size_bytes: int
    query: Mapping[str, str]
    headers: Mapping[str, str]


class SpeechServer:
    """A connection of its own for each question, so that each is judged by what the server's name means now."""

    def __init__(
        self,
        settings: SpeechServerSettings,
        clock: Clock,
        names: AbstractResolver | None,
        *,
        scheme: str,
        path: str,
    ) -> None:
        """`scheme`: how the key is called before it. `path`: where servers of this kind are asked, for people.
        `names`: where names are looked up, closed with this; None: as the system does."""
        self._settings = settings
        self._clock = clock
        self._names = names or NameThreads()
        self._scheme = scheme
        self._path = path
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    @property
    def host(self) -> str:
        return URL(self._settings.url).host or self._settings.url

    def check(self, locale: str) -> None:
        """EngineRefused when it is said not to know that language."""
        known = self._settings.languages
        if known and language_of(locale) and not listed(locale, known):
            raise EngineRefused(
                f"{self.host} does not hear {locale}: it knows {', '.join(known)} by the engine's `languages`"
            )

    async def answer(self, question: Question) -> Answer:
        """Whatever it says. Raises EngineUnreachable, and EngineRefused for where we may not go."""
        # How long it may think is said in the configuration; before that it has to get everything.
        limit_seconds = self._settings.timeout_seconds + question.size_bytes / _SLOWEST_BYTES_PER_SECOND
        try:
            async with asyncio.timeout(limit_seconds):
                return await self._exchanged(question)
        except AddressForbidden as error:
            raise EngineRefused(str(error)) from error
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            # Not `from` it: the library's words hold the whole URL, and what was sent.
            raise translation(error, self.host, limit_seconds) from None

    def refusal(self, answer: Answer) -> ConnectorError:
        return refusal(answer, self.host, self._settings.model, self._settings.key)

    def misread(self, answer: Answer, error: ValueError) -> EngineRefused:
        return misread(answer, self.host, self._settings.key, str(error), self._path)

    async def close(self) -> None:
        async with self._opening:
            if self._session is not None:
                session, self._session = self._session, None
                await session.close()
            await self._names.close()

    async def _exchanged(self, question: Question) -> Answer:
        url = self._address(question.query)
        session = await self._opened()
        async with session.post(
            url, data=question.body(), headers=self._headers(question), allow_redirects=False
        ) as reply:
            return Answer(
                status=reply.status,
                content=await self._content(reply),
                retry_after_seconds=waiting_seconds(reply.headers.get("Retry-After"), self._clock.now()),
            )

    async def _content(self, reply: aiohttp.ClientResponse) -> bytearray:
        content = bytearray()
        async for piece in reply.content.iter_any():
            content += piece
            if len(content) > MOST_ANSWER_BYTES:
                reply.close()
                raise EngineRefused(
                    f"{self.host} answers more than {MOST_ANSWER_BYTES >> 20} MB: is the engine's `url` that of"
                    f" {self._path}?"
                )
        return content

    def _address(self, query: Mapping[str, str]) -> URL:
        url = URL(self._settings.url)
        host = url.host or ""
        if (address := literal(host)) is not None:
            self._guard().check(host, address)
            # aiohttp takes no other spelling.
            url = url.with_host(str(address))
        return url.update_query(query) if query else url

    def _headers(self, question: Question) -> dict[str, str]:
        key = self._settings.key
        return {**question.headers, **({"Authorization": f"{self._scheme} {key.reveal()}"} if key else {})}

    def _guard(self) -> Guard:
        return Guard(allowed=self._settings.allow_private).for_scheme(URL(self._settings.url).scheme)

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                self._session = self._new_session(await asyncio.to_thread(self._trust))
            return self._session

    def _new_session(self, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=trust, **guarded(self._guard(), self._names)),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            # A small answer could be packed so that it fills the memory.
            auto_decompress=False,
            headers={"User-Agent": "callreel", "Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def _trust(self) -> ssl.SSLContext | bool:
        ca = self._settings.ca
        if not ca:
            return True
        try:
            return ssl.create_default_context(cafile=ca)
        except OSError as error:
            raise EngineRefused(
                f"cannot read an authority's certificate from {ca} ({error.strerror or 'it holds none'}): mend `ca`"
            ) from error
