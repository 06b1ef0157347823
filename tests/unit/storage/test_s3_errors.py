"""What breaks below S3's own words: an outage, or something that somebody has to mend. Their texts are not repeated."""

import aiohttp
import pytest
from botocore import exceptions as botocore  # type: ignore[import-untyped]  # it has no types
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]  # it has no types

from connector.domain.secret import Secret
from connector.errors import DestinationRefused, DestinationUnreachable
from connector.storage.credentials import KeyPair
from connector.storage.s3_answers import Act
from connector.storage.s3_errors import translated

URL = "https://s3.example.com/b?X-Amz-Signature=sesame"
KEYS = KeyPair(key_id="AKIA1", secret=Secret("hush-hush"))


def distrusted(said: str) -> Exception:
    error: Exception = botocore.SSLError(endpoint_url=URL, error=f"[SSL: CERTIFICATE_VERIFY_FAILED] {said}")
    return error


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (botocore.EndpointConnectionError(endpoint_url=URL), DestinationUnreachable, "nobody answers"),
        (botocore.ConnectTimeoutError(endpoint_url=URL), DestinationUnreachable, "nobody answers"),
        (botocore.ReadTimeoutError(endpoint_url=URL), DestinationUnreachable, "did not answer in time"),
        (botocore.ConnectionClosedError(endpoint_url=URL), DestinationUnreachable, "the line broke"),
        (botocore.HTTPClientError(error="?"), DestinationUnreachable, "the line broke"),
        (botocore.ProxyConnectionError(proxy_url="http://u:p@x"), DestinationUnreachable, "the proxy does not answer"),
        (ResponseParserError("?"), DestinationRefused, "is the endpoint right"),
        (botocore.MetadataRetrievalError(error_msg="?"), DestinationUnreachable, "cannot be had now"),
        (aiohttp.ClientPayloadError("cut"), DestinationUnreachable, "the line broke"),
        (ConnectionResetError(), DestinationUnreachable, "the line broke"),
        (TimeoutError(), DestinationUnreachable, "the line broke"),
        (distrusted("unable to get local issuer certificate"), DestinationRefused, "as `ca`"),
        (distrusted("certificate has expired"), DestinationRefused, "its server needs a new one"),
        (distrusted("Hostname mismatch"), DestinationRefused, "check the endpoint's name"),
        (distrusted("certificate is not yet valid"), DestinationRefused, "is this machine's clock right?"),
        (botocore.SSLError(endpoint_url=URL, error="WRONG_VERSION"), DestinationUnreachable, "speak https?"),
        (botocore.NoCredentialsError(), DestinationRefused, "there are no credentials"),
        (botocore.ParamValidationError(report="?"), DestinationRefused, "mend them"),
        (botocore.UnknownServiceError(service_name="x", known_service_names="y"), DestinationRefused, "UnknownService"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_it_is_told_whether_it_passes_and_what_to_do(error: Exception, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as raised, translated(Act.READ, "'a.mp3' in s3://b", KEYS):
        raise error
    assert says in str(raised.value)
    assert "cannot read 'a.mp3' in s3://b" in str(raised.value)
    assert "sesame" not in str(raised.value)
    assert raised.value.__cause__ is error


def test_a_message_that_repeats_the_secret_is_blackened() -> None:
    said = {"Error": {"Code": "Odd", "Message": "I saw hush-hush"}, "ResponseMetadata": {"HTTPStatusCode": 418}}
    with pytest.raises(DestinationRefused) as raised, translated(Act.STORE, "x", KEYS):
        raise botocore.ClientError(said, "PutObject")
    assert "I saw ***" in str(raised.value)
    assert "hush-hush" not in str(raised.value)


def test_what_is_no_mishap_of_the_line_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError
