"""The audit log: who did what to which call, each line chained to the one before it. Pure."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.storable import storable

#: What the first line is chained to.
BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is to be written down."""

    #: As `recording.listened`, `settings.changed`, `key.made`.
    action: str
    #: `key k7f3…`, `command line`, `retention job`.
    by: str
    #: None: the house's own.
    organisation: str | None = None
    #: The call's, recording's or key's id.
    subject: str = ""
    address: str = ""
    #: No secret, no sound, no words of a conversation.
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    number: int
    at: Moment
    deed: Deed
    #: Of the line before.
    previous: str
    digest: str


def digest_of(number: int, at: Moment, deed: Deed, previous: str) -> str:
    """Of a line; whoever changes one has to change all that follow."""
    said = [number, at, deed.action, deed.by, deed.organisation, deed.subject, deed.address, details_text(deed)]
    return hashlib.sha256(json.dumps([*said, previous], ensure_ascii=False).encode()).hexdigest()


def details_text(deed: Deed) -> str:
    """As it is kept: the same text for the same details."""
    return json.dumps(deed.details, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def written(deed: Deed) -> Deed:
    """As it will come back: the digest of what was done must be that of what is read."""
    return replace(
        deed,
        action=storable(deed.action),
        by=storable(deed.by),
        organisation=None if deed.organisation is None else storable(deed.organisation),
        subject=storable(deed.subject),
        address=storable(deed.address),
        details={storable(str(name)): _plain(value) for name, value in deed.details.items()},
    )


def _plain(value: object) -> object:
    """Of JSON, and nothing else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(storable(str(inner)) for inner in value)
    return storable(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest line of some moment, as it was signed."""

    number: int
    digest: str
    at: Moment


class Chain:
    """Reckons the log again, line by line from the first one."""

    def __init__(self, heads: Mapping[int, Head]) -> None:
        """`heads` by their numbers."""
        self._heads = heads
        #: The last line that was right.
        self.number = 0
        self._digest = BEGINNING

    def wrong(self, line: AuditLine) -> str:
        """What is wrong with the next line; "" when it is right."""
        found = self._wrong(line)
        if not found:
            self.number, self._digest = line.number, line.digest
        return found

    def _wrong(self, line: AuditLine) -> str:
        head = self._heads.get(line.number)
        if line.number != self.number + 1:
            return f"line {self.number + 1} is missing: behind line {self.number} comes line {line.number}"
        if line.previous != self._digest:
            return f"line {line.number} does not follow the one before it: one of them was changed or put there"
        if digest_of(line.number, line.at, line.deed, line.previous) != line.digest:
            return f"line {line.number} was changed: its words are not those of its digest"
        if head is not None and head.digest != line.digest:
            return f"line {line.number} is not the one that was signed at {iso(head.at)}: the log was written anew"
        return ""

    def cut_off(self, last_number: int) -> str:
        """Whether lines are missing at the end of a log that ends so."""
        newest = max(self._heads.values(), key=lambda head: head.number, default=None)
        if newest is None or newest.number <= last_number:
            return ""
        ends = f"the log ends with line {last_number}" if last_number else "the log is empty"
        return f"lines are missing at the end: line {newest.number} was signed at {iso(newest.at)}, {ends}"
