"""Notifications for people: what was sent to whom, what became of it, and sending it again. Speaks to ports only."""

from collections.abc import Callable, Collection, Mapping, Sequence

from connector.domain.access import NO_LIMITS, Access
from connector.domain.notification import Attempt, Notification
from connector.domain.states import NotificationState
from connector.errors import BadRequest, Conflict, NotFound, NotPermitted
from connector.ports.clock import Clock
from connector.ports.notification_ledger import NotificationLedger
from connector.settings import NotificationSettings


class Replaying:
    def __init__(
        self, ledger: NotificationLedger, endpoints: Callable[[], Mapping[str, NotificationSettings]], clock: Clock
    ) -> None:
        """`endpoints`: those of the configuration, as it is now, by name."""
        self._ledger = ledger
        self._endpoints = endpoints
        self._clock = clock

    async def page(
        self,
        access: Access,
        *,
        states: Collection[NotificationState] = (),
        endpoint: str = "",
        recording_id: str = "",
        call_id: str = "",
        limit: int,
        before: str = "",
    ) -> Sequence[Notification]:
        """The newest first; the next page begins behind the id `before`. Raises BadRequest when that is none."""
        _refuse_limited(access)
        try:
            return await self._ledger.listed(
                states=states,
                endpoint=endpoint,
                recording_id=recording_id,
                call_id=call_id,
                organisation=access.organisation,
                limit=limit,
                before=before,
            )
        except NotFound:
            raise BadRequest("the page that this cursor continued is forgotten: begin anew", pointer="cursor") from None

    async def one(self, access: Access, id: str) -> tuple[Notification, Sequence[Attempt]]:
        """With its tries, oldest first. Raises NotFound."""
        _refuse_limited(access)
        found = await self._ledger.find(id)
        if found is None or access.organisation not in {None, found[0].organisation}:
            raise NotFound(f"no notification is called {id!r}")
        return found

    async def replay(self, access: Access, id: str) -> Notification:
        """It is sent again, with the id that it had; one that waits stays as it is. Raises NotFound; Conflict where
        nobody is told anything."""
        notification, _ = await self.one(access, id)
        await self._refuse_obstacle(notification.endpoint)
        await self._ledger.replay([id], self._clock.now())
        return (await self.one(access, id))[0]

    async def _refuse_obstacle(self, name: str) -> None:
        endpoint = self._endpoints().get(name)
        if endpoint is None:
            raise Conflict(f"endpoint {name!r} is not in the configuration any more: nobody would be told")
        gone = (await self._ledger.disabled()).get(name)
        if gone is not None and gone.url == endpoint.url:
            raise Conflict(f"endpoint {name!r} said that it is gone: callreel notifications enable {name}")


def _refuse_limited(access: Access) -> None:
    if access.key.limits != NO_LIMITS:
        raise NotPermitted("notifications are of a whole organisation: ask with a key that is not limited")
