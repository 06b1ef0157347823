"""How often who may knock at the door: pauses for those that guess keys, a pace for each key. Pure: time is given.

Whatever number of addresses and keys come along, the memory for them is bounded.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final, Generic, TypeVar

from connector.domain.ids import Moment

Thing = TypeVar("Thing")

#: So many wrong keys within the window are a mistake; one more is a guesser.
WRONG_ALLOWED: Final = 10
WINDOW_SECONDS: Final = 60.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 900.0
#: Who has not been wrong for so long, and may come in again, is nobody special any more.
_FORGIVEN_SECONDS: Final = 3600.0
_MOST_REMEMBERED: Final = 10_000
_LONGEST_ADDRESS: Final = 64
#: Who has one address of IPv6 has all of these.
_PREFIX: Final = 64


class Remembered(Generic[Thing]):
    """Things by name, the last ones that were asked for; what was not is forgotten first."""

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._most = most
        self._things: OrderedDict[str, Thing] = OrderedDict()

    def __len__(self) -> int:
        return len(self._things)

    def get(self, name: str) -> Thing | None:
        thing = self._things.get(name)
        if thing is not None:
            self._things.move_to_end(name)
        return thing

    def put(self, name: str, thing: Thing) -> None:
        self._things[name] = thing
        self._things.move_to_end(name)
        if len(self._things) > self._most:
            self._things.popitem(last=False)

    def forget(self, name: str) -> None:
        self._things.pop(name, None)


@dataclass(slots=True)
class _Guesser:
    #: Of the last wrong ones, the oldest first.
    wrong_at: list[Moment]
    pauses: int = 0
    until: Moment = 0.0


class Guesses:
    """Wrong keys, by where they came from."""

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._guessers: Remembered[_Guesser] = Remembered(most)

    def pause_seconds(self, place: str, now: Moment) -> float:
        """How long nobody from there is looked up any more; 0.0: come in."""
        guesser = self._guessers.get(place)
        return max(guesser.until - now, 0.0) if guesser else 0.0

    def wrong(self, place: str, now: Moment) -> float:
        """One more; returns the pause that it earns. What was looked up before a pause began earns no other."""
        guesser = self._guessers.get(place)
        if guesser is not None and now < guesser.until:
            return 0.0
        if guesser is None or now - max(guesser.wrong_at[-1], guesser.until) > _FORGIVEN_SECONDS:
            guesser = _Guesser([])
            self._guessers.put(place, guesser)
        lately = [at for at in guesser.wrong_at if now - at < WINDOW_SECONDS]
        guesser.wrong_at = [*lately[1 - WRONG_ALLOWED :], now]
        if guesser.pauses or len(guesser.wrong_at) >= WRONG_ALLOWED:
            pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(guesser.pauses, 30), LONGEST_PAUSE_SECONDS)
            guesser.pauses += 1
            guesser.until = max(guesser.until, now + pause)
        return self.pause_seconds(place, now)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: Moment


class Pace:
    """So many requests a second for each key, and a burst beyond them."""

    def __init__(self, per_second: float, burst: int, most: int = _MOST_REMEMBERED) -> None:
        self.per_second = per_second
        self._burst = burst
        self._buckets: Remembered[_Bucket] = Remembered(most)

    def wait_seconds(self, key_id: str, now: Moment) -> float:
        """0.0: go on, this one is counted; else until when the next one is allowed."""
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = _Bucket(float(self._burst), now)
            self._buckets.put(key_id, bucket)
        bucket.tokens = min(bucket.tokens + max(now - bucket.at, 0.0) * self.per_second, float(self._burst))
        bucket.at = now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self.per_second
        bucket.tokens -= 1.0
        return 0.0


def place_of(address: str) -> str:
    """Whom an address stands for: one of IPv4, a network of IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:_LONGEST_ADDRESS]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, _PREFIX), strict=False))


def whole_seconds(seconds: float) -> int:
    """As Retry-After says it: never sooner than it will be true."""
    return max(1, math.ceil(seconds))
