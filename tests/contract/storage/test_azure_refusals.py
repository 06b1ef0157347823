"""What AzureStore makes of everything that can go wrong between it and a server: whose fault it is, and no secret."""

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.storage.azure import AzureStore
from connector.storage.azure_credentials import azure_keys
from connector.storage.retrying import Retrying
from connector.storage.time_limits import LIMITS, TimeLimits
from tests.contract.storage.azure_rig import Container, HastyClock, is_block, proxied
from tests.contract.storage.filed_uploads import FiledUploads
from tests.contract.storage.places import digest_of
from tests.contract.storage.suite import NAME, SOUND, content_of
from tests.contract.storage.tunnel import Tunnel
from tests.storage_servers.authority import Authority
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.faults import Answered, Deaf, Fault, Flipped, ReplyCut, ReplyLost, Reset, Silence
from tests.storage_servers.proxy import FaultProxy, uploads

WRONG_KEY = base64.b64encode(bytes(64)).decode()
OLD = b"""<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to
authenticate the request.</Message><AuthenticationErrorDetail>Request date header too old: 'Fri, 31 Jan 2020 12:28:37
GMT'</AuthenticationErrorDetail></Error>"""
HASTY = TimeLimits(answer_seconds=0.5, complete_seconds=0.5)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "small.mp3"
    path.write_bytes(SOUND)
    return path


@pytest.fixture
async def proxy(azurite: Azurite) -> AsyncIterator[FaultProxy]:
    async with proxied(azurite) as proxy:
        yield proxy


@pytest.fixture
def container(azurite: Azurite, tmp_path: Path, proxy: FaultProxy) -> Container:
    return Container(azurite, tmp_path, proxy.endpoint)


def store_at(rig: Container, tmp_path: Path, limits: TimeLimits = LIMITS, **place: object) -> AzureStore:
    return AzureStore(
        replace(rig.location, **place),  # type: ignore[arg-type]  # what each test changes of it
        azure_keys(Secret(rig.server.key)),
        uploads=FiledUploads(tmp_path / "others"),
        limits=limits,
    )


def all_that_is_said(error: BaseException) -> str:
    """With every cause, as a log would show it."""
    return "".join(traceback.format_exception(error)) + repr(error)


# --- answers ------------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_refused_in_every_request(container: Container, source: Path) -> None:
    store = container.opened(WRONG_KEY)
    for asked in (
        store.put(NAME, source, digest_of(SOUND)),
        store.facts(NAME),
        content_of(store, NAME),
        store.remove(NAME),
    ):
        with pytest.raises(DestinationRefused, match="the key is wrong") as refusal:
            await asked
        assert WRONG_KEY not in all_that_is_said(refusal.value)
    await store.close()


async def test_a_container_that_is_missing_is_not_made(container: Container, tmp_path: Path, source: Path) -> None:
    store = store_at(container, tmp_path, container="missing")
    for asked in (store.put(NAME, source, digest_of(SOUND)), store.facts(NAME), store.remove(NAME)):
        with pytest.raises(DestinationRefused, match="there is no such container: create it"):
            await asked
    await store.close()


async def test_an_account_that_the_server_does_not_have_is_refused(
    container: Container, tmp_path: Path, source: Path
) -> None:
    endpoint = container.location.endpoint.replace(container.location.account, "nobody")
    store = store_at(container, tmp_path, account="nobody", endpoint=endpoint)
    with pytest.raises(DestinationRefused):
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (Answered(503, "ServerBusy", {"Retry-After": "7"}), DestinationUnreachable, "it is busy"),
        (Answered(500, "OperationTimedOut"), DestinationUnreachable, "busy or broken"),
        (Answered(502, body=b"<html>Bad Gateway</html>"), DestinationUnreachable, "busy or broken"),
        (Answered(403, "AuthenticationFailed", body=OLD), DestinationUnreachable, "clock is wrong"),
        (Answered(403, "AuthorizationFailure"), DestinationRefused, "network rules keep this machine out"),
        (Answered(403, "KeyBasedAuthenticationNotPermitted"), DestinationRefused, "allow shared key access"),
        (Answered(403, "AccountIsDisabled"), DestinationRefused, "ask its owner"),
        (Answered(409, "BlobImmutableDueToPolicy"), DestinationRefused, "legal hold"),
        (Answered(412, "LeaseIdMissing"), DestinationRefused, "lease"),
        (Answered(400, "InvalidHeaderValue"), DestinationRefused, "access tier"),
        (Answered(307, headers={"Location": "http://127.0.0.1:1/elsewhere"}), DestinationRefused, "no blob endpoint"),
        (
            Answered(200, body=b"<html>Log in to the hotel's network</html>"),
            DestinationUnreachable,
            "no answer of Azure",
        ),
        (Answered(507, "NoSpace"), NoRoom, "no room"),
    ],
)
async def test_what_the_server_answers_is_told_apart(
    container: Container, proxy: FaultProxy, source: Path, fault: Fault, kind: type[Exception], said: str
) -> None:
    proxy.order(fault, times=None)
    store = container.open()
    with pytest.raises(kind, match=said) as refusal:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    assert not isinstance(refusal.value, ObjectExists)
    assert repr(NAME) in str(refusal.value)
    assert container.server.key not in all_that_is_said(refusal.value)
    assert container.names() == []


async def test_how_long_a_busy_server_wants_to_be_left_alone_is_told(
    container: Container, proxy: FaultProxy, source: Path
) -> None:
    proxy.order(Answered(503, "ServerBusy", {"Retry-After": "7"}), times=None)
    store = container.open()
    with pytest.raises(DestinationUnreachable) as busy:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    assert busy.value.retry_after_seconds == 7.0


async def test_a_promise_whose_hashes_contradict_each_other_is_ours_to_mend_and_no_damage_on_the_way(
    container: Container, proxy: FaultProxy, source: Path
) -> None:
    store = container.open()
    with pytest.raises(DestinationRefused, match="not the file that was promised"):
        await store.put(NAME, source, replace(digest_of(SOUND), md5="0" * 32))
    await store.close()
    assert proxy.heads == []


# --- the line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Answered(503, "ServerBusy"),
        Reset(500),
        ReplyLost(),
        Flipped(100),
    ],
    ids=["busy", "reset", "reply lost", "bit flipped"],
)
async def test_what_passes_is_got_over_by_trying_again(
    container: Container, proxy: FaultProxy, source: Path, fault: Fault
) -> None:
    order = proxy.order(fault, times=2, when=uploads)
    store = Retrying(container.open(), HastyClock())
    await store.put(NAME, source, digest_of(SOUND))
    assert len(order.befallen) == 2
    assert await content_of(store, NAME) == SOUND
    assert container.names() == [NAME]
    await store.close()


async def test_a_bit_that_flips_on_its_way_is_found_by_the_server(
    container: Container, proxy: FaultProxy, source: Path
) -> None:
    proxy.order(Flipped(100), times=None, when=uploads)
    store = container.open()
    with pytest.raises(DestinationUnreachable, match="damaged"):
        await store.put(NAME, source, digest_of(SOUND))
    assert await store.facts(NAME) is None
    await store.close()


async def test_a_flipped_bit_in_one_block_is_found_by_the_server(
    container: Container, proxy: FaultProxy, tmp_path: Path
) -> None:
    source, content = tmp_path / "large.wav", bytes(5 << 16)
    source.write_bytes(content)
    proxy.order(Flipped(100), spared=2, when=is_block)
    store = container.opened(container.server.key, part_bytes=1 << 16, single_bytes=1 << 16)
    with pytest.raises(DestinationUnreachable, match="damaged"):
        await store.put(NAME, source, digest_of(content))
    await store.put(NAME, source, digest_of(content))
    assert await content_of(store, NAME) == content
    await store.close()


@pytest.mark.parametrize("fault", [Silence(), Deaf(100)], ids=["never answers", "stops reading"])
async def test_a_server_that_falls_silent_holds_us_no_longer_than_the_limit(
    container: Container, proxy: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    # More than the buffers between take.
    source, content = tmp_path / "long.wav", bytes(12 << 20)
    source.write_bytes(content)
    proxy.order(fault, times=None)
    limits = replace(HASTY, slowest_bytes_per_second=100 << 20)
    store = store_at(container, tmp_path, limits)
    with pytest.raises(DestinationUnreachable, match="no answer within"):
        await store.put(NAME, source, digest_of(content))
    await store.close()


async def test_an_answer_that_is_cut_off_is_no_content(container: Container, proxy: FaultProxy, source: Path) -> None:
    store = container.open()
    await store.put(NAME, source, digest_of(SOUND))
    proxy.order(ReplyCut(500), times=None)
    with pytest.raises(DestinationUnreachable, match="the line broke"):
        await content_of(store, NAME)
    await store.close()


async def test_nobody_at_the_endpoint_is_an_outage(container: Container, proxy: FaultProxy, source: Path) -> None:
    store = container.open()
    await proxy.stop()
    with pytest.raises(DestinationUnreachable, match="nobody answers at its endpoint"):
        await store.put(NAME, source, digest_of(SOUND))
    await proxy.start()
    await store.put(NAME, source, digest_of(SOUND))
    await store.close()


async def test_a_shared_access_signature_is_in_no_error(container: Container, proxy: FaultProxy, source: Path) -> None:
    signature = container.access("cw")
    secret = signature.rpartition("sig=")[2]
    store = container.opened(signature)

    async def error_of(fault: Fault | None) -> BaseException:
        proxy.clear()
        if fault:
            proxy.order(fault, times=None)
        else:
            await proxy.stop()
        with pytest.raises((DestinationRefused, DestinationUnreachable)) as raised:
            await store.put(NAME, source, digest_of(SOUND))
        return raised.value

    for fault in (Answered(403, "AuthenticationFailed"), Reset(), Answered(302), Answered(500), None):
        assert secret not in all_that_is_said(await error_of(fault))
    assert secret not in repr(store) + repr(vars(store))
    await store.close()


# --- TLS and proxies ----------------------------------------------------------------------------------------------


@pytest.fixture
async def behind_tls(azurite: Azurite, tmp_path: Path) -> AsyncIterator[tuple[Container, Path]]:
    """With the file of the authority that has to be trusted."""
    authority = Authority(tmp_path / "authority")
    async with proxied(azurite, authority) as proxy:
        yield Container(azurite, tmp_path, proxy.endpoint), authority.ca_file


async def test_a_server_of_an_unknown_authority_is_not_believed_until_that_is_named(
    behind_tls: tuple[Container, Path], tmp_path: Path, source: Path
) -> None:
    container, ca_file = behind_tls
    stranger, store = container.open(), store_at(container, tmp_path, ca_file=ca_file)
    with pytest.raises(DestinationRefused, match="as `ca`"):
        await stranger.put(NAME, source, digest_of(SOUND))
    await store.put(NAME, source, digest_of(SOUND))
    assert await content_of(store, NAME) == SOUND
    await stranger.close()
    await store.close()


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "something else"])
async def test_an_authoritys_file_that_is_none_is_named(
    container: Container, tmp_path: Path, source: Path, content: bytes | None
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content:
        ca_file.write_bytes(content)
    store = store_at(container, tmp_path, ca_file=ca_file)
    with pytest.raises(DestinationRefused, match=r"ca\.pem .*: mend `ca`"):
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()


async def test_it_goes_through_a_proxy_that_wants_a_password(
    behind_tls: tuple[Container, Path], tmp_path: Path, source: Path
) -> None:
    container, ca_file = behind_tls
    async with Tunnel("recorder", "open sesame") as tunnel:
        store = store_at(container, tmp_path, ca_file=ca_file, proxy=Secret(tunnel.url("open sesame")))
        await store.put(NAME, source, digest_of(SOUND))
        assert await content_of(store, NAME) == SOUND
        await store.close()
        assert tunnel.passages > 0
        stranger = store_at(container, tmp_path, ca_file=ca_file, proxy=Secret(tunnel.url("wrong word")))
        with pytest.raises(DestinationRefused, match="the proxy wants other credentials") as refusal:
            await stranger.facts(NAME)
        await stranger.close()
    assert "wrong" not in all_that_is_said(refusal.value)


async def test_the_proxy_of_the_environment_is_used_unless_it_is_not_meant(
    behind_tls: tuple[Container, Path], tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, ca_file = behind_tls
    async with Tunnel("recorder", "open sesame") as tunnel:
        monkeypatch.setenv("https_proxy", tunnel.url("open sesame"))
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        through = store_at(container, tmp_path, ca_file=ca_file)
        await through.put(NAME, source, digest_of(SOUND))
        await through.close()
        used = tunnel.passages
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        around = store_at(container, tmp_path, ca_file=ca_file)
        await around.put(NAME, source, digest_of(SOUND))
        await around.close()
    assert used > 0
    assert tunnel.passages == used


async def test_a_proxy_that_is_not_there_is_an_outage(behind_tls: tuple[Container, Path], tmp_path: Path) -> None:
    container, ca_file = behind_tls
    async with Tunnel("recorder", "open sesame") as tunnel:
        url = tunnel.url("open sesame")
    store = store_at(container, tmp_path, ca_file=ca_file, proxy=Secret(url))
    with pytest.raises(DestinationUnreachable, match="the proxy does not answer") as refusal:
        await store.facts(NAME)
    await store.close()
    assert "sesame" not in all_that_is_said(refusal.value)


# --- what is sent -------------------------------------------------------------------------------------------------


async def test_nothing_is_sent_that_was_not_configured_and_every_body_has_its_md5(
    container: Container, proxy: FaultProxy, tmp_path: Path
) -> None:
    source, content = tmp_path / "large.wav", bytes(3 << 16)
    source.write_bytes(content)
    store = container.opened(container.server.key, part_bytes=1 << 16, single_bytes=1 << 16)
    await store.put(NAME, source, digest_of(content))
    source.write_bytes(SOUND)
    await store.put("small.mp3", source, digest_of(SOUND))
    await store.close()
    stored = [head for head in proxy.heads if head.method == "PUT"]
    assert len(stored) == 5
    for head in stored:
        assert head.header("content-md5")
        assert head.header("transfer-encoding") is None
        assert not {"x-ms-access-tier", "x-ms-tags", "x-ms-encryption-scope"} & set(head.names)
        assert [name for name in head.names if name.startswith("x-ms-meta-")] in ([], ["x-ms-meta-callreel_sha256"])


@pytest.mark.parametrize("single_bytes", [1 << 20, 100], ids=["whole", "in blocks"])
async def test_what_was_configured_stands_at_the_blob(
    container: Container, tmp_path: Path, source: Path, single_bytes: int
) -> None:
    place = replace(
        container.location,
        access_tier="Cool",
        tags={"team": "sales: north + south", "kept": "1 year"},
        metadata={"call-id": "Zoé 7"},
    )
    keys = azure_keys(Secret(container.server.key))
    store = AzureStore(place, keys, uploads=container.uploads, single_bytes=single_bytes)
    await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    properties = await asyncio.to_thread(container.server.client.ask, "HEAD", f"/{container.name}/{NAME}")
    tags = await asyncio.to_thread(container.server.client.ask, "GET", f"/{container.name}/{NAME}", {"comp": "tags"})
    assert properties.headers["x-ms-access-tier"] == "Cool"
    assert properties.headers["x-ms-meta-call_id"] == "Zo%C3%A9 7"
    assert properties.headers["content-type"] == "audio/mpeg"
    assert dict(zip(tags.texts("Key"), tags.texts("Value"), strict=True)) == dict(place.tags)
