"""Names of things, each its own type, and the moment in time they happen at."""

import uuid
from typing import NewType, TypeAlias

#: Seconds since the epoch, UTC. Offsets and summer time exist only at the edges.
Moment: TypeAlias = float

CallId = NewType("CallId", str)
RecordingId = NewType("RecordingId", str)
SegmentId = NewType("SegmentId", str)
ChannelId = NewType("ChannelId", str)
BridgeId = NewType("BridgeId", str)

_OURS = uuid.UUID("6f1d1f7e-3c0b-5d53-9d8e-0a6c2b8f4e11")


def found_segment_id(pbx: str, path: str) -> SegmentId:
    """The segment of a file that the dialplan named by itself: the driver and the Director reckon the same."""
    return SegmentId(derived_id("found", pbx, path))


def derived_id(*facts: str) -> str:
    """The same facts give the same id, so that a restart between two writes does not make a thing twice."""
    return str(uuid.uuid5(_OURS, "/".join(facts)))
