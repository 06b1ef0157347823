"""One leg of a call as FreeSWITCH sees it, and the phone at its end. Pure: knows neither sockets nor files.

The phone speaks from the answer on, frame by frame of 20 ms: frame n of its voice is the frame of the switch's clock
that came n frames after the answer. While it is held it sends nothing.
"""

import asyncio
import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.freeswitch.clock import MediaClock
from tests.freeswitch.voices import FRAMES_PER_SECOND, Voice
from tests.pbx import noise
from tests.pbx.spans import Span, without

#: Each leg has a stream of its own; the last ones belong to the switch.
_streams: Final = itertools.cycle(range(1, noise.MUSIC))
TIMES: Final = (
    "Profile-Created",
    "Channel-Created",
    "Channel-Answered",
    "Channel-Progress",
    "Channel-Progress-Media",
    "Channel-Hangup",
    "Channel-Transfer",
    "Channel-Resurrect",
    "Channel-Bridged",
)
Value = str | list[str]


def next_stream() -> int:
    return next(_streams)


@dataclass(eq=False, slots=True)
class Playing:
    """A prompt or music that the switch plays to a leg."""

    stream: int
    #: When it began; None lets the bridge go on underneath it.
    since: int
    is_mixed: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Leg:
    clock: MediaClock
    inbound: bool
    #: The phone's own number.
    number: str
    #: What was dialled: of an outbound leg its own number.
    dialled: str
    caller_name: str
    #: Who calls, as the profile says it: of an outbound leg the a-leg's number.
    caller_number: str
    voice: Voice
    stream: int
    context: str = "default"
    rate: int = 8000
    session_id: int = 0
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    channel_name: str = ""
    #: Made for a caller's dialling; an originate of its own has none.
    originator: "Leg | None" = None
    #: Of a loopback pair the other end: such a leg has no phone and says what its twin hears.
    twin: "Leg | None" = None
    variables: dict[str, Value] = field(default_factory=dict)
    callee_name: str = ""
    callee_number: str = ""
    state: str = "CS_INIT"
    state_number: int = 2
    call_state: str = "DOWN"
    answer_state: str = "ringing"
    hangup_cause: str = ""
    #: Microseconds by the names of TIMES.
    times: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIMES, 0))
    other_type: str = ""
    #: The Other-Leg-* headers, as they were when both met.
    other: Mapping[str, str] = field(default_factory=dict)
    peer: "Leg | None" = None
    #: Variables that every leg dialled for it gets.
    exports: dict[str, str] = field(default_factory=dict)
    #: The switch's clock at its first bridge.
    bridged_frame: int | None = None
    application: str = ""
    application_data: str = ""
    is_held: bool = False
    #: Microseconds: when the last hold began, and how long all that are over took.
    last_hold: int = 0
    hold_accum: int = 0
    is_parked: bool = False
    #: The name of the conference that it is in.
    conference: str = ""
    playing: Playing | None = None
    #: Frames of the switch's clock: from when to when its phone speaks.
    began_frame: int | None = None
    ended_frame: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    bridged: asyncio.Event = field(default_factory=asyncio.Event)
    #: Spans of frames in which the phone said nothing; the last one may be open.
    _held: list[list[int]] = field(default_factory=list)

    # --- what the tests ask ---------------------------------------------------------------------------------------

    @property
    def user(self) -> str:
        """As the phones on the other PBX are named."""
        return self.number

    @property
    def began(self) -> float:
        """This machine's clock at the first sample of what it says."""
        assert self.began_frame is not None, f"{self.number} never said anything"
        return self.clock.wall(self.began_frame)

    @property
    def is_answered(self) -> bool:
        return self.answer_state == "answered"

    @property
    def is_alive(self) -> bool:
        return not self.ended.is_set()

    def said(self) -> list[Span]:
        """Samples of its voice that its phone really sent."""
        if self.began_frame is None:
            return []
        now = self.clock.frame()
        last = now if self.ended_frame is None else self.ended_frame
        size = self.rate // FRAMES_PER_SECOND
        held = [(first, end) for first, end in _closed(self._held, now)]
        return [
            ((first - self.began_frame) * size, (end - self.began_frame) * size)
            for first, end in without([(self.began_frame, last)], held)
        ]

    # --- what the switch does with it -----------------------------------------------------------------------------

    @property
    def is_reading(self) -> bool:
        """Frames come from its phone."""
        if self.twin is not None:
            far = self.twin.peer
            return self.ended_frame is None and far is not None and far.twin is None and far.is_reading
        return self.began_frame is not None and self.ended_frame is None and not self.is_held

    def speak(self, frame: int) -> None:
        if self.began_frame is None:
            self.began_frame = frame

    def fall_silent(self, frame: int) -> None:
        if self.ended_frame is None:
            self.ended_frame = frame
            self.end_hold(frame)

    def begin_hold(self, frame: int) -> None:
        self.is_held = True
        self._held.append([frame, -1])

    def end_hold(self, frame: int) -> None:
        self.is_held = False
        if self._held and self._held[-1][1] < 0:
            self._held[-1][1] = frame

    def text(self, variable: str) -> str:
        """A variable's value; the first of an array's."""
        value = self.variables.get(variable, "")
        return value if isinstance(value, str) else value[0]

    def is_true(self, variable: str) -> bool:
        return self.text(variable).lower() in {"true", "yes", "on", "1", "t"}


def _closed(spans: list[list[int]], now: int) -> Iterator[Span]:
    for first, end in spans:
        yield first, now if end < 0 else end
