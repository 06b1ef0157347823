"""The one address at which a recording is fetched, for those who are told of it. Speaks to ports only."""

from connector.domain.ids import RecordingId
from connector.domain.news import main_copy
from connector.domain.notification import Notification
from connector.errors import NotFound
from connector.ports.shipping_ledger import ShippingLedger
from connector.services.fetching import Fetching


class MainLinks:
    def __init__(self, ledger: ShippingLedger, fetching: Fetching) -> None:
        self._ledger = ledger
        self._fetching = fetching

    async def link(self, notification: Notification) -> str:
        """Good for a while from now on. NotFound or DestinationRefused say why there is none, and will be none."""
        file = await self._ledger.file(RecordingId(notification.recording_id))
        copy = main_copy(file.recording, file.call, file.deliveries) if file else None
        if file is None or copy is None:
            raise NotFound(f"no copy of recording {notification.recording_id} is stored anywhere")
        return (await self._fetching.link(file, copy)).url
