"""How a request to Azure proves who sends it: Shared Key, and the service's shared access signature for links. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote, urlencode

from connector.domain.ids import Moment
from connector.storage.azure_credentials import AccountKey, AzureKeys
from connector.storage.azure_place import AzurePlace
from connector.storage.azure_requests import Request

VERSION = "2023-11-03"

#: Those that stand in the text in this order, each on its line, and empty where it is not sent.
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it goes out. Its URL and its headers are secrets."""

    url: str
    headers: Mapping[str, str]


def signed(request: Request, place: AzurePlace, keys: AzureKeys, at: Moment) -> Signed:
    """To be sent at once: fifteen minutes later it is worth nothing."""
    path = place.path(request.name)
    words = [f"{key}={quote(value, safe='')}" for key, value in request.query.items()]
    headers = {**request.headers, "x-ms-date": formatdate(at, usegmt=True), "x-ms-version": VERSION}
    if request.has_body:
        headers["Content-Length"] = str(request.size_bytes)
    if isinstance(keys, AccountKey):
        text = string_to_sign(request.method, place.account, place.base_path + path, request.query, headers)
        headers["Authorization"] = f"SharedKey {place.account}:{keys.signature(text)}"
    else:
        words.append(keys.token.reveal())
    return Signed(place.base + path + ("?" + "&".join(words) if words else ""), headers)


def string_to_sign(method: str, account: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """`path` as it stands in the URL; where it begins with the account, that one is in the text twice."""
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    if sent.get("content-length") == "0":
        del sent["content-length"]
    plain = [method, *(sent.get(name, "") for name in _SIGNED_HEADERS)]
    own = [f"{name}:{value}" for name, value in sorted(sent.items()) if name.startswith("x-ms-")]
    asked = [f"{name}:{value}" for name, value in sorted((key.lower(), value) for key, value in query.items())]
    return "\n".join([*plain, *own, f"/{account}{path}", *asked])


def read_access(place: AzurePlace, key: AccountKey, name: str, *, ends_at: Moment, disposition: str) -> str:
    """The query with which whoever has it may read that blob and nothing else."""
    expiry = datetime.fromtimestamp(ends_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    protocol = "https" if place.public_base.startswith("https:") else ""
    text = access_to_sign(place, name, expiry=expiry, protocol=protocol, disposition=disposition)
    said = {
        "sv": VERSION,
        "spr": protocol,
        "se": expiry,
        "sr": "b",
        "sp": "r",
        "rscd": disposition,
        "sig": key.signature(text),
    }
    return urlencode({word: value for word, value in said.items() if value}, quote_via=quote, safe="")


def access_to_sign(place: AzurePlace, name: str, *, expiry: str, protocol: str, disposition: str) -> str:
    """Of a service signature that reads one blob, in the form that is valid since version 2020-12-06."""
    resource = f"/blob/{place.account}/{place.container}/{name}"
    # What we leave to the server's own word has its empty line all the same.
    start = identifier = addresses = snapshot = scope = caching = encoding = language = kind = ""
    said = ["r", start, expiry, resource, identifier, addresses, protocol, VERSION, "b", snapshot, scope]
    return "\n".join([*said, caching, disposition, encoding, language, kind])
