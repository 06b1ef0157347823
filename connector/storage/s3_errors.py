"""Exceptions of botocore and of the network, in the words of a destination. Knows which of them pass by themselves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

from connector.domain.secret import Secret
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable
from connector.storage.credentials import KeyPair
from connector.storage.retry_after import retry_after_seconds
from connector.storage.s3_answers import Act, Answer, refusal


@contextmanager
def translated(act: Act = Act.STORE, what: str = "anything", keys: KeyPair | None = None) -> Iterator[None]:
    """What the library raises inside becomes ours, naming act, object, and key, never a secret."""
    from aiohttp import ClientError as LineError
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it has no types
    from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]  # it has no types

    try:
        yield
    except ClientError as error:
        answer = answer_of(error.response, keys.secret if keys else None, time.time())
        raise refusal(answer, act, what, keys.key_id if keys else "") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise _translation(error, act, what) from error
    except (LineError, OSError, TimeoutError) as error:
        raise DestinationUnreachable(f"cannot {act} {what} now: the line broke ({type(error).__name__})") from error


def answer_of(response: dict[str, Any], secret: Secret | None, now: float) -> Answer:
    said = response.get("Error", {})
    facts = response.get("ResponseMetadata", {})
    message = str(said.get("Message", ""))
    headers = facts.get("HTTPHeaders", {})
    return Answer(
        status=int(facts.get("HTTPStatusCode", 0)),
        code=str(said.get("Code", "")) or str(facts.get("HTTPStatusCode", 0)),
        message=message.replace(secret.reveal(), "***") if secret else message,
        region=str(said.get("Region", "") or headers.get("x-amz-bucket-region", "")),
        skew_seconds=_skew_seconds(headers.get("date", ""), now),
        retry_after_seconds=retry_after_seconds(headers.get("retry-after", ""), now),
    )


def _skew_seconds(date: str, now: float) -> float:
    try:
        return abs(parsedate_to_datetime(date).timestamp() - now)
    except ValueError:
        return 0.0


def _translation(error: Exception, act: Act, what: str) -> ConnectorError:
    """Their texts may hold addresses with what was signed in them: only their names are passed on."""
    kind = type(error).__name__
    if kind in _PASSING:
        return DestinationUnreachable(f"cannot {act} {what} now: {_PASSING[kind]}")
    if kind == "SSLError":
        return _distrust(error, act, what)
    return DestinationRefused(f"cannot {act} {what}: {_FINAL.get(kind) or f'the client refused ({kind})'}")


def _distrust(error: Exception, act: Act, what: str) -> ConnectorError:
    said = str(error)
    if "CERTIFICATE_VERIFY_FAILED" not in said:
        return DestinationUnreachable(f"cannot {act} {what} now: TLS failed; does the endpoint speak https?")
    reason = next((reason for word, reason in _DISTRUST.items() if word in said), _UNKNOWN_AUTHORITY)
    return DestinationRefused(f"cannot {act} {what}: the server's certificate {reason}")


_UNKNOWN_AUTHORITY = "is not trusted; if an authority of your own signed it, name that one's file as `ca`"
_DISTRUST = {
    "mismatch": "is for another host: check the endpoint's name",
    "has expired": "has expired: its server needs a new one",
    "not yet valid": "is not valid yet: is this machine's clock right?",
}

_LINE = "the line broke"
_PASSING = {
    "EndpointConnectionError": "nobody answers at its endpoint",
    "ConnectTimeoutError": "nobody answers at its endpoint",
    "ProxyConnectionError": "the proxy does not answer, or does not know us",
    "ReadTimeoutError": "it did not answer in time",
    "ConnectionClosedError": _LINE,
    "HTTPClientError": _LINE,
    "ConnectionError": _LINE,
    "ResponseStreamingError": _LINE,
    "IncompleteReadError": _LINE,
    "CredentialRetrievalError": "the role's credentials cannot be had now",
    "MetadataRetrievalError": "the role's credentials cannot be had now",
}
_FINAL = {
    "ResponseParserError": "its answer is not S3's: is the endpoint right, or does a portal or proxy stand between?",
    "NoCredentialsError": "there are no credentials: name some, or give this machine a role",
    "PartialCredentialsError": "the environment's credentials are incomplete",
    "ProfileNotFound": "AWS_PROFILE names a profile that is not there",
    "ParamValidationError": "bucket or name are of a form that S3 does not know: mend them",
    "InvalidRegionError": "that is no region: mend it",
    "InvalidProxiesConfigError": "the proxy's address is wrong: mend it",
}
