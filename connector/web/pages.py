"""The web page as it was built: its document, which has a nonce of its own each time, and the files it loads.

Knows files and headers. All of them are read at the start, so that a request's path is looked up among names and never
leads anywhere on the disk.
"""

import gzip
import hashlib
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from connector.errors import NotFound
from connector.web import ranges

#: Where scripts/build-page puts it, and the wheel has it.
BUILT: Final = Path(__file__).parent / "static"
#: Each is an address of its own: whoever copies one sees the same.
VIEWS: Final = ("calls", "live", "health", "settings")
_DOCUMENT: Final = "index.html"
_ASSETS: Final = "assets"
_NONCE: Final = "%NONCE%"
_NOT_BUILT: Final = (
    "The web page has not been built here: run scripts/install where an npm registry is within reach"
    " (in callreel's sources: scripts/build-page), and restart callreel."
    " The API is there all the same.\n"
)
#: Scripts are our own files and nothing else; styles, besides, the ones that wavesurfer.js writes with the nonce.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_DOCUMENT_HEADERS: Final = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: Their names change with what is in them.
_ASSET_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "same-origin",
    "vary": "accept-encoding",
}
#: Whatever the machine's own list says of them.
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"


class Asset:
    def __init__(self, file: Path) -> None:
        self.content_type = _TYPES.get(file.suffix, _UNKNOWN_TYPE)
        self._plain = file.read_bytes()
        self._digest = hashlib.sha256(self._plain).hexdigest()[:32]

    def form(self, *, is_packed: bool) -> tuple[bytes, dict[str, str]]:
        """Its bytes, packed if that is asked for and makes them fewer, and what is said of them."""
        if is_packed and len(self._packed) < len(self._plain):
            return self._packed, {"content-encoding": "gzip", "etag": f'"{self._digest}-gzip"'}
        return self._plain, {"etag": f'"{self._digest}"'}

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self._plain, mtime=0)


class BuiltPage:
    def __init__(self, folder: Path) -> None:
        document = folder / _DOCUMENT
        #: "" when nobody has built it.
        self.document = document.read_text(encoding="utf-8") if document.is_file() else ""
        assets = folder / _ASSETS
        self.assets = {file.relative_to(assets).as_posix(): Asset(file) for file in assets.rglob("*") if file.is_file()}


def page_router(page: BuiltPage) -> APIRouter:
    """To stand behind all other rooms: none of them is hidden by it."""
    router = APIRouter(include_in_schema=False)

    async def home() -> Response:
        return RedirectResponse(f"/{VIEWS[0]}") if page.document else _not_built()

    async def view(request: Request) -> Response:
        return _document(request, page.document) if page.document else _not_built()

    async def asset(request: Request, name: str) -> Response:
        found = page.assets.get(name)
        if found is None:
            raise NotFound(f"the page has no file {name[:200]!r}: load it anew")
        return _asset(request, found)

    methods = ["GET", "HEAD"]
    router.add_api_route("/", home, methods=methods)
    for name in VIEWS:
        router.add_api_route(f"/{name}", view, methods=methods)
        router.add_api_route(f"/{name}/{{rest:path}}", view, methods=methods)
    router.add_api_route(f"/{_ASSETS}/{{name:path}}", asset, methods=methods)
    return router


def _document(request: Request, text: str) -> Response:
    nonce = secrets.token_urlsafe(16)
    headers = {**_DOCUMENT_HEADERS, "content-security-policy": _POLICY.format(nonce=nonce)}
    return _answer(request, text.replace(_NONCE, nonce).encode(), "text/html; charset=utf-8", headers)


def _asset(request: Request, asset: Asset) -> Response:
    content, said = asset.form(is_packed=_takes_gzip(request.headers.get("accept-encoding", "")))
    headers = {**_ASSET_HEADERS, **said}
    if ranges.has_it(request.headers.get("if-none-match"), said["etag"]):
        return Response(status_code=304, headers=headers)
    return _answer(request, content, asset.content_type, headers)


def _answer(request: Request, content: bytes, content_type: str, headers: Mapping[str, str]) -> Response:
    sent = b"" if request.method == "HEAD" else content
    return Response(sent, headers={**headers, "content-type": content_type, "content-length": str(len(content))})


def _takes_gzip(accepted: str) -> bool:
    for one in accepted.lower().split(","):
        coding, _, weight = one.replace(" ", "").partition(";")
        if coding == "gzip":
            return weight not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _not_built() -> Response:
    return PlainTextResponse(_NOT_BUILT, status_code=503)
