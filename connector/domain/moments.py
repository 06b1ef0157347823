"""Moments as programs write them. Pure."""

from datetime import UTC, datetime
from functools import lru_cache

from connector.domain.ids import Moment


@lru_cache(4096)
def iso(moment: Moment) -> str:
    """In UTC, to the millisecond: 2026-01-05T09:00:00.000Z. A list says the same moments again and again."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
