"""What breaks below HTTP: an outage, or something that somebody has to mend. Nobody's address is repeated."""

import asyncio
import ssl
import traceback

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from connector.errors import DestinationRefused, DestinationUnreachable
from connector.storage.azure_answers import Act
from connector.storage.azure_errors import translated, translation

KEY = ConnectionKey("a.example", 443, True, True, None, None, None)
SECRET_URL = URL("https://a.example/c/b?sig=sesame")
INFO = aiohttp.RequestInfo(SECRET_URL, "PUT", CIMultiDictProxy(CIMultiDict()), SECRET_URL)


def distrusted(said: str) -> ssl.SSLCertVerificationError:
    return ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {said}")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")), DestinationUnreachable, "DNS"),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), DestinationUnreachable, "nobody answers"),
        (
            aiohttp.ClientProxyConnectionError(KEY, OSError(111, "refused")),
            DestinationUnreachable,
            "the proxy does not",
        ),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "WRONG_VERSION_NUMBER")), DestinationUnreachable, "https"),
        (aiohttp.ClientHttpProxyError(INFO, (), status=407), DestinationRefused, "other credentials"),
        (aiohttp.ClientHttpProxyError(INFO, (), status=502), DestinationUnreachable, "does not reach it"),
        (aiohttp.ServerDisconnectedError(), DestinationUnreachable, "the line broke"),
        (aiohttp.ClientOSError(104, "reset"), DestinationUnreachable, "the line broke"),
        (aiohttp.ClientPayloadError("cut"), DestinationUnreachable, "the line broke"),
        (ConnectionResetError(), DestinationUnreachable, "the line broke"),
        (aiohttp.InvalidURL(SECRET_URL), DestinationRefused, "are no addresses"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, distrusted("self-signed certificate in chain")),
            DestinationRefused,
            "as `ca`",
        ),
        (
            aiohttp.ClientConnectorCertificateError(KEY, distrusted("certificate has expired")),
            DestinationRefused,
            "its server needs a new one",
        ),
        (
            aiohttp.ClientConnectorCertificateError(KEY, distrusted("Hostname mismatch")),
            DestinationRefused,
            "check the endpoint's name",
        ),
    ],
)
def test_each_accident_has_its_kind_and_its_words(error: Exception, kind: type[Exception], said: str) -> None:
    ours = translation(error, Act.STORE, "'b' in azure://account/c")
    assert type(ours) is kind
    assert said in str(ours)
    assert "'b' in azure://account/c" in str(ours)


@pytest.mark.parametrize("error", [aiohttp.InvalidURL(SECRET_URL), aiohttp.ClientHttpProxyError(INFO, (), status=502)])
def test_an_address_with_a_signature_in_it_gets_into_no_trace(error: Exception) -> None:
    assert "sesame" in str(error) or "sesame" in repr(error)
    with pytest.raises((DestinationRefused, DestinationUnreachable)) as raised, translated(Act.STORE, "'b'", 30.0):
        raise error
    assert "sesame" not in "".join(traceback.format_exception(raised.value))


async def test_time_that_is_over_is_said_with_its_length() -> None:
    with pytest.raises(DestinationUnreachable, match="no answer within 158 s"), translated(Act.STORE, "'b'", 158.0):
        await asyncio.wait_for(asyncio.Event().wait(), 0)


async def test_who_is_cancelled_is_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError), translated(Act.STORE, "'b'", 30.0):
        raise asyncio.CancelledError
