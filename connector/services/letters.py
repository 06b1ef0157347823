"""A letter to an endpoint of the configuration: its headers, its signature, its limits. Knows no body's meaning."""

from typing import Final

from connector import __version__
from connector.domain.ids import Moment
from connector.network.signing import headers
from connector.ports.poster import Letter
from connector.settings import EndpointSettings

_AGENT: Final = f"callreel/{__version__}"


def letter(
    endpoint: EndpointSettings,
    url: str,
    *,
    id: str,
    body: bytes,
    at: Moment,
    limit_seconds: float,
    most_bytes: int = 0,
) -> Letter:
    """To `url`, the endpoint's or its fallback. What the administrator adds stands above what we say by ourselves."""
    own = {"user-agent": _AGENT, **headers(endpoint, url=url, id=id, body=body, at=at)}
    added = {name.lower(): value.reveal() for name, value in endpoint.headers.items()}
    return Letter(
        url=url,
        body=body,
        headers=own | added,
        limit_seconds=limit_seconds,
        allowed=endpoint.allow_private,
        ca=endpoint.ca,
        most_bytes=most_bytes,
    )
