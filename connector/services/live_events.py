"""Live events: one look for all who listen, and each hears what its key may see. Speaks to ports only.

Nobody is waited for: who does not take what it is sent is let go, and comes back with the id of what it heard last.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.domain.access import Access, KeyRole
from connector.domain.happenings import Happened, Happening, in_order
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import RecordingState
from connector.errors import CatalogueUnavailable, TooManyRequests
from connector.ports.accounts import Accounts
from connector.ports.changes import CallPicture, Changes
from connector.ports.clock import Clock
from connector.services.live_watch import NEWEST, Watch

log = logging.getLogger(__name__)

MOST_READERS: Final = 100
MOST_OF_ONE_KEY: Final = 20
BEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 60.0
#: Who comes back within this time, or this many events, has missed nothing.
LINGER_SECONDS: Final = 120.0
MOST_KEPT: Final = 1000
#: More than one look can ever bring.
MOST_WAITING: Final = 10_000
_LOOK_SECONDS: Final = 1.0
#: Where it costs nothing to see that nothing was written.
_QUICK_LOOK_SECONDS: Final = 0.25
_RETRY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveEvent:
    id: str
    what: Happened
    #: When it was noticed.
    at: Moment
    #: As it was then.
    picture: CallPicture
    recording_id: RecordingId | None
    state: RecordingState | None


@dataclass(frozen=True, slots=True)
class Resync:
    """Events may have been missed: ask for what is wanted anew. What follows is behind that id."""

    id: str


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing has happened for a while."""


Heard = LiveEvent | Resync | Beat


class Reader:
    """One who listens: iterate it. It ends when it is let go."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._waiting: deque[Heard] = deque()
        self._is_over = False
        self._has_news = asyncio.Event()

    def __aiter__(self) -> "Reader":
        return self

    async def __anext__(self) -> Heard:
        while not self._waiting:
            if self._is_over:
                raise StopAsyncIteration
            self._has_news.clear()
            await self._has_news.wait()
        return self._waiting.popleft()

    def hear(self, heard: Heard) -> bool:
        """Whether it has room for it, or it is none of its business."""
        if isinstance(heard, LiveEvent) and not self.access.sees(heard.picture.call, heard.picture.tags):
            return True
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(heard)
        self._has_news.set()
        return True

    def let_go(self) -> None:
        self._waiting.clear()
        self._is_over = True
        self._has_news.set()


class LiveEvents:
    def __init__(self, changes: Changes, accounts: Accounts, clock: Clock) -> None:
        self._changes = changes
        self._accounts = accounts
        self._clock = clock
        self._readers: list[Reader] = []
        self._is_wanted = asyncio.Event()
        self._is_closed = False
        self._begin()

    def join(self, access: Access, last_id: str = "") -> Reader:
        """From now on, or from behind what it heard last. Raises TooManyRequests."""
        of_key = sum(reader.access.key.id == access.key.id for reader in self._readers)
        if len(self._readers) >= MOST_READERS or of_key >= MOST_OF_ONE_KEY:
            hint = "one connection is enough for all events"
            raise TooManyRequests(f"too many listen to live events: {hint}", retry_after_seconds=_RETRY_SECONDS)
        reader = Reader(access)
        if self._is_closed:
            reader.let_go()
            return reader
        self._readers.append(reader)
        self._is_wanted.set()
        if last_id:
            for heard in self._missed(last_id):
                reader.hear(heard)
        return reader

    def leave(self, reader: Reader) -> None:
        """May be called twice, and by one that was let go."""
        reader.let_go()
        if reader in self._readers:
            self._readers.remove(reader)

    def close(self) -> None:
        """The server leaves: nobody is kept waiting."""
        self._is_closed = True
        for reader in tuple(self._readers):
            self.leave(reader)

    async def run(self) -> None:
        """For ever. While nobody listens, nobody looks."""
        while True:
            await self._is_wanted.wait()
            await self._follow()
            self._is_wanted.clear()
            self._begin()

    # --- looking --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Anew: ids of before mean nothing any more."""
        self._era = uuid.uuid4().hex[:8]
        self._number = 0
        self._kept: deque[LiveEvent] = deque(maxlen=MOST_KEPT)
        self._watch = Watch()
        self._pending: list[Happening] = []
        self._sign: object | None = None
        self._is_stale = True

    async def _follow(self) -> None:
        """Until nobody has listened for a while."""
        now = wanted_at = beaten_at = checked_at = self._clock.now()
        while now < wanted_at + LINGER_SECONDS:
            await self._look()
            now = self._clock.now()
            if now >= beaten_at + BEAT_SECONDS:
                beaten_at = now
                self._tell(Beat())
            if now >= checked_at + CHECK_SECONDS:
                checked_at = now
                await self._check_keys()
            wanted_at = now if self._readers else wanted_at
            pause = _QUICK_LOOK_SECONDS if self._sign is not None else _LOOK_SECONDS
            await self._clock.sleep_until(now + pause)

    async def _look(self) -> None:
        sign = self._changes.sign()
        self._is_stale = self._is_stale or sign is None or sign != self._sign
        if not self._is_stale and not self._watch.is_in_turn:
            return
        if not self._watch.is_in_turn:
            self._watch.begin_turn()
            self._is_stale = False
        calls, recordings = self._watch.next_in_turn()
        try:
            look = await self._changes.look(calls, recordings, since=self._watch.since, most=NEWEST)
            self._pending += self._watch.taken(look)
            wanted = list({one.call_id for one in self._pending})
            pictures = await self._changes.pictures(wanted) if wanted else {}
        except CatalogueUnavailable as error:
            log.debug("live events wait", extra={"hint": str(error)})
            self._is_stale = True
            return
        self._sign = sign
        self._publish(pictures)

    def _publish(self, pictures: Mapping[CallId, CallPicture]) -> None:
        now = self._clock.now()
        for happening in in_order(self._pending):
            picture = pictures.get(happening.call_id)
            if picture is None:
                continue
            self._number += 1
            event = LiveEvent(
                id=self._last_id,
                what=happening.what,
                at=now,
                picture=picture,
                recording_id=happening.recording_id,
                state=happening.state,
            )
            self._kept.append(event)
            self._tell(event)
        self._pending = []

    # --- who listens ----------------------------------------------------------------------------------------------

    @property
    def _last_id(self) -> str:
        return f"{self._era}-{self._number}"

    def _missed(self, last_id: str) -> list[LiveEvent] | list[Resync]:
        era, _, written = last_id.partition("-")
        oldest = self._number - len(self._kept)
        if era != self._era or not (written.isascii() and written.isdigit() and len(written) < 16):
            return [Resync(self._last_id)]
        if not oldest <= int(written) <= self._number:
            return [Resync(self._last_id)]
        return list(self._kept)[int(written) - oldest :]

    def _tell(self, heard: Heard) -> None:
        for reader in tuple(self._readers):
            if not reader.hear(heard):
                log.info("a slow reader of live events is let go", extra={"key": reader.access.key.id})
                self.leave(reader)

    async def _check_keys(self) -> None:
        """Whoever listens with a key that is none any more, or in a session that is over, hears no more."""
        now = self._clock.now()
        for reader in [one for one in self._readers if one.access.ends_at is not None and one.access.ends_at <= now]:
            self.leave(reader)
        for key_id in {reader.access.key.id for reader in self._readers}:
            try:
                found = await self._accounts.find(key_id)
            except CatalogueUnavailable:
                return
            if found is None or not (found.key.is_good(now) and found.key.may(KeyRole.READ)):
                for reader in [one for one in self._readers if one.access.key.id == key_id]:
                    self.leave(reader)
