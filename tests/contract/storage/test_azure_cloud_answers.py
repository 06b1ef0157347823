"""What Azure really says when it refuses, told by the proxy for it: the right error, what to do, and nothing of what it
echoes."""

import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable
from connector.storage.azure_answers import Forbidden
from connector.storage.retrying import Retrying
from tests.contract.storage.azure_rig import Container, HastyClock, proxied
from tests.contract.storage.places import digest_of
from tests.contract.storage.suite import NAME, SOUND
from tests.storage_servers import cloud_answers as said
from tests.storage_servers.azurite import Azurite
from tests.storage_servers.faults import Answered
from tests.storage_servers.proxy import FaultProxy


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


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (said.AZURE_BUSY, DestinationUnreachable, "(503 ServerBusy): it is busy"),
        (said.AZURE_TIMED_OUT, DestinationUnreachable, "(500 OperationTimedOut): it is busy or broken"),
        (said.AZURE_INTERNAL_ERROR, DestinationUnreachable, "(500 InternalError): it is busy or broken"),
        (said.AZURE_BEING_DELETED, DestinationUnreachable, "create it again afterwards"),
        (said.AZURE_WRONG_KEY, DestinationRefused, "check the account's key or the signature"),
        (said.AZURE_MAY_NOT, Forbidden, "may the signature create and write there?"),
        (said.AZURE_NOT_FROM_HERE, DestinationRefused, "network rules keep this machine out"),
        (said.AZURE_NO_CONTAINER, DestinationRefused, "there is no such container: create it"),
    ],
    ids=lambda value: f"{value.status} {value.code}" if isinstance(value, Answered) else "",
)
@pytest.mark.parametrize("single_bytes", [1 << 20, 100], ids=["whole", "in blocks"])
async def test_azures_own_words_are_told_apart(
    container: Container,
    proxy: FaultProxy,
    source: Path,
    single_bytes: int,
    answer: Answered,
    kind: type[ConnectorError],
    says: str,
) -> None:
    proxy.order(answer, when=lambda head: head.method == "PUT", times=None)
    store = container.opened(container.server.key, single_bytes=single_bytes)
    with pytest.raises(ConnectorError) as raised:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    assert type(raised.value) is kind
    assert says in str(raised.value)
    assert repr(NAME) in str(raised.value)
    trace = "".join(traceback.format_exception(raised.value))
    assert said.ECHOED_SIGNATURE not in trace
    # Their number and time of the request are of no use to anybody here.
    assert "RequestId" not in trace
    assert container.names() == []


async def test_who_says_when_to_come_again_is_not_asked_before(
    container: Container, proxy: FaultProxy, source: Path
) -> None:
    order = proxy.order(Answered(503, "ServerBusy", {"Retry-After": "120"}), times=None)
    store = Retrying(container.open(), HastyClock())
    with pytest.raises(DestinationUnreachable) as busy:
        await store.put(NAME, source, digest_of(SOUND))
    await store.close()
    assert busy.value.retry_after_seconds == 120.0
    assert len(order.befallen) == 1
