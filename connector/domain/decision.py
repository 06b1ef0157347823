"""What the Director answers to an event: facts to keep, commands to send, and when to look again."""

from dataclasses import dataclass
from typing import TypeAlias

from connector.domain.call import Call
from connector.domain.ids import Moment, RecordingId
from connector.domain.pbx_commands import PbxCommand
from connector.domain.recording import Recording, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Work that falls due at a moment; written in the same transaction as the state that causes it."""

    #: What the engine runs: ship, remove …
    kind: str
    subject: str
    attempt: int = 1
    #: Only this node can do it (it sees the files); None = anybody's.
    node: str | None = None
    at: Moment

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.subject}/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswered:
    """The outcome of an instruction, for whoever waits for it."""

    command_id: str
    is_done: bool
    outcome: str
    #: Which recording it was about, when there is one.
    recording: RecordingId | None = None


#: A whole new picture of one thing: applying it twice is the same as once.
Change: TypeAlias = Call | Recording | Segment | Due | CommandAnswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    changes: tuple[Change, ...] = ()
    commands: tuple[PbxCommand, ...] = ()
    #: When the Director wants TimePassed; None = nothing to wait for.
    wake_at: Moment | None = None
