"""Names under the guard, and connections of aiohttp that go nowhere else. Loads aiohttp."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Final, TypedDict

from aiohttp import SocketFactoryType, ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from connector.errors import AddressForbidden
from connector.network.guard import Guard

#: A name whose servers are silent holds its thread for as long as the system's resolver goes on.
_LOOKUPS_AT_ONCE: Final = 64


class GuardedNames(AbstractResolver):
    """Another's answers without those that the guard forbids. AddressForbidden when no other is left."""

    def __init__(self, guard: Guard, names: AbstractResolver) -> None:
        self._guard = guard
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._names.resolve(host, port, family)
        refusals = [self._refusal(host, answer) for answer in answers]
        if refusals and all(refusals):
            raise next(filter(None, refusals))
        return [answer for answer, refusal in zip(answers, refusals, strict=True) if refusal is None]

    async def close(self) -> None:
        """Whose answers these are closes them."""

    def _refusal(self, host: str, answer: ResolveResult) -> AddressForbidden | None:
        try:
            self._guard.check(host, ip_address(answer["host"]))
        except AddressForbidden as refusal:
            return refusal
        return None


class NameThreads(AbstractResolver):
    """The system's names, asked in threads of their own: a thousand that hang hold up nobody else's files."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        asking = partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._threads, asking)
        except UnicodeError as error:
            raise socket.gaierror(socket.EAI_NONAME, "no name") from error
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=int(where[1]),
                family=its_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for its_family, _, protocol, _, where in answers
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guarded(TypedDict):
    """What a connector of aiohttp is made with, so that it goes nowhere else."""

    resolver: AbstractResolver
    socket_factory: SocketFactoryType
    #: Each connection is judged by what its name means now.
    use_dns_cache: bool


def guarded(guard: Guard, names: AbstractResolver | None = None) -> Guarded:
    """`names`: where names are looked up, closed by whoever made it; None: as aiohttp does. A proxy must not stand
    between: it would look them up itself."""
    return Guarded(
        resolver=GuardedNames(guard, names or ThreadedResolver()), socket_factory=guard.socket, use_dns_cache=False
    )
