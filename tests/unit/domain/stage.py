"""A PBX in a few lines, for the Director's tests: plays a script's events and answers commands as a good PBX would."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.domain import events, notification
from connector.domain.call import Call
from connector.domain.decision import Change, CommandAnswered, Decision, Due
from connector.domain.director import Director
from connector.domain.events import CallEvent
from connector.domain.ids import Moment
from connector.domain.pbx_commands import PbxCommand, StartRecorder, StopRecorder
from connector.domain.policy import Policy
from connector.domain.recording import Recording, Segment
from connector.pbx.scripted.script import Script
from tests.builders import MORNING
from tests.unit.domain.offices import a_directory, policies

_STARTS_AFTER_SECONDS = 0.002
_CLOSES_AFTER_SECONDS = 0.02


@dataclass
class Stage:
    """Everything that the Director said, by the last picture of each thing."""

    director: Director
    calls: dict[str, Call] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)
    #: Those by which somebody is to be told, apart from the work with the recordings.
    tellings: list[Due] = field(default_factory=list)
    answers: list[CommandAnswered] = field(default_factory=list)
    commands: list[PbxCommand] = field(default_factory=list)
    now: Moment = MORNING
    wake_at: Moment | None = None
    is_obliging: bool = True

    def tell(self, event: CallEvent, at: Moment | None = None) -> Decision:
        """Feed one event, then what the PBX answers to the commands."""
        self.now = max(self.now, at if at is not None else self.now)
        decision = self.director.handle(event, self.now)
        self.wake_at = decision.wake_at
        for change in decision.changes:
            self.note(change)
        self.commands += decision.commands
        for command in decision.commands if self.is_obliging else ():
            self._oblige(command)
        if self.is_obliging and isinstance(event, events.ChannelEnded):
            for segment in [one for one in self.segments.values() if one.channel == event.channel]:
                self.tell(events.RecorderClosed(segment=segment.id), self.now + _CLOSES_AFTER_SECONDS)
        return decision

    def play(self, script: Script) -> "Stage":
        for line in script.lines:
            if isinstance(line.what, CallEvent):
                self.tell(line.what, MORNING + line.offset_seconds)
        return self

    def play_events(self, told: Iterable[CallEvent]) -> "Stage":
        for event in told:
            self.tell(event, self.now + 0.1)
        return self

    def pass_time(self, seconds: float) -> Decision:
        return self.tell(events.TimePassed(), self.now + seconds)

    @property
    def recording(self) -> Recording:
        """The one that is there; more or fewer is a failure."""
        (recording,) = [one for one in self.recordings.values() if one.state != "absent"]
        return recording

    @property
    def call(self) -> Call:
        (call,) = [one for one in self.calls.values() if one.joined is None]
        return call

    def started(self) -> list[StartRecorder]:
        return [command for command in self.commands if isinstance(command, StartRecorder)]

    def _oblige(self, command: PbxCommand) -> None:
        match command:
            case StartRecorder(segment=segment):
                self.tell(events.RecorderStarted(segment=segment), self.now + _STARTS_AFTER_SECONDS)
            case StopRecorder(segment=segment):
                self.tell(events.RecorderClosed(segment=segment), self.now + _CLOSES_AFTER_SECONDS)

    def note(self, change: Change) -> None:
        match change:
            case Call():
                self.calls[change.id] = change
            case Recording():
                self.recordings[change.id] = change
            case Segment():
                self.segments[change.id] = change
            case Due(kind=notification.TELLING):
                self.tellings.append(change)
            case Due():
                self.dues.append(change)
            case CommandAnswered():
                self.answers.append(change)


def a_stage(rules: Mapping[str, Policy] | None = None, *, is_obliging: bool = True) -> Stage:
    director = Director("office", "here", a_directory(), rules if rules is not None else policies())
    return Stage(director=director, is_obliging=is_obliging)
