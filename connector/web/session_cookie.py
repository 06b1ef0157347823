"""The cookie that the web page's session is carried in, and whether it was our page that asked with it.

Knows headers and cookies; what is sealed in them, services/sessions.py knows.
"""

import logging
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from connector.errors import NotPermitted
from connector.services.sessions import Session, Sessions

#: With the page's own requests: no page of another origin may send it (CORS asks us first, and we never allow it).
PAGE_HEADER: Final = "x-callreel-page"
_NAME: Final = "callreel-session"
#: Browsers take this one over TLS only, and from nobody who shares no more than our domain.
_SECURE_NAME: Final = f"__Host-{_NAME}"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


_UNTRUSTED: Final = (
    "name the proxy with TLS in api.trusted_proxies: until then all who come through it have one address, in the audit"
    " log and where guessed keys are counted"
)

log = logging.getLogger(__name__)


class SessionCookies:
    def __init__(self, sessions: Sessions, public_url: str = "") -> None:
        """`public_url`: how people reach us, if the configuration says it."""
        self._sessions = sessions
        self._public_origin = _origin(public_url)

    def of(self, request: Request) -> Session | None:
        """None when it carries none. Raises SessionOver for one that opens nothing, NotPermitted when it was not our
        page that asked."""
        sealed = carried(request)
        if not sealed:
            return None
        self.check_page(request)
        return self._sessions.opened(sealed)

    def give(self, request: Request, response: Response, session: Session) -> None:
        is_secure = _is_secure(request)
        if not is_secure and _comes_by_tls(request):
            is_secure = True
            log.warning("sign-in through a proxy that is not trusted", extra={"hint": _UNTRUSTED})
        response.set_cookie(
            _SECURE_NAME if is_secure else _NAME,
            self._sessions.sealed(session),
            max_age=self._sessions.seconds_left(session),
            secure=is_secure,
            httponly=True,
            samesite="strict",
        )

    def check_page(self, request: Request) -> None:
        """What a cookie is good for: our own page's requests. Raises NotPermitted."""
        self.check_origin(request)
        if request.method not in _SAFE and request.headers.get(PAGE_HEADER) != "1":
            raise NotPermitted(f"a session's {request.method} wants the header {PAGE_HEADER}: 1; programs show a key")

    def check_origin(self, request: Request) -> None:
        """Raises NotPermitted for what a browser says that a page of another origin has asked."""
        if not self._is_of_our_origin(request):
            raise NotPermitted(
                "a page of another origin asks: if it is callreel's own, behind a proxy, have the proxy pass the Host"
                " header on, and write `api.public_url` and `api.trusted_proxies`"
            )

    def _is_of_our_origin(self, request: Request) -> bool:
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            # The browser has compared them itself; `none`: an address that somebody typed, which changes nothing.
            return site == "same-origin" or (site == "none" and request.method in _SAFE)
        origin = request.headers.get("origin")
        ours = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return origin is None or origin.lower() in {ours.lower(), self._public_origin}


def carried(request: Request) -> str:
    """What stands in the cookie, whatever that may be; "" without one."""
    return request.cookies.get(_carried_name(request), "")


def forget_session(request: Request, response: Response) -> None:
    """The browser is to carry it no longer."""
    name = _carried_name(request)
    response.delete_cookie(name, secure=name == _SECURE_NAME, httponly=True, samesite="strict")


def _carried_name(request: Request) -> str:
    """No browser sends the secure one but by TLS: where it is, it counts, whatever a proxy keeps from us."""
    return _SECURE_NAME if _is_secure(request) or _SECURE_NAME in request.cookies else _NAME


def _is_secure(request: Request) -> bool:
    """As the browser asked: behind trusted proxies, too, for the server puts that right before."""
    return bool(request.scope["scheme"] == "https")


def _comes_by_tls(request: Request) -> bool:
    """As the browser says it of our own page: what is in front with TLS is not among the trusted proxies then."""
    return request.headers.get("origin", "").lower() == f"https://{request.headers.get('host', '')}".lower()


def _origin(url: str) -> str:
    """As browsers write it."""
    parts = urlsplit(url.lower())
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.netloc.removesuffix(f":{usual}") if parts.port == usual else parts.netloc
    return f"{parts.scheme}://{host}"
