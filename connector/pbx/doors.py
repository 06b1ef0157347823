"""Knocks at a port and says in plain words why nobody opens: refused, silent, no TLS, a wrong certificate.

Knows sockets and TLS; speaks no PBX's protocol beyond a greeting.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from dataclasses import dataclass

from connector.domain.diagnosis import Finding, bad, warning
from connector.settings import Endpoint

KNOCK_SECONDS = 3.0
_GREETING_BYTES = 200
_NAME_IT = "name the certificate's own authority in `ca`"
_PROTECT = "turn on TLS there and write ?tls=yes, or go through a tunnel"


@dataclass(frozen=True, slots=True)
class Door:
    """An open one."""

    #: Whether who answers is on this very machine.
    is_local: bool
    #: The first line, where one was waited for.
    greeting: str


def tls_context(endpoint: Endpoint, ca: str) -> ssl.SSLContext | None:
    """Raises OSError and ssl.SSLError for a `ca` that cannot be read."""
    return ssl.create_default_context(cafile=ca or None) if endpoint.tls else None


async def knock(subject: str, endpoint: Endpoint, ca: str, *, is_greeted: bool) -> Door | Finding:
    """`is_greeted`: whether who listens there speaks first."""
    try:
        context = tls_context(endpoint, ca)
    except (OSError, ssl.SSLError) as error:
        return bad(subject, f"the certificate file {ca} cannot be used: {error}", "name a PEM file in `ca`")
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
    except (OSError, TimeoutError) as error:
        return _closed(subject, endpoint, ca, error)
    try:
        mine, theirs = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        greeting = await _greeting(reader) if is_greeted else ""
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(KNOCK_SECONDS):
                await writer.wait_closed()
    return Door(is_local=bool(mine and theirs and mine[0] == theirs[0]), greeting=greeting)


def clear_text_finding(subject: str, endpoint: Endpoint, door: Door, mend: str = _PROTECT) -> Finding | None:
    """A password and who calls whom, readable on the way."""
    if endpoint.tls or door.is_local or is_loopback(endpoint.host):
        return None
    what = f"password and calls go to {endpoint.host} in clear text"
    return warning(subject, what, mend)


async def is_this_machine(host: str) -> bool:
    """Whether what we send there would leave this machine; nothing is sent for it."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 9, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)
            return bool(probe.getsockname()[0] == address[0])
    except OSError:
        return False


async def _greeting(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            line = await reader.readline()
    except (OSError, TimeoutError, ValueError):
        return ""
    return line[:_GREETING_BYTES].decode(errors="replace").strip()


def _closed(subject: str, endpoint: Endpoint, ca: str, error: OSError | TimeoutError) -> Finding:
    """The narrower errors first: each is an OSError too."""
    where = f"{endpoint.host}:{endpoint.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        checked = f"by {ca}" if ca else "by the system's certificates"
        mend = f"{_NAME_IT}, or give {endpoint.host} one that is made for that name"
        return bad(subject, f"{where}: the certificate is not accepted {checked}: {error.verify_message}", mend)
    if isinstance(error, ssl.SSLError | ConnectionResetError) and endpoint.tls:
        mend = "turn on TLS there, take its TLS port, or leave ?tls=yes out"
        return bad(subject, f"{where} does not speak TLS ({getattr(error, 'reason', None) or 'closed'})", mend)
    if isinstance(error, socket.gaierror):
        return bad(subject, f"no machine is called {endpoint.host!r} ({error.strerror})", "correct the host's name")
    if isinstance(error, ConnectionRefusedError):
        mend = "is the PBX running? Is the interface enabled there, on this port and address?"
        return bad(subject, f"{where} refuses the connection: nothing listens there", mend)
    if isinstance(error, TimeoutError):
        mend = "is the machine up? Does a firewall drop what we send?"
        return bad(subject, f"{where} does not answer within {KNOCK_SECONDS:.0f} s", mend)
    return bad(subject, f"{where} cannot be reached: {error.strerror or error}", "see to the network between")


def is_loopback(host: str) -> bool:
    """Whether that name or address is this machine's own, reached by nobody else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
