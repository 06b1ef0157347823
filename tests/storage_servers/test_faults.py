"""Whether each fault of the proxy is what it claims to be: what the server heard, and what the client was told."""

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from tests.storage_servers import cloud_answers
from tests.storage_servers.answers import Answer, exchanged
from tests.storage_servers.cloud_answers import aws_permanent_redirect, aws_wrong_region
from tests.storage_servers.faults import (
    SLOW_DOWN,
    Answered,
    Deaf,
    Flipped,
    GoogleFrontEnd,
    ReplyCut,
    ReplyLost,
    Reset,
    Silence,
    SlowLink,
    WrongMd5,
)
from tests.storage_servers.heard import REPLY, HearingServer, hearing
from tests.storage_servers.proxy import FaultProxy, uploads
from tests.storage_servers.waiting import until

BODY = bytes(range(256)) * 1000
#: More than all the buffers between a sender and who does not read.
HUGE = bytes(32 << 20)
GONE = (ConnectionError, http.client.IncompleteRead, http.client.BadStatusLine)
SAID_BY_CLOUDS = {name: value for name, value in vars(cloud_answers).items() if isinstance(value, Answered)} | {
    "aws_permanent_redirect": aws_permanent_redirect("recordings", "eu-central-1"),
    "aws_wrong_region": aws_wrong_region("us-east-1", "eu-central-1"),
}


@pytest.fixture
def server() -> Iterator[HearingServer]:
    with hearing() as server:
        yield server


@pytest.fixture
async def proxy(server: HearingServer) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(server.endpoint) as proxy:
        yield proxy


async def told(proxy: FaultProxy, method: str = "PUT", body: bytes = BODY, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await asyncio.to_thread(exchanged, proxy.endpoint, method, "/bucket/name", sent, body)


# --- no fault -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "POST", "GET", "DELETE"])
async def test_what_nothing_befalls_passes_unchanged(proxy: FaultProxy, server: HearingServer, method: str) -> None:
    answer = await told(proxy, method, x_amz_meta_call="7")
    assert (answer.status, answer.body) == (200, REPLY)
    assert (server.last.method, server.last.target) == (method, "/bucket/name")
    assert server.last.body == BODY
    assert server.last.headers["x-amz-meta-call"] == "7"
    exchange = proxy.exchanges[0]
    assert (exchange.body_bytes, exchange.server_status, exchange.status) == (len(BODY), 200, 200)


async def test_a_head_has_no_body_and_a_body_may_come_in_chunks(proxy: FaultProxy, server: HearingServer) -> None:
    def asked() -> tuple[bytes, bytes]:
        connection = http.client.HTTPConnection(urlsplit(proxy.endpoint).netloc, timeout=30)
        connection.request("HEAD", "/x")
        head = connection.getresponse().read()
        connection.request("PUT", "/x", body=iter([BODY, BODY]), encode_chunked=True)
        put = connection.getresponse().read()
        connection.close()
        return head, put

    assert await asyncio.to_thread(asked) == (b"", REPLY)
    assert server.last.body == BODY + BODY


async def test_a_client_that_waits_for_leave_gets_it_from_the_server(proxy: FaultProxy, server: HearingServer) -> None:
    answered = await said_over_a_line(proxy, b"PUT /x HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 100")
    await until(lambda: len(server.heard) == 1, lambda: "the request")
    assert server.last.body == b""


async def said_over_a_line(proxy: FaultProxy, request: bytes) -> bytes:
    """The first that comes back."""
    parts = urlsplit(proxy.endpoint)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    said = await reader.read(4096)
    writer.close()
    return said


async def test_a_server_that_answers_before_it_has_heard_all_is_understood(
    proxy: FaultProxy, server: HearingServer
) -> None:
    answer = await asyncio.to_thread(exchanged, proxy.endpoint, "PUT", "/early", {}, BODY)
    assert (answer.status, answer.body) == (200, REPLY)
    assert server.last.body == b""


# --- which request it befalls -------------------------------------------------------------------------------------


async def test_an_order_spares_some_befalls_some_and_is_over(proxy: FaultProxy) -> None:
    order = proxy.order(SLOW_DOWN, spared=1, times=2)
    assert [(await told(proxy)).status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert order.befallen == proxy.exchanges[1:3]


async def test_the_order_given_first_has_the_first_choice_and_cleared_none_holds(proxy: FaultProxy) -> None:
    proxy.order(SLOW_DOWN, when=uploads, times=None)
    proxy.order(Answered(403, "AccessDenied"), times=None)
    assert [(await told(proxy, method)).status for method in ("PUT", "GET", "PUT")] == [503, 403, 503]
    proxy.clear()
    assert (await told(proxy)).status == 200


# --- broken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_bytes", [0, 1, 70_000, len(BODY) - 1])
async def test_a_reset_lets_exactly_so_much_of_the_body_through(
    proxy: FaultProxy, server: HearingServer, after_bytes: int
) -> None:
    proxy.order(Reset(after_bytes))
    with pytest.raises(GONE):
        await told(proxy)
    await until(lambda: [len(heard.body) for heard in server.heard] == [after_bytes], lambda: f"{after_bytes} bytes")
    assert BODY.startswith(server.last.body)
    assert not server.last.is_whole
    assert proxy.exchanges[0].status is None
    assert (await told(proxy)).status == 200


async def test_a_reset_leaves_a_body_alone_that_is_no_longer(proxy: FaultProxy, server: HearingServer) -> None:
    proxy.order(Reset(len(BODY)))
    assert (await told(proxy)).status == 200
    assert server.last.body == BODY


async def test_of_a_lost_reply_the_client_hears_nothing_and_the_server_has_done_all(
    proxy: FaultProxy, server: HearingServer
) -> None:
    proxy.order(ReplyLost())
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        await told(proxy)
    assert server.last.body == BODY
    assert server.last.is_whole
    assert (proxy.exchanges[0].server_status, proxy.exchanges[0].status) == (200, None)


@pytest.mark.parametrize("after_bytes", [0, 1, len(REPLY) - 1])
async def test_a_reply_is_cut_at_the_byte(proxy: FaultProxy, after_bytes: int) -> None:
    proxy.order(ReplyCut(after_bytes))
    parts = urlsplit(proxy.endpoint)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"GET /x HTTP/1.1\r\n\r\n")
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    came = bytearray()
    with pytest.raises(ConnectionResetError):
        await _taken(reader, came)
    writer.close()
    assert bytes(came) == REPLY[:after_bytes]


async def _taken(reader: asyncio.StreamReader, into: bytearray) -> None:
    while True:
        into += await reader.readexactly(1)


async def test_a_proxy_that_was_stopped_is_gone_and_comes_back_on_its_port(proxy: FaultProxy) -> None:
    assert (await told(proxy)).status == 200
    await proxy.stop()
    with pytest.raises(ConnectionRefusedError):
        await told(proxy)
    await proxy.start()
    assert (await told(proxy)).status == 200


async def test_for_a_server_that_is_down_no_answer_is_made_up() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with FaultProxy(f"http://127.0.0.1:{unused.getsockname()[1]}") as proxy:
            with pytest.raises(GONE):
                await told(proxy)
            assert proxy.exchanges[0].status is None


# --- stuck --------------------------------------------------------------------------------------------------------


async def test_in_silence_the_whole_body_is_taken_and_the_server_hears_nothing(
    proxy: FaultProxy, server: HearingServer
) -> None:
    proxy.order(Silence())
    asking = asyncio.create_task(told(proxy))
    await proxy.until(lambda: proxy.exchanges[:1] != [] and proxy.exchanges[0].body_bytes == len(BODY))
    assert (await told(proxy)).status == 200
    assert not asking.done()
    assert len(server.heard) == 1
    await proxy.stop()
    with pytest.raises(GONE):
        await asking


async def test_the_deaf_stops_reading_so_that_the_sender_cannot_get_rid_of_its_body(
    proxy: FaultProxy, server: HearingServer
) -> None:
    proxy.order(Deaf(100_000))
    parts = urlsplit(proxy.endpoint)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"PUT /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(HUGE) + HUGE)
    left = [writer.transport.get_write_buffer_size()]

    def is_stuck() -> bool:
        left.append(writer.transport.get_write_buffer_size())
        return len(left) > 10 and len(set(left[-10:])) == 1

    await until(is_stuck, lambda: f"a sender that is stuck: {left[-10:]} bytes left")
    assert left[-1] > len(HUGE) / 2
    assert 0 < len(server.last.body) <= 100_000
    writer.transport.abort()


async def test_over_a_slow_link_all_arrives_in_small_pieces(proxy: FaultProxy, server: HearingServer) -> None:
    proxy.order(SlowLink(400_000))
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    asking = asyncio.create_task(told(proxy))
    await proxy.until(lambda: any(exchange.body_bytes for exchange in proxy.exchanges))
    assert proxy.exchanges[0].body_bytes == 20_000
    assert (await asking).body == REPLY
    assert server.last.body == BODY
    # The least that it can take, whatever else the machine has to do.
    assert loop.time() - began_at >= (len(BODY) + len(REPLY)) / 400_000


# --- changed on the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_byte", [0, 65_536, len(BODY) - 1])
async def test_one_bit_of_the_body_is_flipped(proxy: FaultProxy, server: HearingServer, at_byte: int) -> None:
    proxy.order(Flipped(at_byte))
    assert (await told(proxy)).status == 200
    assert len(server.last.body) == len(BODY)
    assert [place for place, (a, b) in enumerate(zip(server.last.body, BODY, strict=True)) if a != b] == [at_byte]


async def test_the_md5_is_anothers_and_the_rest_as_it_was(proxy: FaultProxy, server: HearingServer) -> None:
    proxy.order(WrongMd5())
    await told(proxy, Content_MD5="1B2M2Y8AsgTpgAmY7PhCfg==", x_amz_meta_call="7")
    assert server.last.headers["content-md5"] == "AAAAAAAAAAAAAAAAAAAAAA=="
    assert server.last.headers["x-amz-meta-call"] == "7"
    assert server.last.body == BODY


async def test_the_google_front_end_changes_what_encodings_are_accepted(
    proxy: FaultProxy, server: HearingServer
) -> None:
    proxy.order(GoogleFrontEnd())
    await told(proxy, Accept_Encoding="identity")
    assert server.last.headers["accept-encoding"] == "identity,gzip(gfe)"


# --- answered by the proxy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAID_BY_CLOUDS)
async def test_a_cloud_is_quoted_and_the_server_hears_nothing(
    proxy: FaultProxy, server: HearingServer, name: str
) -> None:
    said = SAID_BY_CLOUDS[name]
    proxy.order(said, times=2)
    answer = await told(proxy)
    assert (answer.status, answer.code) == (said.status, said.code)
    assert answer.texts("Code") == [said.code]
    assert proxy.exchanges[0].body_bytes == len(BODY)
    head = await told(proxy, "HEAD", b"")
    assert (head.status, head.body) == (said.status, b"")
    assert server.heard == []


async def test_aws_answers_in_chunks_and_hangs_up(proxy: FaultProxy) -> None:
    proxy.order(cloud_answers.AWS_SLOW_DOWN)
    answer = await told(proxy)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["connection"] == "close"
    assert "content-length" not in answer.headers
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>')


async def test_where_a_bucket_is_aws_tells_in_a_header_and_no_location(proxy: FaultProxy) -> None:
    proxy.order(aws_permanent_redirect("recordings", "eu-central-1"), when=uploads)
    answer = await told(proxy)
    assert answer.headers["x-amz-bucket-region"] == "eu-central-1"
    assert answer.texts("Endpoint") == ["recordings.s3.eu-central-1.amazonaws.com"]
    assert "location" not in answer.headers


async def test_azure_begins_with_a_byte_order_mark_and_keeps_the_line(proxy: FaultProxy) -> None:
    proxy.order(cloud_answers.AZURE_BUSY)

    def twice() -> list[tuple[int, bytes]]:
        connection = http.client.HTTPConnection(urlsplit(proxy.endpoint).netloc, timeout=30)
        answers = []
        for _ in range(2):
            connection.request("PUT", "/x", body=BODY)
            reply = connection.getresponse()
            answers.append((reply.status, reply.read()))
        connection.close()
        return answers

    busy, then = await asyncio.to_thread(twice)
    assert busy[1].startswith(b"\xef\xbb\xbf<?xml")
    assert [busy[0], then[0]] == [503, 200]


async def test_who_waits_for_leave_is_answered_without_it(proxy: FaultProxy, server: HearingServer) -> None:
    proxy.order(SLOW_DOWN)
    said = await said_over_a_line(proxy, b"PUT /x HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 503")
    assert b"connection: close" in said.lower()
    assert server.heard == []
