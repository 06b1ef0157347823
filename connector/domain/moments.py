"""Moments as programs write them. Pure."""

from datetime import UTC, datetime

from connector.domain.ids import Moment


def iso(moment: Moment) -> str:
    """In UTC, to the millisecond: 2026-01-05T09:00:00.000Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
