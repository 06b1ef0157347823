"""What a bucket's settings leave open, and the bucket with that filled in as a trial found it. Pure."""

from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from connector.ports.pins import ADDRESSING, CHECKSUMS, CONDITIONS, REGION, Pin
from connector.storage.credentials import KeyPair
from connector.storage.s3_place import Addressing, Checksums, Conditions, S3Place

Word = TypeVar("Word", bound=StrEnum)


def left_open(place: S3Place, keys: KeyPair | None) -> frozenset[str]:
    is_open = {
        REGION: not _written_region(place, keys),
        ADDRESSING: place.addressing is Addressing.AUTO,
        CONDITIONS: place.conditions is Conditions.UNKNOWN,
        CHECKSUMS: place.checksums is Checksums.UNKNOWN,
    }
    return frozenset(name for name, is_it in is_open.items() if is_it)


def addressings(place: S3Place) -> tuple[str, ...]:
    """Amazon's own `auto` is more than either of the two: it knows which names cannot stand before a host."""
    if place.addressing is not Addressing.AUTO:
        return ()
    return (Addressing.PATH, Addressing.VIRTUAL) if place.endpoint else ("", Addressing.PATH)


def pin_place(place: S3Place, keys: KeyPair | None) -> str:
    """What pins for it are kept under: what is written elsewise there is another place."""
    return f"{place.id}, region {_written_region(place, keys) or 'open'}, addressing {place.addressing}"


def pinned(place: S3Place, keys: KeyPair | None, pin: Pin) -> S3Place:
    """What is written wins; a word of another release that we do not know changes nothing."""
    free = left_open(place, keys)
    return replace(
        place,
        region=pin.region if pin.region and REGION in free else place.region,
        addressing=_word(pin.addressing, place.addressing) if ADDRESSING in free else place.addressing,
        conditions=_word(pin.conditions, place.conditions) if CONDITIONS in free else place.conditions,
        checksums=_word(pin.checksums, place.checksums) if CHECKSUMS in free else place.checksums,
    )


def _written_region(place: S3Place, keys: KeyPair | None) -> str:
    return place.region or (keys.region if keys else "")


def _word(text: str, otherwise: Word) -> Word:
    try:
        return type(otherwise)(text)
    except ValueError:
        return otherwise
