"""The Feeler of an Azure container, whose settings leave nothing open: it tells what Azure takes for now, also to who
may only write."""

import hashlib
import time
from collections.abc import Callable

from connector.domain.ids import Moment
from connector.errors import ConnectorError
from connector.network.guard import Guard
from connector.network.http_dates import moment_of
from connector.ports.feeler import Felt, Way
from connector.ports.object_store import Digest
from connector.ports.pins import Pin
from connector.storage import azure_requests
from connector.storage.azure_answers import Act
from connector.storage.azure_credentials import AzureKeys
from connector.storage.azure_line import AzureLine
from connector.storage.azure_place import AzurePlace
from connector.storage.time_limits import LIMITS


class AzureFeeler:
    open: frozenset[str] = frozenset()
    addressings: tuple[str, ...] = ()

    def __init__(
        self,
        place: AzurePlace,
        keys: AzureKeys,
        wall: Callable[[], Moment] = time.time,
        *,
        guard: Guard | None = None,
    ) -> None:
        self._place = place
        self._line = AzureLine(place, keys, wall, LIMITS, guard)

    async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
        """In the usual manner, whatever is asked for."""
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        digest = Digest(size_bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest())
        request = azure_requests.put(self._place, name, digest, overwrite=way is not Way.IF_NEW)
        try:
            reply = await self._line.answered(request, Act.STORE, body=content)
        except ConnectorError as error:
            return Felt(error=error)
        return Felt(at=moment_of(reply.headers.get("Date")))

    async def close(self) -> None:
        await self._line.close()
