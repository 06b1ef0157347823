"""Calls and recordings in memory, for who follows them; they may be away, and know how often they were looked at."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from connector.domain.call import Call, CallState
from connector.domain.happenings import CallMark, RecordingMark
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.recording import Recording
from connector.domain.states import IN_CAPTURE
from connector.errors import CatalogueUnavailable
from connector.ports.changes import CallPicture, Look
from tests.builders import a_call, a_recording


class MemoryChanges:
    """The Changes; `looks` are the names that each look asked for."""

    def __init__(self, *, has_signs: bool = False) -> None:
        self.calls: dict[CallId, Call] = {}
        self.recordings: dict[RecordingId, Recording] = {}
        self.is_available = True
        self.are_pictures_available = True
        self.looks: list[tuple[list[CallId], list[RecordingId]]] = []
        self.has_looked = asyncio.Event()
        self._writes = 0 if has_signs else None

    def call(self, id: str, **facts: Any) -> None:
        """It is so from now on."""
        self.calls[CallId(id)] = a_call(id=CallId(id), **facts)
        self._written()

    def recording(self, id: str, call_id: str, **facts: Any) -> None:
        self.recordings[RecordingId(id)] = a_recording(id=RecordingId(id), call_id=CallId(call_id), **facts)
        self._written()

    def sign(self) -> object | None:
        return self._writes

    async def look(
        self, calls: Sequence[CallId], recordings: Sequence[RecordingId], *, since: Moment | None, most: int
    ) -> Look:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        self.looks.append((list(calls), list(recordings)))
        self.has_looked.set()
        runs = [one for one in self.recordings.values() if since is None and one.state in IN_CAPTURE]
        newest_calls = sorted(self.calls.values(), key=lambda call: call.started_at)[-most:]
        newest_recordings = sorted(self.recordings.values(), key=lambda one: one.requested_at)[-most:]
        newest_calls = [call for call in newest_calls if call.started_at >= (since or 0.0)]
        newest_recordings = [one for one in newest_recordings if one.requested_at >= (since or 0.0)]
        of_calls = {*calls, *(call.id for call in newest_calls), *(one.call_id for one in runs)}
        of_recordings = {*recordings, *(one.id for one in chain(newest_recordings, runs))}
        return Look(
            calls={id: _call_mark(self.calls[id]) for id in of_calls if id in self.calls},
            recordings={id: _mark(self.recordings[id]) for id in of_recordings if id in self.recordings},
        )

    async def pictures(self, calls: Sequence[CallId]) -> Mapping[CallId, CallPicture]:
        if not self.are_pictures_available:
            raise CatalogueUnavailable("it is locked")
        return {id: self._picture(self.calls[id]) for id in calls if id in self.calls}

    def _picture(self, call: Call) -> CallPicture:
        recordings = tuple(one for one in self.recordings.values() if one.call_id == call.id)
        tags = chain(call.tags, *(one.options.tags or () for one in recordings))
        return CallPicture(call=call, recordings=recordings, tags=tuple(tags))

    def _written(self) -> None:
        self._writes = None if self._writes is None else self._writes + 1


def _call_mark(call: Call) -> CallMark:
    is_over = call.state is CallState.ENDED or call.joined is not None
    return CallMark(at=call.started_at, is_answered=call.answered_at is not None, is_over=is_over)


def _mark(recording: Recording) -> RecordingMark:
    return RecordingMark(at=recording.requested_at, call_id=recording.call_id, state=recording.state)
