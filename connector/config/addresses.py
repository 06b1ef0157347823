"""How addresses are written: endpoints of a PBX, URLs of callbacks and databases, places of recordings, networks.

Raises ValueError (or the domain's ConfigError) with what to do, and never repeats what may be a secret.
"""

import re
from ipaddress import ip_network
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from connector.config.values import boolean
from connector.domain.object_names import NameTemplate
from connector.domain.secret import Secret
from connector.settings import Endpoint

PLACES = ("file", "s3", "gs", "azure")
_SOUND_FILE = re.compile(r".*\.(mp3|wav|wave|flac|opus|ogg|oga|\{format\})", re.IGNORECASE | re.DOTALL)
_DATABASES = ("postgresql://", "postgresql+psycopg://", "postgres://", "sqlite:///")


def endpoint(text: str, port: int, tls_port: int) -> Endpoint:
    """user:password@host[:port][?tls=yes]; what stands before the last @ may hold any sign."""
    login, sign, rest = text.rpartition("@")
    server, _, query = rest.partition("?")
    user, colon, password = login.partition(":")
    if not sign:
        raise ValueError('write "user:password@host" (with the quotes)')
    if colon and not password:
        raise ValueError("the password is empty")
    host, own_port = _host_and_port(server)
    tls = _is_tls(query)
    usual_port = tls_port if tls else port
    return Endpoint(user=user, password=Secret(password), host=host, port=own_port or usual_port, tls=tls)


def listen(text: str) -> str:
    try:
        host, port = _host_and_port(text)
    except ValueError:
        host, port = "", None
    if not host or port is None:
        raise ValueError(f"{text!r} is no address and port; write it like 127.0.0.1:8080")
    return text


def url(text: str) -> str:
    _split(text, ("https", "http"))
    return text


def origin(text: str) -> str:
    """What a browser says of the page that asks: scheme, host and perhaps port."""
    parts = _split(text, ("https", "http"))
    if f"{parts.scheme}://{parts.netloc}" != text or text != text.lower() or "*" in text:
        raise ValueError(f"{text!r} is no origin; write each one whole: https://app.example.com")
    return text


def prefix(text: str) -> str:
    """The beginning of a path of URLs."""
    if not re.fullmatch(r"/([A-Za-z0-9._-]+/)+", text) or "/../" in text or "/./" in text:
        raise ValueError(f"{text!r} is no such path; write it like /callreel-files/")
    return text


def proxy(text: str) -> str:
    """It may hold a password, and is never repeated."""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.path in {"", "/"}
        _ = parts.port
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError("this is no proxy: write http://host:port or http://user:password@host:port")
    return text


def database(text: str) -> str:
    if not text.startswith(_DATABASES):
        raise ValueError("this is no postgresql://user:password@host/name")
    return text


def network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network; write it like 10.0.0.0/24") from None
    return text


def place(text: str) -> str:
    """Where a destination keeps its objects: a folder or a bucket, perhaps with a name template behind it."""
    parts = _split(text, PLACES)
    if parts.query or parts.fragment:
        raise ValueError("a ? or # cannot stand in it: write %3F or %23")
    if parts.scheme == "azure" and not re.fullmatch(r"/[a-z0-9$][a-z0-9-]*(/.*)?", parts.path):
        raise ValueError(f"{text!r} has no container: azure://account/container/…")
    NameTemplate.parse(template_of(text))
    return text


def template(text: str) -> str:
    NameTemplate.parse(text)
    return text.removeprefix("/")


def template_of(place: str) -> str:
    """The part of a place that names objects: of a folder's, what has a { or ends like a sound file."""
    parts = urlsplit(place)
    path = [unquote(part) for part in parts.path.split("/")]
    if parts.scheme != "file":
        return "/".join(path[2 if parts.scheme == "azure" else 1 :])
    fixed = next((index for index, part in enumerate(path) if "{" in part), len(path))
    if fixed == len(path) and _SOUND_FILE.fullmatch(path[-1]):
        fixed -= 1
    return "/".join(path[fixed:])


def folder_of(place: str) -> str:
    """The folder of this machine that a file:// place is; "" for buckets."""
    parts = urlsplit(place)
    if parts.scheme != "file":
        return ""
    path = unquote(parts.path)
    return path.removesuffix(template_of(place)).rstrip("/") or "/"


def bucket_of(place: str) -> str:
    """The place without anything behind its bucket (or account and container)."""
    parts = urlsplit(place)
    container = parts.path.split("/")[1] + "/" if parts.scheme == "azure" else ""
    return f"{parts.scheme}://{parts.netloc}/{container}"


def with_template(place: str, template: str) -> str:
    """The place with the template behind it; ValueError when the place names a file itself."""
    if not template:
        return place
    if _SOUND_FILE.fullmatch(place):
        raise ValueError("the URL names the file already: leave out one of both")
    return f"{place.rstrip('/')}/{quote(template, safe='/{}: ')}"


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    known = ", ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(f"this is no URL; known are {known}") from None
    if "@" in parts.netloc:
        raise ValueError("no user and no secret may stand in a URL: use credentials or secret")
    if parts.scheme not in schemes:
        raise ValueError(f"{text!r} is no URL that belongs here: {known}")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError(f"{text!r}: a folder of this machine is written file:///with/three/slashes/")
    elif not parts.hostname or re.search(r"[\s{}]", parts.netloc):
        raise ValueError(f"{text!r} has no {'host' if parts.scheme.startswith('http') else 'bucket or account'}")
    return parts


def _host_and_port(server: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{server}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.path or parts.fragment or re.search(r"[\s@]", server):
        raise ValueError(f"{server!r} is no host and port")
    return host, port


def _is_tls(query: str) -> bool:
    wanted = parse_qs(query, keep_blank_values=True)
    if set(wanted) - {"tls"} or (query and not wanted):
        raise ValueError("only tls=yes or tls=no may follow the ?")
    return boolean(wanted.get("tls", ["no"])[-1])
