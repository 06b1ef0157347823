"""What lives on FreeSWITCH, from its answers to `show channels as json`, `uuid_dump … json`, `uuid_buglist` and
`conference json_list`. Pure; an answer that says nothing is an empty one.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape

from connector.domain.ids import BridgeId, ChannelId, SegmentId
from connector.pbx.freeswitch.esl_codec import EVENT_JSON, Frame, event_of
from connector.pbx.freeswitch.esl_event import EslEvent

#: FreeSWITCH escapes nothing in this: it only looks like XML.
_BUG = re.compile(r"<function>([^<]*)</function>\s*<target>(.*?)</target>", re.DOTALL)
_RECORDER = "session_record"
#: A year: whatever is longer is no time that somebody has been in a room.
_LONGEST_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Member:
    channel: ChannelId
    #: Whole seconds since it came in.
    inside_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Conference:
    room: BridgeId
    name: str
    #: Who came first stands first.
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class RunningRecorder:
    segment: SegmentId
    channel: ChannelId
    #: As FreeSWITCH knows it, absolute.
    path: str


def channels(text: str) -> tuple[ChannelId, ...]:
    """Of `show channels as json`, the eldest first."""
    answer = _json(text)
    rows = answer.get("rows") if isinstance(answer, dict) else None
    found = [row for row in rows if isinstance(row, dict) and _text(row, "uuid")] if isinstance(rows, list) else []
    return tuple(ChannelId(_text(row, "uuid")) for row in sorted(found, key=lambda row: _text(row, "created_epoch")))


def dump(text: str) -> EslEvent | None:
    """Of `uuid_dump <uuid> json`, which is like an event of that leg; None when the leg is gone."""
    event = event_of(Frame({"Content-Type": EVENT_JSON}, text.encode("utf-8", "replace")))
    return event if event is not None and event.channel else None


def recorders(
    channel: ChannelId, buglist: str, segment_of: Callable[[str], SegmentId | None]
) -> tuple[RunningRecorder, ...]:
    """Of `uuid_buglist <uuid>`: those recorders whose file names a segment of ours."""
    return tuple(
        RunningRecorder(segment, channel, path)
        for path in recorded_paths(buglist)
        if (segment := segment_of(path)) is not None
    )


def recorded_paths(buglist: str) -> Iterator[str]:
    """Of `uuid_buglist <uuid>`: every file that is being recorded from that leg, by whomever."""
    for function, target in _BUG.findall(buglist):
        if function.strip() == _RECORDER:
            # Should it be escaped one day: none of our own files has an ampersand in its name.
            yield unescape(target).strip()


def conferences(text: str) -> tuple[Conference, ...]:
    """Of `conference json_list`."""
    answer = _json(text)
    rooms = [room for room in answer if isinstance(room, dict)] if isinstance(answer, list) else []
    return tuple(
        Conference(BridgeId(_text(room, "conference_uuid")), _text(room, "conference_name"), tuple(_members(room)))
        for room in rooms
        if _text(room, "conference_uuid")
    )


def _members(room: dict[str, object]) -> list[Member]:
    # A recording of the room is a member, too, without a uuid. Who came last is listed first.
    listed = room.get("members")
    members = [
        Member(ChannelId(_text(member, "uuid")), _seconds(member, "join_time"))
        for member in reversed(listed if isinstance(listed, list) else [])
        if isinstance(member, dict) and _text(member, "uuid")
    ]
    return sorted(members, key=lambda member: -member.inside_seconds)


def _text(row: dict[str, object], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _seconds(row: dict[str, object], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int) and 0 <= value <= _LONGEST_SECONDS else 0.0


def _json(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
