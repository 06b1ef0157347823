"""Exceptions of aiohttp and of the network, in the words of an engine. Knows which of them pass by themselves; none of
the library's words are passed on, but those on a certificate."""

import errno
import ssl

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from connector.errors import ConnectorError, EngineRefused, EngineUnreachable


def translation(error: Exception, host: str, limit_seconds: float) -> ConnectorError:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return EngineRefused(f"{host} shows a certificate that is not trusted ({_distrust(error)}")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return EngineRefused(f"{host} does not speak TLS as we do: is that its port for https?")
        case aiohttp.InvalidURL():
            return EngineRefused(f"{host} is no address that can be asked: mend its `url`")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return EngineRefused(f"{host} does not answer in HTTP that can be read: is that its `url`?")
        case ValueError() if not isinstance(error, aiohttp.ClientError):
            return EngineRefused(f"{host} cannot be asked: its `key` or `url` hold what HTTP cannot carry")
    return EngineUnreachable(f"{host} {_outage(error, limit_seconds)}")


def _outage(error: Exception, limit_seconds: float) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "is a name that is not known now"
        case aiohttp.ServerTimeoutError():
            return "does not answer: the connection timed out"
        case TimeoutError() if not getattr(error, "errno", None):
            return f"gave no whole answer within {limit_seconds:.0f} s"
        case aiohttp.ClientPayloadError():
            return "broke off its answer"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection before it answered"
        case OSError() if error.errno == errno.ECONNREFUSED:
            return "refuses the connection: does its server run?"
        case OSError() if error.errno in {errno.ECONNRESET, errno.EPIPE}:
            return "broke the connection before it answered: perhaps it takes no files so large"
    return f"cannot be reached now ({_name(error)})"


def _name(error: Exception) -> str:
    number = getattr(error, "errno", None) or 0
    return errno.errorcode.get(number, type(error).__name__)


def _distrust(error: aiohttp.ClientConnectorCertificateError) -> str:
    inner = error.certificate_error
    reason = str(getattr(inner, "verify_message", "")).rstrip(".") or type(inner).__name__
    return f"{reason}): if an authority of your own signed it, name that one's file as `ca`"
