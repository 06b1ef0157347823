"""Calls that have just ended, as capture leaves them: two files in the spool, rows and a due row in the catalogue."""

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from connector.catalogue.store import Catalogue
from connector.domain.call import Call, CallState, Direction, Leg, Role, Side
from connector.domain.decision import Change, Due
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId, SegmentId
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.recording import Recording, Segment, SegmentState
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition

from .daemon import Household
from .speech import write_conversation

_PBX: Final = "bench"
_NUMBERS: Final = {Role.CALLER: "+4930123456", Role.AGENT: "201"}
_SIDES: Final = {Role.CALLER: Side.LEFT, Role.AGENT: Side.RIGHT}


class FinishedCalls:
    """Calls of one length and one format; each has files of its own names, all with the same sound."""

    def __init__(self, house: Household, *, seconds: int, format: AudioFormat) -> None:
        self._house = house
        self._seconds = seconds
        self._options = RecordingOptions(format=format, channels=ChannelLayout.STEREO)
        self._sound = {role: house.folder / f"{role}-{seconds}.wav" for role in Role}
        self._position = 0
        write_conversation(self._sound[Role.CALLER], self._sound[Role.AGENT], seconds=seconds)

    @property
    def sound(self) -> Sequence[Path]:
        """Left, right."""
        return tuple(self._sound.values())

    async def end(self, catalogue: Catalogue, count: int) -> list[RecordingId]:
        """So many end now, all in one transaction."""
        now = time.time()
        changes: list[Change] = []
        recordings: list[RecordingId] = []
        for _ in range(count):
            finished = self._finished(now)
            recordings.append(finished[0].id)
            changes += finished
        self._position += 1
        position = JournalPosition(file="journal-00000001.jsonl", offset=self._position)
        await catalogue.calls.apply(self._house.node, changes, position)
        return recordings

    def _finished(self, now: Moment) -> tuple[Recording, Call, Segment, Segment, Due]:
        began = now - self._seconds
        name = uuid4().hex
        call = self._call(CallId(f"call-{name}"), began, now)
        recording = Recording(
            id=RecordingId(name),
            call_id=call.id,
            organisation=call.organisation,
            pbx=_PBX,
            node=self._house.node,
            state=RecordingState.CAPTURED,
            rule="bench",
            options=self._options,
            requested_at=began,
            started_at=began,
            ended_at=now,
        )
        caller, agent = (self._segment(recording, leg, role) for leg, role in zip(call.legs, Role, strict=True))
        return recording, call, caller, agent, Due(kind="ship", subject=recording.id, node=recording.node, at=now)

    def _call(self, id: CallId, began: Moment, now: Moment) -> Call:
        legs = tuple(
            Leg(
                channel=ChannelId(f"{id}-{role}"),
                linked=id,
                number=number,
                created_at=began,
                answered_at=began,
                ended_at=now,
            )
            for role, number in _NUMBERS.items()
        )
        return Call(
            id=id,
            organisation="default",
            pbx=_PBX,
            node=self._house.node,
            state=CallState.ENDED,
            direction=Direction.INBOUND,
            legs=(legs[0], replace(legs[1], created_at=began + 0.001)),
            from_number=_NUMBERS[Role.CALLER],
            to_number=_NUMBERS[Role.AGENT],
            agent_id=_NUMBERS[Role.AGENT],
            started_at=began,
            answered_at=began,
            ended_at=now,
        )

    def _segment(self, recording: Recording, leg: Leg, role: Role) -> Segment:
        path = f"{recording.id}-{role}.wav"
        # A file of its own for the janitor to remove; the bytes are there once.
        os.link(self._sound[role], self._house.spool / path)
        return Segment(
            id=SegmentId(f"{recording.id}-{role}"),
            recording_id=recording.id,
            call_id=recording.call_id,
            channel=leg.channel,
            role=role,
            side=_SIDES[role],
            path=path,
            state=SegmentState.CLOSED,
            requested_at=recording.requested_at,
            started_at=recording.started_at,
            stopped_at=recording.ended_at,
        )


class Arrivals:
    """When recordings became available, as far as somebody who looks again and again can tell."""

    def __init__(self, catalogue: Path) -> None:
        self._catalogue = catalogue
        self.ages: dict[str, float] = {}

    def look(self) -> int:
        """How many are available now."""
        question = "SELECT id, ended_at FROM recordings WHERE state = 'available'"
        with closing(sqlite3.connect(f"file:{self._catalogue}?mode=ro", uri=True)) as connection:
            for id, ended_at in connection.execute(question):
                self.ages.setdefault(id, time.time() - ended_at)
        return len(self.ages)
