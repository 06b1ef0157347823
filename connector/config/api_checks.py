"""What of the HTTP server's settings contradicts itself. Pure; each finding is the key below `api` and what to do."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from connector.settings import ApiSettings


def api_contradictions(api: ApiSettings) -> Iterator[tuple[str, str]]:
    if bool(api.tls_certificate) != bool(api.tls_key):
        yield "tls_certificate", "goes with `tls_key`, and that with it: write both or none"
    if not (api.tls_certificate or api.trusted_proxies or is_loopback(api.listen)):
        ways = "add `tls_certificate` and `tls_key`, or name the proxy with TLS that is in front in `trusted_proxies`"
        yield "listen", f"{api.listen} is open to others, and keys must not travel in clear: {ways}, or use 127.0.0.1"


def is_loopback(listen: str) -> bool:
    """Whether nobody but this machine itself reaches that address."""
    host = urlsplit(f"//{listen}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
