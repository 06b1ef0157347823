"""At start: the catalogue against the spool. Files that nobody knows are named, never ignored and never deleted."""

import logging
from collections.abc import Mapping, Sequence

from connector.errors import ConnectorError
from connector.ports.segment_source import SegmentSource
from connector.ports.shipping_ledger import ShippingLedger

log = logging.getLogger(__name__)


async def unknown_files(ledger: ShippingLedger, sources: Mapping[str, SegmentSource]) -> dict[str, list[str]]:
    """For each PBX the files in its spool that no recording refers to; a spool that cannot be read is left out."""
    found: dict[str, list[str]] = {}
    for pbx, source in sources.items():
        try:
            lying = await source.known()
        except ConnectorError as error:
            log.warning("spool unreadable", extra={"pbx": pbx, "hint": str(error)})
            continue
        known = await ledger.known_paths(pbx)
        found[pbx] = sorted(path for path in lying if path not in known)
    return found


def name_unknown(found: Mapping[str, Sequence[str]]) -> None:
    """Each in the log."""
    hint = "no recording refers to it: listen to it, then move or delete it yourself"
    for pbx, paths in found.items():
        for path in paths:
            log.warning("unknown file", extra={"pbx": pbx, "path": path, "hint": hint})
