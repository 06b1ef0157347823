"""Which addresses may be connected to: public ones, and what config.yaml opens. Judges the very address that a socket
is about to go to, and the names' answers before that; knows no letter and no bucket."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

from connector.errors import AddressForbidden

if TYPE_CHECKING:
    # Whoever only asks for a place of a caller does not load it.
    from aiohttp import AddrInfoType

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_PRIVATE = "a private network"
_LINK = "only this link, where clouds keep a machine's keys"
_MANY = "many at once"
_PAPER = "only examples and tests"
_NOBODY = "nobody"

#: By the registries of IANA (special-purpose addresses), and not by `is_global`, which differs among Pythons.
FORBIDDEN: Final[Sequence[tuple[Network, str]]] = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this machine"),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", "a provider's own network"),
        ("127.0.0.0/8", "this machine"),
        # Azure answers there to its machines alone, with what they are to be set up with.
        ("168.63.129.16/32", "a cloud's own host"),
        ("169.254.0.0/16", _LINK),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _NOBODY),
        ("192.0.2.0/24", _PAPER),
        ("192.88.99.0/24", _NOBODY),
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", _PAPER),
        ("198.51.100.0/24", _PAPER),
        ("203.0.113.0/24", _PAPER),
        ("224.0.0.0/4", _MANY),
        ("240.0.0.0/4", _NOBODY),
        ("::/128", "this machine"),
        ("::1/128", "this machine"),
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _LINK),
        ("fec0::/10", _PRIVATE),
        ("ff00::/8", _MANY),
        # With Teredo, whose addresses hide an IPv4 one of anybody's.
        ("2001::/23", _NOBODY),
        ("2001:db8::/32", _PAPER),
        ("3fff::/20", _PAPER),
    )
)
_PUBLIC_IPV6: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
#: What the system's resolver takes for an IPv4 address beside four decimal numbers.
_OLD_FORM: Final = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)

_network = lru_cache(maxsize=1024)(ip_network)


def literal(host: str) -> Address | None:
    """The address that a URL's host is, however it is spelled: 127.1, 0x7f.1, 2130706433, [::1%lo]; None: a name."""
    bare = host.rstrip(".").strip("[]")
    try:
        return ip_address(bare)
    except ValueError:
        if not _OLD_FORM.fullmatch(bare):
            return None
    try:
        return IPv4Address(socket.inet_aton(bare))
    except OSError:
        return None


def obstacle(address: Address) -> str:
    """Whom one would find there instead of the public; empty: it is a public address."""
    address = _real(address)
    for network, why in FORBIDDEN:
        if address in network:
            return why
    if isinstance(address, IPv4Address):
        return ""
    inner = address.sixtofour or _translated(address)
    if inner is not None:
        return obstacle(inner)
    return "" if address in _PUBLIC_IPV6 else _NOBODY


def _real(address: Address) -> Address:
    """A mapped one is sent to as the IPv4 address that it is."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Says for each address whether a connection may go there."""

    #: What config.yaml opens beside the public addresses, as 10.0.0.0/24: exactly these.
    allowed: tuple[str, ...] = ()
    #: The URL came with a call: whoever sent it cannot open anything.
    is_callers: bool = False
    #: Whether public addresses are open.
    is_public_open: bool = True

    def for_scheme(self, scheme: str) -> "Guard":
        """Without TLS nothing leaves for where config.yaml does not say that it may."""
        return self if scheme == "https" else replace(self, is_public_open=False)

    def check(self, host: str, address: Address) -> None:
        """AddressForbidden, with both in it, and how it may be allowed."""
        if any(_real(address) in _network(network) or address in _network(network) for network in self.allowed):
            return
        if why := obstacle(address):
            raise AddressForbidden(f"{_at(host, address)}, where {why} is reached: {self._remedy(address)}")
        if not self.is_public_open:
            raise AddressForbidden(
                f"{_at(host, address)}, and http:// goes only into networks of config.yaml: write https://"
            )

    def socket(self, info: "AddrInfoType") -> socket.socket:
        """For a connector of aiohttp, which asks here for every socket, just before it connects it."""
        family, kind, protocol, _, address = info
        self.check(address[0], ip_address(address[0]))
        return socket.socket(family, kind, protocol)

    def _remedy(self, address: Address) -> str:
        if self.is_callers:
            return "only config.yaml could allow that, never whoever named it"
        real = _real(address)
        # A zone is no part of a network.
        network = f"{str(real).partition('%')[0]}/{real.max_prefixlen}"
        return f"if that is meant, write `allow_private: [{network}]` beside its URL in config.yaml"


def _at(host: str, address: Address) -> str:
    return f"{host} is an address" if host == str(address) else f"{host} is at {address}"
