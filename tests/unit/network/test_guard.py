"""Which addresses are open, range by range, spelling by spelling; nothing beyond this machine is connected to."""

import socket
from collections.abc import Callable
from contextlib import nullcontext
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import AddrInfoType, ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from connector.errors import AddressForbidden
from connector.network.guard import FORBIDDEN, Guard, literal, obstacle
from connector.network.guarded_names import GuardedNames, NameThreads, guarded
from tests.unit.network.hostile_server import hostile

PUBLIC = ("93.184.215.14", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0")
PUBLIC_6 = ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450:4001:830::200e", "2001:200::1")

RANGES = {
    "0.0.0.0/8": ("0.0.0.0", "0.1.2.3", "0.255.255.255"),
    "10.0.0.0/8": ("10.0.0.0", "10.11.12.13", "10.255.255.255"),
    "100.64.0.0/10": ("100.64.0.0", "100.100.100.200", "100.127.255.255"),
    "127.0.0.0/8": ("127.0.0.0", "127.0.0.1", "127.255.255.255"),
    "168.63.129.16/32": ("168.63.129.16",),
    "169.254.0.0/16": ("169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255"),
    "172.16.0.0/12": ("172.16.0.0", "172.20.1.1", "172.31.255.255"),
    "192.0.0.0/24": ("192.0.0.0", "192.0.0.192", "192.0.0.255"),
    "192.0.2.0/24": ("192.0.2.0", "192.0.2.255"),
    "192.88.99.0/24": ("192.88.99.1",),
    "192.168.0.0/16": ("192.168.0.0", "192.168.1.1", "192.168.255.255"),
    "198.18.0.0/15": ("198.18.0.0", "198.19.255.255"),
    "198.51.100.0/24": ("198.51.100.0", "198.51.100.255"),
    "203.0.113.0/24": ("203.0.113.0", "203.0.113.255"),
    "224.0.0.0/4": ("224.0.0.0", "239.255.255.255"),
    "240.0.0.0/4": ("240.0.0.0", "255.255.255.255"),
    "::/128": ("::",),
    "::1/128": ("::1", "::1%lo"),
    "fc00::/7": ("fc00::", "fd00:ec2::254", "fd20:ce::254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "fe80::/10": ("fe80::1", "fe80::a9fe:a9fe%eth0", "febf::1"),
    "fec0::/10": ("fec0::1", "feff::1"),
    "ff00::/8": ("ff02::1", "ff0e::1"),
    "2001::/23": ("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:1ff::1"),
    "2001:db8::/32": ("2001:db8::1",),
    "3fff::/20": ("3fff::1",),
}
#: Nothing of these is public, though no line of the table names them.
ELSEWHERE = ("100::1", "5f00::1", "64:ff9b:1::8.8.8.8", "4000::1", "::8.8.8.8", "::ffff:0:8.8.8.8", "1::1")
#: What the addresses that hold an IPv4 one may hide.
HIDDEN = ("127.0.0.1", "10.0.0.5", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1")


def in_mapped(text: str) -> str:
    return f"::ffff:{text}"


def in_compatible(text: str) -> str:
    return f"::{text}"


def in_6to4(text: str) -> str:
    number = int(ip_address(text))
    return f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1"


def in_nat64(text: str) -> str:
    return f"64:ff9b::{text}"


def test_each_range_of_the_table_is_tested_here() -> None:
    assert {str(network) for network, _ in FORBIDDEN} == set(RANGES)


@pytest.mark.parametrize(
    ("network", "text"), [(network, text) for network, texts in RANGES.items() for text in texts], ids=lambda text: text
)
def test_a_forbidden_range_is_closed_and_opens_alone(network: str, text: str) -> None:
    address = ip_address(text)
    assert address in ip_network(network)
    assert obstacle(address)
    with pytest.raises(AddressForbidden):
        Guard().check("crm.example.com", address)
    Guard(allowed=(network,)).check("crm.example.com", address)
    for other in set(RANGES) - {network}:
        with pytest.raises(AddressForbidden):
            Guard(allowed=(other,)).check("crm.example.com", address)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_is_not_given_out_is_closed(text: str) -> None:
    assert obstacle(ip_address(text))


@pytest.mark.parametrize("text", [*PUBLIC, *PUBLIC_6])
def test_public_addresses_are_open(text: str) -> None:
    assert obstacle(ip_address(text)) == ""
    Guard().check("crm.example.com", ip_address(text))


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("disguise", [in_mapped, in_compatible, in_6to4, in_nat64])
def test_a_forbidden_address_does_not_hide_in_another(disguise: Callable[[str], str], hidden: str) -> None:
    assert obstacle(ip_address(disguise(hidden)))


@pytest.mark.parametrize("disguise", [in_mapped, in_6to4, in_nat64])
def test_a_public_one_in_another_is_public(disguise: Callable[[str], str]) -> None:
    assert obstacle(ip_address(disguise("8.8.8.8"))) == ""


def test_an_open_network_opens_its_mapped_addresses_and_no_tunnels_to_it() -> None:
    guard = Guard(allowed=("10.0.0.0/24",))
    guard.check("crm", ip_address("::ffff:10.0.0.5"))
    for text in ("::ffff:10.0.1.5", in_6to4("10.0.0.5"), in_nat64("10.0.0.5"), in_compatible("10.0.0.5")):
        with pytest.raises(AddressForbidden):
            guard.check("crm", ip_address(text))


@pytest.mark.parametrize("allowed", ["10.0.0.5/32", "10.0.0.0/29"])
@pytest.mark.parametrize("text", ["10.0.0.8", "10.0.0.255", "11.0.0.5", "127.0.0.1"])
def test_an_open_network_opens_nothing_beside_it(allowed: str, text: str) -> None:
    guard = Guard(allowed=(allowed,), is_public_open=False)
    guard.check("crm", ip_address("10.0.0.5"))
    with pytest.raises(AddressForbidden):
        guard.check("crm", ip_address(text))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.1.", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("2852039166", "169.254.169.254"),
        ("0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("::1%lo", "::1%lo"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
        ("0:0:0:0:0:ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_an_odd_spelling_is_the_address_that_it_is(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)
    assert obstacle(ip_address(address))


@pytest.mark.parametrize(
    "host", ["crm.example.com", "dead.beef", "localhost", "1.2.3.4.5", "256.0.0.1", "", "x", "..."]
)
def test_names_are_no_addresses(host: str) -> None:
    assert literal(host) is None


def test_the_refusal_says_host_address_and_what_to_write() -> None:
    with pytest.raises(AddressForbidden) as refusal:
        Guard().check("crm.example.com", ip_address("10.0.0.5"))
    assert str(refusal.value) == (
        "crm.example.com is at 10.0.0.5, where a private network is reached:"
        " if that is meant, write `allow_private: [10.0.0.5/32]` beside its URL in config.yaml"
    )


@pytest.mark.parametrize(
    ("text", "network"),
    [("::ffff:10.0.0.5", "10.0.0.5/32"), ("fe80::1%eth0", "fe80::1/128"), ("fd00:ec2::254", "fd00:ec2::254/128")],
)
def test_what_the_refusal_says_to_write_helps(text: str, network: str) -> None:
    with pytest.raises(AddressForbidden, match=rf"\[{network}\]"):
        Guard().check("crm", ip_address(text))
    Guard(allowed=(network,)).check("crm", ip_address(text))


def test_who_calls_is_told_that_a_call_opens_nothing() -> None:
    with pytest.raises(AddressForbidden) as refusal:
        Guard(is_callers=True).check("10.0.0.5", ip_address("10.0.0.5"))
    assert "10.0.0.5 is an address, where" in str(refusal.value)
    assert "only config.yaml could allow that" in str(refusal.value)
    assert "allow_private" not in str(refusal.value)


def test_without_tls_nothing_goes_to_the_public() -> None:
    plain = Guard(allowed=("10.0.0.0/24",)).for_scheme("http")
    plain.check("crm", ip_address("10.0.0.5"))
    with pytest.raises(AddressForbidden, match=r"crm is at 8\.8\.8\.8, and http:// .* write https://"):
        plain.check("crm", ip_address("8.8.8.8"))
    Guard().for_scheme("https").check("crm", ip_address("8.8.8.8"))


def socket_info(address: str) -> AddrInfoType:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443))


def test_no_socket_is_made_for_a_forbidden_address() -> None:
    for text in ("10.0.0.5", "::1", "fe80::1%eth0", "::ffff:127.0.0.1"):
        with pytest.raises(AddressForbidden):
            Guard().socket(socket_info(text))
    with Guard().socket(socket_info("8.8.8.8")) as made:
        assert made.family == socket.AF_INET


class Answers(AbstractResolver):
    """A name server of the test's own."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


async def test_of_a_name_with_public_and_private_addresses_only_the_public_ones_are_left() -> None:
    names = GuardedNames(Guard(), Answers("10.0.0.5", "93.184.215.14", "::1", PUBLIC_6[0], "169.254.169.254"))
    answers = await names.resolve("crm.example.com", 443)
    assert [answer["host"] for answer in answers] == ["93.184.215.14", PUBLIC_6[0]]


async def test_a_name_with_private_addresses_alone_is_refused_by_name() -> None:
    with pytest.raises(AddressForbidden, match=r"crm\.example\.com is at 10\.0\.0\.5"):
        await GuardedNames(Guard(), Answers("10.0.0.5", "::1")).resolve("crm.example.com", 443)


async def test_the_systems_own_names_are_judged_by_what_they_mean() -> None:
    names = NameThreads()
    for host in ("localhost", "0x7f.1"):
        assert {answer["host"] for answer in await names.resolve(host, 443)} <= {"127.0.0.1", "::1"}
        with pytest.raises(AddressForbidden, match=f"{host} is at (127.0.0.1|::1)"):
            await GuardedNames(Guard(), names).resolve(host, 443)
    await names.close()


async def test_a_name_that_can_be_none_is_not_known() -> None:
    names = NameThreads()
    with pytest.raises(OSError, match="no name"):
        await names.resolve("a" * 70 + ".example.com", 443)
    await names.close()


async def test_a_connector_remembers_no_names() -> None:
    assert guarded(Guard())["use_dns_cache"] is False


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "crm.example.com"])
async def test_aiohttp_asks_for_each_socket_whether_the_address_was_looked_up_or_written(host: str) -> None:
    """The last door: here the names are not guarded."""
    async with hostile() as server:
        for guard, connections in ((Guard(), 0), (Guard(allowed=("127.0.0.1/32",)), 1)):
            connector = TCPConnector(resolver=Answers("127.0.0.1"), socket_factory=guard.socket)
            async with ClientSession(connector=connector) as session:
                with nullcontext() if connections else pytest.raises(AddressForbidden):
                    await session.get(f"http://{host}:{server.port}/")
            assert server.connections == connections


async def test_a_race_among_addresses_never_ends_at_a_forbidden_one() -> None:
    async with hostile() as server, hostile("127.0.0.2", port=server.port) as forbidden:
        guard = Guard(allowed=("127.0.0.1/32",))
        connector = TCPConnector(resolver=Answers("127.0.0.2", "127.0.0.1"), socket_factory=guard.socket)
        async with ClientSession(connector=connector) as session:
            await session.get(f"http://crm.example.com:{server.port}/")
        assert (server.connections, forbidden.connections) == (1, 0)
