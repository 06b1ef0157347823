"""Finds out how a bucket wants to be spoken to, where its settings leave that open: tries what is usual, then what the
server itself names, and says what works. Speaks to ports only."""

import os
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Final, TypeAlias

from connector.domain.diagnosis import Finding, note, ok, warning
from connector.domain.ids import Moment
from connector.errors import NoRoom, ObjectExists, is_passing
from connector.ports.feeler import Feeler, Felt, Way
from connector.ports.pins import ADDRESSING, CHECKSUMS, CONDITIONS, REGION, Pin
from connector.services.leavings import Leavings

_BYTES: Final = 1000
#: Each costs the time limit of a request where nobody answers.
_MOST_TRIES: Final = 6

Tried: TypeAlias = tuple[Pin, Felt]


class Settling:
    """`name` is for whatever it puts."""

    def __init__(self, feeler: Feeler, name: str, leavings: Leavings, tell: Callable[[Finding], None]) -> None:
        self._feeler = feeler
        self._name = name
        self._leavings = leavings
        self._tell = tell
        #: The last that was tried: so it can be asked to take away what was put.
        self.manner = Pin()

    async def settled(self) -> Pin:
        """Empty where nothing is open, or nothing can be put."""
        if not self._feeler.open:
            return Pin()
        tried: list[Tried] = []
        manner: Pin | None = Pin(addressing=self._feeler.addressings[0] if self._feeler.addressings else "")
        while manner is not None:
            self.manner = manner
            felt = await self._put(Way.REPLACING)
            tried.append((manner, felt))
            if felt.error is None:
                return await self._looked_at(felt)
            manner = next_manner(self._feeler, tried)
        if len(tried) > 1:
            self._tell(note("alternatives", f"tried and no better: {'; '.join(_words(pin) for pin, _ in tried[1:])}"))
        self.manner = Pin()
        return Pin()

    async def moment(self) -> Moment | None:
        """What the server takes for now, by its answer to a put."""
        return (await self._put(Way.REPLACING)).at

    async def _looked_at(self, felt: Felt) -> Pin:
        """What works, said one by one."""
        is_open = self._feeler.open
        pin = self.manner
        if REGION in is_open and felt.region:
            pin = replace(pin, region=felt.region)
            self._tell(ok(REGION, felt.region))
        if ADDRESSING in is_open:
            self._tell(ok(ADDRESSING, pin.addressing or "as Amazon's own names want it"))
        if CONDITIONS in is_open:
            pin = replace(pin, conditions=await self._conditions())
        if CHECKSUMS in is_open:
            pin = replace(pin, checksums=pin.checksums or await self._checksums())
            self._tell(_CHECKSUMS[pin.checksums])
        return pin

    async def _conditions(self) -> str:
        felt = await self._put(Way.IF_NEW)
        if isinstance(felt.error, ObjectExists):
            self._tell(ok(CONDITIONS, "the server keeps its word on If-None-Match: nobody else's file is replaced"))
            return "honoured"
        if felt.error is None or felt.is_unknown:
            what = "takes no heed of" if felt.error is None else "refuses"
            self._tell(
                note(CONDITIONS, f"the server {what} If-None-Match: we look whether a name is taken, and then put")
            )
            return "ignored"
        self._tell(note(CONDITIONS, f"could not be told: {felt.error}"))
        return ""

    async def _checksums(self) -> str:
        felt = await self._put(Way.DAMAGED)
        if felt.error is None:
            return "unchecked"
        return "checked" if felt.is_damaged else ""

    async def _put(self, way: Way) -> Felt:
        self._leavings.begun(self._name)
        felt = await self._feeler.put(self._name, os.urandom(_BYTES), self.manner, way)
        self._leavings.ended(self._name, felt.error)
        return felt


def next_manner(feeler: Feeler, tried: Sequence[Tried]) -> Pin | None:
    """What to try after all these failed; None when nothing sensible is left. Nobody is asked otherwise who has no room
    or does not answer at all: that is no question of manners."""
    known = [pin for pin, _ in tried]
    if len(tried) < _MOST_TRIES:
        for pin, felt in tried:
            for other in _others(feeler, pin, felt):
                if other not in known:
                    return other
    return None


def _others(feeler: Feeler, pin: Pin, felt: Felt) -> Sequence[Pin]:
    others = []
    if REGION in feeler.open and felt.region:
        others.append(replace(pin, region=felt.region))
    if felt.error is None or isinstance(felt.error, NoRoom) or is_passing(felt.error):
        return others
    if CHECKSUMS in feeler.open and felt.is_unknown:
        others.append(replace(pin, checksums="refused"))
    return [*others, *(replace(pin, addressing=word) for word in feeler.addressings)]


def _words(pin: Pin) -> str:
    said = {field.name: getattr(pin, field.name) for field in fields(pin)}
    return ", ".join(f"{name} {word}" for name, word in said.items() if word) or "as usual"


_CHECKSUMS: Final = {
    "checked": ok(CHECKSUMS, "bytes that are not those of their Content-MD5 are refused"),
    "unchecked": warning(
        CHECKSUMS,
        "the server stores bytes that are not those of their Content-MD5: what its answer does not prove is read back",
        "have the key read, if it may not",
    ),
    "refused": warning(
        CHECKSUMS,
        "the server takes no Content-MD5: what its answer does not prove is read back",
        "have the key read, if it may not; use https",
    ),
    "": note(CHECKSUMS, "could not be told: Content-MD5 is sent, and taken for looked at"),
}
