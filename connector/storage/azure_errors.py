"""Exceptions of aiohttp and of the network, in the words of a destination. Knows which of them pass by themselves."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable
from connector.storage.azure_answers import Act

_UNKNOWN_AUTHORITY = "is not trusted; if an authority of your own signed it, name that one's file as `ca`"
_DISTRUST = {
    "mismatch": "is for another host: check the endpoint's name",
    "has expired": "has expired: its server needs a new one",
    "not yet valid": "is not valid yet: is this machine's clock right?",
}


@contextmanager
def translated(act: Act, what: str, seconds: float) -> Iterator[None]:
    """What the library raises inside becomes ours. Its texts hold addresses, and those may hold what was signed: they
    are neither quoted nor kept as the cause."""
    from aiohttp import ClientError

    try:
        yield
    except TimeoutError as error:
        raise DestinationUnreachable(f"cannot {act} {what} now: no answer within {seconds:.0f} s") from error
    except (ClientError, OSError, ValueError) as error:
        raise translation(error, act, what) from None


def translation(error: Exception, act: Act, what: str) -> ConnectorError:
    from aiohttp import ClientHttpProxyError, InvalidURL

    said = str(error)
    if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in said:
        reason = next((reason for word, reason in _DISTRUST.items() if word in said), _UNKNOWN_AUTHORITY)
        return DestinationRefused(f"cannot {act} {what}: the server's certificate {reason}")
    if isinstance(error, ClientHttpProxyError) and error.status == 407:
        return DestinationRefused(f"cannot {act} {what}: the proxy wants other credentials (407): mend its address")
    if isinstance(error, InvalidURL | ValueError) and not isinstance(error, ssl.SSLError):
        return DestinationRefused(f"cannot {act} {what}: endpoint or proxy are no addresses: mend them")
    return DestinationUnreachable(f"cannot {act} {what} now: {_reason(error)}")


def _reason(error: Exception) -> str:
    from aiohttp import (
        ClientConnectorDNSError,
        ClientConnectorError,
        ClientConnectorSSLError,
        ClientHttpProxyError,
        ClientProxyConnectionError,
    )

    # The first that fits: some of them are kinds of others.
    reasons: list[tuple[type[Exception], str]] = [
        # A name that nobody knows and a resolver that is down cannot be told apart with any certainty.
        (ClientConnectorDNSError, "nobody knows the endpoint's name: is the account's right, and does DNS work here?"),
        (ClientProxyConnectionError, "the proxy does not answer"),
        (ClientHttpProxyError, "the proxy does not reach it"),
        (ClientConnectorSSLError, "TLS failed; does the endpoint speak https?"),
        (ClientConnectorError, "nobody answers at its endpoint"),
    ]
    known = (reason for kind, reason in reasons if isinstance(error, kind))
    return next(known, f"the line broke ({type(error).__name__})")
