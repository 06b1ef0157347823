"""Letters posted to real servers on this machine, most of which behave badly."""

import asyncio
import gzip
import os
import random
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from connector.errors import AddressForbidden, EndpointUnreachable
from connector.network.posting import HttpPoster, waiting_seconds
from connector.ports.poster import Letter
from tests.clocks import SimulatedClock
from tests.storage_servers.authority import Authority
from tests.unit.network.hostile_server import Hostile, hostile

HERE = ("127.0.0.1/32",)
#: Long enough for a loaded machine.
LIMIT_SECONDS = 30.0
#: For peers that would never end; none of these tests says how long it takes.
SHORT_SECONDS = 0.3
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECRET = "token=hush-hush"
BODY = b'{"event":"notify","callid":"hush-body"}'


class Answers(AbstractResolver):
    """A name server of the test's own: each question has the next answer, the last one for ever."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def poster() -> AsyncIterator[HttpPoster]:
    made = HttpPoster(SimulatedClock())
    yield made
    await made.close()


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as made:
        yield made


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def letter(server: Hostile, *, host: str = "", path: str = f"/calls?{SECRET}", most_bytes: int = 0) -> Letter:
    return Letter(
        url=f"http://{host or server.host}:{server.port}{path}",
        body=BODY,
        headers={"Content-Type": "application/json", "webhook-id": "msg_1"},
        limit_seconds=LIMIT_SECONDS,
        allowed=HERE,
        most_bytes=most_bytes,
    )


def nobodys_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port: int = reserved.getsockname()[1]
        return port


def chain(error: BaseException | None) -> str:
    """All that a log would print of it."""
    said = ""
    while error is not None:
        said += f"{error!s} {error!r}\n"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


async def unreachable(poster: HttpPoster, letter: Letter) -> str:
    """What is said of it; nothing of URL, body or the server's words is."""
    with pytest.raises(EndpointUnreachable) as refusal:
        await poster.post(letter)
    said = chain(refusal.value)
    assert "hush" not in said
    assert "/calls" not in said
    assert "evil" not in said
    return str(refusal.value)


# What is sent, and what comes back


async def test_a_letter_arrives_as_it_was_written(poster: HttpPoster, server: Hostile) -> None:
    reply = await poster.post(letter(server, most_bytes=100))
    assert (reply.status, reply.content, reply.is_cut, reply.retry_after_seconds) == (200, b"ok", False, None)
    assert reply.seconds > 0.0
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert body == BODY
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST /calls?{SECRET} HTTP/1.1"
    assert {line.split(":")[0].lower() for line in lines[1:]} == {
        *("host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "connection"),
        "webhook-id",
    }


@pytest.mark.parametrize("path", ["/%41%2fb/c%7E?x=a+b%20c%2B&y=%e4", "/a/../b;v=1", "/"])
async def test_the_path_goes_as_it_was_signed(poster: HttpPoster, server: Hostile, path: str) -> None:
    for host in ("127.0.0.1", "127.1"):
        await poster.post(letter(server, host=host, path=path))
        assert server.asked[-1].startswith(f"POST {path} HTTP/1.1\r\n".encode())


async def test_what_cannot_go_on_the_wire_is_escaped(poster: HttpPoster, server: Hostile) -> None:
    await poster.post(letter(server, path="/a b\r\nX-Evil: é"))
    head = server.asked[0].partition(b"\r\n\r\n")[0]
    assert b"\r\nx-evil" not in head.lower()
    assert head.startswith(b"POST /a%20b")


@pytest.mark.parametrize("status", [204, 400, 410, 429, 500, 503, 999])
async def test_every_status_is_a_reply(poster: HttpPoster, server: Hostile, status: int) -> None:
    server.says(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\nRetry-After: 120\r\n\r\n".encode())
    reply = await poster.post(letter(server))
    assert (reply.status, reply.retry_after_seconds, reply.is_cut) == (status, 120.0, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nobody_is_sent_on(poster: HttpPoster, server: Hostile, status: int) -> None:
    async with hostile() as other:
        where = f"http://127.0.0.1:{other.port}/".encode()
        server.says(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, where))
        assert (await poster.post(letter(server))).status == status
        assert (server.connections, other.connections) == (1, 0)


async def test_no_cookie_comes_back(poster: HttpPoster, server: Hostile) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")
    await poster.post(letter(server))
    await poster.post(letter(server))
    assert b"cookie" not in server.asked[1].lower()


async def test_no_proxy_and_no_password_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Hostile
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login hush password hush")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with hostile() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        poster = HttpPoster(SimulatedClock())
        await poster.post(letter(server))
        await poster.close()
        assert (server.connections, proxy.connections) == (1, 0)
    assert b"authorization" not in server.asked[0].lower()


# How much of the answer is taken


@pytest.mark.parametrize(("most", "content", "is_cut"), [(9, b"0123456789"[:9], True), (10, b"0123456789", False)])
async def test_no_more_is_taken_than_is_wanted(
    poster: HttpPoster, server: Hostile, most: int, content: bytes, is_cut: bool
) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\n0123\r\n", b"6\r\n456789\r\n0\r\n\r\n")
    reply = await poster.post(letter(server, most_bytes=most))
    assert (reply.content, reply.is_cut) == (content, is_cut)


@pytest.mark.parametrize("most_bytes", [0, 1000])
@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        (b"Content-Length: 1073741824\r\n", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        (b"", b"x" * 65536),
    ],
    ids=["length", "chunks", "until it closes"],
)
async def test_of_an_endless_answer_the_beginning_is_read_and_the_connection_closed(
    poster: HttpPoster, server: Hostile, framing: bytes, piece: bytes, most_bytes: int
) -> None:
    server.repeats(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n", piece)
    reply = await poster.post(letter(server, most_bytes=most_bytes))
    assert (reply.status, reply.content, reply.is_cut) == (200, b"x" * most_bytes, True)
    await server.left.wait()
    assert server.sent_bytes < 64 << 20


async def test_a_packed_answer_is_not_unpacked(poster: HttpPoster, server: Hostile) -> None:
    packed = gzip.compress(bytes(1 << 20))
    server.says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)
    assert (await poster.post(letter(server, most_bytes=10_000))).content == packed
    assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_a_status_is_enough_where_nothing_else_is_wanted(poster: HttpPoster, server: Hostile) -> None:
    server.says(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n", stays=True)
    reply = await poster.post(letter(server))
    assert (reply.status, reply.content, reply.is_cut) == (202, b"", True)
    await server.left.wait()


async def test_each_letter_has_a_connection_of_its_own(poster: HttpPoster, server: Hostile) -> None:
    """What a server sends too much is never taken for its next answer."""
    server.says(OK + OK.replace(b"200 OK", b"201 Evil"), stays=True)
    for _ in range(2):
        assert (await poster.post(letter(server, most_bytes=100))).status == 200
    assert server.connections == 2


# Who does not answer


async def test_a_silent_peer_is_left_when_the_time_is_over(poster: HttpPoster, server: Hostile) -> None:
    server.says(stays=True)
    said = await unreachable(poster, replace(letter(server), limit_seconds=SHORT_SECONDS))
    assert said == "127.0.0.1 gave no whole answer within 0.3 s"
    await server.left.wait()


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"", b" "),
        (b"HT", b"T"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y"),
    ],
    ids=["spaces", "status", "header", "100", "102", "body", "chunks", "extension", "trailer"],
)
async def test_a_peer_that_drips_is_left_when_the_time_is_over(
    poster: HttpPoster, server: Hostile, beginning: bytes, piece: bytes
) -> None:
    server.drips(beginning, piece)
    await unreachable(poster, replace(letter(server, most_bytes=100_000), limit_seconds=SHORT_SECONDS))
    await asyncio.wait_for(server.left.wait(), LIMIT_SECONDS)


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Evil: 1\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nX-Evil: ", b"y" * 65536),
        (b"HTTP/1.1 200 ", b"evil" * 16384),
    ],
    ids=["headers", "a header", "a status line"],
)
async def test_headers_that_never_end_are_not_kept(
    poster: HttpPoster, server: Hostile, beginning: bytes, piece: bytes
) -> None:
    server.repeats(beginning, piece)
    assert await unreachable(poster, letter(server)) == "127.0.0.1 does not answer in HTTP that can be read"
    await server.left.wait()
    assert server.sent_bytes < 64 << 20


async def test_an_answer_shorter_than_it_says_is_none(poster: HttpPoster, server: Hostile) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nevil")
    assert await unreachable(poster, letter(server, most_bytes=10_000)) == "127.0.0.1 broke off its answer"


@pytest.mark.parametrize(
    "answer", [b"evil", b"evil\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: evil\r\n\r\n", b"\x16\x03\x01\x02\x00"]
)
async def test_what_is_no_http_is_no_answer(poster: HttpPoster, server: Hostile, answer: bytes) -> None:
    server.says(answer)
    assert await unreachable(poster, letter(server)) == "127.0.0.1 does not answer in HTTP that can be read"


async def test_a_peer_that_closes_or_resets_is_said(poster: HttpPoster, server: Hostile) -> None:
    server.says()
    assert await unreachable(poster, letter(server)) == "127.0.0.1 closed the connection before it answered"
    server.resets()
    assert await unreachable(poster, letter(server)) == "127.0.0.1 reset the connection before it had answered"
    server.resets(after=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nevil")
    await unreachable(poster, letter(server, most_bytes=10_000))


async def test_where_nobody_listens_that_is_said(poster: HttpPoster, server: Hostile) -> None:
    nobody = replace(letter(server), url=f"http://127.0.0.1:{nobodys_port()}/calls?{SECRET}")
    assert await unreachable(poster, nobody) == "127.0.0.1 refuses the connection: does its server run?"


async def test_a_name_that_nobody_knows_is_said(server: Hostile) -> None:
    poster = HttpPoster(SimulatedClock(), Answers(()))
    said = await unreachable(poster, letter(server, host="crm.example.com"))
    assert said == "crm.example.com is a name that is not known now"
    await poster.close()


@pytest.mark.parametrize("host", ["a" * 70 + ".example.com", "a..b"])
async def test_a_name_that_can_be_none_is_not_known(poster: HttpPoster, server: Hostile, host: str) -> None:
    assert await unreachable(poster, letter(server, host=host)) == f"{host} is a name that is not known now"


async def test_whatever_a_server_answers_is_a_reply_or_none(poster: HttpPoster, server: Hostile) -> None:
    seed = random.Random(20260105)
    words = [b"HTTP/1.1", b" ", b"200", b"\r\n", b"\n", b"\0", b":", b"Content-Length", b"Transfer-Encoding", b"-1"]
    words += [b"chunked", b"\xff", b"Retry-After", b"Set-Cookie", b"Connection", b"Upgrade", b"101", b"99999999999999"]
    replies = 0
    for _ in range(300):
        garbage = b"".join(seed.choices(words, k=seed.randrange(1, 12)))
        proper = b"HTTP/1.1 " + seed.choice([b"200 OK", b"101 So", b"204 No"]) + b"\r\n"
        server.says((proper if seed.random() < 0.7 else b"") + garbage + b"\r\n\r\n")
        try:
            await poster.post(letter(server, most_bytes=100))
            replies += 1
        except EndpointUnreachable:
            continue
    assert 0 < replies < 300


async def test_a_header_that_would_break_the_request_is_not_sent(poster: HttpPoster, server: Hostile) -> None:
    broken = replace(letter(server), headers={"Authorization": "hush\r\nX: evil"})
    assert await unreachable(poster, broken) == "127.0.0.1 could not be asked (ValueError)"
    assert server.asked == []


# Where it may go


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "127.0.0.1.", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST"]
)
async def test_this_machine_is_closed_however_it_is_spelled(
    poster: HttpPoster, server: Hostile, host: str, scheme: str
) -> None:
    wanted = replace(letter(server, host=host), allowed=())
    with pytest.raises(AddressForbidden) as refusal:
        await poster.post(replace(wanted, url=wanted.url.replace("http", scheme)))
    assert "hush" not in chain(refusal.value)
    assert "allow_private" in str(refusal.value)
    assert server.connections == 0


@pytest.mark.parametrize("host", ["１２７.０.０.１", "①27.0.0.1", "[::1%25lo]", "[::1%lo]", "0", "169.254.169.254"])
async def test_strange_signs_are_read_before_they_are_judged(poster: HttpPoster, server: Hostile, host: str) -> None:
    with pytest.raises(AddressForbidden, match="allow_private"):
        await poster.post(replace(letter(server, host=host), allowed=()))
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "127.0.0.1.", "[::ffff:127.0.0.1]"])
async def test_what_is_open_is_reached_however_it_is_spelled(poster: HttpPoster, server: Hostile, host: str) -> None:
    assert (await poster.post(letter(server, host=host))).status == 200


async def test_each_letter_goes_by_its_own_networks(poster: HttpPoster, server: Hostile) -> None:
    assert (await poster.post(letter(server))).status == 200
    with pytest.raises(AddressForbidden):
        await poster.post(replace(letter(server), allowed=("127.0.0.2/32",)))
    assert server.connections == 1


async def test_a_name_that_turns_private_is_refused_and_asked_for_anew_with_each_letter(server: Hostile) -> None:
    """127.0.0.1 is open here, and stands for a public address; 127.0.0.2 is not."""
    async with hostile("127.0.0.2", port=server.port) as private:
        names = Answers(("127.0.0.1",), ("127.0.0.2",))
        poster = HttpPoster(SimulatedClock(), names)
        wanted = letter(server, host="crm.example.com")
        assert (await poster.post(wanted)).status == 200
        # What was judged is what was connected to: nobody asked between the two.
        assert names.asked == ["crm.example.com"]
        with pytest.raises(AddressForbidden, match=r"crm\.example\.com is at 127\.0\.0\.2"):
            await poster.post(wanted)
        assert (server.connections, private.connections) == (1, 0)
        await poster.close()


@pytest.mark.parametrize("order", [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")])
async def test_of_a_name_with_both_only_the_open_address_is_gone_to(server: Hostile, order: tuple[str, str]) -> None:
    async with hostile("127.0.0.2", port=server.port) as private:
        poster = HttpPoster(SimulatedClock(), Answers(order))
        wanted = letter(server, host="crm.example.com")
        assert (await poster.post(wanted)).status == 200
        closed = replace(wanted, url=f"http://crm.example.com:{nobodys_port()}/")
        with pytest.raises(EndpointUnreachable, match="refuses"):
            await poster.post(closed)
        assert (server.connections, private.connections) == (1, 0)
        await poster.close()


async def test_without_tls_nothing_goes_to_public_addresses() -> None:
    poster = HttpPoster(SimulatedClock(), Answers(("93.184.215.14",)))
    for host in ("crm.example.com", "93.184.215.14"):
        wanted = Letter(url=f"http://{host}/", body=b"", headers={}, limit_seconds=LIMIT_SECONDS, allowed=HERE)
        with pytest.raises(AddressForbidden, match="http://"):
            await poster.post(wanted)
    await poster.close()


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/hush", "ws://127.0.0.1/hush", "/hush", "https:///hush", "https://h:99999"]
)
async def test_what_is_no_address_is_refused_and_not_repeated(poster: HttpPoster, server: Hostile, url: str) -> None:
    with pytest.raises(AddressForbidden) as refusal:
        await poster.post(replace(letter(server), url=url))
    assert "hush" not in chain(refusal.value)


# TLS


async def test_an_authority_of_ones_own_is_trusted_where_it_is_named(poster: HttpPoster, authority: Authority) -> None:
    async with hostile(tls=authority.serving()) as server:
        for host in ("127.0.0.1", "localhost"):
            wanted = letter(server, host=host)
            url = wanted.url.replace("http:", "https:")
            trusting = replace(wanted, url=url, ca=str(authority.ca_file), allowed=("127.0.0.0/8", "::1/128"))
            assert (await poster.post(trusting)).status == 200


async def test_a_stranger_is_not_trusted(poster: HttpPoster, authority: Authority, tmp_path: Path) -> None:
    async with hostile(tls=authority.serving()) as server:
        wanted = replace(letter(server), url=f"https://127.0.0.1:{server.port}/calls?{SECRET}")
        said = await unreachable(poster, wanted)
        assert said.startswith("127.0.0.1 shows a certificate that is not trusted (")
        assert said.endswith("name that one's file as `ca`")
        await unreachable(poster, replace(wanted, ca=str(Authority(tmp_path / "another").ca_file)))
        assert server.asked == []


async def test_a_certificate_of_another_host_is_not_trusted(authority: Authority) -> None:
    async with hostile(tls=authority.serving()) as server:
        poster = HttpPoster(SimulatedClock(), Answers(("127.0.0.1",)))
        wanted = replace(letter(server), url=f"https://crm.example.com:{server.port}/", ca=str(authority.ca_file))
        assert "not valid for 'crm.example.com'" in await unreachable(poster, wanted)
        await poster.close()


async def test_a_port_without_tls_is_said(poster: HttpPoster, server: Hostile) -> None:
    async def answering(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 evil ESMTP\r\n")
        await writer.drain()

    server.answering = answering
    said = await unreachable(poster, replace(letter(server), url=f"https://127.0.0.1:{server.port}/"))
    assert said == "127.0.0.1 does not speak TLS as we do: is that its port for https?"


async def test_an_authority_that_cannot_be_read_is_named(poster: HttpPoster, server: Hostile, tmp_path: Path) -> None:
    absent, empty = tmp_path / "absent.pem", tmp_path / "empty.pem"
    empty.touch()
    for ca in (absent, empty):
        wanted = replace(letter(server), url=f"https://127.0.0.1:{server.port}/", ca=str(ca))
        assert f"certificate from {ca}" in await unreachable(poster, wanted)


# Sessions


async def test_who_may_go_to_the_same_places_shares_a_session(poster: HttpPoster, server: Hostile) -> None:
    many = [letter(server, path=f"/{number}") for number in range(20)]
    replies = await asyncio.gather(*(poster.post(one) for one in many))
    assert [reply.status for reply in replies] == [200] * 20
    assert len(poster._sessions) == 1


async def test_one_that_does_not_answer_holds_up_no_other(poster: HttpPoster, server: Hostile) -> None:
    async with hostile() as silent, asyncio.TaskGroup() as group:
        silent.says(stays=True)
        waiting = [group.create_task(poster.post(letter(silent))) for _ in range(150)]
        for _ in waiting:
            await silent.came.acquire()
        assert (await poster.post(letter(server))).status == 200
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()


async def test_closing_ends_what_is_under_way(server: Hostile) -> None:
    poster = HttpPoster(SimulatedClock())
    server.says(stays=True)
    waiting = [asyncio.ensure_future(poster.post(letter(server))) for _ in range(20)]
    for _ in waiting:
        await server.came.acquire()
    await poster.close()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert {str(end) for end in ends} == {"127.0.0.1 closed the connection before it answered"}


async def test_nothing_stays_open(poster: HttpPoster, server: Hostile) -> None:
    await poster.post(letter(server))
    before = len(os.listdir("/proc/self/fd"))
    for most_bytes in (0, 1, 100):
        await poster.post(letter(server, most_bytes=most_bytes))
    server.says(stays=True)
    await unreachable(poster, replace(letter(server), limit_seconds=SHORT_SECONDS))
    await server.left.wait()
    for _ in range(100):
        if len(os.listdir("/proc/self/fd")) <= before:
            return
        await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= before


# Retry-After

NOW = 1767603600.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("inf", None),
        ("9" * 40, None),
        ("٣", None),
        ("Mon, 05 Jan 2026 09:02:00 GMT", 120.0),
        ("Mon, 05 Jan 2026 10:02:00 +0100", 120.0),
        ("Monday, 05-Jan-26 09:02:00 GMT", 120.0),
        ("Mon, 05 Jan 2026 09:02:00 -0000", 120.0),
        ("Mon, 05 Jan 2026 08:00:00 GMT", 0.0),
        ("Mon, 99 Foo 2026 09:02:00 GMT", None),
    ],
)
def test_what_a_server_asks_us_to_wait(text: str | None, seconds: float | None) -> None:
    assert waiting_seconds(text, NOW) == seconds


def test_a_date_without_a_zone_is_not_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        waiting = waiting_seconds("Mon, 05 Jan 2026 09:02:00", NOW)
    time.tzset()
    assert waiting == 120.0


async def test_a_date_to_wait_for_is_reckoned_from_now(poster: HttpPoster, server: Hostile) -> None:
    date = format_datetime(datetime.fromtimestamp(SimulatedClock().now() + 90, UTC), usegmt=True)
    server.says(f"HTTP/1.1 503 Later\r\nRetry-After: {date}\r\nContent-Length: 0\r\n\r\n".encode())
    assert (await poster.post(letter(server))).retry_after_seconds == 90.0
