"""Puts calls into a seeded house as capture and work would have: files in the spool, our own renderer and shipping,
words in the catalogue. Which calls those are is office.py's."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connector.domain.call import Call, CallKind, CallState, Direction, Leg, Role, Side, Span
from connector.domain.decision import Change
from connector.domain.ids import ChannelId, Moment, RecordingId
from connector.domain.options import AudioFormat, RecordingOptions, TranscriptionOptions
from connector.domain.recording import ChannelLabel, Delivery, Recording, Segment, SegmentState
from connector.domain.speech import SpokenChannel
from connector.domain.states import RecordingState, TranscriptionState
from connector.domain.talk import talk_facts
from connector.domain.transcript import Transcript
from connector.domain.turns import turns
from connector.ports.call_ledger import JournalPosition
from connector.ports.call_marks import Note
from connector.roles.foundation import Foundation
from connector.roles.house import House, built
from tests.api.seeds import DESTINATION, NODE, call_id, recording_id
from tests.browser.conversations import Conversation, Stretch, stretches, write_channel
from tests.builders import a_call, a_leg, a_recording, a_segment

_SIDES = {Role.CALLER: Side.LEFT, Role.AGENT: Side.RIGHT}
_RINGS_SECONDS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A call as a story tells it. It began `ago` seconds before the house was made."""

    what: str
    ago: float
    caller: Person
    agent: Person
    direction: Direction = Direction.INBOUND
    queue: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    options: RecordingOptions = RecordingOptions()
    #: Further fields of Call.
    over: tuple[tuple[str, Any], ...] = ()


class Sowing:
    """One organisation's."""

    def __init__(self, house: House, organisation: str, now: Moment) -> None:
        self.house = house
        self.organisation = organisation
        self.now = now
        self._spool = Path(_spool(house, organisation))
        self._positions = itertools.count(1)

    async def apply(self, *changes: Change) -> None:
        position = JournalPosition(file=f"journal-of-{self.organisation}", offset=next(self._positions))
        await self.house.catalogue.calls.apply(NODE, changes, position)

    def call(self, wish: Wish, *, seconds: float | None, is_answered: bool = True) -> Call:
        """`seconds` from its answer to its end; None while it lives."""
        began = self.now - wish.ago
        answered = began + _RINGS_SECONDS if is_answered else None
        ended = None if seconds is None else began + _RINGS_SECONDS + seconds
        return a_call(
            **{
                "id": call_id(self.organisation, wish.what),
                "organisation": self.organisation,
                "pbx": self.organisation,
                "node": NODE,
                "state": CallState.LIVE if ended is None else CallState.ENDED,
                "direction": wish.direction,
                "legs": self._legs(wish, began, answered, ended),
                "from_number": wish.agent.number if wish.direction is Direction.OUTBOUND else wish.caller.number,
                "to_number": wish.caller.number if wish.direction is Direction.OUTBOUND else wish.agent.number,
                "queue": wish.queue,
                "agent_id": wish.agent.number,
                "agent_name": wish.agent.name,
                "started_at": began,
                "answered_at": answered,
                "ended_at": ended,
                "tags": wish.tags,
            }
            | dict(wish.over)
        )

    def recording(self, call: Call, what: str, state: RecordingState, **over: Any) -> Recording:
        began = call.answered_at or call.started_at
        known = {
            "id": recording_id(self.organisation, what),
            "call_id": call.id,
            "organisation": self.organisation,
            "pbx": self.organisation,
            "node": NODE,
            "state": state,
            "rule": "the rule for everything",
            "started_at": began,
            "requested_at": began,
            "ended_at": call.ended_at,
            "destinations": (DESTINATION,),
        }
        return a_recording(**(known | over))

    async def recorded(self, wish: Wish, talk: Conversation) -> RecordingId:
        """From its last word to its being available, with whatever is made of it."""
        call = self.call(wish, seconds=talk.seconds)
        id = await self.captured(call, wish.what, talk, wish.options)
        await self.work(id, "render", "store")
        await self._marks(wish, call)
        return id

    async def captured(
        self, call: Call, what: str, talk: Conversation, options: RecordingOptions = RecordingOptions()
    ) -> RecordingId:
        """Its files lie in the spool, and work has not begun."""
        began = call.answered_at
        assert began is not None, "nobody talked"
        call = _with_holds(call, talk.holds, began)
        recording = self.recording(
            call,
            what,
            RecordingState.CAPTURED,
            ended_at=began + talk.seconds,
            options=options,
            pauses=tuple(Span(start=began + start, end=began + end) for start, end in talk.pauses),
        )
        await self.apply(call, recording, *self._segments(call, recording, talk))
        return recording.id

    async def work(self, id: RecordingId, *names: str) -> None:
        steps = dict(self.house.shipping.steps)
        for name in names:
            await steps[name](id, 1)

    async def gone(self, id: RecordingId) -> None:
        """Every copy, of one that is on its way out."""
        for _, step in self.house.removing.steps:
            await step(id, 1)

    async def heard(self, id: RecordingId, talk: Conversation, *, language: str = "en") -> None:
        """What was said is written down, as an engine would have heard it."""
        file = await self.house.catalogue.shipping.file(id)
        assert file is not None
        ledger = self.house.catalogue.transcriptions
        known = await ledger.begun(_waiting(file.recording))
        labels = [
            ChannelLabel(index=place, role=role, party=self._party(file.call, role)) for place, role in enumerate(Role)
        ]
        channels = [
            SpokenChannel(
                label=label,
                voice=tuple(talk.voices(label.role)),
                words=tuple(word for one in talk.of(label.role) for word in one.words),
            )
            for label in labels
        ]
        spoken = turns(channels)
        voices = [(label, talk.voices(label.role)) for label in labels]
        confidences = [word.confidence or 0 for turn in spoken for word in turn.words]
        made = Transcript(
            recording_id=id,
            call_id=known.call_id,
            organisation=self.organisation,
            state=TranscriptionState.DONE,
            language=language,
            language_confidence=0.98,
            confidence=sum(confidences) / len(confidences),
            engine="local",
            model="base",
            facts=talk_facts(voices, talk.seconds),
            lines=tuple(turn.line for turn in spoken),
            made_at=self.now,
        )
        await ledger.done(made, [turn.words for turn in spoken])

    async def conference(self, call: Call, legs: Sequence[Leg], what: str, talk: Conversation) -> None:
        """They take turns in it; each has a channel of his own."""
        options = RecordingOptions(separate=True, format=AudioFormat.FLAC)
        call = replace(call, kind=CallKind.CONFERENCE, conference="4000", legs=tuple(legs), agent_id="", agent_name="")
        recording = self.recording(call, what, RecordingState.CAPTURED, options=options)
        segments = []
        for number, leg in enumerate(legs):
            role = Role.CALLER if number == 0 else Role.AGENT
            segment = self._segment(call, recording, leg, role, number, (0.0, talk.seconds))
            segments.append(replace(segment, role=Role.AGENT, side=Side.RIGHT))
            write_channel(self._spool / segment.path, talk.sound(role) if number < len(Role) else talk.sound(role) // 4)
        await self.apply(call, recording, *segments)
        await self.work(recording.id, "render", "store")

    def running(self, call: Call, what: str, state: RecordingState) -> list[Change]:
        """A recording that is not over, and its recorder."""
        began = call.answered_at or call.started_at
        pauses = (Span(start=self.now - 20),) if state is RecordingState.PAUSED else ()
        is_asked = state is RecordingState.REQUESTED
        of_state = {"started_at": None if is_asked else began, "ended_at": None, "pauses": pauses}
        recording = self.recording(call, what, state, **of_state)
        segment = a_segment(
            id=f"{recording.id}-caller",
            recording_id=recording.id,
            call_id=call.id,
            channel=call.legs[0].channel,
            path=f"{recording.id}-caller.wav",
            state=SegmentState.WANTED if is_asked else SegmentState.RUNNING,
            requested_at=began,
            started_at=None if is_asked else began,
            stopped_at=None,
            flushes=(),
        )
        return [recording, segment]

    async def deliveries(self, id: RecordingId) -> Sequence[Delivery]:
        file = await self.house.catalogue.shipping.file(id)
        assert file is not None
        return file.deliveries

    async def unheard(self, id: RecordingId, reason: str = "") -> None:
        """Its transcript waits; with a reason it has failed."""
        file = await self.house.catalogue.shipping.file(id)
        assert file is not None
        await self.house.catalogue.transcriptions.begun(_waiting(file.recording))
        if reason:
            await self.house.catalogue.transcriptions.failed(id, reason)

    # --- rows -----------------------------------------------------------------------------------------------------

    def _segments(self, call: Call, recording: Recording, talk: Conversation) -> list[Segment]:
        legs = dict(zip((Role.CALLER, Role.AGENT), call.legs[:2], strict=True)) if call.kind is CallKind.CALL else {}
        found: list[Segment] = []
        for role, leg in legs.items():
            sound = talk.sound(role)
            for number, (start, end) in enumerate(stretches(talk.seconds, talk.gaps if role is Role.AGENT else ())):
                found.append(self._segment(call, recording, leg, role, number, (start, end)))
                rate = len(sound) / talk.seconds
                write_channel(self._spool / found[-1].path, sound[round(start * rate) : round(end * rate)])
        return found

    def _segment(
        self, call: Call, recording: Recording, leg: Leg, role: Role, number: int, stretch: Stretch
    ) -> Segment:
        began = recording.started_at or call.started_at
        name = f"{recording.id}-{role}-{number}"
        return a_segment(
            id=name,
            recording_id=recording.id,
            call_id=call.id,
            channel=leg.channel,
            role=role,
            side=_SIDES[role],
            path=f"{name}.wav",
            requested_at=began + stretch[0],
            started_at=began + stretch[0],
            stopped_at=began + stretch[1],
            flushes=(),
        )

    def _legs(self, wish: Wish, began: Moment, answered: Moment | None, ended: Moment | None) -> tuple[Leg, ...]:
        people = {Role.CALLER: wish.caller, Role.AGENT: wish.agent}
        return tuple(
            a_leg(
                channel=ChannelId(f"{self.organisation}-{wish.what}-{role}"),
                linked=f"{self.organisation}-{wish.what}",
                number=person.number,
                name=person.name,
                device="PJSIP/carrier-a" if role is Role.CALLER else f"PJSIP/{person.number}",
                dialled=wish.queue or wish.agent.number if role is Role.CALLER else "",
                context="from-trunk" if role is Role.CALLER else "internal",
                # Whoever came first is the caller.
                created_at=began + place * 0.5,
                answered_at=answered,
                ended_at=ended,
            )
            for place, (role, person) in enumerate(people.items())
        )

    async def _marks(self, wish: Wish, call: Call) -> None:
        for number, text in enumerate(wish.notes):
            note = Note(
                id=f"{call.id}-note-{number}",
                call_id=call.id,
                organisation=self.organisation,
                text=text,
                by="key harbour control",
                at=self.now - 60 + number,
            )
            await self.house.catalogue.call_marks.note(note)

    def _party(self, call: Call, role: Role) -> str:
        return call.legs[0 if role is Role.CALLER else 1].number


@asynccontextmanager
async def sowing(ground: Foundation, organisations: Sequence[str]) -> AsyncIterator[list[Sowing]]:
    """With what the work role would have beside the house's foundation."""
    async with built(ground.settings) as house:
        now = ground.clock.now()
        yield [Sowing(house, organisation, now) for organisation in organisations]


def _waiting(recording: Recording) -> Transcript:
    return Transcript(recording_id=recording.id, call_id=recording.call_id, organisation=recording.organisation)


def _with_holds(call: Call, holds: Sequence[Stretch], began: Moment) -> Call:
    if not holds:
        return call
    spans = tuple(Span(start=began + start, end=began + end) for start, end in holds)
    return replace(call, legs=(replace(call.legs[0], holds=spans), *call.legs[1:]))


def _spool(house: House, pbx: str) -> str:
    scripted = house.settings.pbx[pbx].scripted
    assert scripted is not None, f"{pbx} is no scripted PBX"
    return scripted.spool


def with_transcript(options: RecordingOptions = RecordingOptions()) -> RecordingOptions:
    return RecordingOptions(transcription=TranscriptionOptions(enabled=True)).over(options)
