"""A feeler over a dictionary, as a server of many kinds."""

from connector.domain.ids import Moment
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, ObjectExists
from connector.ports.feeler import Felt, Way
from connector.ports.pins import Pin


class MemoryFeeler:
    """Takes what is asked for in the right manner, and says what it thinks of all else."""

    def __init__(
        self,
        objects: dict[str, bytes],
        *,
        is_open: frozenset[str] = frozenset(),
        addressings: tuple[str, ...] = (),
        region: str = "",
        addressing: str = "",
        names_region: bool = True,
        at: Moment | None = None,
    ) -> None:
        self.open = is_open
        self.addressings = addressings
        self._objects = objects
        self._region = region
        self._addressing = addressing
        self._names_region = names_region
        self._at = at
        #: What becomes of each put in the right manner but for these.
        self.conditions: ConnectorError | None = ObjectExists("another has that name")
        self.is_condition_unknown = False
        self.damaged: ConnectorError | None = DestinationUnreachable("BadDigest")
        self.takes_md5 = True
        self.trouble: ConnectorError | None = None
        self.asked: list[tuple[Pin, Way]] = []
        self.is_closed = False

    async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
        self.asked.append((manner, way))
        if self.trouble is not None:
            return Felt(error=self.trouble, at=self._at)
        if self._addressing and manner.addressing != self._addressing:
            return Felt(error=DestinationRefused("no such bucket"), at=self._at)
        if self._region and manner.region != self._region:
            region = self._region if self._names_region else ""
            return Felt(error=DestinationRefused("the region is wrong"), region=region, at=self._at)
        if not self.takes_md5 and manner.checksums != "refused":
            return Felt(error=DestinationRefused("not known there"), is_unknown=True, at=self._at)
        error = {Way.IF_NEW: self.conditions, Way.DAMAGED: self.damaged}.get(way)
        if error is None:
            self._objects[name] = content
        is_unknown = way is Way.IF_NEW and self.is_condition_unknown
        is_damaged = way is Way.DAMAGED and error is not None
        return Felt(
            error=error, is_unknown=is_unknown, is_damaged=is_damaged, region=manner.region or "usual", at=self._at
        )

    async def close(self) -> None:
        self.is_closed = True
