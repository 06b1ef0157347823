"""One try to hand a notification to its endpoint: the link in its body, its first address, its fallback.

Knows no ledger and no schedule; what becomes of the outcome is decided elsewhere.
"""

import json
import logging
from typing import Any, Final, Protocol

from connector.domain.ids import Moment
from connector.domain.notification import Attempt, Notification, Told
from connector.errors import (
    AddressForbidden,
    CatalogueUnavailable,
    ConnectorError,
    DestinationRefused,
    EndpointUnreachable,
    NotFound,
)
from connector.ports.clock import Clock
from connector.ports.poster import Poster
from connector.services.endpoints import Outcome, answered
from connector.services.letters import letter
from connector.settings import NotificationSettings

log = logging.getLogger(__name__)

#: The one kind of body that holds a link.
_CALL_DATA: Final = "callData"


class Links(Protocol):
    async def link(self, notification: Notification) -> str:
        """Where its recording can be fetched from now on, for a while. NotFound or DestinationRefused say why there is
        no such address, and will be none."""
        ...


class Trying:
    def __init__(self, poster: Poster, links: Links, clock: Clock) -> None:
        self._poster = poster
        self._links = links
        self._clock = clock

    async def tried(
        self, notification: Notification, endpoint: NotificationSettings, *, spares_first: bool
    ) -> list[Outcome]:
        """One outcome of each address that was asked; the last one is what became of the try. CatalogueUnavailable: it
        is none, for its link cannot be looked up."""
        began_at = self._clock.now()
        try:
            body = await self._body(notification)
        except CatalogueUnavailable:
            raise
        except Exception as error:
            reason = f"there is no link now: {_words(error, notification)}"
            return [self._failed(began_at, reason, was_asked=False)]
        outcomes = []
        if not (spares_first and endpoint.fallback):
            outcomes.append(await self._posted(notification, endpoint, endpoint.url, body))
            if outcomes[0].is_taken or outcomes[0].is_gone or not endpoint.fallback:
                return outcomes
        outcomes.append(await self._posted(notification, endpoint, endpoint.fallback, body, is_fallback=True))
        return outcomes

    async def _body(self, notification: Notification) -> bytes:
        if notification.told is not Told.AVAILABLE or f'"{_CALL_DATA}"' not in notification.body:
            return notification.body.encode()
        body = json.loads(notification.body)
        if _CALL_DATA not in body:
            return notification.body.encode()
        body[_CALL_DATA] |= await self._linked(notification)
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    async def _linked(self, notification: Notification) -> dict[str, Any]:
        try:
            return {"recordingUrl": await self._links.link(notification)}
        except (NotFound, DestinationRefused) as error:
            return {"recordingUrl": None, "reason": str(error)}

    async def _posted(
        self,
        notification: Notification,
        endpoint: NotificationSettings,
        url: str,
        body: bytes,
        *,
        is_fallback: bool = False,
    ) -> Outcome:
        at = self._clock.now()
        try:
            sent = letter(endpoint, url, id=notification.id, body=body, at=at, limit_seconds=endpoint.timeout_seconds)
            return answered(await self._poster.post(sent), at, is_fallback=is_fallback)
        except Exception as error:
            says_down = isinstance(error, (EndpointUnreachable, AddressForbidden))
            return self._failed(at, _words(error, notification), is_fallback=is_fallback, says_down=says_down)

    def _failed(
        self,
        at: Moment,
        reason: str,
        *,
        is_fallback: bool = False,
        says_down: bool = False,
        was_asked: bool = True,
    ) -> Outcome:
        seconds = self._clock.now() - at
        attempt = Attempt(at=at, seconds=seconds, status=None, reason=reason, is_fallback=is_fallback)
        return Outcome(attempt=attempt, says_down=says_down, was_asked=was_asked)


def _words(error: Exception, notification: Notification) -> str:
    """Never none: an attempt without a reason was a good one."""
    if isinstance(error, ConnectorError):
        return str(error) or type(error).__name__
    # One notification that nobody foresaw keeps no other from being sent.
    log.error("notification broke", extra={"notification_id": notification.id}, exc_info=error)
    return f"{type(error).__name__}: {error}"
